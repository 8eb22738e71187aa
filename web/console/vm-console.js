/**
 * `<vm-console src="/vms/web1" token="…">`: the whole console of one machine as one element.
 *
 *     VmAgent   clipboard, files, desktop size, who is connected   /vms/VM/agent
 *     Display   the picture, keys and mouse                        /vms/VM/display, or /vms/VM/spice
 *
 * Everything that a machine or another client says goes in as text, never as markup.
 */

import { apiUrl, tokenText, VmAgent, VmError } from '../lib/vmcbridge.js';
import { ClipboardSync, writeLocal } from './clipboard-sync.js';
import { wireControls } from './controls.js';
import { Display, loadNoVnc, loadSpice, loadSpiceHtml5 } from './display.js';
import { h, setText, shownName, shownText } from './dom.js';
import { watchDrops } from './drop.js';
import { BACKSPACE, COMMAND, menu } from './keys.js';
import { Paste } from './paste.js';
import { Resizer } from './resizer.js';
import { describe } from './state.js';
import { buildView } from './view.js';
import { Watchdog } from './watchdog.js';

/** How long a message stays, milliseconds. */
const MESSAGE_STAYS = 8000;
/** For the bridge to say what display there is, milliseconds. */
const KIND_DEADLINE = 5000;
/** How often the way to the bridge is measured, while somebody looks, milliseconds. */
const PING_EVERY = 10_000;

/** Fires `statechange` when `state` is another. */
export class VmConsole extends HTMLElement {
    static observedAttributes = ['src', 'scale', 'viewonly', 'resize'];
    /** How noVNC is loaded; a bundler's user sets `() => import('@novnc/novnc')`. */
    static loadNoVnc = loadNoVnc;
    /**
     * How xterm.js is loaded; left out: from where the bridge serves it.
     * @type {import('./xterm.js').XtermLoader | undefined}
     */
    static loadXterm;
    /** How spice-html5 is loaded; a bundler's user sets `() => import('@spice-project/spice-html5/src/display.js')`. */
    static loadSpiceHtml5 = loadSpiceHtml5;
    /** After how much silence a display is asked for a sign of life, and given up, milliseconds. */
    static times = Watchdog.times;
    /**
     * What shows the picture; another kind of display has the surface of Display.
     * @param {Element} target @param {() => Promise<string>} kind  `spice`, or another
     * @returns {Display}
     */
    static createDisplay = (target, kind) => new Display(target, async () =>
        await kind() === 'spice' ? loadSpice(VmConsole.loadSpiceHtml5) : VmConsole.loadNoVnc());

    #view = buildView();
    /** @type {AbortController | null} */ #running = null;
    /** @type {VmAgent | null} */ #agent = null;
    /** @type {Display | null} */ #display = null;
    /** Of the machine's display; empty: not known, or none. */
    #kind = Promise.resolve('');
    #guessed = false;
    /** @type {ClipboardSync | null} */ #clipboard = null;
    /** @type {Resizer | null} */ #resizer = null;
    /** @type {AbortController | null} */ #typing = null;
    /** @type {import('../lib/dial.js').Token | undefined} */ #token;
    /** @type {import('../lib/codes.js').VmError | null} */ #error = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */ #messageTimer;
    /** Why the desktop was not resized, told once. @type {string | undefined} */ #refusedResize;
    /** @type {import('./clipboard-panel.js').ClipboardPanel | null} */ #panel = null;
    /** @type {import('./people.js').People | null} */ #people = null;
    /** @type {import('./state.js').Description['state'] | 'idle'} */ #state = 'idle';

    constructor() {
        super();
        this.attachShadow({ mode: 'open' }).append(this.#view.root);
        void this.#addStyle('./vm-console.css').then(() => { this.#view.root.hidden = false; });
        this.#listen();
    }

    /** The machine's agent, while connected to a document. @returns {VmAgent | null} */
    get agent() {
        return this.#agent;
    }

    /** See `describe` in state.js; `idle` without `src`. */
    get state() {
        return this.#state;
    }

    get src() {
        return this.getAttribute('src') ?? '';
    }

    set src(path) {
        this.setAttribute('src', path);
    }

    /**
     * Access token, or a function that gives a fresh one whenever one is needed.
     * @returns {import('../lib/dial.js').Token}
     */
    get token() {
        return this.#token ?? this.getAttribute('token') ?? '';
    }

    set token(token) {
        this.#token = token;
    }

    connectedCallback() {
        this.connect();
    }

    disconnectedCallback() {
        this.disconnect();
    }

    /** @param {string} name */
    attributeChangedCallback(name) {
        if (name === 'src' && this.isConnected) this.connect();
        if (this.#resizer) this.#resizer.logical = this.getAttribute('resize') === 'logical';
        this.#setDisplay();
    }

    /** Connect, or connect again. */
    connect() {
        this.#end();
        this.#agent = null;
        if (!this.src) return this.#become('idle');
        const running = new AbortController();
        const { signal } = running;
        const view = this.#view;
        const agent = new VmAgent(`${this.src}/agent`, { token: () => tokenText(this.token), signal });
        this.#running = running;
        this.#agent = agent;
        this.#error = null;
        this.#guessed = false;
        this.#kind = this.#ask().then(({ display }) => display?.kind ?? '');
        this.#display = VmConsole.createDisplay(view.display, () => this.#kind);
        this.#display.addEventListener('statechange', () => this.#displayChanged(), { signal });
        const clipboard = this.#clipboard = new ClipboardSync(agent, signal);
        clipboard.addEventListener('change', () => this.#clipboardChanged(clipboard), { signal });
        this.#panel?.follow(clipboard, signal);
        this.#resizer = new Resizer(view.display, size => void this.#resize(size), signal);
        this.#resizer.logical = this.getAttribute('resize') === 'logical';
        this.#paste().listen(signal);
        watchDrops(view.root, {
            over: on => this.#over(on),
            drop: (entries, files) => void this.#drop(entries, files).catch(this.#tell),
        }, signal);
        view.name.textContent = shownName(decodeURIComponent(this.src.split('/').at(-1) ?? ''));
        this.#follow(agent, signal);
        const timer = setInterval(() => void this.#measure(), PING_EVERY);
        signal.addEventListener('abort', () => clearInterval(timer));
        this.#setDisplay();
        this.#update();
    }

    /** End both connections. */
    disconnect() {
        this.#end();
        this.#update();
    }

    #end() {
        this.#typing?.abort();
        this.#display?.stop();
        this.#running?.abort();
        this.#running = null;
    }

    /** The keyboard goes to the machine. @override */
    focus() {
        this.#display?.focus();
    }

    /** @param {Iterable<File | { file: File, name: string }>} files */
    sendFiles(files) {
        for (const item of files) {
            const { file, name } = item instanceof File ? { file: item, name: item.name } : item;
            this.#agent?.sendFile(file, { name });
        }
    }

    sendCtrlAltDel() {
        this.#display?.sendKeys(menu[0].keys);
    }

    /**
     * Press the keys of a text, one after the other, for machines without an agent. `disconnect`, another call and a
     * lost picture stop it.
     * @param {string} text
     * @param {import('./typing.js').TypeOptions & { signal?: AbortSignal }} [options]
     * @returns {Promise<{ typed: number, of: number }>}  characters; fewer than all where it was stopped
     */
    async type(text, options) {
        this.#typing?.abort();
        const typing = new AbortController();
        const stop = () => typing.abort();
        this.#typing = typing;
        options?.signal?.addEventListener('abort', stop);
        try {
            const { typeText } = await import('./typing.js');
            if (this.#display?.state !== 'connected' || this.hasAttribute('viewonly') || options?.signal?.aborted) stop();
            return await typeText(text, stroke => this.#display?.press(stroke), typing.signal, options);
        } finally {
            options?.signal?.removeEventListener('abort', stop);
            if (this.#typing === typing) this.#typing = null;
        }
    }

    #listen() {
        wireControls(this.#view, {
            sendKeys: keys => this.#display?.sendKeys(keys),
            sendFiles: files => this.sendFiles(files),
            takeLead: () => void this.#agent?.lead().catch(this.#tell),
            retry: () => this.#retry(),
            touchKeyboard: () => void this.#watchField().catch(this.#tell),
            togglePanel: () => void this.#togglePanel().catch(this.#tell),
            toggleScale: () => this.setAttribute('scale', this.getAttribute('scale') === 'native' ? 'fit' : 'native'),
            focus: () => this.focus(),
            fullScreen: () =>
                void import('./full-screen.js').then(loaded => loaded.toggle(this)).catch(this.#tell),
        });
    }

    /** @param {VmAgent} agent @param {AbortSignal} signal */
    #follow(agent, signal) {
        /**
         * @template {keyof import('../lib/events.js').AgentEvents} Type
         * @param {Type} type @param {(event: import('../lib/events.js').AgentEvents[Type]) => void} handle
         */
        const on = (type, handle) => agent.addEventListener(type, event => {
            handle(event);
            this.#update();
        }, { signal });
        on('connect', () => this.#connected(agent, signal));
        on('disconnect', ({ error }) => {
            this.#error = error;
            this.#display?.stop(this.#display.state === 'none' ? 'none' : 'lost');
        });
        on('agent', ({ connected }) => { if (connected) this.#resizer?.again(); });
        on('permissions', () => this.#startDisplay(agent));
        on('lead', ({ you }) => { if (you) this.#resizer?.again(); });
        on('clients', () => {});
        on('transfer', ({ transfer }) => this.#list(transfer));
        on('error', ({ error }) => this.#tell(error));
    }

    /** @param {VmAgent} agent @param {AbortSignal} signal */
    #connected(agent, signal) {
        this.#error = null;
        this.#view.name.textContent = shownName(agent.vm);
        this.#startDisplay(agent);
        this.#resizer?.again();
        void this.#showPorts(signal).catch(this.#tell);
    }

    /** @param {VmAgent} agent */
    #startDisplay(agent) {
        const display = this.#display;
        if (!agent.permissions.has('display')) return display?.stop();
        if (display?.state === 'none' || display?.state === 'lost' || display?.state === 'refused') {
            const path = async () => await this.#kind === 'spice' ? `spice?agent=${agent.resume}` : 'display';
            display.start(async () => `${this.src}/${await path()}`, () => tokenText(this.token));
        }
    }

    /**
     * What the bridge says of the machine; nothing where it does not, or not to us.
     * @returns {Promise<import('./ports.js').Facts>}
     */
    async #ask() {
        try {
            const token = await tokenText(this.token);
            const answer = await fetch(apiUrl(`${this.src}/agent`), { signal: AbortSignal.timeout(KIND_DEADLINE),
                headers: token ? { authorization: `Bearer ${token}` } : {} });
            return await answer.json();
        } catch {
            return {};
        }
    }

    /** There is no VNC: where nobody said what there is, it may be SPICE, or there is none. @param {VmAgent} agent */
    async #guess(agent) {
        if (await this.#kind || agent !== this.#agent) return;
        this.#guessed = true;
        this.#kind = Promise.resolve('spice');
        this.#startDisplay(agent);
    }

    #displayChanged() {
        this.#update();  // nothing over the picture keeps the focus off
        const { state, error } = this.#display ?? {};
        if (state === 'none' && error && this.#agent) void this.#guess(this.#agent);
        if (state === 'connected') this.#guessed = false;
        if (state === 'lost' && this.#guessed) this.#display?.stop();
        const { activeElement: active } = document;
        const isFree = active === document.body || (active === this && !this.#hasFocus());
        if (state === 'connected' && this.hasAttribute('autofocus') && isFree) this.focus();
        if (state !== 'connected' && state !== 'frozen') this.#typing?.abort();
    }

    #retry() {
        const agent = this.#agent;
        if (!agent || agent.state === 'closed') this.connect();
        else if (agent.state === 'connected') this.#startDisplay(agent);
        else agent.reconnectNow();
    }

    // What is seldom used comes when it is used.

    #watchField = late(async () => {
        const { watchField } = await import('./touch-keyboard.js');
        const { strokesOf } = await import('./typing.js');
        watchField(this.#view.field, {
            typed: text => strokesOf(text).forEach(stroke => this.#display?.press(stroke)),
            deleted: count => { for (; count > 0; --count) this.#display?.sendKeys([BACKSPACE]); },
        });
    });

    #loadPanel = late(async () => {
        const [{ ClipboardPanel }] = await Promise.all([import('./clipboard-panel.js'), this.#loadStyle()]);
        this.#panel = new ClipboardPanel(this.#view.body, {
            tell: this.#tell,
            agent: () => this.#agent,
            type: (text, rate) => void this.#toggleTyping(text, rate),
            opened: open => {
                this.#view.clipboard.setAttribute('aria-expanded', String(open));
                if (!open) this.#view.clipboard.focus();
            },
        });
    });

    #loadTransfers = late(async () => {
        const [{ TransferList }] = await Promise.all([import('./transfer-list.js'), this.#loadStyle()]);
        return new TransferList(this.#view.corner, words => this.#say(words));
    });

    #loadPeople = late(async () => {
        const [{ People }] = await Promise.all([import('./people.js'), this.#loadStyle()]);
        this.#people = new People(this.#view.tools);
    });

    /** Of what is in cards: the panel and the lists. */
    #loadStyle = late(() => this.#addStyle('./vm-cards.css'));

    /** @param {string} path @returns {Promise<unknown>}  when it counts, or can't be had */
    #addStyle(path) {
        return new Promise(resolve => {
            const style = h('link', { rel: 'stylesheet', href: new URL(path, import.meta.url).href });
            style.addEventListener('load', resolve);
            style.addEventListener('error', resolve);
            this.shadowRoot?.prepend(style);
        });
    }

    /** What the machine's further ports bring, where there are any. @param {AbortSignal} signal */
    async #showPorts(signal) {
        const facts = await this.#ask();
        if (!facts.ports?.length) return;
        const { showPorts } = await import('./ports.js');
        await showPorts(this, signal, {
            view: this.#view, ask: () => this.#ask(), addStyle: path => this.#addStyle(path),
            addCards: this.#loadStyle, copy: writeLocal, clipboard: () => this.#panel,
            load: VmConsole.loadXterm, tell: this.#tell,
        }, facts);
    }

    /** Who else is here, once there is somebody. */
    async #showPeople() {
        if ((this.#agent?.clients.length ?? 0) > 1) await this.#loadPeople().catch(() => null);
        this.#people?.show(this.#agent);
    }

    async #togglePanel() {
        await this.#loadPanel();
        if (this.#clipboard && this.#running) this.#panel?.follow(this.#clipboard, this.#running.signal);
        this.#update();
        this.#panel?.toggle();
    }

    /** @param {import('../lib/transfer.js').Transfer} transfer */
    #list(transfer) {
        this.#loadTransfers().then(list => list.add(transfer)).catch(this.#tell);
    }

    /** @param {FileSystemEntry[]} entries @param {File[]} files */
    async #drop(entries, files) {
        const { filesOf, leftBehind } = await import('./entries.js');
        const dropped = await filesOf(entries, files);
        this.sendFiles(dropped.files);
        const words = leftBehind(dropped);
        if (words) this.#show(words);
    }

    /** What became of the last copy shows on the panel's button too. @param {ClipboardSync} sync */
    #clipboardChanged({ local, error }) {
        const { clipboard } = this.#view;
        const words = error ? error.message : { waiting: 'click here, and it is copied', refused: 'not copied here' }[
            /** @type {string} */ (local)];
        const title = words ? `Clipboard: ${shownText(words)}` : 'Clipboard';
        if (words && clipboard.title !== title) this.#say(title);
        clipboard.dataset.state = error ? 'refused' : local;
        clipboard.title = title;
    }

    /** How long the way to the bridge is, for who asks the status line. */
    async #measure() {
        if (document.visibilityState === 'hidden' || this.#agent?.state !== 'connected') return;
        const took = await this.#agent.ping().catch(() => null);
        if (took !== null) this.#view.status.title = `${Math.round(took)} ms to the bridge`;
    }

    #setDisplay() {
        const isNative = this.getAttribute('scale') === 'native';
        this.#view.scale.setAttribute('aria-pressed', String(isNative));
        if (!this.#display) return;
        this.#display.viewOnly = this.hasAttribute('viewonly');
        this.#display.scaled = !isNative;
        this.#display.label = `Screen of ${this.#view.name.textContent}. Ctrl + Alt + Shift leads out of it.`;
    }

    /** @param {import('./resizer.js').Size} size */
    async #resize(size) {
        const agent = this.#agent;
        if (this.getAttribute('resize') === 'off' || !agent?.agentConnected || !agent.permissions.has('resize')) return;
        const result = await agent.setMonitors([size]).catch(() => null);
        const refusal = result?.status === 'refused' ? result.code : undefined;
        const told = refusal === this.#refusedResize || refusal === 'not-lead';
        this.#refusedResize = refusal;
        if (refusal && !told) this.#tell(new VmError(refusal, result?.message));
    }

    #paste() {
        return new Paste({
            wanted: () => this.#canPaste(),
            ours: event => this.#concerns(event),
            take: pasted => this.#takePasted(pasted),
            press: ({ keys, command }) => this.#display?.sendKeys(keys,
                { held: !command && this.#hasFocus() && document.hasFocus(), letGo: command ? COMMAND : [] }),
        });
    }

    #canPaste() {
        const agent = this.#agent;
        if (!agent?.agentConnected || this.hasAttribute('viewonly')) return false;
        return agent.permissions.has('clipboard-to-guest');
    }

    /**
     * Keys and pastes in the picture; with `autofocus` also those that nothing else on the page has taken.
     * @param {Event} event
     */
    #concerns(event) {
        const path = event.composedPath();
        if (path.includes(this.#view.display)) return true;
        return this.hasAttribute('autofocus') && document.activeElement === document.body && path[0] === document.body;
    }

    #hasFocus() {
        const focused = this.shadowRoot?.activeElement;
        return focused != null && this.#view.display.contains(focused);
    }

    /** @param {import('./paste.js').Pasted} pasted @returns {Promise<boolean>} */
    async #takePasted({ contents, files }) {
        this.sendFiles(files);
        if (Object.keys(contents).length === 0) return files.length === 0;
        try {
            await this.#clipboard?.send(contents);
            return true;
        } catch (reason) {
            this.#tell(reason);
            return false;
        }
    }

    /** @param {boolean} on */
    #over(on) {
        const allowed = this.#agent?.permissions.has('files-to-guest') ?? false;
        this.#view.drop.hidden = !on;
        const name = this.#view.name.textContent;
        this.#view.dropText.textContent = allowed ? `Drop to send to ${name}` : 'Sending files is not allowed here';
    }

    /**
     * Types what the panel shows, until that is done or it is asked for again.
     * @param {string} text @param {number} rate
     */
    async #toggleTyping(text, rate) {
        if (this.#typing) return this.#typing.abort();
        const typing = this.type(text, { rate });
        this.#update();
        const { typed, of } = await typing;
        this.#update();
        if (typed < of) this.#show(`${typed} of ${of} characters were typed.`);
    }

    /** Everything that is shown, from the facts. */
    #update() {
        const { notice, noticeTitle, noticeText, noticeButton } = this.#view;
        const { words, status, lead, upload, display } = this.#view;
        const agent = this.#agent;
        const facts = { link: agent?.state ?? 'closed', agent: agent?.agentConnected ?? false,
            display: this.#display?.state ?? 'none', error: this.#error, displayError: this.#display?.error };
        const { state, words: text, notice: matter } = describe(facts);
        setText(words, text);
        status.dataset.state = state;
        notice.hidden = matter === null;
        noticeTitle.textContent = matter?.title ?? '';
        noticeText.textContent = shownText(matter?.text ?? '');
        noticeButton.textContent = matter?.action ?? '';
        noticeButton.hidden = !matter?.action;
        display.toggleAttribute('inert', matter !== null);
        lead.hidden = !agent?.agentConnected || agent.hasLead || !agent.permissions.has('resize');
        upload.hidden = !agent?.permissions.has('files-to-guest');
        const canType = facts.display === 'connected' && !this.hasAttribute('viewonly');
        this.#panel?.typing(canType, this.#typing !== null);
        void this.#showPeople();
        this.#become(state);
    }

    /** @param {import('./state.js').Description['state'] | 'idle'} state */
    #become(state) {
        if (state === this.#state) return;
        this.#state = state;
        this.dispatchEvent(new Event('statechange'));
    }

    /** @param {unknown} reason */
    #tell = reason => this.#show(/** @type {Error} */ (reason).message);

    /** @param {string} words */
    #show(words) {
        this.#view.toast.textContent = shownText(words);
        this.#view.toast.hidden = false;
        clearTimeout(this.#messageTimer);
        this.#messageTimer = setTimeout(() => { this.#view.toast.hidden = true; }, MESSAGE_STAYS);
    }

    /** @param {string} words */
    #say(words) {
        this.#view.spoken.textContent = shownText(words);
    }
}

/**
 * Loads once; what could not be loaded is tried again the next time.
 * @template T @param {() => Promise<T>} load @returns {() => Promise<T>}
 */
function late(load) {
    /** @type {Promise<T> | undefined} */ let loaded;
    return () => loaded ??= load().catch(reason => {
        loaded = undefined;
        throw reason;
    });
}

customElements.define('vm-console', VmConsole);
