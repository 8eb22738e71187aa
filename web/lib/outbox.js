/**
 * Bytes on their way into a socket: in order, in pieces, and no more than the socket takes soon.
 *
 *     add -> waiting -> socket, while that has little left to send
 */

import { VmError } from './vmcbridge.js';

/** What may wait here, bytes. */
const MOST_WAITING = 16 * 1024 * 1024;
/** No piece is sent while the socket has more than this unsent, bytes: what is in there can't be taken back. */
const SOCKET_BACKLOG = 256 * 1024;
/** A message is no longer, bytes. */
const PIECE = 64 * 1024;
/** How often a full socket is looked at: it does not tell when it has sent something; milliseconds. */
const SOCKET_LOOK = 10;

export class Outbox {
    /** @type {{ rest: Uint8Array, resolve: () => void, reject: (reason: VmError) => void }[]} */ #waiting = [];
    #size = 0;
    /** @type {import('./channel.js').SocketLike | null} */ #socket = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;

    /**
     * @param {Uint8Array} bytes  kept
     * @returns {Promise<void>}  when the socket has all of them
     * @throws {VmError} `busy`: too much waits; and what stop() says
     */
    add(bytes) {
        if (this.#size + bytes.length > MOST_WAITING) return Promise.reject(new VmError('busy'));
        return new Promise((resolve, reject) => {
            this.#size += bytes.length;
            this.#waiting.push({ rest: bytes, resolve, reject });
            this.#send();
        });
    }

    /** What waits goes into this socket, which is open. @param {import('./channel.js').SocketLike | null} socket */
    start(socket) {
        this.#socket = socket;
        this.#send();
    }

    /** What waits goes nowhere. @param {VmError} reason */
    stop(reason) {
        clearTimeout(this.#timer);
        this.#timer = undefined;
        this.#socket = null;
        this.#size = 0;
        for (const { reject } of this.#waiting.splice(0)) reject(reason);
    }

    #send() {
        while (this.#socket && this.#timer === undefined && this.#waiting.length > 0) {
            if (this.#socket.bufferedAmount > SOCKET_BACKLOG) {
                this.#timer = setTimeout(() => {
                    this.#timer = undefined;
                    this.#send();
                }, SOCKET_LOOK);
                return;
            }
            const [first] = this.#waiting;
            const piece = first.rest.slice(0, PIECE);
            first.rest = first.rest.subarray(piece.length);
            this.#size -= piece.length;
            if (piece.length > 0) this.#socket.send(piece);
            if (first.rest.length > 0) continue;
            this.#waiting.shift();
            first.resolve();
        }
    }
}
