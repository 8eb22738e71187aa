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
const CONTROL_V = [CONTROL, key(0x76, 'KeyV')];
const CONTROL_SHIFT_V = [CONTROL, SHIFT, key(0x56, 'KeyV')];

/**
 * @typedef {{ keys: Key[], command: boolean }} Chord  modifiers first; command: it was pressed with a Mac's Command key
 */

/**
 * Whether a key press asks this browser to paste, and what that is in the machine: a Mac's Command-V is its Ctrl-V.
 * @param {Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'shiftKey' | 'altKey'>} event
 * @returns {Chord | null}
 */
export function pasteChord({ key: name, ctrlKey, metaKey, shiftKey, altKey }) {
    if (altKey) return null;
    if (name === 'Insert' && shiftKey && !ctrlKey && !metaKey) return { keys: SHIFT_INSERT, command: false };
    if (name.toLowerCase() !== 'v' || ctrlKey === metaKey) return null;
    return { keys: shiftKey ? CONTROL_SHIFT_V : CONTROL_V, command: metaKey };
}
