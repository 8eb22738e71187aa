/**
 * One machine's agent, as a browser or a script holds it.
 *
 *     link (connections) -> frame -> the part that it concerns: clipboard, transfers, monitors -> events
 */

import { Clipboard } from './clipboard.js';
import { VmError } from './codes.js';
import { makeDialler } from './dial.js';
import {
    AgentEvent, ClientsEvent, ConnectEvent, DisconnectEvent, ErrorEvent, LeadEvent, PermissionsEvent,
} from './events.js';
import { Fence } from './fence.js';
import { Link } from './link.js';
import { watchOutside } from './outside.js';
import { Pending } from './pending.js';
import { Streams } from './streams.js';
import { TokenKeeper } from './token.js';
import { Transfers } from './transfer.js';

/** @typedef {import('./frame.js').Frame} Frame */
/** @typedef {'connecting' | 'connected' | 'reconnecting' | 'closed'} State */
/** @typedef {{ id: number | string, kind: string, user?: string, lead: boolean }} Client */
/**
 * @typedef {{ width: number, height: number, x?: number, y?: number, depth?: number, widthMm?: number, heightMm?:
 *     number }} Monitor
 */
/**
 * @typedef {{ status: 'applied' | 'refused' | 'superseded' | 'unanswered', code?: string, message?: string }}
 *     MonitorsResult
 */
/** @typedef {{ mute: boolean, channels: number[] }} Channels  each 0 to 65535 */

/**
 * Bounds of this connection, bytes.
 * @typedef {object} Limits
 * @property {number} clipboardBytes  toward the guest
 * @property {number} [clipboardFromGuestBytes]
 * @property {number} fileBytes
 * @property {number} frameBytes
 * @property {number} initialCredit
 */

/**
 * @typedef {object} AgentOptions
 * @property {import('./dial.js').Token} [token]  or a function that gives a fresh one whenever one is needed
 * @property {boolean} [reconnect]  default true, where the target allows it
 * @property {AbortSignal} [signal]  closes the agent
 * @property {new (url: string, protocols: string[]) => any} [WebSocket]  where there is no global one (Node 18: `ws`)
 */

/** @type {Limits} */
const NO_LIMITS = { clipboardBytes: 0, fileBytes: 0, frameBytes: 0, initialCredit: 0 };

/**
 * One machine's agent. Fires `connect`, `disconnect`, `agent`, `permissions`, `clipboardoffer`, `clients`, `lead`,
 * `transfer`, `error`: see events.js.
 */
export class VmAgent extends EventTarget {
    /** @type {Link} */ #link;
    /** @type {TokenKeeper} */ #token;
    /** @type {string | URL | null} */ #address;
    #streams = new Streams();
    #fence = new Fence(id => this.#link.send({ type: 'ping', id }));
    /** @type {Pending<MonitorsResult>} */ #monitors = new Pending();
    /** @type {Transfers} */ #transfers;
    /** @type {State} */ #state = 'connecting';
    /** @type {{ resolve: () => void, reject: (reason: unknown) => void }} */ #first = { resolve() {}, reject() {} };

    /** @type {string} */ vm = '';
    /** Our own number among the clients. @type {number | string | null} */ client = null;
    user = '';
    /** Whether the machine's agent is there. */
    agentConnected = false;
    /** @type {readonly string[]} */ capabilities = Object.freeze([]);
    /** @type {ReadonlySet<string>} */ permissions = new Set();
    /** @type {Limits} */ limits = NO_LIMITS;
    /** Everybody who is connected, as far as we may know. @type {readonly Client[]} */ clients = Object.freeze([]);
    /** Whether we size the display. */
    hasLead = false;

    /**
     * @param {import('./dial.js').Target} target  address; a function that opens a socket; or a socket (no reconnect)
     * @param {AgentOptions} [options]
     */
    constructor(target, options = {}) {
        super();
        const { reconnect = true, signal } = options;
        this.#address = typeof target === 'string' || target instanceof URL ? target : null;
        this.#token = new TokenKeeper(options.token, token => this.#link.send({ type: 'token', token }));
        const dialler = makeDialler(target, { ...options, token: () => this.#token.get() });
        this.#link = new Link(dialler, reconnect, {
            onWelcome: frame => this.#welcome(frame),
            onFrame: frame => this.#dispatch(frame),
            onBytes: (stream, payload) => this.#streams.handleBytes(stream, payload, this.#port),
            onFault: fault => this.#report(fault),
            onLoss: loss => this.#lost(loss),
        });
        /** The clipboard of the machine. */
        this.clipboard = new Clipboard(this.#port);
        this.#transfers = new Transfers(this.#port);
        /** Resolves at the first `welcome`; rejects when there will be none. @type {Promise<void>} */
        this.ready = new Promise((resolve, reject) => {
            this.#first = { resolve, reject };
        });
        this.ready.catch(() => {});
        watchOutside(this, signal);
        void this.#link.start();
    }

    /**
     * As of any EventTarget, with the events' types.
     * @template {keyof import('./events.js').AgentEvents} Type
     * @override
     * @param {Type} type
     * @param {((event: import('./events.js').AgentEvents[Type]) => void) | EventListenerObject | null} listener
     * @param {boolean | AddEventListenerOptions} [options]
     */
    addEventListener(type, listener, options) {
        super.addEventListener(type, /** @type {any} */ (listener), options);
    }

    /** `connected` from welcome to loss; `closed` is for good. */
    get state() {
        return this.#state;
    }

    /** What names this connection to the bridge; empty where it offers no resuming. */
    get resume() {
        return this.#link.resume;
    }

    /**
     * Send one file; bytes go as the guest takes them.
     * @param {File | Blob} file
     * @param {{ name?: string, signal?: AbortSignal }} [options]  aborting tells the guest too
     * @returns {import('./transfer.js').Transfer}  while there is no connection it waits for one
     */
    sendFile(file, options) {
        const transfer = this.#transfers.add(file, options);
        if (this.#state === 'closed') this.#transfers.close(new VmError('disconnected'));
        return transfer;
    }

    /**
     * Lay the guest's monitors out, in device pixels.
     * @param {Monitor[]} monitors
     * @returns {Promise<MonitorsResult>}  what became of it; a refusal is a result, only a lost connection rejects
     */
    async setMonitors(monitors) {
        await this.#connected();
        return this.#monitors.ask(id => this.#link.send({ type: 'monitors', id, monitors }));
    }

    /** Ask to size the display. @returns {Promise<boolean>}  whether we do @throws {VmError} the refusal */
    async lead() {
        await this.#connected();
        this.#link.send({ type: 'lead' });
        await this.#fence.wait('lead');
        return this.hasLead;
    }

    /**
     * @param {{ display?: number, x: number, y: number, buttons?: string[] }} state  buttons: left, middle, right, up,
     *     down, side, extra
     */
    mouse({ display = 0, x, y, buttons = [] }) {
        this.#link.send({ type: 'mouse', display, x, y, buttons });
    }

    /** @param {{ playback?: Channels, record?: Channels }} volume */
    volume(volume) {
        this.#link.send({ type: 'volume', ...volume });
    }

    /** @param {{ wallpaper?: boolean, fontSmoothing?: boolean, animation?: boolean, depth?: number }} config */
    displayConfig(config) {
        this.#link.send({ type: 'display-config', ...config });
    }

    /** Round trip to the bridge. @returns {Promise<number>} milliseconds */
    async ping() {
        await this.#connected();
        const start = performance.now();
        await this.#fence.wait();
        return performance.now() - start;
    }

    /**
     * Why didn't it work? Our last clipboard, display and file events, hop by hop, with their outcomes.
     * @returns {Promise<import('./trace.js').Trace>}  oldest first; needs the right to observe
     * @throws {VmError} `not-supported`: this bridge keeps no trace
     */
    async explain() {
        if (!this.#address) throw new VmError('not-supported', 'This agent was given a socket, not an address.');
        await this.ready;
        const { readTrace } = await import('./trace.js');
        return readTrace(this.#address, this.client, () => this.#token.get());
    }

    /** Try to connect now, if we are waiting to. */
    reconnectNow() {
        if (this.#state === 'connecting' || this.#state === 'reconnecting') void this.#link.start();
    }

    /** End for good: this client's offers and transfers end with it. */
    close() {
        if (this.#state === 'closed') return;
        this.#link.stop();
        this.#lost({ error: new VmError('disconnected', 'The console was closed.'), code: 1000, retryIn: null });
    }

    /** What the parts are given: a connection, and ways to tell. @type {import('./clipboard.js').Port} */
    get #port() {
        const agent = this;
        return {
            send: frame => agent.#link.send(frame),
            sendBytes: (stream, payload) => agent.#link.sendBytes(stream, payload),
            get buffered() { return agent.#link.buffered; },
            get limits() { return agent.limits; },
            streams: agent.#streams,
            fire: event => void agent.dispatchEvent(event),
            settled: about => agent.#fence.wait(about),
            connected: () => agent.#connected(),
        };
    }

    /** Before the first welcome one waits; later a missing connection is told at once. */
    async #connected() {
        if (this.#state === 'connecting') await this.ready;
        if (this.#state !== 'connected') throw new VmError('disconnected');
    }

    /** @param {Frame} frame */
    #welcome(frame) {
        const resumed = frame.resumed ?? false;
        this.#state = 'connected';
        Object.assign(this, { vm: frame.vm, client: frame.client, user: frame.user ?? '', hasLead: frame.lead });
        this.#setAgent(frame);
        this.#setPermissions(frame);
        this.clipboard.restart(resumed);
        this.#transfers.reconnect(resumed ? frame.transfers ?? [] : []);
        this.#token.watch();
        this.#first.resolve();
        this.dispatchEvent(new ConnectEvent(resumed));
    }

    /** @param {import('./loss.js').Loss} loss */
    #lost(loss) {
        this.#state = loss.retryIn === null ? 'closed' : this.client === null ? 'connecting' : 'reconnecting';
        this.agentConnected = false;
        this.hasLead = false;
        this.#token.stop();
        this.#streams.interrupt(loss.error);
        this.#fence.interrupt(loss.error);
        this.#monitors.rejectAll(loss.error);
        this.clipboard.interrupt(loss.error);
        this.#transfers.interrupt();
        if (loss.retryIn === null) {
            this.#transfers.close(loss.error);
            this.#first.reject(loss.error);
        }
        this.dispatchEvent(new DisconnectEvent(loss));
    }

    /** @param {Frame} frame */
    #dispatch(frame) {
        const handle = this.#handlers[frame.type];
        handle?.(frame);
    }

    /** One row a kind that the bridge sends. @type {Record<string, (frame: Frame) => void>} */
    #handlers = {
        'agent': frame => {
            this.#setAgent(frame);
            this.dispatchEvent(new AgentEvent(this.agentConnected, this.capabilities));
        },
        'permissions': frame => {
            this.#setPermissions(frame);
            this.dispatchEvent(new PermissionsEvent(this.permissions, this.limits));
        },
        'clients': frame => {
            this.clients = Object.freeze(frame.clients);
            this.dispatchEvent(new ClientsEvent(this.clients));
        },
        'lead': frame => {
            this.hasLead = frame.you;
            this.dispatchEvent(new LeadEvent(frame.client ?? null, frame.you));
        },
        'clipboard-grab': frame => this.clipboard.handleGrab(frame),
        'clipboard-release': frame => this.clipboard.handleRelease(frame),
        'clipboard-request': frame => void this.clipboard.handleRequest(frame),
        'clipboard-data': frame => this.clipboard.handleData(frame),
        'clipboard-error': frame => this.clipboard.handleError(frame),
        'monitors-result': ({ id, status, code, message }) => this.#monitors.resolve(id, { status, code, message }),
        'file-status': frame => this.#transfers.handleStatus(frame),
        'credit': ({ stream, bytes }) => this.#streams.handleCredit(stream, bytes),
        'ping': ({ id }) => this.#link.send({ type: 'pong', id }),
        'pong': ({ id }) => this.#fence.handlePong(id),
        'error': ({ code, message, about }) => this.#refused(new VmError(code, message, { about })),
    };

    /** A refusal goes to who waits for it, or else to everybody. @param {VmError} error */
    #refused(error) {
        if (this.#fence.handleError(error)) return;
        const oldest = this.#monitors.oldest;
        if (error.about !== 'monitors' || oldest === undefined) return this.#report(error);
        this.#monitors.resolve(oldest, { status: 'refused', code: error.code, message: error.message });
    }

    /** @param {VmError} error */
    #report(error) {
        this.dispatchEvent(new ErrorEvent(error));
    }

    /** @param {Frame} frame */
    #setAgent(frame) {
        const { connected, capabilities } = frame.agent ?? frame;
        this.agentConnected = connected;
        this.capabilities = Object.freeze([...capabilities]);
    }

    /** @param {Frame} frame */
    #setPermissions({ permissions, limits }) {
        this.permissions = new Set(permissions);
        this.limits = Object.freeze({ ...limits });
    }
}
