/**
 * When the bridge has seen what we sent: frames are handled in order, so a ping behind a frame is answered after it.
 * A refusal that comes before the pong belongs to that frame.
 */

import { Pending } from './pending.js';

/** @typedef {import('./codes.js').VmError} VmError */

export class Fence {
    /** @type {(id: number) => void} */ #ping;
    /** @type {Pending<void>} */ #pongs = new Pending();
    /** @type {{ id: number, about: string }[]} */ #waiting = [];

    /** @param {(id: number) => void} ping  sends one; ids begin with 1 */
    constructor(ping) {
        this.#ping = ping;
    }

    /**
     * Call right after sending a frame.
     * @param {string} [about]  the frame's type; left out: only the round trip is of interest
     * @throws {VmError} the refusal
     */
    async wait(about = '') {
        await this.#pongs.ask(id => {
            this.#waiting.push({ id, about });
            this.#ping(id);
        });
    }

    /** @param {number} id */
    handlePong(id) {
        this.#waiting = this.#waiting.filter(waiting => waiting.id !== id);
        this.#pongs.resolve(id, undefined);
    }

    /** @param {VmError} error @returns {boolean}  whether somebody waited for it */
    handleError(error) {
        const first = this.#waiting.find(({ about }) => about !== '' && about === error.about);
        if (!first) return false;
        this.#waiting = this.#waiting.filter(waiting => waiting !== first);
        this.#pongs.reject(first.id, error);
        return true;
    }

    /** @param {VmError} reason */
    interrupt(reason) {
        this.#waiting = [];
        this.#pongs.rejectAll(reason);
    }
}
