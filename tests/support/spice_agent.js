// Agent messages over AGENT_DATA: assembled as they come, cut and sent within the server's tokens.

import { AGENT_DATA_LIMIT } from './spice_main.js';
import { message } from './vdi.js';

const HEADER_BYTES = 20;

/** Puts messages together, and insists on what clients rely on: no piece over 2048 bytes, no piece with parts of two
 *  messages, a header whole in the first piece. */
export class AgentReader {
    #parts = [];
    #have = 0;
    #want = 0;

    /** @param {Buffer} piece  the body of one AGENT_DATA
     *  @returns {{ type: number, payload: Buffer } | undefined} the message that it completes */
    push(piece) {
        if (!piece.length || piece.length > AGENT_DATA_LIMIT) throw new Error(`AGENT_DATA of ${piece.length} bytes`);
        if (this.#have === 0) this.#begin(piece);
        this.#parts.push(Buffer.from(piece));
        this.#have += piece.length;
        if (this.#have > this.#want) throw new Error('AGENT_DATA goes past the end of its message');
        if (this.#have < this.#want) return undefined;
        const whole = Buffer.concat(this.#parts);
        this.reset();
        return { type: whole.readUInt32LE(4), payload: whole.subarray(HEADER_BYTES) };
    }

    #begin(piece) {
        if (piece.length < HEADER_BYTES) throw new Error('the header of an agent message is cut');
        if (piece.readUInt32LE(0) !== 1) throw new Error(`agent protocol ${piece.readUInt32LE(0)}`);
        this.#want = HEADER_BYTES + piece.readUInt32LE(16);
    }

    /** Forgets a message that has begun: its agent is gone. */
    reset() {
        this.#parts = [];
        this.#have = 0;
    }
}

/** Each piece as full as it may be, as spice-gtk cuts. */
export function fill(whole) {
    const pieces = [];
    for (let at = 0; at < whole.length; at += AGENT_DATA_LIMIT) pieces.push(whole.subarray(at, at + AGENT_DATA_LIMIT));
    return pieces;
}

/** The header in a piece of its own, as PureSpice cuts. */
export function headerAlone(whole) {
    return [whole.subarray(0, HEADER_BYTES), ...fill(whole.subarray(HEADER_BYTES))];
}

/** Sends messages one after the other; a token a piece. */
export class AgentWriter {
    /** @type {number} pieces that the server takes now */ tokens = 0;
    /** @type {Error | undefined} why nothing is sent any more */ stopped;
    #send;
    #cut;
    #last = Promise.resolve();
    #wake = () => {};

    /** @param {(piece: Buffer) => Promise<void> | void} send  one AGENT_DATA; its promise holds the next one back
     *  @param {(whole: Buffer) => Buffer[]} cut */
    constructor(send, cut) {
        this.#send = send;
        this.#cut = cut;
    }

    /** Resolves when the last piece is sent; rejects where the connection ends first. */
    send(type, payload) {
        const sent = this.#last.then(() => this.#pieces(this.#cut(message(type, payload))));
        this.#last = sent.catch(() => {});
        return sent;
    }

    async #pieces(pieces) {
        for (const piece of pieces) {
            while (this.tokens === 0 && !this.stopped) await new Promise((resolve) => (this.#wake = resolve));
            if (this.stopped) throw this.stopped;
            this.tokens -= 1;
            await this.#send(piece);
        }
    }

    /** The server's absolute count. */
    set(tokens) {
        this.tokens = tokens;
        this.#wake();
    }

    add(tokens) {
        this.set(this.tokens + tokens);
    }

    stop(error) {
        this.stopped ??= error;
        this.#wake();
    }
}
