// Bulk bytes of vmcbridge.v1, both ways: a little-endian u32 stream number, then payload; credit counts payload bytes
// per stream.

import { createHash } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';

const SOCKET_BUFFER_LIMIT = 1024 * 1024;
const NUMBER_BYTES = 4;

/** @param {number} stream  @param {Buffer} payload */
export function bulkFrame(stream, payload) {
    const frame = Buffer.allocUnsafe(NUMBER_BYTES + payload.length);
    frame.writeUInt32LE(stream, 0);
    payload.copy(frame, NUMBER_BYTES);
    return frame;
}

/** Streams from the daemon. Checks that it keeps to size, credit and frame limit. */
export class IncomingStreams {
    /** @type {any} `limits` of the welcome */ limits;
    #open = new Map();
    #results = new Map();
    #options;

    /** @param {{ autoCredit: boolean, keep: boolean, grant: (stream: number, bytes: number) => void }} options */
    constructor(options) {
        this.#options = options;
    }

    /** @param {number} request  the clipboard-request that these bytes answer */
    open(number, size, request) {
        if (this.#open.has(number)) throw new Error(`stream ${number} is announced twice`);
        const stream = {
            request,
            size,
            received: 0,
            credit: this.limits.initialCredit,
            owed: 0,
            hash: createHash('sha256'),
            parts: [],
            done: undefined,
        };
        const result = new Promise((resolve) => (stream.done = resolve));
        this.#results.set(number, result);
        this.#open.set(number, stream);
        if (size === 0) this.#finish(number, stream);
    }

    /** The daemon gives up on what it had begun to send as the answer to this request. */
    breakOff(request, error) {
        for (const [number, stream] of this.#open) {
            if (stream.request !== request) continue;
            this.#open.delete(number);
            stream.done(error);
        }
    }

    /** @returns {Promise<{ bytes: Buffer, text: string, sha256: string, size: number }>} when all bytes have come;
     *           the clipboard-error where they were broken off */
    finished(number) {
        return this.#results.get(number);
    }

    /** @returns {number} bytes received so far on a stream that has not ended */
    received(number) {
        return this.#open.get(number)?.received;
    }

    /** Lets the daemon send more, where credit is not granted by itself. */
    grant(number, bytes) {
        const stream = this.#open.get(number);
        if (!stream) return;
        stream.credit += bytes;
        this.#options.grant(number, bytes);
    }

    bytes(frame) {
        const number = frame.readUInt32LE(0);
        const payload = frame.subarray(NUMBER_BYTES);
        const stream = this.#open.get(number);
        if (!stream) throw new Error(`${payload.length} bytes on the unknown stream ${number}`);
        if (payload.length > this.limits.frameBytes)
            throw new Error(`a frame of ${payload.length} bytes, over the limit`);
        stream.received += payload.length;
        stream.credit -= payload.length;
        if (stream.received > stream.size) throw new Error(`stream ${number} passes its size ${stream.size}`);
        if (stream.credit < 0) throw new Error(`stream ${number} passes its credit by ${-stream.credit}`);
        stream.hash.update(payload);
        if (this.#options.keep) stream.parts.push(Buffer.from(payload));
        if (stream.received === stream.size) this.#finish(number, stream);
        else if (this.#options.autoCredit) this.#refund(number, stream, payload.length);
    }

    #refund(number, stream, bytes) {
        stream.owed += bytes;
        if (stream.owed < this.limits.initialCredit / 4) return;
        this.grant(number, stream.owed);
        stream.owed = 0;
    }

    #finish(number, stream) {
        this.#open.delete(number);
        const bytes = Buffer.concat(stream.parts);
        stream.done({
            bytes,
            size: stream.size,
            sha256: stream.hash.digest('hex'),
            get text() {
                return bytes.toString();
            },
        });
    }
}

/** Streams to the daemon, within the credit that it grants. */
export class OutgoingStreams {
    /** @type {any} `limits` of the welcome */ limits;
    #credit = new Map();
    #write;
    #buffered;

    constructor(write, buffered) {
        this.#write = write;
        this.#buffered = buffered;
    }

    /** Sends a whole content. Rejects when the stream is dropped or the connection ends first.
     *  @param {{ size: number, slice: (from: number, to: number) => Buffer }} content */
    async send(number, content) {
        const state = { left: this.limits.initialCredit, wake: () => {}, stop: undefined };
        this.#credit.set(number, state);
        try {
            for (let at = 0; at < content.size;) {
                while (state.left === 0 && !state.stop) await new Promise((resolve) => (state.wake = resolve));
                if (state.stop) throw state.stop;
                const end = Math.min(content.size, at + state.left, at + this.limits.frameBytes);
                this.#write(bulkFrame(number, content.slice(at, end)));
                state.left -= end - at;
                at = end;
                while (this.#buffered() > SOCKET_BUFFER_LIMIT && !state.stop) await turn();
            }
        } finally {
            this.#credit.delete(number);
        }
    }

    credit(number, bytes) {
        const state = this.#credit.get(number);
        if (!state) return; // a grant for a stream that has ended meanwhile
        state.left += bytes;
        state.wake();
    }

    /** Sends no more on this stream. */
    drop(number, error = new Error(`stream ${number} is given up`)) {
        const state = this.#credit.get(number);
        if (!state) return;
        state.stop = error;
        state.wake();
    }

    abandon(error) {
        for (const number of [...this.#credit.keys()]) this.drop(number, error);
    }
}
