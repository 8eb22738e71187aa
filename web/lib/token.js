/**
 * Keeps an access token fresh: asks for the next one shortly before the present one expires.
 */

import { tokenText } from './dial.js';

/** How long before its end a token is replaced, milliseconds. */
const AHEAD = 30_000;
/** After a failure, and at least between two, milliseconds. */
const PAUSE = 5000;
/** The longest time a timer can hold, milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * When a token ends, by its `exp`; null where it says nothing.
 * @param {string} token
 * @returns {number | null}  milliseconds of the epoch
 */
export function expiryOf(token) {
    try {
        const payload = token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/');
        const { exp } = JSON.parse(atob(payload));
        return typeof exp === 'number' ? exp * 1000 : null;
    } catch {
        return null;
    }
}

export class TokenKeeper {
    /** @type {import('./dial.js').Token | undefined} */ #token;
    /** @type {(token: string) => void} */ #send;
    /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
    #current = '';

    /**
     * @param {import('./dial.js').Token | undefined} token
     * @param {(token: string) => void} send  gives the bridge a fresh one
     */
    constructor(token, send) {
        this.#token = token;
        this.#send = send;
    }

    /** The token for a new connection: a function is asked anew. */
    async get() {
        this.#current = await tokenText(this.#token);
        return this.#current;
    }

    /** The connection stands: replace the token in time, if there is a function to ask. */
    watch() {
        this.stop();
        const expiry = expiryOf(this.#current);
        if (expiry === null || typeof this.#token !== 'function') return;
        const wait = Math.max(expiry - Date.now() - AHEAD, PAUSE);
        this.#timer = setTimeout(() => void this.#renew(), Math.min(wait, LONGEST_TIMER));
    }

    /** Also what is being asked for is not wanted any more. */
    stop() {
        clearTimeout(this.#timer);
        this.#timer = undefined;
    }

    async #renew() {
        const timer = this.#timer;
        const before = this.#current;
        const token = await this.get().catch(() => before);
        if (timer !== this.#timer) return;
        if (token !== before) this.#send(token);
        this.watch();
    }
}
