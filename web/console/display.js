/**
 * The machine's picture: a viewer over a WebSocket of ours, opened again whenever it ends.
 *
 *     start -> socket -> Viewer -> connected <-> frozen -> lost -> wait -> socket ...
 *
 * There are two viewers, noVNC as it is and spice/viewer.js. A display that has neither has the same surface: `start`,
 * `stop`, `focus`, `sendKeys`, `press`, `release`, the setters `viewOnly` and `scaled`, `state` and `error`, and the
 * event `statechange` (see `VmConsole.createDisplay`).
 */

import { codes, tokenText, VmError, waitAfter, webSocketUrl } from '../lib/vmcbridge.js';
import { shownText } from './dom.js';
import { SHIFT } from './keys.js';
import { Watchdog } from './watchdog.js';

/**
 * The seam between display and viewer: what is used of noVNC, which comes without types, and what spice/viewer.js is
 * too. It puts a canvas into its target, and ends for good. It fires `connect` (there is a picture), `disconnect`,
 * `credentialsrequired`, `securityfailure` (`detail.reason`; trying again is no use); and, if it has `ask`, `message`
 * whenever something came.
 * @typedef {EventTarget & {
 *     background: string,
 *     scaleViewport: boolean,
 *     viewOnly: boolean,
 *     focus(options?: FocusOptions): void,
 *     disconnect(): void,
 *     sendKey(keysym: number, code: string, down?: boolean): void,
 *     ask?: () => void,
 * }} Viewer  ask: for a sign of life; without it the socket speaks RFB, and one pixel is asked for
 */
/** @typedef {{ shared: boolean, dial: () => Promise<WebSocket> }} ViewerOptions  dial: one socket more, as the first */
/** @typedef {{ default: new (target: Element, channel: WebSocket, options: ViewerOptions) => Viewer }} ViewerModule */
/** @typedef {() => Promise<ViewerModule>} Loader */
/**
 * frozen: its server says nothing any more; locked: it asks for a password; refused: trying again is no use
 * @typedef {'none' | 'connecting' | 'connected' | 'frozen' | 'lost' | 'locked' | 'refused'} DisplayState
 */

/** @typedef {string | (() => string | Promise<string>)} Address  a function is asked for each attempt */

/** From the attempt to the first picture, milliseconds. */
const HANDSHAKE = 15_000;
/** Refusals that pass by themselves; another attempt meets all others too. */
const PASSING = ['too-many', 'stopping', 'busy', 'timeout', 'disconnected'];

/** spice-html5's, which comes without types. @typedef {{ SpiceDisplayConn: Function }} SpiceHtml5 */

/** Where noVNC is served; `VmConsole.loadNoVnc` may be replaced by whoever bundles it. @type {Loader} */
export function loadNoVnc() {
    return served('novnc/core/rfb.js');
}

/** The same of spice-html5. @returns {Promise<SpiceHtml5>} */
export function loadSpiceHtml5() {
    return served('spice-html5/src/display.js');
}

/** @param {string} path  below where the bridge serves what is not ours @returns {Promise<any>} */
function served(path) {
    return import(new URL(`../vendor/${path}`, import.meta.url).href);
}

/** @param {() => Promise<SpiceHtml5>} load @returns {Promise<ViewerModule>} */
export async function loadSpice(load) {
    const [{ viewerOf }, library] = await Promise.all([import('./spice/viewer.js'), load()]);
    return { default: viewerOf(library) };
}

/** @param {string} url @param {string} token */
function openSocket(url, token) {
    return new WebSocket(webSocketUrl(url), token ? ['binary', `bearer.${token}`] : ['binary']);
}

/** Fires `statechange`. */
export class Display extends EventTarget {
    /** @type {Element} */ #target;
    /** @type {Loader} */ #load;
    /** @type {Viewer | null} */ #viewer = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
    /** @type {Watchdog | null} */ #watchdog = null;
    /** @type {{ url: Address, token: import('../lib/dial.js').Token } | null} */ #from = null;
    #failures = 0;
    #viewOnly = false;
    #scaled = true;
    /** @type {DisplayState} */
    state = 'none';
    /** Why the last connection ended, where somebody said so. @type {Error | null} */
    error = null;
    /** What the picture is called to those who can't see it. */
    label = '';

    /** @param {Element} target @param {Loader} load */
    constructor(target, load) {
        super();
        this.#target = target;
        this.#load = load;
        load().catch(() => {});  // while the agent's connection is made; a failure shows when the display is started
    }

    /**
     * Show the picture of this address, now and after each loss.
     * @param {Address} url
     * @param {import('../lib/dial.js').Token} token
     */
    start(url, token) {
        this.stop();
        this.#from = { url, token };
        this.#failures = 0;
        void this.#open();
    }

    /** @param {DisplayState} [state] */
    stop(state = 'none') {
        this.#from = null;
        this.#letGo();
        this.#become(state);
    }

    #letGo(ended = false) {
        clearTimeout(this.#timer);
        this.#watchdog?.stop();
        const viewer = this.#viewer;
        this.#viewer = null;
        if (!ended) viewer?.disconnect();
    }

    /** Whether keys and mouse stay here. @param {boolean} on */
    set viewOnly(on) {
        this.#viewOnly = on;
        if (this.#viewer) this.#viewer.viewOnly = on;
    }

    /** Whether the picture is made to fit; otherwise one pixel is one pixel. @param {boolean} on */
    set scaled(on) {
        this.#scaled = on;
        if (this.#viewer) this.#viewer.scaleViewport = on;
    }

    focus() {
        this.#viewer?.focus({ preventScroll: true });
    }

    /**
     * Press these keys one after the other, and let them go in reverse.
     * @param {import('./keys.js').Key[]} keys
     * @param {{ held?: boolean, letGo?: import('./keys.js').Key[] }} [options]  held: all but the last are down on the
     *     keyboard too, and stay down; letGo: released behind the first, so that they are no keys of their own
     */
    sendKeys(keys, { held = false, letGo = [] } = {}) {
        for (const { keysym, code } of keys) {
            this.#viewer?.sendKey(keysym, code, true);
            if (keysym === keys[0].keysym) letGo.forEach(key => this.release(key));
        }
        for (const key of held ? keys.slice(-1) : [...keys].reverse()) this.release(key);
    }

    /** Press and let go one character's key. @param {import('./typing.js').Stroke} stroke */
    press({ keysym, code, shift }) {
        this.sendKeys(shift ? [SHIFT, { keysym, code }] : [{ keysym, code }]);
    }

    /** @param {import('./keys.js').Key} key */
    release({ keysym, code }) {
        this.#viewer?.sendKey(keysym, code, false);
    }

    async #open() {
        const from = this.#from;
        this.#become(this.#failures > 1 ? 'lost' : 'connecting');
        this.#timer = setTimeout(() => this.#lost(new VmError('timeout', 'The display does not answer.')), HANDSHAKE);
        try {
            const [{ default: Viewer }, url, token] = await Promise.all(
                [this.#loaded(), tokenText(from?.url), tokenText(from?.token)]);
            if (from === null || from !== this.#from) return;
            const dial = async () => openSocket(url, await tokenText(from.token));
            const socket = openSocket(url, token);
            let refusal = /** @type {VmError | null} */ (null);
            socket.addEventListener('close', ({ reason }) => {
                if (Object.hasOwn(codes, reason)) refusal = new VmError(reason);
            });
            const viewer = new Viewer(this.#target, socket, { shared: true, dial });
            viewer.addEventListener('disconnect', () => { if (viewer === this.#viewer) this.#lost(refusal, true); });
            this.#adopt(viewer, socket);
        } catch (reason) {
            console.error('display:', reason);
            if (from !== null && from === this.#from) this.#lost(/** @type {Error} */ (reason));
        }
    }

    #loaded() {
        return this.#load().catch(() => {
            throw new Error('What shows the picture could not be loaded. Reload the page.');
        });
    }

    /** @param {Viewer} viewer @param {WebSocket} socket */
    #adopt(viewer, socket) {
        this.#viewer = viewer;
        this.#watchdog = new Watchdog(viewer, socket, silent => {
            if (this.state === (silent ? 'connected' : 'frozen')) this.#become(silent ? 'frozen' : 'connected');
        });
        viewer.background = 'transparent';
        viewer.viewOnly = this.#viewOnly;
        this.scaled = this.#scaled;
        viewer.addEventListener('connect', () => {
            if (viewer !== this.#viewer) return;
            clearTimeout(this.#timer);
            this.#failures = 0;
            this.error = null;
            this.#watchdog?.start();
            const canvas = this.#target.querySelector('canvas');
            canvas?.setAttribute('role', 'application');
            canvas?.setAttribute('aria-label', this.label);
            canvas?.setAttribute('tabindex', '0');
            this.#become('connected');
        });
        viewer.addEventListener('credentialsrequired', () => this.stop('locked'));
        viewer.addEventListener('securityfailure', event => {
            const { reason } = /** @type {CustomEvent<{ reason?: string }>} */ (event).detail;
            this.error = new Error(`The display refused us: ${shownText(reason ?? 'it does not say why')}.`);
            this.stop('refused');
        });
    }

    /** @param {Error | null} reason @param {boolean} [ended]  the viewer knows */
    #lost(reason, ended) {
        this.#letGo(ended);
        this.#from = this.#from && { ...this.#from };  // what this attempt still loads comes too late
        const isOther = reason?.message !== this.error?.message;
        this.error = reason;
        const code = reason instanceof VmError ? reason.code : 'disconnected';
        if (code === 'disabled') return this.#become('none');
        if (!PASSING.includes(code)) return this.#become('refused');
        if (isOther && this.state === 'lost') this.dispatchEvent(new Event('statechange'));
        this.#timer = setTimeout(() => void this.#open(), waitAfter(this.#failures++));
        this.#become('lost');
    }

    /** @param {DisplayState} state */
    #become(state) {
        if (state === this.state) return;
        this.state = state;
        this.dispatchEvent(new Event('statechange'));
    }
}
