/**
 * Text as keystrokes, for machines without an agent: login screens, installers.
 *
 * Characters of a US keyboard go with their key and Shift, as a hand would press them; all others as keysyms, which the
 * display's server maps as well as it can.
 */

/** Characters a second: slower than any installer's input. */
const RATE = 50;

/** @typedef {{ keysym: number, code: string, shift: boolean }} Stroke */

/** Keys of a US keyboard: what each gives without and with Shift. @type {Record<string, string>} */
const rows = {
    Backquote: '`~', Digit1: '1!', Digit2: '2@', Digit3: '3#', Digit4: '4$', Digit5: '5%', Digit6: '6^', Digit7: '7&',
    Digit8: '8*', Digit9: '9(', Digit0: '0)', Minus: '-_', Equal: '=+', BracketLeft: '[{', BracketRight: ']}',
    Backslash: '\\|', Semicolon: ';:', Quote: '\'"', Comma: ',<', Period: '.>', Slash: '/?', Space: ' ',
};
for (const letter of 'abcdefghijklmnopqrstuvwxyz') rows[`Key${letter.toUpperCase()}`] = letter + letter.toUpperCase();

/** @type {Map<string, Stroke>} */
const known = new Map([
    ['\n', { keysym: 0xff0d, code: 'Enter', shift: false }],
    ['\t', { keysym: 0xff09, code: 'Tab', shift: false }],
]);
for (const [code, characters] of Object.entries(rows)) {
    [...characters].forEach((character, i) =>
        known.set(character, { keysym: character.charCodeAt(0), code, shift: i === 1 }));
}

/**
 * @param {string} text  CRLF and CR are one Enter; other control characters are left out
 * @returns {Stroke[]}
 */
export function strokesOf(text) {
    /** @type {Stroke[]} */
    const strokes = [];
    for (const character of text.replace(/\r\n?/g, '\n')) {
        const point = /** @type {number} */ (character.codePointAt(0));
        const stroke = known.get(character);
        if (stroke) strokes.push(stroke);
        else if (point >= 0xa0) strokes.push({ keysym: keysymOf(point), code: '', shift: false });
    }
    return strokes;
}

/** Latin-1 characters are their own keysyms, all others follow a rule. @param {number} point  of Unicode */
function keysymOf(point) {
    return point <= 0xff ? point : 0x0100_0000 | point;
}

/**
 * @typedef {object} TypeOptions
 * @property {number} [rate]  characters a second
 * @property {'us' | 'keysym'} [layout]  of the machine's keyboard; keysym: its display's server shall find the keys
 */

/**
 * Press them one after the other.
 * @param {string} text
 * @param {(stroke: Stroke) => void} press
 * @param {AbortSignal} signal  stops it
 * @param {TypeOptions} [options]
 * @returns {Promise<{ typed: number, of: number }>}  fewer than all where it was stopped
 */
export async function typeText(text, press, signal, { rate = RATE, layout = 'us' } = {}) {
    const strokes = strokesOf(text);
    let typed = 0;
    for (const stroke of strokes) {
        if (signal.aborted) break;
        press(layout === 'us' ? stroke : { ...stroke, code: '', shift: false });
        typed += 1;
        await new Promise(resolve => setTimeout(resolve, 1000 / rate));
    }
    return { typed, of: strokes.length };
}
