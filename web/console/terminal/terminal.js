/**
 * One port in a terminal, over the picture.
 *
 *     VmPort -> xterm.js        what the port says
 *     keys, paste -> VmPort     while it is ours to write
 */

import { VmPort } from '../../lib/port.js';
import { wireEscape } from '../bar.js';
import { h, icon, setText, shownName, shownText } from '../dom.js';
import { Backlog } from './backlog.js';
import { themeOf } from './theme.js';
import { describePort } from './words.js';
import { loadXterm, openIn } from '../xterm.js';

/** Lines that can be scrolled back to. */
const SCROLLBACK = 5000;
/** Against the background, as WCAG asks for text. */
const CONTRAST = 4.5;
const FONT = 'ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace';
const encoder = new TextEncoder();

export { loadXterm };

export class PortTerminal {
    #parts = buildParts();
    #ended = new AbortController();
    /** @type {import('./terminals.js').Host} */ #host;
    /** @type {import('../xterm.js').Xterm} */ #screen;
    /** @type {VmPort | null} */ #port = null;
    /** @type {string | undefined} */ #reason;
    #backlog = new Backlog((data, done) => this.#screen.write(data, done));
    /**
     * Whether somebody used the terminal on this connection. What comes before may be old: a question in it (where the
     * cursor is, say) was asked of another terminal, and an answer now would be typed into whatever runs there.
     */
    #isUsed = false;

    /**
     * @param {import('./terminals.js').Host} host @param {string} name  the port's
     * @param {import('../xterm.js').XtermModules} modules
     */
    constructor(host, name, { Terminal, FitAddon }) {
        const { section, place, back, retry, reader } = this.#parts;
        this.#host = host;
        this.name = name;
        section.setAttribute('aria-label', `Terminal ${shownName(name)}`);
        this.#parts.title.textContent = shownName(name);
        host.stage.append(section);
        host.stage.classList.add('covered');
        this.#screen = new Terminal({
            fontFamily: FONT, fontSize: 14, scrollback: SCROLLBACK, minimumContrastRatio: CONTRAST, disableStdin: true,
            theme: themeOf(place), cursorBlink: !matchMedia('(prefers-reduced-motion: reduce)').matches,
        });
        this.#wireScreen(new FitAddon());
        back.addEventListener('click', () => host.back());
        retry.addEventListener('click', () => this.connect());
        reader.addEventListener('click', () => this.#toggleReader());
        this.connect();
    }

    /** @param {{ fit(): void }} fit */
    #wireScreen(fit) {
        const { place, back, size } = this.#parts;
        const { signal } = this.#ended;
        const screen = this.#screen;
        screen.loadAddon(fit);
        screen.onResize(({ cols, rows }) => { size.textContent = `${cols} × ${rows}`; });
        openIn(screen, place);
        const label = `Terminal ${shownName(this.name)}. Ctrl + Alt + Shift leads out of it.`;
        screen.textarea?.setAttribute('aria-label', label);
        screen.onData(data => this.#typed(encoder.encode(data)));
        screen.onBinary(data => this.#typed(Uint8Array.from(data, each => each.charCodeAt(0))));
        for (const type of ['keydown', 'paste', 'mousedown'])
            place.addEventListener(type, () => { this.#isUsed = true; }, { capture: true, signal });
        wireEscape(place, back);
        const observer = new ResizeObserver(() => fit.fit());
        observer.observe(place);
        signal.addEventListener('abort', () => observer.disconnect());
        const dark = matchMedia('(prefers-color-scheme: dark)');
        dark.addEventListener('change', () => { screen.options.theme = themeOf(place); }, { signal });
    }

    /** Open the port, or open it anew: what it said last is shown again. */
    connect() {
        this.#port?.close();
        const { address, token } = this.#host;
        const port = this.#port = new VmPort(address(this.name), { token });
        port.addEventListener('connect', () => {
            this.#reason = undefined;
            this.#isUsed = false;
            this.#screen.reset();
        });
        port.addEventListener('state', () => this.#update());
        port.addEventListener('disconnect', ({ error }) => {
            if (port !== this.#port) return;
            this.#reason = error.message;
            this.#update();
        });
        port.addEventListener('data', ({ bytes }) => { if (port === this.#port) this.#backlog.add(bytes); });
        this.#update();
    }

    focus() {
        this.#screen.focus();
    }

    close() {
        const port = this.#port;
        this.#port = null;
        port?.close();
        this.#ended.abort();
        this.#screen.dispose();
        this.#parts.section.remove();
        this.#host.stage.classList.remove('covered');
    }

    /** @param {Uint8Array} bytes */
    #typed(bytes) {
        if (this.#isUsed) this.#port?.write(bytes).catch(reason => this.#host.tell(reason));
    }

    #toggleReader() {
        const { options } = this.#screen;
        options.screenReaderMode = !options.screenReaderMode;
        this.#parts.reader.setAttribute('aria-pressed', String(options.screenReaderMode));
        this.focus();
    }

    #update() {
        if (!this.#port) return;
        const { status, words, retry } = this.#parts;
        const { state, words: text } = describePort(this.#port, this.#reason);
        status.dataset.state = state;
        setText(words, shownText(text));
        retry.hidden = state !== 'closed';
        this.#screen.options.disableStdin = state !== 'writing';
    }
}

function buildParts() {
    const back = h('button', { type: 'button', class: 'tool', 'data-testid': 'terminal-back' }, icon('back'), 'Back');
    const title = h('bdi', { class: 'title' });
    const words = h('span', {});
    const status = h('div', { class: 'port-status', role: 'status', 'data-testid': 'terminal-status' },
        h('span', { class: 'dot' }), words);
    const retry = h('button', { type: 'button', 'data-testid': 'terminal-retry', hidden: true }, 'Try again');
    const size = h('span', { class: 'size', title: 'Columns and rows' });
    const reader = h('button', { type: 'button', class: 'tool', 'aria-pressed': 'false',
        'data-testid': 'terminal-reader' }, 'Screen reader');
    const place = h('div', { class: 'screen' });
    const head = h('div', { class: 'strip' }, back, title, status, retry, h('span', { class: 'space' }), size, reader);
    const section = h('section', { class: 'port', 'data-testid': 'terminal' }, head, place);
    return { section, back, title, status, words, retry, size, reader, place };
}
