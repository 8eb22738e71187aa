/**
 * What came for a terminal and is not shown yet: a port that says more than can be shown fills no memory. What is too
 * much is left out, and that is told in its place.
 */

/** What may wait, bytes. */
const MOST_WAITING = 8 * 1024 * 1024;

export class Backlog {
    /** @type {(data: Uint8Array | string, done?: () => void) => void} */ #write;
    #waiting = 0;
    #leftOut = 0;

    /** @param {(data: Uint8Array | string, done?: () => void) => void} write  calls `done` when that is shown */
    constructor(write) {
        this.#write = write;
    }

    /** @param {Uint8Array} bytes */
    add(bytes) {
        if (this.#leftOut > 0 || this.#waiting + bytes.length > MOST_WAITING) {
            this.#leftOut += bytes.length;
            return;
        }
        this.#waiting += bytes.length;
        this.#write(bytes, () => this.#shown(bytes.length));
    }

    /** @param {number} count */
    #shown(count) {
        this.#waiting -= count;
        if (this.#waiting > 0 || this.#leftOut === 0) return;
        this.#write(`\r\n[${this.#leftOut} bytes came faster than they could be shown]\r\n`);
        this.#leftOut = 0;
    }
}
