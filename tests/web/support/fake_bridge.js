/**
 * A bridge in memory: a socket for the agent on one side, what a test scripts on the other.
 * It keeps the rules of credit itself and fails the test when the agent breaks them.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import Ajv from 'ajv/dist/2020.js';
import { decodeBinary, encodeBinary } from '../../../web/lib/frame.js';
import { fromClient } from '../../../web/lib/client-messages.js';
import { checkFrame } from '../../../web/lib/messages.js';

const path = new URL('../../../proto/browser/client-frames.schema.json', import.meta.url);
const schema = JSON.parse(readFileSync(path, 'utf8'));
const ajv = new Ajv({ strict: false });
const isClientFrame = ajv.compile(schema);

const CONNECTING = 0;
const OPEN = 1;
const CLOSED = 3;

/** What VmAgent asks of a socket, and no more. */
class FakeSocket extends EventTarget {
    readyState = CONNECTING;
    bufferedAmount = 0;
    binaryType = 'blob';

    constructor(bridge) {
        super();
        this.bridge = bridge;
    }

    send(data) {
        assert.equal(this.readyState, OPEN, 'sends only on an open socket');
        this.bridge.take(data);
    }

    close(code = 1005, reason = '') {
        if (this.readyState === CLOSED) return;
        this.readyState = CLOSED;
        this.bridge.closedWith = { code, reason };
        queueMicrotask(() => this.dispatchEvent(Object.assign(new Event('close'), { code, reason })));
    }
}

export const limits = Object.freeze({
    clipboardBytes: 32 << 20, clipboardFromGuestBytes: 32 << 20, fileBytes: 4 * 2 ** 30, frameBytes: 256 << 10,
    initialCredit: 512 << 10,
});

export const everything = Object.freeze(['clipboard-to-guest', 'clipboard-from-guest', 'files-to-guest', 'resize',
    'mouse', 'volume', 'display', 'observe']);

/** @returns {object} a welcome with all that must be in it; `members` replace what they name */
export function welcome(members = {}) {
    return {
        type: 'welcome', protocol: 1, vm: 'web1', client: 7, user: 'ann',
        agent: { connected: true, capabilities: ['monitors-config', 'clipboard-by-demand'] },
        permissions: [...everything], limits: { ...limits }, lead: true,
        resume: { token: 'resume-me', graceSeconds: 30 }, resumed: false, ...members,
    };
}

export class FakeBridge {
    socket = new FakeSocket(this);
    /** Frames of the agent that no test has looked at yet. */
    frames = [];
    /** stream -> { size, bytes: Uint8Array[], received, credit } */
    streams = new Map();
    /** Our own streams: stream -> bytes that may still be sent. */
    credit = new Map();
    closedWith = null;
    answersPings = true;
    #waiting = [];

    /** Open the socket and say welcome. */
    open(members = {}) {
        this.limits = { ...limits, ...members.limits };
        this.socket.readyState = OPEN;
        this.socket.dispatchEvent(new Event('open'));
        this.send(welcome(members));
        return this;
    }

    /** To the agent. */
    send(frame) {
        this.#deliver(JSON.stringify(frame));
    }

    sendRaw(data) {
        this.#deliver(data);
    }

    sendBytes(stream, payload) {
        this.#deliver(encodeBinary(stream, payload).buffer);
    }

    /** Send all of `bytes` on `stream`, in frames of at most `frameBytes`, only as credit allows. */
    async sendStream(stream, bytes, frameBytes = this.limits.frameBytes) {
        if (!this.credit.has(stream)) this.credit.set(stream, this.limits.initialCredit);
        for (let at = 0; at < bytes.length;) {
            const room = Math.min(this.credit.get(stream), frameBytes, bytes.length - at);
            if (room === 0) {
                await this.turn();
                continue;
            }
            this.credit.set(stream, this.credit.get(stream) - room);
            this.sendBytes(stream, bytes.subarray(at, at + room));
            at += room;
        }
    }

    /** The connection breaks, or ends with a code. */
    drop(code = 1006, reason = '') {
        this.socket.readyState = CLOSED;
        this.socket.dispatchEvent(Object.assign(new Event('close'), { code, reason }));
    }

    /** From the agent: every frame must be one that a client may send. */
    take(data) {
        if (typeof data !== 'string') return this.#takeBytes(data);
        const frame = JSON.parse(data);
        assert.ok(checkFrame(frame, fromClient), `${frame.type} is not a client's frame`);
        assert.ok(isClientFrame(frame), `${data.slice(0, 200)}: ${ajv.errorsText(isClientFrame.errors)}`);
        if (frame.type === 'ping' && this.answersPings) return this.#answerPing(frame.id);
        if (frame.type === 'credit') return this.#takeCredit(frame);
        if (frame.stream !== undefined) this.#announce(frame);
        const waiting = this.#waiting.findIndex(({ type }) => type === frame.type);
        if (waiting < 0) this.frames.push(frame);
        else this.#waiting.splice(waiting, 1)[0].resolve(frame);
    }

    /** The next frame of this type, now or when it comes. */
    next(type) {
        const at = this.frames.findIndex(frame => frame.type === type);
        if (at >= 0) return Promise.resolve(this.frames.splice(at, 1)[0]);
        return new Promise(resolve => this.#waiting.push({ type, resolve }));
    }

    /** Allow the agent more bytes. */
    grant(stream, bytes) {
        const open = this.streams.get(stream);
        if (open) open.credit += bytes;
        this.send({ type: 'credit', stream, bytes });
    }

    /** All bytes of a stream; grants as they come, in steps of `step`. */
    async receiveStream(stream, step = 64 << 10) {
        const open = this.streams.get(stream);
        while (open.received < open.size) {
            const needed = open.size - open.received;
            if (open.credit < needed && open.credit < step) this.grant(stream, step);
            await this.turn();
        }
        return Buffer.concat(open.bytes);
    }

    /** Let everything that is due happen. */
    turn() {
        return new Promise(resolve => setImmediate(resolve));
    }

    #deliver(data) {
        if (this.socket.readyState !== OPEN) return;
        this.socket.dispatchEvent(Object.assign(new Event('message'), { data }));
    }

    #answerPing(id) {
        queueMicrotask(() => this.send({ type: 'pong', id }));
    }

    #announce({ stream, size }) {
        assert.ok(!this.streams.has(stream) || this.streams.get(stream).received === this.streams.get(stream).size,
            `stream ${stream} is in use`);
        this.streams.set(stream, { size, bytes: [], received: 0, credit: this.limits.initialCredit });
    }

    #takeBytes(data) {
        const { stream, payload } = decodeBinary(data);
        const open = this.streams.get(stream);
        assert.ok(open, `unknown stream ${stream}`);
        assert.ok(payload.length > 0 && payload.length <= this.limits.frameBytes, `frame of ${payload.length} bytes`);
        open.credit -= payload.length;
        assert.ok(open.credit >= 0, `beyond credit by ${-open.credit}`);
        open.received += payload.length;
        assert.ok(open.received <= open.size, 'beyond the size');
        open.bytes.push(payload);
    }

    #takeCredit({ stream, bytes }) {
        this.credit.set(stream, (this.credit.get(stream) ?? this.limits.initialCredit) + bytes);
    }
}
