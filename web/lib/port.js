/**
 * One further port of a machine, as a serial console, over one WebSocket: bytes, and who may write. An entry of its
 * own, since few pages need it.
 *
 *     dial -> state (first message) -> bytes and states -> end -> wait -> dial ...
 *     write -> outbox -> socket, as far as that takes it
 *
 * All clients of a port read the same, and the one that came first writes. Each connection begins with what the port
 * said last (up to 64 KiB), also after a loss.
 */

import { Outbox } from './outbox.js';
import {
    asVmError, ConnectEvent, DisconnectEvent, ErrorEvent, errorOf, isFinal, makeDialler, VmError, waitAfter,
    watchOutside, webSocketUrl,
} from './vmcbridge.js';

/** Time for all of it: access token, socket, first state; milliseconds. */
const STATE_DEADLINE = 20_000;

/** `data`: the port has said something. */
export class DataEvent extends Event {
    /** @param {Uint8Array<ArrayBuffer>} bytes */
    constructor(bytes) {
        super('data');
        /** As they came; where one event's end and the next begin means nothing. */
        this.bytes = bytes;
    }
}

/** `state`: the port's other end, or who may write, is not what it was. */
export class StateEvent extends Event {
    /** @param {boolean} connected @param {boolean} writer */
    constructor(connected, writer) {
        super('state');
        this.connected = connected;
        this.writer = writer;
    }
}

/**
 * @typedef {object} PortEvents
 * @property {ConnectEvent} connect  `resumed` is false: what the port said last comes again
 * @property {DisconnectEvent} disconnect
 * @property {StateEvent} state
 * @property {DataEvent} data
 * @property {ErrorEvent} error
 */

/** Fires `connect`, `disconnect`, `state`, `data`, `error`: see PortEvents. */
export class VmPort extends EventTarget {
    /** @type {import('./dial.js').Dialler} */ #dialler;
    #reconnect = true;
    /** The attempt, or connection, that counts. @type {object | null} */ #attempt = null;
    /** @type {import('./channel.js').SocketLike | null} */ #socket = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
    #failures = 0;
    /** @type {import('./agent.js').State} */ #state = 'connecting';
    #outbox = new Outbox();
    /** @type {{ resolve: () => void, reject: (reason: unknown) => void }} */ #first = { resolve() {}, reject() {} };

    /** Whether somebody is at the port's other end. */
    portConnected = false;
    /** Whether what we write goes to the port: of all its clients the first does. */
    isWriter = false;

    /**
     * @param {import('./dial.js').Target} target  `/vms/NAME/ports/PORT`; a function that opens a socket; or a socket
     *     (no reconnect). Sockets of the caller's are opened with the subprotocol `binary` and `?state=1`
     * @param {import('./agent.js').AgentOptions} [options]
     */
    constructor(target, options = {}) {
        super();
        this.#dialler = makeDialler(withState(target), { ...options, protocol: 'binary' });
        this.#reconnect = (options.reconnect ?? true) && this.#dialler.again;
        /** Resolves at the first state; rejects when there will be none. @type {Promise<void>} */
        this.ready = new Promise((resolve, reject) => {
            this.#first = { resolve, reject };
        });
        this.ready.catch(() => {});
        watchOutside(this, options.signal);
        void this.#start();
    }

    /**
     * As of any EventTarget, with the events' types.
     * @template {keyof PortEvents} Type
     * @override
     * @param {Type} type
     * @param {((event: PortEvents[Type]) => void) | EventListenerObject | null} listener
     * @param {boolean | AddEventListenerOptions} [options]
     */
    addEventListener(type, listener, options) {
        super.addEventListener(type, /** @type {any} */ (listener), options);
    }

    /** `connected` from the first state to the loss; `closed` is for good. */
    get state() {
        return this.#state;
    }

    /**
     * Send to the port, in order; before the first state it waits for that.
     * @param {string | Uint8Array} data  text goes as UTF-8; at most 16 MiB may wait
     * @returns {Promise<void>}  when the browser has taken all of it: who waits for that holds no more than needs be
     * @throws {VmError} `disconnected`: there is no connection, or nobody at the port's other end; `busy`: somebody
     *     else writes, or too much waits. What the browser had taken by then may have arrived
     */
    write(data) {
        const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data.slice();
        const refusal = this.#state === 'connecting' ? null : this.#refusal();
        return refusal ? Promise.reject(refusal) : this.#outbox.add(bytes);
    }

    /** Try to connect now, if we are waiting to. */
    reconnectNow() {
        if (this.#state === 'connecting' || this.#state === 'reconnecting') void this.#start();
    }

    /** End for good: who came next may write. */
    close() {
        if (this.#state === 'closed') return;
        const socket = this.#socket;
        this.#reconnect = false;
        this.#lose({ code: 1000, reason: '' }, new VmError('disconnected', 'The port was closed.'));
        socket?.close(1000, '');
    }

    async #start() {
        if (this.#attempt || this.#state === 'closed') return;
        clearTimeout(this.#timer);
        const attempt = {};
        this.#attempt = attempt;
        this.#timer = setTimeout(() => this.#giveUp(), STATE_DEADLINE);
        try {
            this.#adopt(await this.#dialler.dial(''), attempt);
        } catch (reason) {
            if (this.#attempt === attempt) this.#lose({ code: 0, reason: '' }, asVmError(reason));
        }
    }

    /** @param {import('./channel.js').SocketLike} socket @param {object} attempt */
    #adopt(socket, attempt) {
        socket.addEventListener('error', () => {}); // `ws` ends the process where nobody listens
        if (this.#attempt !== attempt) return socket.close(1000, '');
        this.#socket = socket;
        socket.binaryType = 'arraybuffer';
        socket.addEventListener('message', ({ data }) => {
            if (this.#attempt === attempt) this.#receive(data);
        });
        socket.addEventListener('close', ({ code = 1006, reason = '' }) => {
            if (this.#attempt === attempt) this.#lose({ code, reason }, errorOf({ code, reason }));
        });
    }

    #giveUp() {
        const socket = this.#socket;
        this.#lose({ code: 1006, reason: '' }, new VmError('timeout', 'The bridge did not answer.'));
        socket?.close(4008, 'timeout');
    }

    /** @param {string | ArrayBuffer} data */
    #receive(data) {
        if (typeof data !== 'string') return void this.dispatchEvent(new DataEvent(new Uint8Array(data)));
        const told = decodeState(data);
        if (told instanceof VmError) this.dispatchEvent(new ErrorEvent(told));
        else if (told) this.#told(told);
    }

    /** @param {{ connected: boolean, writer: boolean }} state */
    #told({ connected, writer }) {
        const isFirst = this.#state !== 'connected';
        this.portConnected = connected;
        this.isWriter = writer;
        if (isFirst) {
            clearTimeout(this.#timer);
            this.#failures = 0;
            this.#state = 'connected';
            this.#first.resolve();
            this.dispatchEvent(new ConnectEvent(false));
        }
        const refusal = this.#refusal();
        if (refusal) this.#outbox.stop(refusal);
        else this.#outbox.start(this.#socket);
        this.dispatchEvent(new StateEvent(connected, writer));
    }

    /** Why nothing can be written now. @returns {VmError | null} */
    #refusal() {
        if (this.#state !== 'connected') return new VmError('disconnected');
        if (!this.portConnected) return new VmError('disconnected', 'Nobody is at the other end of this port.');
        return this.isWriter ? null : new VmError('busy', 'Somebody else writes to this port.');
    }

    /** @param {import('./channel.js').ChannelEnd} end @param {VmError} error */
    #lose(end, error) {
        clearTimeout(this.#timer);
        const wasKnown = this.#state === 'connected' || this.#state === 'reconnecting';
        const retryIn = !this.#reconnect || isFinal(end, error) ? null : waitAfter(this.#failures++);
        this.#state = retryIn === null ? 'closed' : wasKnown ? 'reconnecting' : 'connecting';
        this.#attempt = null;
        this.#socket = null;
        this.portConnected = false;
        this.isWriter = false;
        if (this.#state !== 'connecting') this.#outbox.stop(error);
        if (retryIn === null) this.#first.reject(error);
        else this.#timer = setTimeout(() => void this.#start(), retryIn);
        this.dispatchEvent(new DisconnectEvent({ error, code: end.code, retryIn }));
    }
}

/**
 * What the bridge says of the port in a text message.
 * @param {string} text
 * @returns {{ connected: boolean, writer: boolean } | VmError | null}  null: of another kind, for newer clients
 */
function decodeState(text) {
    let value;
    try {
        value = JSON.parse(text);
    } catch {
        return new VmError('bad-frame', 'not JSON');
    }
    if (typeof value?.type !== 'string') return new VmError('bad-frame', 'no type');
    if (value.type !== 'port') return null;
    const { connected, writer } = value;
    if (typeof connected === 'boolean' && typeof writer === 'boolean') return { connected, writer };
    return new VmError('bad-frame', 'port: connected or writer', { about: 'port' });
}

/** An address that asks for the port's state. @param {import('./dial.js').Target} target */
function withState(target) {
    if (typeof target !== 'string' && !(target instanceof URL)) return target;
    const url = webSocketUrl(target);
    url.searchParams.set('state', '1');
    return url;
}
