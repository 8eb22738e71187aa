/**
 * The panel that shows what is on the clipboard, and lets it be copied and sent by hand.
 */

/** A text area with more than this makes the page slow; what is copied and sent is always the whole; characters. */
const SHOWN = 100_000;

export class ClipboardPanel {
    /** @type {import('./view.js').View} */ #view;
    /** @type {import('./clipboard-sync.js').ClipboardSync} */ #sync;
    /** @type {import('./clipboard-sync.js').Content | null} */ #shown = null;
    #edited = false;
    #imageUrl = '';

    /**
     * @param {import('./view.js').View} view
     * @param {import('./clipboard-sync.js').ClipboardSync} sync
     * @param {{ tell: (reason: unknown) => void, signal: AbortSignal }} options  tell: shows a refusal
     */
    constructor(view, sync, { tell, signal }) {
        this.#view = view;
        this.#sync = sync;
        sync.addEventListener('change', () => this.update(), { signal });
        view.text.addEventListener('input', () => this.#edit(), { signal });
        view.copy.addEventListener('click', () => void sync.copyHere(), { signal });
        view.send.addEventListener('click', () => this.#send().catch(tell), { signal });
        signal.addEventListener('abort', () => URL.revokeObjectURL(this.#imageUrl));
        this.update();
    }

    update() {
        const { content } = this.#sync;
        if (content && content !== this.#shown) this.#show(content);
        this.#view.hint.textContent = this.#hint();
        this.#view.copy.disabled = content === null || this.#edited;
    }

    /** @param {import('./clipboard-sync.js').Content} content */
    #show({ text, image }) {
        this.#shown = this.#sync.content;
        this.#edited = false;
        URL.revokeObjectURL(this.#imageUrl);
        this.#imageUrl = image && text === null ? URL.createObjectURL(image) : '';
        this.#view.text.value = (text ?? '').slice(0, SHOWN);
        this.#view.text.hidden = this.#imageUrl !== '';
        this.#view.image.hidden = this.#imageUrl === '';
        if (this.#imageUrl) this.#view.image.src = this.#imageUrl;
        else this.#view.image.removeAttribute('src');
    }

    #edit() {
        this.#edited = true;
        this.update();
    }

    async #send() {
        const content = this.#shown;
        const whole = content && !this.#edited;
        const text = whole ? content.text : this.#view.text.value;
        const image = whole && text === null ? content.image : null;
        await this.#sync.send(image ? { 'image/png': image } : { 'text/plain': text ?? '' });
        this.#edited = false;
        this.update();
    }

    #hint() {
        const { content, local, error } = this.#sync;
        if (error) return error.message;
        if (this.#edited) return 'Changed here. Send it to the machine to paste it there.';
        if (!content) return 'What you copy in the machine appears here. Press Ctrl + V in the picture to paste there.';
        const cut = (content.text?.length ?? 0) > SHOWN ? ' Only its beginning is shown.' : '';
        if (content.from === 'here') return `Sent to the machine.${cut}`;
        if (local === 'none') return `Copied in the machine before you came.${cut}`;
        if (local === 'copied') return `Copied in the machine, and on this computer’s clipboard too.${cut}`;
        if (local === 'waiting') return `Copied in the machine. Your next click or key brings it here.${cut}`;
        return `Copied in the machine. This browser did not allow the copy: select the text and press Ctrl + C.${cut}`;
    }
}
