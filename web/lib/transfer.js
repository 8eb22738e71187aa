/**
 * Files on their way into the guest.
 *
 *     file-start, and bytes within the initial credit -> file-status: accepted, progress ... -> done, error, cancelled
 *
 * The bytes may go before the guest has accepted; what it refuses is discarded by the bridge.
 */

import { VmError } from './codes.js';
import { TransferEvent } from './events.js';

/** Files under way at once; the others wait here. The bridge takes 32 and refuses more. */
const AT_ONCE = 8;

/** @typedef {'waiting' | 'sending' | 'done' | 'cancelled' | 'error'} TransferState */

/** One file. Fires `progress` whenever `sent` or `state` changed. */
export class Transfer extends EventTarget {
    /** @type {(reason?: unknown) => void} */ #settle = () => {};
    /** @type {() => void} */ #cancel;

    /** @param {Blob} file @param {string} name @param {() => void} cancel */
    constructor(file, name, cancel) {
        super();
        this.#cancel = cancel;
        this.name = name;
        this.size = file.size;
        /** Bytes that the guest has taken. */
        this.sent = 0;
        /** @type {TransferState} */
        this.state = 'waiting';
        /** Why it failed. @type {VmError | null} */
        this.error = null;
        /**
         * Resolves when the guest has the whole file; rejects with a VmError, or the signal's reason.
         * @type {Promise<void>}
         */
        this.done = new Promise((resolve, reject) => {
            this.#settle = reason => (reason === undefined ? resolve() : reject(reason));
        });
        this.done.catch(() => {});
    }

    /** Whether nothing more will happen to it. */
    get ended() {
        return this.state !== 'waiting' && this.state !== 'sending';
    }

    /** Stop it here and in the guest. Does nothing once it has ended. */
    cancel() {
        if (!this.ended) this.#cancel();
    }

    /** @param {number} sent */
    advance(sent) {
        if (this.ended) return;
        this.state = 'sending';
        this.sent = Math.max(this.sent, Math.min(sent, this.size));
        this.dispatchEvent(new Event('progress'));
    }

    /** @param {TransferState} state @param {unknown} [reason] */
    end(state, reason) {
        if (this.ended) return;
        this.state = state;
        if (state === 'done') this.sent = this.size;
        if (reason instanceof VmError) this.error = reason;
        this.#settle(state === 'done' ? undefined : reason);
        this.dispatchEvent(new Event('progress'));
    }
}

/**
 * @typedef {{ id: number, file: Blob, transfer: Transfer, stream: import('./streams.js').OutStream | null, detach: ()
 *     => void }} Entry
 */

/** All transfers of one agent. */
export class Transfers {
    /** @type {import('./clipboard.js').Port} */ #port;
    /** @type {Map<number, Entry>} */ #entries = new Map();
    #next = 1;
    #connected = false;

    /** @param {import('./clipboard.js').Port} port */
    constructor(port) {
        this.#port = port;
    }

    /**
     * @param {File | Blob} file
     * @param {{ name?: string, signal?: AbortSignal }} [options]
     * @returns {Transfer}  begins when there is a connection and its turn has come
     */
    add(file, options = {}) {
        const id = this.#next++;
        const name = wellFormed(options.name ?? /** @type {File} */ (file).name ?? 'file');
        const transfer = new Transfer(file, name, () => this.#cancel(id, new VmError('cancelled')));
        const abort = () => this.#cancel(id, options.signal?.reason);
        options.signal?.addEventListener('abort', abort, { once: true });
        const detach = () => options.signal?.removeEventListener('abort', abort);
        this.#entries.set(id, { id, file, transfer, stream: null, detach });
        if (options.signal?.aborted) abort();
        this.#startNext();
        this.#port.fire(new TransferEvent(transfer));
        return transfer;
    }

    /** @param {import('./frame.js').Frame} frame */
    handleStatus({ id, status, sent = 0, code, message, freeBytes }) {
        const entry = this.#entries.get(id);
        if (!entry) return;
        if (status === 'accepted' || status === 'progress') return entry.transfer.advance(sent);
        if (status === 'done') return this.#end(entry, 'done');
        const isFull = code === 'no-space' && freeBytes !== undefined;
        const words = isFull ? `The machine’s disk is full: ${freeBytes} bytes are free.` : message;
        const reason = new VmError(code ?? (status === 'cancelled' ? 'cancelled' : 'guest-error'), words);
        this.#end(entry, status === 'cancelled' ? 'cancelled' : 'error', reason);
    }

    /**
     * A new connection: begin what waits; go on with what the bridge still knows; fail what it does not know, and
     * cancel there what was cancelled here meanwhile.
     * @param {{ id: number, stream: number, received: number }[]} known
     */
    reconnect(known) {
        const at = new Map(known.map(({ id, received }) => [id, received]));
        for (const entry of [...this.#entries.values()].filter(({ stream }) => stream !== null)) {
            const offset = at.get(entry.id);
            if (offset !== undefined) entry.stream?.restart(offset, this.#port);
            else this.#end(entry, 'error', new VmError('disconnected'));
        }
        for (const id of at.keys()) if (!this.#entries.has(id)) this.#port.send({ type: 'file-cancel', id });
        this.#connected = true;
        this.#startNext();
    }

    /** The connection is lost: what is under way waits, and nothing begins. */
    interrupt() {
        this.#connected = false;
    }

    /** There will be no connection any more. @param {VmError} reason */
    close(reason) {
        for (const entry of [...this.#entries.values()]) this.#end(entry, 'error', reason);
    }

    #startNext() {
        if (!this.#connected) return;
        let underWay = 0;
        for (const entry of this.#entries.values()) {
            if (++underWay > AT_ONCE) return;
            if (!entry.stream) this.#start(entry);
        }
    }

    /** @param {Entry} entry */
    #start(entry) {
        const { id, transfer } = entry;
        const stream = this.#port.streams.open(entry.file, this.#port, true);
        entry.stream = stream;
        this.#port.send({ type: 'file-start', id, name: transfer.name, size: transfer.size, stream: stream.number });
        stream.done.catch(reason => {
            if (this.#entries.has(id)) this.#cancel(id, reason, 'error');
        });
    }

    /** @param {number} id @param {unknown} reason @param {TransferState} [state] */
    #cancel(id, reason, state = 'cancelled') {
        const entry = this.#entries.get(id);
        if (!entry) return;
        if (entry.stream) this.#port.send({ type: 'file-cancel', id });
        this.#end(entry, state, reason);
    }

    /** @param {Entry} entry @param {TransferState} state @param {unknown} [reason] */
    #end(entry, state, reason) {
        this.#entries.delete(entry.id);
        entry.detach();
        entry.stream?.stop(reason instanceof VmError ? reason : new VmError('cancelled'));
        entry.transfer.end(state, reason);
        this.#startNext();
    }
}

/**
 * JSON of the protocol has no half characters, which names of some systems have.
 * @param {string} name
 * @returns {string}
 */
function wellFormed(name) {
    return new TextDecoder().decode(new TextEncoder().encode(name));
}
