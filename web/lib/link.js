/**
 * Keeps a channel to the bridge: opens it, notices when it is dead, opens the next.
 *
 *     dial -> channel -> welcome (first frame) -> frames and bytes -> end -> wait -> dial ...
 *
 * A connection counts from its `welcome` on: only then the waiting time starts small again.
 */

import { asVmError, VmError } from './codes.js';
import { Channel } from './channel.js';
import { errorOf, isFinal, waitAfter } from './loss.js';

/** Time for all of it: access token, socket, `welcome`; milliseconds. */
const WELCOME_DEADLINE = 20_000;
/** A line that was silent this long is asked for a sign of life, and given up after the second time; milliseconds. */
const SILENCE = 15_000;
const SIGN_OF_LIFE = 10_000;

/**
 * @typedef {object} LinkHandlers
 * @property {(frame: import('./frame.js').Frame) => void} onWelcome
 * @property {(frame: import('./frame.js').Frame) => void} onFrame
 * @property {(stream: number, payload: Uint8Array<ArrayBuffer>) => void} onBytes
 * @property {(fault: VmError) => void} onFault
 * @property {(loss: import('./loss.js').Loss) => void} onLoss  a connection or an attempt has ended
 */

export class Link {
    /** @type {import('./dial.js').Dialler} */ #dialler;
    /** @type {LinkHandlers} */ #handlers;
    /** @type {Channel | null} */ #channel = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
    #failures = 0;
    /** What tells the attempt, or connection, that counts from those that come too late. @type {object | null} */
    #attempt = null;
    #welcomed = false;
    #stopped = false;
    /** When something came last, and when we asked for a sign of life. */
    #heard = 0;
    #asked = 0;

    /** Credentials to go on where the last connection stopped; empty for a new start. */
    resume = '';

    /** @param {import('./dial.js').Dialler} dialler @param {boolean} reconnect @param {LinkHandlers} handlers */
    constructor(dialler, reconnect, handlers) {
        this.#dialler = dialler;
        this.#handlers = handlers;
        this.reconnect = reconnect && dialler.again;
    }

    /** Bytes that the socket has not sent yet. */
    get buffered() {
        return this.#channel?.buffered ?? 0;
    }

    /** Dropped while there is no connection. @param {import('./frame.js').Frame} frame */
    send(frame) {
        this.#channel?.send(frame);
    }

    /** @param {number} stream @param {Uint8Array} payload */
    sendBytes(stream, payload) {
        this.#channel?.sendBytes(stream, payload);
    }

    /** Open a connection, at once: also while waiting for the next attempt. */
    async start() {
        if (this.#stopped || this.#attempt) return;
        clearTimeout(this.#timer);
        const attempt = {};
        this.#attempt = attempt;
        this.#welcomed = false;
        this.#timer = setTimeout(() => this.#giveUp('The bridge did not answer.'), WELCOME_DEADLINE);
        try {
            this.#adopt(await this.#dialler.dial(this.resume), attempt);
        } catch (reason) {
            if (this.#attempt === attempt) this.#lose({ code: 0, reason: '' }, asVmError(reason));
        }
    }

    /** End for good. @param {string} [reason] */
    stop(reason = '') {
        this.#stopped = true;
        this.#attempt = null;
        clearTimeout(this.#timer);
        const channel = this.#channel;
        this.#channel = null;
        channel?.close(1000, reason);
    }

    /** @param {import('./channel.js').SocketLike} socket @param {object} attempt */
    #adopt(socket, attempt) {
        const current = () => this.#attempt === attempt;
        const channel = new Channel(socket, {
            onFrame: frame => current() && this.#receive(frame),
            onBytes: (stream, payload) => {
                this.#heard = Date.now();
                if (current()) this.#handlers.onBytes(stream, payload);
            },
            onFault: fault => current() && this.#handlers.onFault(fault),
            onEnd: end => current() && this.#lose(end, errorOf(end)),
        });
        if (current()) this.#channel = channel;
        else channel.close(1000, '');
    }

    /** @param {import('./frame.js').Frame} frame */
    #receive(frame) {
        this.#heard = Date.now();
        if (this.#welcomed) return this.#handlers.onFrame(frame);
        if (frame.type !== 'welcome') return this.#handlers.onFault(new VmError('bad-frame', 'no welcome'));
        this.#welcomed = true;
        this.#failures = 0;
        this.resume = frame.resume?.token ?? '';
        clearTimeout(this.#timer);
        this.#watch();
        this.#handlers.onWelcome(frame);
    }

    /**
     * A dead network says nothing: ask when the line has been silent, and give up when nothing comes back. A tab in the
     * background looks seldom, so only an unanswered question counts, never the silence alone.
     */
    #watch() {
        const now = Date.now();
        if (this.#asked > this.#heard && now - this.#asked >= SIGN_OF_LIFE) {
            return this.#giveUp('The connection stopped answering.');
        }
        if (this.#asked <= this.#heard && now - this.#heard >= SILENCE) {
            this.#asked = now;
            this.send({ type: 'ping', id: 0 });
        }
        const due = this.#asked > this.#heard ? this.#asked + SIGN_OF_LIFE : this.#heard + SILENCE;
        this.#timer = setTimeout(() => this.#watch(), Math.max(due - now, 1));
    }

    /** @param {string} message */
    #giveUp(message) {
        const channel = this.#channel;
        const error = new VmError('timeout', message);
        this.#lose({ code: 1006, reason: '' }, error);
        channel?.close(4008, 'timeout');
    }

    /** @param {import('./channel.js').ChannelEnd} end @param {VmError} error */
    #lose(end, error) {
        clearTimeout(this.#timer);
        this.#channel = null;
        this.#attempt = null;
        const retryIn = this.#stopped || !this.reconnect || isFinal(end, error) ? null : waitAfter(this.#failures++);
        if (retryIn !== null) this.#timer = setTimeout(() => void this.start(), retryIn);
        else this.#stopped = true;
        this.#handlers.onLoss({ error, code: end.code, retryIn });
    }
}
