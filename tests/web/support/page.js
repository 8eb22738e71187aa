/**
 * What the console's clipboard needs of a page: its events and focus, and this computer's clipboard.
 */

/** Node has none. Members that no real one tells by itself are asked for by `getModifierState`. */
class KeyboardEvent extends Event {
    constructor(type, { bubbles, cancelable, composed, ...members } = {}) {
        super(type, { bubbles, cancelable, composed });
        Object.assign(this, members);
    }

    getModifierState(name) {
        return this[`modifier${name}`] ?? false;
    }
}

/** Puts a page into the globals until the test has ended; `local` is what this computer's clipboard holds. */
export function fakePage(t) {
    const page = Object.assign(new EventTarget(), { visibilityState: 'visible', hasFocus: () => true });
    const local = { text: '', allowed: true };
    const writeText = async text => {
        if (!local.allowed) throw new DOMException('denied', 'NotAllowedError');
        local.text = text;
    };
    const globals = { document: page, window: new EventTarget(), KeyboardEvent, navigator: { clipboard: { writeText } } };
    for (const [name, value] of Object.entries(globals)) {
        const before = Object.getOwnPropertyDescriptor(globalThis, name);
        Object.defineProperty(globalThis, name, { value, configurable: true });
        t.after(() => (before ? Object.defineProperty(globalThis, name, before) : delete globalThis[name]));
    }
    return { page, window: globals.window, local };
}

/** @returns {Event} a key of that page */
export const keyEvent = (type, key, members = {}) => new KeyboardEvent(type, { key, code: '', ctrlKey: false,
    metaKey: false, shiftKey: false, altKey: false, repeat: false, cancelable: true, ...members });

/** @returns {Event} a paste of these contents, by MIME name */
export const pasteEvent = contents => Object.assign(new Event('paste', { cancelable: true }),
    { clipboardData: { files: [], getData: type => contents[type] ?? '' } });
