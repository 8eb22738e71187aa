/**
 * Ctrl-V in the picture: what the browser's clipboard holds goes to the machine first, and then the key.
 *
 *     keydown (kept from noVNC) -> paste event -> offer -> the bridge has it -> Ctrl-V in the machine
 *
 * The paste event carries the clipboard without asking for a permission; nothing is ever read without that gesture.
 */

import { pasteChord } from './keys.js';

/** A browser that sends no paste event after all: the key goes to the machine alone, milliseconds. */
const NO_EVENT = 250;
/**
 * Between the bridge's confirmation and the key: the offer goes to the machine by its agent, the key by its display,
 * and nothing says which arrives first; milliseconds.
 */
const AGENT_LEAD = 100;
/** A bridge that does not confirm holds the keyboard no longer than this, milliseconds. */
const LONGEST_OFFER = 3000;
/** What a key event says of itself by getModifierState alone. */
const LOCKS = ['AltGraph', 'CapsLock', 'NumLock', 'ScrollLock'];

/** @typedef {{ contents: Record<string, string | Blob>, files: File[] }} Pasted */
/** A key that came behind a paste, and belongs there. @typedef {{ event: KeyboardEvent, target: EventTarget }} Key */
/**
 * A paste whose turn has not come; `open` until its paste event came, null where the browser sent none.
 * @typedef {{ chord: import('./keys.js').Chord | null, open: boolean, pasted: Promise<Pasted | null>,
 *     settle: (pasted: Pasted | null) => void }} Waiting
 */

/**
 * @typedef {object} PasteHandlers
 * @property {() => boolean} wanted  whether pasting can work now; if not, the keys are the machine's as they are
 * @property {(event: Event) => boolean} ours  whether an event concerns this console and no input field
 * @property {(pasted: Pasted) => Promise<boolean>} take  offers what was pasted; whether the machine shall paste it now
 * @property {(chord: import('./keys.js').Chord) => void} press
 */

export class Paste {
    /** @type {PasteHandlers} */ #handlers;
    /** Pastes and the keys between them, in the order in which they came; the first is at work. */
    #queue = /** @type {(Waiting | Key)[]} */ ([]);
    /** A key is given back to the page, and passes. */
    #replaying = false;
    /** @type {AbortSignal | undefined} */ #signal;

    /** @param {PasteHandlers} handlers */
    constructor(handlers) {
        this.#handlers = handlers;
    }

    /** @param {AbortSignal} signal  stops listening */
    listen(signal) {
        const options = { capture: true, signal };
        this.#signal = signal;
        document.addEventListener('keydown', event => this.#key(event), options);
        document.addEventListener('keyup', event => this.#key(event), options);
        document.addEventListener('paste', event => this.#paste(event), { signal });
        window.addEventListener('blur', () => this.#drop(), { signal });
        signal.addEventListener('abort', () => this.#drop());
    }

    /** Keys that were held back belong to nobody any more. */
    #drop() {
        this.#queue.splice(1);
    }

    /** @param {KeyboardEvent} event */
    #key(event) {
        if (this.#replaying || !this.#handlers.ours(event)) return;
        const chord = event.type === 'keydown' ? pasteChord(event) : null;
        const isPaste = chord !== null && this.#handlers.wanted();
        if (!isPaste && this.#queue.length === 0) return;
        event.stopPropagation();
        if (isPaste && !(event.repeat && this.#queue.length > 0)) return this.#add(waitFor(chord));
        event.preventDefault();
        if (!event.repeat) this.#add({ event, target: event.composedPath()[0] });
    }

    /**
     * Firefox and Safari send the event to the page's body, whatever has the focus: who pressed the key counts.
     * @param {ClipboardEvent} event
     */
    #paste(event) {
        const waiting = this.#queue.filter(item => 'settle' in item).find(({ open }) => open);
        if (!event.clipboardData || !(waiting || this.#handlers.ours(event)) || !this.#handlers.wanted()) return;
        event.preventDefault();
        const pasted = pastedFrom(event.clipboardData);
        if (waiting) waiting.settle(pasted);
        else this.#add(waitFor(null, pasted));
    }

    /** @param {Waiting | Key} item */
    #add(item) {
        this.#queue.push(item);
        if (this.#queue.length === 1) void this.#work();
    }

    async #work() {
        for (let item; (item = this.#queue[0]); this.#queue.shift()) {
            try {
                if ('settle' in item) await this.#perform(item);
                else this.#replay(item);
            } catch (reason) {
                console.error('paste:', reason);  // the keys behind it are the user's all the same
            }
        }
    }

    /** @param {Waiting} waiting */
    async #perform({ chord, pasted: coming }) {
        const pasted = await coming;
        if (pasted && !await Promise.race([this.#handlers.take(pasted), after(LONGEST_OFFER)])) return;
        if (!chord) return;
        if (pasted) await after(AGENT_LEAD);
        if (!this.#signal?.aborted) this.#handlers.press(chord);  // else the picture may be another machine's
    }

    /** @param {Key} key */
    #replay({ event, target }) {
        const { key, code, location, ctrlKey, shiftKey, altKey, metaKey } = event;
        const locks = LOCKS.map(lock => [`modifier${lock}`, event.getModifierState(lock)]);
        const again = { key, code, location, ctrlKey, shiftKey, altKey, metaKey, bubbles: true, cancelable: true,
            composed: true, ...Object.fromEntries(locks) };
        this.#replaying = true;
        target.dispatchEvent(new KeyboardEvent(event.type, again));
        this.#replaying = false;
    }
}

/** @param {number} milliseconds @returns {Promise<false>} */
function after(milliseconds) {
    return new Promise(resolve => setTimeout(resolve, milliseconds, false));
}

/** @param {import('./keys.js').Chord | null} chord @param {Pasted} [pasted]  where it is known @returns {Waiting} */
function waitFor(chord, pasted) {
    let resolve = /** @type {(pasted: Pasted | null) => void} */ (() => {});
    const coming = new Promise(settled => { resolve = settled; });
    const waiting = { chord, open: true, pasted: coming, settle(/** @type {Pasted | null} */ value) {
        this.open = false;
        resolve(value);
    } };
    if (pasted) waiting.settle(pasted);
    else setTimeout(() => waiting.settle(null), NO_EVENT);
    return waiting;
}

/**
 * Text and a picture are clipboard content; files are files. A copied picture comes as a file of the name image.png.
 * @param {DataTransfer} data
 * @returns {Pasted}
 */
function pastedFrom(data) {
    /** @type {Record<string, string | Blob>} */
    const contents = {};
    const files = [...data.files];
    const image = files.find(file => file.type === 'image/png' && file.name === 'image.png');
    if (image) contents['image/png'] = image;
    const text = data.getData('text/plain');
    const html = data.getData('text/html');
    if (text && (image || files.length === 0)) contents['text/plain'] = text;
    else if (html && files.length === 0) contents['text/html'] = html;  // which the library tells as text
    return { contents, files: files.filter(file => file !== image) };
}
