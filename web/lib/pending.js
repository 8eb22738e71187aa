/**
 * Questions that wait for their answer, by number. Pure.
 */

import { VmError } from './codes.js';

/** @template T @typedef {{ resolve: (answer: T) => void, reject: (reason: unknown) => void }} Waiting */

/** @template T */
export class Pending {
    /** @type {Map<number, Waiting<T>>} */ #waiting = new Map();
    #next = 1;

    /**
     * @param {(id: number) => void} ask  sends the question
     * @param {AbortSignal} [signal]  the answer is no longer wanted; it is ignored when it comes
     * @returns {Promise<T>}
     */
    ask(ask, signal) {
        return new Promise((resolve, reject) => {
            if (signal?.aborted) return reject(signal.reason);
            const id = this.#next++;
            const abort = () => {
                this.#waiting.delete(id);
                reject(signal?.reason);
            };
            const settled = () => signal?.removeEventListener('abort', abort);
            signal?.addEventListener('abort', abort, { once: true });
            this.#waiting.set(id, {
                resolve: answer => { settled(); resolve(answer); },
                reject: reason => { settled(); reject(reason); },
            });
            ask(id);
        });
    }

    /** @param {number} id */
    has(id) {
        return this.#waiting.has(id);
    }

    /** The question that waits longest. @returns {number | undefined} */
    get oldest() {
        return this.#waiting.keys().next().value;
    }

    /** @param {number} id @param {T} answer @returns {boolean}  whether anybody waited */
    resolve(id, answer) {
        const waiting = this.#take(id);
        waiting?.resolve(answer);
        return waiting !== undefined;
    }

    /** @param {number} id @param {VmError} reason */
    reject(id, reason) {
        this.#take(id)?.reject(reason);
    }

    /** @param {VmError} reason */
    rejectAll(reason) {
        for (const id of [...this.#waiting.keys()]) this.reject(id, reason);
    }

    /** @param {number} id */
    #take(id) {
        const waiting = this.#waiting.get(id);
        this.#waiting.delete(id);
        return waiting;
    }
}
