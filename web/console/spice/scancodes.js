/**
 * Places of a keyboard as SPICE names them: scan codes of set 1, by the browser's names for these places.
 */

/** From a first code on, each one more. @type {[first: number, names: string][]} */
const PLAIN = [
    [0x01, 'Escape Digit1 Digit2 Digit3 Digit4 Digit5 Digit6 Digit7 Digit8 Digit9 Digit0 Minus Equal Backspace Tab'],
    [0x10, 'KeyQ KeyW KeyE KeyR KeyT KeyY KeyU KeyI KeyO KeyP BracketLeft BracketRight Enter ControlLeft'],
    [0x1e, 'KeyA KeyS KeyD KeyF KeyG KeyH KeyJ KeyK KeyL Semicolon Quote Backquote ShiftLeft Backslash'],
    [0x2c, 'KeyZ KeyX KeyC KeyV KeyB KeyN KeyM Comma Period Slash ShiftRight NumpadMultiply AltLeft Space CapsLock'],
    [0x3b, 'F1 F2 F3 F4 F5 F6 F7 F8 F9 F10 NumLock ScrollLock'],
    [0x47, 'Numpad7 Numpad8 Numpad9 NumpadSubtract Numpad4 Numpad5 Numpad6 NumpadAdd Numpad1 Numpad2 Numpad3 Numpad0'],
    [0x53, 'NumpadDecimal'], [0x56, 'IntlBackslash F11 F12 NumpadEqual'],
    [0x64, 'F13 F14 F15 F16 F17 F18 F19 F20 F21 F22 F23'], [0x76, 'F24'],
    [0x70, 'KanaMode Lang2 Lang1 IntlRo'], [0x79, 'Convert'], [0x7b, 'NonConvert'], [0x7d, 'IntlYen NumpadComma'],
];
/** The same behind the byte 0xe0. @type {[first: number, names: string][]} */
const EXTENDED = [
    [0x1c, 'NumpadEnter ControlRight'], [0x20, 'AudioVolumeMute'], [0x2e, 'AudioVolumeDown'], [0x30, 'AudioVolumeUp'],
    [0x35, 'NumpadDivide'], [0x37, 'PrintScreen AltRight'], [0x46, 'Pause Home ArrowUp PageUp'], [0x4b, 'ArrowLeft'],
    [0x4d, 'ArrowRight'], [0x4f, 'End ArrowDown PageDown Insert Delete'], [0x5b, 'MetaLeft MetaRight ContextMenu'],
];
const PREFIX = 0xe0;
const RELEASED = 0x80;

/** @type {Map<string, number>} */
const codes = new Map();
for (const [table, prefix] of /** @type {[typeof PLAIN, number][]} */ ([[PLAIN, 0], [EXTENDED, PREFIX]])) {
    for (const [first, names] of table) {
        names.split(' ').forEach((name, i) => codes.set(name, prefix ? prefix | first + i << 8 : first + i));
    }
}

/**
 * The code of a key as KEY_DOWN and KEY_UP carry it, its first byte lowest.
 * @param {string} name  as in KeyboardEvent.code
 * @param {boolean} down
 * @returns {number | undefined}  not a place that SPICE knows
 */
export function scanCode(name, down) {
    const code = codes.get(name);
    if (code === undefined || down) return code;
    return code > 0xff ? code | RELEASED << 8 : code | RELEASED;
}
