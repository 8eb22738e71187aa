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

/** @typedef {{ event: KeyboardEvent, target: EventTarget | undefined }} HeldBack */
/** @typedef {{ contents: Record<string, string | Blob>, files: File[] }} Pasted */

/**
 * @typedef {object} PasteHandlers
 * @property {() => boolean} wanted  whether pasting can work now; if not, the keys are the machine's as they are
 * @property {(event: Event) => boolean} ours  whether an event concerns this console and no input field
 * @property {(pasted: Pasted) => Promise<boolean>} take  offers what was pasted; whether the machine shall paste it now
 * @property {(chord: import('./keys.js').Chord) => void} press
 */

export class Paste {
    /** @type {PasteHandlers} */ #handlers;
    /** Held back until the machine has the offer. @type {import('./keys.js').Chord | null} */ #chord = null;
    /** Keys that came meanwhile: they belong behind it. @type {HeldBack[]} */ #behind = [];
    /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;

    /** @param {PasteHandlers} handlers */
    constructor(handlers) {
        this.#handlers = handlers;
    }

    /** @param {AbortSignal} signal  stops listening */
    listen(signal) {
        const options = { capture: true, signal };
        document.addEventListener('keydown', event => this.#key(event), options);
        document.addEventListener('keyup', event => this.#key(event), options);
        document.addEventListener('paste', event => void this.#paste(event), { signal });
    }

    /** @param {KeyboardEvent} event */
    #key(event) {
        if (!this.#handlers.ours(event)) return;
        if (this.#chord) return this.#holdBack(event);
        const chord = event.type === 'keydown' ? pasteChord(event) : null;
        if (!chord || !this.#handlers.wanted()) return;
        event.stopPropagation();
        this.#chord = chord;
        this.#timer = setTimeout(() => this.#finish(true), NO_EVENT);
    }

    /** @param {KeyboardEvent} event */
    #holdBack(event) {
        event.stopPropagation();
        event.preventDefault();
        if (!event.repeat) this.#behind.push({ event, target: event.composedPath()[0] });
    }

    /** @param {ClipboardEvent} event */
    async #paste(event) {
        if (!event.clipboardData || !this.#handlers.ours(event) || !this.#handlers.wanted()) return;
        event.preventDefault();
        clearTimeout(this.#timer);
        const press = await this.#handlers.take(pastedFrom(event.clipboardData));
        if (press && this.#chord) await new Promise(resolve => setTimeout(resolve, AGENT_LEAD));
        this.#finish(press);
    }

    /** @param {boolean} press */
    #finish(press) {
        const chord = this.#chord;
        this.#chord = null;
        if (press && chord) this.#handlers.press(chord);
        for (const { event, target } of this.#behind.splice(0)) {
            target?.dispatchEvent(new KeyboardEvent(event.type, event));
        }
    }
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
    if (text && (image || files.length === 0)) contents['text/plain'] = text;
    return { contents, files: files.filter(file => file !== image) };
}
