/**
 * One connection: an open or opening socket in, checked frames out.
 *
 *     message -> decode -> table -> onFrame | onBytes
 *
 * A message that can't be understood is reported and skipped; the connection goes on.
 */

import { VmError } from './codes.js';
import { decodeBinary, decodeControl, encodeBinary, encodeControl } from './frame.js';
import { checkFrame } from './messages.js';

/**
 * What is asked of a socket: WebSocket has it, Node's `ws` has it, and a test's fake needs no more.
 * @typedef {object} SocketLike
 * @property {number} readyState
 * @property {number} bufferedAmount
 * @property {string} binaryType
 * @property {(data: string | Uint8Array<ArrayBuffer>) => void} send
 * @property {(code?: number, reason?: string) => void} close
 * @property {(type: any, listener: (event: any) => void) => void} addEventListener
 */

/**
 * @typedef {object} ChannelHandlers
 * @property {(frame: import('./frame.js').Frame) => void} onFrame  of a kind in the table
 * @property {(stream: number, payload: Uint8Array<ArrayBuffer>) => void} onBytes
 * @property {(fault: import('./codes.js').VmError) => void} onFault  a message that was skipped
 * @property {(end: ChannelEnd) => void} onEnd  once
 */

/** @typedef {{ code: number, reason: string }} ChannelEnd  a WebSocket close code, and the words with it */

const OPEN = 1;

export class Channel {
    /** @type {SocketLike} */ #socket;
    /** @type {ChannelHandlers} */ #handlers;
    #ended = false;

    /** @param {SocketLike} socket @param {ChannelHandlers} handlers */
    constructor(socket, handlers) {
        this.#socket = socket;
        this.#handlers = handlers;
        socket.binaryType = 'arraybuffer';
        socket.addEventListener('message', event => this.#receive(event.data));
        socket.addEventListener('error', () => {}); // `ws` ends the process where nobody listens
        socket.addEventListener('close', event => this.#end({ code: event.code ?? 1006, reason: event.reason ?? '' }));
    }

    /** Bytes that the socket has not sent yet. */
    get buffered() {
        return this.#socket.bufferedAmount ?? 0;
    }

    /** Dropped unless the socket is open. @param {import('./frame.js').Frame} frame */
    send(frame) {
        if (this.#socket.readyState === OPEN) this.#socket.send(encodeControl(frame));
    }

    /** @param {number} stream @param {Uint8Array} payload */
    sendBytes(stream, payload) {
        if (this.#socket.readyState === OPEN) this.#socket.send(encodeBinary(stream, payload));
    }

    /**
     * Ends now for our side; the socket may take its time.
     * @param {number} code  1000, or 3000 to 4999
     * @param {string} reason
     */
    close(code, reason) {
        this.#socket.close(code, reason);
        this.#end({ code, reason });
    }

    /** @param {unknown} data */
    #receive(data) {
        if (this.#ended) return;
        try {
            if (typeof data === 'string') {
                const frame = decodeControl(data);
                if (checkFrame(frame)) this.#handlers.onFrame(frame);
            } else {
                const { stream, payload } = decodeBinary(/** @type {ArrayBuffer} */ (data));
                this.#handlers.onBytes(stream, payload);
            }
        } catch (fault) {
            if (!(fault instanceof VmError)) throw fault;
            this.#handlers.onFault(fault);
        }
    }

    /** @param {ChannelEnd} end */
    #end(end) {
        if (this.#ended) return;
        this.#ended = true;
        this.#handlers.onEnd(end);
    }
}
