/**
 * Between the machine's clipboard and this browser's.
 *
 *     machine copies -> offer -> its text or picture is fetched -> shown, and written to this browser's clipboard:
 *     at once where the browser lets us, on the next key or click otherwise
 *     browser pastes -> offered to the machine, unless it is what the machine itself had copied
 *
 * This browser's clipboard is never read here. It is not overwritten by what was in the machine before we came, nor by
 * what is told again after a lost connection; nothing is fetched for a page that nobody sees.
 */

import { pasteChord } from './keys.js';

/** They come before the key that they change. */
const MODIFIERS = ['Control', 'Meta', 'Shift'];

/** @typedef {import('../lib/agent.js').VmAgent} VmAgent */
/** @typedef {{ from: 'machine' | 'here', text: string | null, image: Blob | null }} Content */
/** @typedef {{ formats: readonly string[], old: boolean }} Offer  old: from before we came */
/** @typedef {'none' | 'copied' | 'waiting' | 'refused'} LocalState  what became of it in this browser's clipboard */

/**
 * Fires `change`: `content` or `local` is another.
 */
export class ClipboardSync extends EventTarget {
    /** @type {VmAgent} */ #agent;
    /** @type {AbortController | null} */ #fetching = null;
    /** An offer that came while nobody looked. @type {Offer | null} */ #unseen = null;
    /** @type {number | undefined} */ #serial;
    /** Until the bridge has told what was there before us. */ #arriving = false;
    /** @type {Content | null} */ content = null;
    /** @type {LocalState} */ local = 'none';
    /** Why the last fetch failed. @type {Error | null} */ error = null;

    /** @param {VmAgent} agent @param {AbortSignal} signal  stops listening */
    constructor(agent, signal) {
        super();
        this.#agent = agent;
        agent.addEventListener('clipboardoffer', event => this.#offered(event), { signal });
        agent.addEventListener('connect', ({ resumed }) => this.#arrive(resumed), { signal });
        document.addEventListener('visibilitychange', () => this.#look(), { signal });
        for (const gesture of ['keydown', 'mousedown', 'pointerup']) {
            document.addEventListener(gesture, event => this.#onGesture(event), { capture: true, signal });
        }
    }

    /**
     * Offer contents to the machine.
     * @param {Record<string, string | Blob>} contents  by MIME name
     */
    async send(contents) {
        if (this.#isFromMachine(contents)) return;
        const { clipboard } = this.#agent;
        await clipboard.write(contents);
        const { 'text/html': html, 'image/png': image } = contents;
        const text = html ? await clipboard.readText().catch(() => null) : contents['text/plain'];
        const shown = { text: typeof text === 'string' ? text : null, image: image instanceof Blob ? image : null };
        this.#show({ from: 'here', ...shown }, 'none');
    }

    /** Write what is shown to this browser's clipboard, in a click: the older way may work where the new is refused. */
    async copyHere() {
        const content = this.content;
        if (!content) return;
        const copied = await writeLocal(content) || (content.text !== null && copyByCommand(content.text));
        if (content === this.content) this.#setLocal(copied ? 'copied' : 'refused');
    }

    /**
     * Text that we took from the machine needs no way back; browsers on Windows return its line ends as CRLF. A picture
     * comes back encoded anew: it is offered, since nobody can tell.
     * @param {Record<string, string | Blob>} contents
     */
    #isFromMachine({ 'text/plain': text }) {
        if (this.content?.from !== 'machine' || this.#agent.clipboard.offered().length === 0) return false;
        return typeof text === 'string' && lines(text) === lines(this.content.text ?? '');
    }

    /**
     * Frames are handled in order: what was offered before our ping is answered was there before us. Serials are
     * another bridge's where the connection was not resumed.
     * @param {boolean} resumed
     */
    #arrive(resumed) {
        if (!resumed) this.#serial = undefined;
        this.#arriving = this.#serial === undefined;
        this.#agent.ping().catch(() => {}).finally(() => { this.#arriving = false; });
    }

    /** @param {import('../lib/events.js').ClipboardOfferEvent} event */
    #offered({ selection, formats, serial }) {
        if (selection !== 'clipboard' || formats.length === 0 || serial === this.#serial) return;
        this.#serial = serial;
        this.#unseen = { formats, old: this.#arriving };
        this.#look();
    }

    #look() {
        const offer = this.#unseen;
        if (!offer || document.visibilityState === 'hidden') return;
        this.#unseen = null;
        void this.#fetch(offer);
    }

    /** @param {Offer} offer */
    async #fetch({ formats, old }) {
        this.#fetching?.abort();
        const fetching = new AbortController();
        this.#fetching = fetching;
        try {
            const options = { signal: fetching.signal };
            const text = formats.includes('text/plain') ? await this.#agent.clipboard.readText(options) : null;
            const image = text === null && formats.includes('image/png')
                ? await this.#agent.clipboard.readType('image/png', options) : null;
            if (fetching.signal.aborted || (text === null && image === null)) return;
            this.#show({ from: 'machine', text, image }, old ? 'none' : 'waiting');
            if (!old && document.hasFocus()) await this.#tryLocal();
        } catch (reason) {
            if (fetching.signal.aborted) return;
            this.error = /** @type {Error} */ (reason);
            this.dispatchEvent(new Event('change'));
        }
    }

    /** @param {Event} event */
    #onGesture(event) {
        if (this.local !== 'waiting' || !document.hasFocus()) return;
        // What a paste is about to read is the user's, not ours to replace.
        if (event instanceof KeyboardEvent && (MODIFIERS.includes(event.key) || pasteChord(event))) return;
        void this.#tryLocal(navigator.userActivation?.isActive !== false);
    }

    /** @param {boolean} [isLast]  in a user's gesture: what the browser refuses now it refuses always */
    async #tryLocal(isLast = false) {
        const content = this.content;
        if (content?.from !== 'machine') return;
        const copied = await writeLocal(content);
        if (content === this.content && (copied || isLast)) this.#setLocal(copied ? 'copied' : 'refused');
    }

    /** @param {Content} content @param {LocalState} local */
    #show(content, local) {
        this.content = content;
        this.error = null;
        this.#setLocal(local);
    }

    /** @param {LocalState} local */
    #setLocal(local) {
        this.local = local;
        this.dispatchEvent(new Event('change'));
    }
}

/** @param {string} text */
const lines = text => text.replaceAll('\r\n', '\n');

/** To this browser's clipboard. @param {Omit<Content, 'from'>} content @returns {Promise<boolean>}  whether it let us */
export async function writeLocal({ text, image }) {
    try {
        if (!navigator.clipboard) return text !== null && copyByCommand(text);
        if (text !== null) await navigator.clipboard.writeText(text);
        else if (image) await navigator.clipboard.write([new ClipboardItem({ 'image/png': image })]);
        return true;
    } catch {
        return false;
    }
}

/**
 * Pages without TLS have no clipboard of their own, some may not use it; all may answer a copy that a gesture began.
 * @param {string} text
 */
function copyByCommand(text) {
    const answer = (/** @type {ClipboardEvent} */ event) => {
        event.clipboardData?.setData('text/plain', text);
        event.preventDefault();
        event.stopImmediatePropagation();
    };
    document.addEventListener('copy', answer, { capture: true, once: true });
    const copied = document.execCommand('copy');
    document.removeEventListener('copy', answer, { capture: true });
    return copied;
}
