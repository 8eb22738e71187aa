/**
 * `<vm-console src="/vms/web1" token="…">`: the whole console of one machine as one element.
 *
 *     VmAgent   clipboard, files, desktop size, who is connected   /vms/VM/agent
 *     Display   the picture, keys and mouse                        /vms/VM/display
 *
 * Everything that a machine or another client says goes in as text, never as markup.
 */

import { apiUrl, tokenText, VmAgent, VmError } from '../lib/vmcbridge.js';
import { ClipboardPanel } from './clipboard-panel.js';
import { ClipboardSync } from './clipboard-sync.js';
import { wireControls } from './controls.js';
import { Display, loadNoVnc } from './display.js';
import { h, shownName } from './dom.js';
import { watchDrops } from './drop.js';
import { BACKSPACE, COMMAND, menu } from './keys.js';
import { Paste } from './paste.js';
import { showPeople } from './people.js';
import { Resizer } from './resizer.js';
import { describe } from './state.js';
import { watchField } from './touch-keyboard.js';
import { TransferList } from './transfer-list.js';
import { strokesOf, typeText } from './typing.js';
import { buildView } from './view.js';

/** How long a message stays, milliseconds. */
const MESSAGE_STAYS = 8000;

/** Fires `statechange` when `state` is another. */
export class VmConsole extends HTMLElement {
    static observedAttributes = ['src', 'scale', 'viewonly'];
    /** How noVNC is loaded; a bundler's user sets `() => import('@novnc/novnc')`. */
    static loadNoVnc = loadNoVnc;

    #view = buildView();
    /** @type {AbortController | null} */ #running = null;
    /** @type {VmAgent | null} */ #agent = null;
    /** @type {Display | null} */ #display = null;
    /** @type {ClipboardSync | null} */ #clipboard = null;
    /** @type {Resizer | null} */ #resizer = null;
    /** @type {AbortController | null} */ #typing = null;
    /** @type {import('../lib/dial.js').Token | undefined} */ #token;
    /** @type {import('../lib/codes.js').VmError | null} */ #error = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */ #messageTimer;
    /** Why the desktop was not resized, told once. @type {string | undefined} */ #refusedResize;
    #transfers = new TransferList(this.#view.transfers, this.#view.list, words => this.#say(words));
    /** @type {import('./state.js').Description['state'] | 'idle'} */ #state = 'idle';

    constructor() {
        super();
        const style = h('link', { rel: 'stylesheet', href: new URL('./vm-console.css', import.meta.url).href });
        const reveal = () => { this.#view.root.hidden = false; };
        style.addEventListener('load', reveal);
        style.addEventListener('error', reveal);
        this.attachShadow({ mode: 'open' }).append(style, this.#view.root);
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
        this.#setDisplay();
    }

    /** Connect, or connect again. */
    connect() {
        this.disconnect();
        if (!this.src) return;
        const running = new AbortController();
        const { signal } = running;
        const view = this.#view;
        const agent = new VmAgent(`${this.src}/agent`, { token: () => tokenText(this.token), signal });
        this.#running = running;
        this.#agent = agent;
        this.#error = null;
        this.#display = new Display(view.display, () => VmConsole.loadNoVnc());
        this.#display.addEventListener('statechange', () => this.#displayChanged(), { signal });
        this.#clipboard = new ClipboardSync(agent, signal);
        new ClipboardPanel(view, this.#clipboard, { tell: reason => this.#tell(reason), signal });
        this.#resizer = new Resizer(view.display, size => void this.#resize(size), signal);
        this.#resizer.logical = this.getAttribute('resize') === 'logical';
        this.#paste().listen(signal);
        watchDrops(view.root, { over: on => this.#over(on), drop: files => this.sendFiles(files) }, signal);
        view.name.textContent = shownName(decodeURIComponent(this.src.split('/').at(-1) ?? ''));
        this.#follow(agent, signal);
        this.#setDisplay();
        this.#update();
    }

    /** End both connections. */
    disconnect() {
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
     * Press the keys of a text, one after the other, for machines without an agent. `disconnect` stops it.
     * @param {string} text
     * @throws the reason for which it was stopped
     */
    async type(text) {
        this.#typing?.abort();
        const typing = new AbortController();
        this.#typing = typing;
        try {
            await typeText(text, stroke => this.#display?.press(stroke), typing.signal);
        } finally {
            if (this.#typing === typing) this.#typing = null;
        }
    }

    #listen() {
        wireControls(this.#view, {
            sendKeys: keys => this.#display?.sendKeys(keys),
            sendFiles: files => this.sendFiles(files),
            takeLead: () => void this.#agent?.lead().catch(reason => this.#tell(reason)),
            retry: () => (this.#agent?.state === 'closed' ? this.connect() : this.#agent?.reconnectNow()),
            focus: () => this.focus(),
            fullScreen: () => void this.#toggleFullScreen(),
        });
        watchField(this.#view.field, {
            typed: text => strokesOf(text).forEach(stroke => this.#display?.press(stroke)),
            deleted: count => { for (; count > 0; --count) this.#display?.sendKeys([BACKSPACE]); },
        });
        this.#view.type.addEventListener('click', () => void this.#toggleTyping());
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
        on('connect', () => this.#connected(agent));
        on('disconnect', ({ error }) => {
            this.#error = error;
            this.#display?.stop(this.#display.state === 'none' ? 'none' : 'lost');
        });
        on('agent', ({ connected }) => { if (connected) this.#resizer?.again(); });
        on('permissions', () => this.#startDisplay(agent));
        on('lead', ({ you }) => { if (you) this.#resizer?.again(); });
        on('clients', () => {});
        on('transfer', ({ transfer }) => this.#transfers.add(transfer));
        on('error', ({ error }) => this.#tell(error));
    }

    /** @param {VmAgent} agent */
    #connected(agent) {
        this.#error = null;
        this.#view.name.textContent = shownName(agent.vm);
        this.#startDisplay(agent);
        this.#resizer?.again();
    }

    /** @param {VmAgent} agent */
    #startDisplay(agent) {
        const display = this.#display;
        if (!agent.permissions.has('display')) return display?.stop();
        if (display?.state === 'none' || display?.state === 'lost') {
            display.start(`${this.src}/display`, () => tokenText(this.token));
        }
    }

    #displayChanged() {
        if (this.#display?.state === 'connected' && this.hasAttribute('autofocus')) this.focus();
        if (this.#display?.state === 'lost') void this.#askForDisplay();
        this.#update();
    }

    /** A machine may have no display at all; who may observe it can find out, and stops trying. */
    async #askForDisplay() {
        const agent = this.#agent;
        const display = this.#display;
        if (agent?.state !== 'connected' || !agent.permissions.has('observe')) return;
        const token = await tokenText(this.token);
        const headers = token ? { authorization: `Bearer ${token}` } : undefined;
        const answer = await fetch(apiUrl(`${this.src}/agent`), { headers }).catch(() => null);
        const machine = answer?.ok ? await answer.json().catch(() => null) : null;
        if (machine && !machine.display && display === this.#display) display?.stop('none');
    }

    #setDisplay() {
        if (!this.#display) return;
        this.#display.viewOnly = this.hasAttribute('viewonly');
        this.#display.scaled = this.getAttribute('scale') !== 'native';
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

    /** Types what the panel shows, until that is done or the button is pressed again. */
    async #toggleTyping() {
        const { type, text } = this.#view;
        if (this.#typing) return this.#typing.abort();
        type.textContent = 'Stop typing';
        await this.type(text.value).catch(() => {});
        type.textContent = 'Type it';
    }

    async #toggleFullScreen() {
        if (document.fullscreenElement) return document.exitFullscreen();
        try {
            await this.requestFullscreen();
            await keyboardOf(navigator)?.lock();
        } catch {
            this.#show('This browser did not allow full screen.');
        }
    }

    /** Everything that is shown, from the facts. */
    #update() {
        const { notice, noticeTitle, noticeText, noticeButton } = this.#view;
        const { words, status, lead, upload, display, type } = this.#view;
        const agent = this.#agent;
        const facts = { link: agent?.state ?? 'closed', agent: agent?.agentConnected ?? false,
            display: this.#display?.state ?? 'none', error: this.#error };
        const { state, words: text, notice: matter } = describe(facts);
        words.textContent = text;
        status.dataset.state = state;
        notice.hidden = matter === null;
        noticeTitle.textContent = matter?.title ?? '';
        noticeText.textContent = matter?.text ?? '';
        noticeButton.textContent = matter?.action ?? '';
        noticeButton.hidden = !matter?.action;
        display.toggleAttribute('inert', matter !== null);
        lead.hidden = !agent?.agentConnected || agent.hasLead || !agent.permissions.has('resize');
        upload.hidden = !agent?.permissions.has('files-to-guest');
        type.disabled = facts.display !== 'connected' || this.hasAttribute('viewonly');
        showPeople(this.#view, agent);
        if (state === this.#state) return;
        this.#state = state;
        this.dispatchEvent(new Event('statechange'));
    }

    /** @param {unknown} reason */
    #tell(reason) {
        this.#show(/** @type {Error} */ (reason).message);
    }

    /** @param {string} words */
    #show(words) {
        this.#view.toast.textContent = words;
        this.#view.toast.hidden = false;
        clearTimeout(this.#messageTimer);
        this.#messageTimer = setTimeout(() => { this.#view.toast.hidden = true; }, MESSAGE_STAYS);
    }

    /** @param {string} words */
    #say(words) {
        this.#view.spoken.textContent = words;
    }
}

/**
 * In full screen some browsers let a page have Escape, Alt-Tab and the like.
 * @param {Navigator & { keyboard?: { lock(): Promise<void> } }} navigator
 */
function keyboardOf(navigator) {
    return navigator.keyboard;
}

customElements.define('vm-console', VmConsole);
