/**
 * Keys that the console presses by itself, as X keysyms with their places on the keyboard.
 */

/** @typedef {{ keysym: number, code: string }} Key */

/** @param {number} keysym @param {string} code @returns {Key} */
const key = (keysym, code) => ({ keysym, code });

const CONTROL = key(0xffe3, 'ControlLeft');
export const SHIFT = key(0xffe1, 'ShiftLeft');
export const ALT = key(0xffe9, 'AltLeft');
export const BACKSPACE = key(0xff08, 'Backspace');
const SUPER = key(0xffeb, 'MetaLeft');
const functionKey = (/** @type {number} */ number) => key(0xffbd + number, `F${number}`);

/** What browsers and window managers keep for themselves. @type {{ name: string, keys: Key[] }[]} */
export const menu = [
    { name: 'Ctrl + Alt + Del', keys: [CONTROL, ALT, key(0xffff, 'Delete')] },
    { name: 'Ctrl + Alt + F1', keys: [CONTROL, ALT, functionKey(1)] },
    { name: 'Ctrl + Alt + F2', keys: [CONTROL, ALT, functionKey(2)] },
    { name: 'Ctrl + Alt + Backspace', keys: [CONTROL, ALT, BACKSPACE] },
    { name: 'Alt + Tab', keys: [ALT, key(0xff09, 'Tab')] },
    { name: 'Alt + F4', keys: [ALT, functionKey(4)] },
    { name: 'Super', keys: [SUPER] },
    { name: 'Print Screen', keys: [key(0xff61, 'PrintScreen')] },
    { name: 'Escape', keys: [key(0xff1b, 'Escape')] },
];

const SHIFT_INSERT = [SHIFT, key(0xff63, 'Insert')];

/** What noVNC has told the machine of a Mac's Command key, one way or the other. */
export const COMMAND = [key(0xffe9, 'MetaLeft'), key(0xffeb, 'MetaRight'), ALT];

/**
 * @typedef {{ keys: Key[], command: boolean }} Chord  modifiers first; command: it was pressed with a Mac's Command key
 */

/**
 * Whether a key press asks this browser to paste, and what that is in the machine: a Mac's Command-V is its Ctrl-V. On
 * a layout without Latin letters the key in the place of V pastes.
 * @param {Pick<KeyboardEvent, 'key' | 'code' | 'ctrlKey' | 'metaKey' | 'shiftKey' | 'altKey'>} event
 * @returns {Chord | null}
 */
export function pasteChord({ key: name, code, ctrlKey, metaKey, shiftKey, altKey }) {
    if (altKey) return null;
    if (name === 'Insert' && shiftKey && !ctrlKey && !metaKey) return { keys: SHIFT_INSERT, command: false };
    const isForeign = name.length === 1 && name > '\u007f';
    if ((name.toLowerCase() !== 'v' && !(isForeign && code === 'KeyV')) || ctrlKey === metaKey) return null;
    const letter = key(shiftKey ? 0x56 : 0x76, code || 'KeyV');
    return { keys: shiftKey ? [CONTROL, SHIFT, letter] : [CONTROL, letter], command: metaKey };
}
