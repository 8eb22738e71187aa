/**
 * The arithmetic of credit, for one stream: how much a sender may send, and when a receiver grants more. Pure.
 */

import { VmError } from './codes.js';

/** What a receiver keeps open for a stream: enough for a long line, small enough to hold, bytes. */
export const RECEIVE_WINDOW = 1024 * 1024;

/** The sender's side. */
export class SendCredit {
    #left;

    /** @param {number} initial  bytes that may be sent before any grant */
    constructor(initial) {
        this.#left = initial;
    }

    /** Bytes that may be sent now. */
    get left() {
        return this.#left;
    }

    /** @param {number} bytes */
    grant(bytes) {
        this.#left += bytes;
    }

    /** @param {number} bytes  at most `left`: more is a mistake of ours, never of a peer */
    take(bytes) {
        if (bytes > this.#left) throw new RangeError(`${bytes} bytes on a credit of ${this.#left}`);
        this.#left -= bytes;
    }
}

/** The receiver's side: watches that the sender keeps to its credit and size, and grants in large steps. */
export class ReceiveCredit {
    #open;
    #missing;
    #window;

    /**
     * @param {number} size  bytes in the whole stream
     * @param {number} initial  bytes that the sender may send before any grant
     * @param {number} [window]  bytes to keep open
     */
    constructor(size, initial, window = RECEIVE_WINDOW) {
        this.#missing = size;
        this.#open = initial;
        this.#window = window;
    }

    /** Bytes that have not come yet. */
    get missing() {
        return this.#missing;
    }

    /** @param {number} bytes @throws {VmError} `bad-frame`: beyond credit or size */
    receive(bytes) {
        if (bytes > this.#open) throw new VmError('bad-frame', 'more bytes than credit');
        if (bytes > this.#missing) throw new VmError('bad-frame', 'more bytes than the size');
        this.#open -= bytes;
        this.#missing -= bytes;
    }

    /** Bytes to grant now, given that all that came is consumed; 0 for none. Never more than the stream still needs. */
    grant() {
        const target = Math.min(this.#window, this.#missing);
        if (this.#open >= target || (this.#open > this.#window / 2)) return 0;
        const bytes = target - this.#open;
        this.#open += bytes;
        return bytes;
    }
}
