/**
 * The panel that shows what is on the clipboard, and lets it be copied, sent and typed by hand. Fetched when it is
 * opened first.
 */

import { h, icon, shownText } from './dom.js';
import { explain } from './why.js';

/** A text area with more than this makes the page slow; what is copied and sent is always the whole; characters. */
const SHOWN = 100_000;

/**
 * @typedef {object} PanelHandlers
 * @property {(reason: unknown) => void} tell  shows a refusal
 * @property {(open: boolean) => void} opened
 * @property {(text: string, rate: number) => void} type  presses the keys of a text, or stops that
 * @property {() => import('../lib/agent.js').VmAgent | null} agent
 */

export class ClipboardPanel {
    #parts = buildPanel();
    /** @type {PanelHandlers} */ #handlers;
    /** @type {import('./clipboard-sync.js').ClipboardSync | null} */ #sync = null;
    /** @type {import('./clipboard-sync.js').Content | null} */ #shown = null;
    #edited = false;
    #imageUrl = '';

    /** @param {HTMLElement} place @param {PanelHandlers} handlers */
    constructor(place, handlers) {
        const { panel, text, copy, send, type, rate, why, closePanel } = this.#parts;
        this.#handlers = handlers;
        text.addEventListener('input', () => this.#edit());
        copy.addEventListener('click', () => void this.#sync?.copyHere());
        send.addEventListener('click', () => this.#send().catch(handlers.tell));
        type.addEventListener('click', () => handlers.type(text.value, Number(rate.value)));
        why.addEventListener('toggle', () => { if (why.open) void explain(why, handlers.agent()); });
        closePanel.addEventListener('click', () => this.toggle(false));
        panel.addEventListener('keydown', event => { if (event.key === 'Escape') this.toggle(false); });
        place.append(panel);
    }

    /**
     * Show another machine's clipboard.
     * @param {import('./clipboard-sync.js').ClipboardSync} sync @param {AbortSignal} signal
     */
    follow(sync, signal) {
        if (sync === this.#sync) return;
        this.#sync = sync;
        this.#shown = null;
        this.#parts.text.value = '';
        sync.addEventListener('change', () => this.update(), { signal });
        signal.addEventListener('abort', () => URL.revokeObjectURL(this.#imageUrl));
        this.update();
    }

    /** @param {boolean} [open] */
    toggle(open = this.#parts.panel.hidden === true) {
        this.#parts.panel.hidden = !open;
        this.#handlers.opened(open);
        if (open) this.#parts.text.focus();
    }

    /** Whether there is a picture to type into, and whether that is going on. @param {boolean} can @param {boolean} is */
    typing(can, is) {
        this.#parts.type.disabled = !can;
        this.#parts.type.textContent = is ? 'Stop typing' : 'Type it';
    }

    update() {
        const content = this.#sync?.content ?? null;
        if (content && content !== this.#shown) this.#show(content);
        this.#parts.hint.textContent = this.#hint();
        this.#parts.copy.disabled = content === null || this.#edited;
    }

    /** @param {import('./clipboard-sync.js').Content} content */
    #show(content) {
        const { text: field, image: picture } = this.#parts;
        const { text, image } = content;
        this.#shown = content;
        this.#edited = false;
        URL.revokeObjectURL(this.#imageUrl);
        this.#imageUrl = image && text === null ? URL.createObjectURL(image) : '';
        field.value = (text ?? '').slice(0, SHOWN);
        field.readOnly = (text?.length ?? 0) > SHOWN;  // what is sent is the whole
        field.hidden = this.#imageUrl !== '';
        picture.hidden = this.#imageUrl === '';
        if (this.#imageUrl) picture.src = this.#imageUrl;
        else picture.removeAttribute('src');
    }

    #edit() {
        this.#edited = true;
        this.update();
    }

    async #send() {
        const content = this.#shown;
        const whole = content && !this.#edited;
        const text = whole ? content.text : this.#parts.text.value;
        const image = whole && text === null ? content.image : null;
        await this.#sync?.send(image ? { 'image/png': image } : { 'text/plain': text ?? '' });
        this.#edited = false;
        this.update();
    }

    #hint() {
        const { content = null, local = 'none', error = null } = this.#sync ?? {};
        if (error) return shownText(error.message);
        if (this.#edited) return 'Changed here. Send it to the machine to paste it there.';
        if (!content) return 'What you copy in the machine appears here. Press Ctrl + V in the picture to paste there.';
        const cut = (content.text?.length ?? 0) > SHOWN ? ' Only its beginning is shown, and can’t be changed.' : '';
        if (content.from === 'here') return `Sent to the machine.${cut}`;
        if (local === 'none') return `Copied in the machine before you came.${cut}`;
        if (local === 'copied') return `Copied in the machine, and on this computer’s clipboard too.${cut}`;
        if (local === 'waiting') return `Copied in the machine. Your next click or key brings it here.${cut}`;
        const how = content.image ? 'right-click the picture' : 'select the text and press Ctrl + C';
        return `Copied in the machine. This browser did not allow the copy: press the button, or ${how}.${cut}`;
    }
}

function buildPanel() {
    const text = h('textarea', { 'data-testid': 'clipboard-text', 'aria-label': 'Text on the clipboard', rows: '8',
        spellcheck: 'false', dir: 'auto' });
    const image = h('img', { alt: 'Picture on the clipboard', 'data-testid': 'clipboard-image', hidden: true });
    const hint = h('p', { class: 'hint', 'data-testid': 'clipboard-hint' });
    const copy = h('button', { type: 'button', 'data-testid': 'clipboard-copy' }, 'Copy to this computer');
    const send = h('button', { type: 'button', class: 'main', 'data-testid': 'clipboard-send' }, 'Send to the machine');
    const type = h('button', { type: 'button', 'data-testid': 'clipboard-type',
        title: 'Presses its keys in the picture: for machines without an agent' }, 'Type it');
    const rates = [['10', 'slowly'], ['50', 'normally'], ['150', 'fast']].map(([value, label]) =>
        h('option', { value, selected: value === '50' }, label));
    const rate = h('select', { 'aria-label': 'How fast it is typed', 'data-testid': 'clipboard-rate' }, ...rates);
    const why = h('details', { class: 'why', 'data-testid': 'clipboard-why' }, h('summary', {}, 'What happened?'),
        h('ol', {}));
    const closePanel = h('button', { type: 'button', class: 'icon', 'aria-label': 'Close the clipboard' },
        icon('close'));
    const head = h('div', { class: 'head' }, h('h2', {}, 'Clipboard'), closePanel);
    const panel = h('aside', { class: 'panel card', id: 'clipboard', 'data-testid': 'clipboard-panel',
        'aria-label': 'Clipboard', hidden: true }, head, text, image, hint,
        h('div', { class: 'actions' }, copy, type, rate, send), why);
    return { panel, closePanel, text, image, hint, copy, type, rate, send, why };
}
