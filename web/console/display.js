/**
 * The machine's picture: noVNC over a WebSocket of ours, opened again whenever it ends.
 *
 *     start -> socket -> RFB -> connected -> lost -> wait -> socket ...
 *
 * A display of another kind needs the same surface: start, stop, focus, sendKeys, `state`, and the event `statechange`.
 */

import { tokenText, webSocketUrl } from '../lib/vmcbridge.js';
import { SHIFT } from './keys.js';

/**
 * What is used of noVNC, which comes without types.
 * @typedef {EventTarget & {
 *     background: string,
 *     clipViewport: boolean,
 *     scaleViewport: boolean,
 *     viewOnly: boolean,
 *     focus(options?: FocusOptions): void,
 *     disconnect(): void,
 *     sendKey(keysym: number, code: string, down?: boolean): void,
 * }} RFB
 */
/**
 * @typedef {() => Promise<{ default: new (target: Element, channel: WebSocket, options: { shared: boolean }) => RFB }>}
 *     Loader
 */
/** @typedef {'none' | 'connecting' | 'connected' | 'lost' | 'locked'} DisplayState  locked: it asks for a password */

/** Time before the first new attempt, and the longest, milliseconds. */
const FIRST_WAIT = 500;
const LONGEST_WAIT = 5000;

/** Where noVNC is served; `VmConsole.loadNoVnc` may be replaced by whoever bundles it. @type {Loader} */
export function loadNoVnc() {
    return import(new URL('../vendor/novnc/core/rfb.js', import.meta.url).href);
}

/** Fires `statechange`. */
export class Display extends EventTarget {
    /** @type {Element} */ #target;
    /** @type {Loader} */ #load;
    /** @type {RFB | null} */ #rfb = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
    /** @type {{ url: string, token: import('../lib/dial.js').Token } | null} */ #from = null;
    #failures = 0;
    #viewOnly = false;
    #scaled = true;
    /** @type {DisplayState} */
    state = 'none';

    /** @param {Element} target @param {Loader} load */
    constructor(target, load) {
        super();
        this.#target = target;
        this.#load = load;
        load().catch(() => {});  // while the agent's connection is made; a failure shows when the display is started
    }

    /**
     * Show the picture of this address, now and after each loss.
     * @param {string} url
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
        clearTimeout(this.#timer);
        this.#rfb?.disconnect();
        this.#rfb = null;
        this.#become(state);
    }

    /** Whether keys and mouse stay here. @param {boolean} on */
    set viewOnly(on) {
        this.#viewOnly = on;
        if (this.#rfb) this.#rfb.viewOnly = on;
    }

    /** Whether the picture is made to fit; otherwise one pixel is one pixel. @param {boolean} on */
    set scaled(on) {
        this.#scaled = on;
        if (!this.#rfb) return;
        this.#rfb.scaleViewport = on;
        this.#rfb.clipViewport = !on;
    }

    focus() {
        this.#rfb?.focus({ preventScroll: true });
    }

    /**
     * Press these keys one after the other, and let them go in reverse.
     * @param {import('./keys.js').Key[]} keys
     * @param {{ held?: boolean, letGo?: import('./keys.js').Key[] }} [options]  held: all but the last are down on the
     *     keyboard too, and stay down; letGo: released behind the first, so that they are no keys of their own
     */
    sendKeys(keys, { held = false, letGo = [] } = {}) {
        for (const { keysym, code } of keys) {
            this.#rfb?.sendKey(keysym, code, true);
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
        this.#rfb?.sendKey(keysym, code, false);
    }

    async #open() {
        const from = this.#from;
        this.#become(this.#failures > 1 ? 'lost' : 'connecting');
        try {
            const [{ default: RFB }, token] = await Promise.all([this.#load(), tokenText(from?.token)]);
            if (from === null || from !== this.#from) return;
            const protocols = token ? ['binary', `bearer.${token}`] : ['binary'];
            this.#adopt(new RFB(this.#target, new WebSocket(webSocketUrl(from.url), protocols), { shared: true }));
        } catch (reason) {
            console.error('display:', reason);
            if (from !== null && from === this.#from) this.#lost(null);
        }
    }

    /** @param {RFB} rfb */
    #adopt(rfb) {
        this.#rfb = rfb;
        rfb.background = 'transparent';
        rfb.viewOnly = this.#viewOnly;
        this.scaled = this.#scaled;
        rfb.addEventListener('connect', () => {
            if (rfb !== this.#rfb) return;
            this.#failures = 0;
            this.#become('connected');
        });
        rfb.addEventListener('disconnect', () => this.#lost(rfb));
        rfb.addEventListener('credentialsrequired', () => this.stop('locked'));
    }

    /** @param {RFB | null} rfb */
    #lost(rfb) {
        if (rfb !== this.#rfb) return;
        this.#rfb = null;
        const wait = Math.min(FIRST_WAIT * 2 ** this.#failures++, LONGEST_WAIT);
        this.#timer = setTimeout(() => void this.#open(), wait);
        this.#become('lost');
    }

    /** @param {DisplayState} state */
    #become(state) {
        if (state === this.state) return;
        this.state = state;
        this.dispatchEvent(new Event('statechange'));
    }
}
