/**
 * Bulk bytes in both directions, under credit.
 *
 *     out  open() -> read a slice of the source -> binary frames while credit and the socket's buffer allow -> done
 *     in   expect() -> handleBytes() as they come -> credit frames as they are taken -> done with all of them
 *
 * A stream's number belongs to the side that sends its bytes, so the two directions never meet in one table.
 */

import { ReceiveCredit, SendCredit } from './credit.js';
import { VmError } from './codes.js';

/** How much of a source is read at once: a few frames, whatever the size of the file, bytes. */
const READ_AHEAD = 1024 * 1024;
/** With more than this waiting in the socket, sending pauses: credit alone doesn't see a slow network, bytes. */
const SOCKET_BACKLOG = 4 * 1024 * 1024;
/** How often a full socket is looked at again: browsers have no event for it, milliseconds. */
const SOCKET_LOOK = 10;

/**
 * The connection as streams see it.
 * @typedef {object} Wire
 * @property {(frame: import('./frame.js').Frame) => void} send
 * @property {(stream: number, payload: Uint8Array) => void} sendBytes
 * @property {number} buffered  bytes that the socket has not sent yet
 * @property {{ frameBytes: number, initialCredit: number }} limits
 */

/** Bytes on their way out. */
export class OutStream {
    /** @type {Wire} */ #wire;
    /** @type {Blob} */ #source;
    /** @type {SendCredit} */ #credit;
    #offset = 0;
    #run = 0;
    #running = false;
    #ended = false;
    /** @type {Uint8Array} */ #ahead = new Uint8Array(0);
    /** @type {(reason?: VmError) => void} */ #settle = () => {};
    /** @type {() => void} */ #forget;

    /**
     * @param {number} number @param {Blob} source @param {Wire} wire
     * @param {boolean} resumable  it lives until `stop`: what the socket took may be lost, and sent again by `restart`
     * @param {() => void} forget  called when it ends
     */
    constructor(number, source, wire, resumable, forget) {
        this.number = number;
        this.resumable = resumable;
        this.#forget = forget;
        this.size = source.size;
        this.#source = source;
        this.#wire = wire;
        this.#credit = new SendCredit(wire.limits.initialCredit);
        /**
         * Resolves when the last byte is handed to the socket, or never where it may be asked for again; rejects when
         * the stream is stopped.
         * @type {Promise<void>}
         */
        this.done = new Promise((resolve, reject) => {
            this.#settle = reason => (reason ? reject(reason) : resolve());
        });
        this.done.catch(() => {});
    }

    /** Bytes handed to the socket so far. */
    get offset() {
        return this.#offset;
    }

    /** @param {number} bytes */
    grant(bytes) {
        this.#credit.grant(bytes);
        void this.pump();
    }

    /** Go on at `offset` on a new connection, with its initial credit. @param {number} offset @param {Wire} wire */
    restart(offset, wire) {
        this.#wire = wire;
        this.#offset = offset;
        this.#credit = new SendCredit(wire.limits.initialCredit);
        this.#ahead = new Uint8Array(0);
        this.#run += 1;
        this.#running = false;
        void this.pump();
    }

    /** Wait for `restart`: the connection is lost. */
    pause() {
        this.#credit = new SendCredit(0);
        this.#run += 1;
        this.#running = false;
    }

    /** @param {VmError} [reason]  none: all bytes are out */
    stop(reason) {
        if (this.#ended) return;
        this.#ended = true;
        this.#ahead = new Uint8Array(0);
        this.#settle(reason);
        this.#forget();
    }

    /** Send what may be sent. Only one run at a time; a run that a restart made stale sends nothing more. */
    async pump() {
        if (this.#running || this.#ended) return;
        this.#running = true;
        const run = this.#run;
        while (await this.#step(run));
        if (run === this.#run) this.#running = false;
    }

    /** @param {number} run @returns {Promise<boolean>}  whether to go on at once */
    async #step(run) {
        if (this.#offset >= this.size) {
            if (!this.resumable) this.stop();
            return false;
        }
        if (this.#ended || this.#credit.left === 0) return false;
        if (this.#wire.buffered > SOCKET_BACKLOG) {
            await new Promise(resolve => setTimeout(resolve, SOCKET_LOOK));
        } else if (this.#ahead.length === 0) {
            await this.#readAhead(run);
        } else {
            this.#sendFrame();
        }
        return run === this.#run;
    }

    /** @param {number} run */
    async #readAhead(run) {
        try {
            const slice = this.#source.slice(this.#offset, this.#offset + READ_AHEAD);
            const bytes = new Uint8Array(await slice.arrayBuffer());
            if (run === this.#run && !this.#ended) this.#ahead = bytes;
        } catch (reason) {
            this.stop(new VmError('cancelled', `The data could not be read: ${/** @type {Error} */ (reason).message}`));
        }
    }

    #sendFrame() {
        const { frameBytes } = this.#wire.limits;
        const payload = this.#ahead.subarray(0, Math.min(frameBytes, this.#credit.left));
        this.#credit.take(payload.length);
        this.#wire.sendBytes(this.number, payload);
        this.#offset += payload.length;
        this.#ahead = this.#ahead.subarray(payload.length);
    }
}

/** Bytes on their way in, held until all are there. */
class InStream {
    /** @type {Uint8Array<ArrayBuffer>[]} */ #parts = [];
    /** @type {(parts: Uint8Array<ArrayBuffer>[]) => void} */ #resolve = () => {};
    /** @type {(reason: VmError) => void} */ #reject = () => {};
    #wanted = true;

    /** @param {number} size @param {number} initialCredit */
    constructor(size, initialCredit) {
        this.credit = new ReceiveCredit(size, initialCredit);
        /** @type {Promise<Uint8Array<ArrayBuffer>[]>} */
        this.done = new Promise((resolve, reject) => {
            this.#resolve = resolve;
            this.#reject = reject;
        });
        this.done.catch(() => {});
        this.finishIfComplete();
    }

    /** @param {Uint8Array<ArrayBuffer>} payload */
    take(payload) {
        this.credit.receive(payload.length);
        if (this.#wanted) this.#parts.push(payload);
        this.finishIfComplete();
    }

    finishIfComplete() {
        if (this.credit.missing === 0) this.#resolve(this.#parts);
    }

    /** The bytes are still taken from the wire, since the sender goes on, but no longer kept. */
    discard() {
        this.#wanted = false;
        this.#parts = [];
    }

    /** @param {VmError} reason */
    fail(reason) {
        this.discard();
        this.#reject(reason);
    }
}

/** All streams of one agent. */
export class Streams {
    /** @type {Map<number, OutStream>} */ #out = new Map();
    /** @type {Map<number, InStream>} */ #in = new Map();
    #next = 1;

    /**
     * Begin to send; the frame that announces `number` must be sent before the next turn of the event loop.
     * @param {Blob} source
     * @param {Wire} wire
     * @param {boolean} [resumable]  a lost connection doesn't end it, nor does its last byte: `stop` must
     * @returns {OutStream}
     */
    open(source, wire, resumable = false) {
        const number = this.#freeNumber();
        const stream = new OutStream(number, source, wire, resumable, () => this.#out.delete(number));
        this.#out.set(number, stream);
        queueMicrotask(() => stream.pump());
        return stream;
    }

    /**
     * A stream of the other side was announced.
     * @param {number} number @param {number} size @param {Wire} wire
     * @returns {InStream}
     * @throws {VmError} `bad-frame`: the number is in use
     */
    expect(number, size, wire) {
        if (this.#in.has(number)) throw new VmError('bad-frame', `stream ${number} is in use`);
        const stream = new InStream(size, wire.limits.initialCredit);
        if (size > 0) this.#in.set(number, stream);
        this.#grant(number, stream, wire);
        return stream;
    }

    /**
     * @param {number} number @param {Uint8Array<ArrayBuffer>} payload @param {Wire} wire
     * @throws {VmError} `bad-frame`: an unknown stream, or beyond its credit or size
     */
    handleBytes(number, payload, wire) {
        const stream = this.#in.get(number);
        if (!stream) throw new VmError('bad-frame', `unknown stream ${number}`);
        stream.take(payload);
        if (stream.credit.missing === 0) this.#in.delete(number);
        else this.#grant(number, stream, wire);
    }

    /** Credit for a stream that has ended meanwhile is no fault. @param {number} number @param {number} bytes */
    handleCredit(number, bytes) {
        this.#out.get(number)?.grant(bytes);
    }

    /** The other side broke a stream off: forget it. @param {number} number @param {VmError} reason */
    fail(number, reason) {
        this.#in.get(number)?.fail(reason);
        this.#in.delete(number);
    }

    /**
     * The connection is lost: nothing more comes in, and what goes out ends or waits for its restart.
     * @param {VmError} reason
     */
    interrupt(reason) {
        for (const number of [...this.#in.keys()]) this.fail(number, reason);
        for (const stream of this.#out.values()) {
            if (stream.resumable) stream.pause();
            else stream.stop(reason);
        }
    }

    /** @param {number} number @param {InStream} stream @param {Wire} wire */
    #grant(number, stream, wire) {
        const bytes = stream.credit.grant();
        if (bytes > 0) wire.send({ type: 'credit', stream: number, bytes });
    }

    #freeNumber() {
        while (this.#out.has(this.#next)) this.#next = (this.#next % 0xffff_ffff) + 1;
        const number = this.#next;
        this.#next = (this.#next % 0xffff_ffff) + 1;
        return number;
    }
}
