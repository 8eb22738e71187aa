/**
 * The guest's clipboard, in the shape of the browser's own async Clipboard API.
 *
 *     write   offer formats (grab) -> the guest asks (request) -> data, or an error
 *     read    ask (request) -> data whole or as a stream, or an error
 *
 * Nothing is sent before somebody asks for it; every question of the guest is answered.
 */

import { asVmError, VmError } from './codes.js';
import { ClipboardOfferEvent } from './events.js';
import { Pending } from './pending.js';

/** Text up to this many bytes of UTF-8 goes inside its frame, everything else as a stream. Fixed by the protocol. */
const INLINE_BYTES = 64 * 1024;
const INLINE_FORMATS = ['text/plain', 'text/uri-list'];

/** @typedef {'clipboard' | 'primary' | 'secondary'} Selection */
/** @typedef {string | Blob | Promise<string | Blob> | (() => string | Blob | Promise<string | Blob>)} Content */
/**
 * @typedef {{ readonly types: readonly string[], getType(type: string): Promise<Blob> }} ItemLike  the browser's
 *     ClipboardItem is one
 */
/** @typedef {{ selection?: Selection, signal?: AbortSignal }} ClipboardOptions */

/**
 * The agent as its clipboard sees it.
 * @typedef {import('./streams.js').Wire & {
 *     streams: import('./streams.js').Streams,
 *     limits: import('./agent.js').Limits,
 *     fire: (event: Event) => void,
 *     settled: (about: string) => Promise<void>,
 *     connected: () => Promise<void>,
 * }} Port
 */

export class Clipboard {
    /** @type {Port} */ #port;
    /** @type {Map<string, Map<string, Content>>} */ #owned = new Map();
    /** @type {Map<string, readonly string[]>} */ #offered = new Map();
    /** @type {Pending<Blob>} */ #reads = new Pending();
    /** @type {Map<number | string, number>} */ #incoming = new Map();
    /** Grabs of ours that the bridge has not confirmed: what it says about ownership may be older. */
    #unsettled = 0;

    /** @param {Port} port */
    constructor(port) {
        this.#port = port;
    }

    /**
     * Offer text to the guest. Resolves when the bridge has taken the offer; the text goes when the guest asks.
     * @param {string} text @param {ClipboardOptions} [options]
     */
    writeText(text, options) {
        return this.write({ 'text/plain': text }, options);
    }

    /**
     * Offer the formats of one item: a ClipboardItem, or an object of MIME name to content.
     * @param {ItemLike[] | ItemLike | Record<string, Content>} items  of several, the first
     * @param {ClipboardOptions} [options]
     * @throws {VmError} what the bridge refused
     */
    async write(items, { selection = 'clipboard', signal } = {}) {
        const contents = contentsOf(Array.isArray(items) ? items[0] : items);
        await this.#port.connected();
        signal?.throwIfAborted();
        this.#owned.set(selection, contents);
        this.#offered.delete(selection);
        this.#port.send({ type: 'clipboard-grab', selection, formats: [...contents.keys()] });
        this.#unsettled += 1;
        try {
            await this.#port.settled('clipboard-grab');
        } catch (refusal) {
            if (this.#owned.get(selection) === contents) this.#owned.delete(selection);
            throw refusal;
        } finally {
            this.#unsettled -= 1;
        }
    }

    /** Take an offer back. @param {ClipboardOptions} [options] */
    release({ selection = 'clipboard' } = {}) {
        if (this.#owned.delete(selection)) this.#port.send({ type: 'clipboard-release', selection });
    }

    /** What somebody else offers now; empty: nothing. @param {Selection} [selection] @returns {readonly string[]} */
    offered(selection = 'clipboard') {
        return this.#offered.get(selection) ?? [];
    }

    /** Ask for the text now. @param {ClipboardOptions} [options] @returns {Promise<string>} */
    async readText(options) {
        return exactText(await this.readType('text/plain', options));
    }

    /**
     * What is offered now, as items like the browser's; each format's bytes are asked for when `getType` is called.
     * @param {ClipboardOptions} [options]
     * @returns {Promise<ItemLike[]>}
     */
    async read(options = {}) {
        await this.#port.connected();
        const selection = options.selection ?? 'clipboard';
        const types = [...this.#owned.get(selection)?.keys() ?? this.offered(selection)];
        if (types.length === 0) return [];
        return [{ types: Object.freeze(types), getType: type => this.readType(type, options) }];
    }

    /**
     * Ask for one format now.
     * @param {string} format  MIME name @param {ClipboardOptions} [options]
     * @returns {Promise<Blob>}
     * @throws {VmError} why there is none; an AbortSignal's reason
     */
    async readType(format, { selection = 'clipboard', signal } = {}) {
        await this.#port.connected();
        const own = this.#owned.get(selection);
        if (own) {
            if (!own.has(format)) throw new VmError('not-offered');
            return blobOf(own.get(format), format);
        }
        return this.#reads.ask(id => this.#port.send({ type: 'clipboard-request', id, selection, format }), signal);
    }

    /** @param {import('./frame.js').Frame} frame */
    handleGrab({ selection = 'clipboard', formats, serial }) {
        if (this.#unsettled === 0) this.#owned.delete(selection);
        this.#offered.set(selection, Object.freeze([...formats]));
        this.#port.fire(new ClipboardOfferEvent(selection, this.offered(selection), serial));
    }

    /** @param {import('./frame.js').Frame} frame */
    handleRelease({ selection = 'clipboard' }) {
        if (this.#unsettled === 0) this.#owned.delete(selection);
        if (this.#offered.delete(selection)) this.#port.fire(new ClipboardOfferEvent(selection, [], undefined));
    }

    /** The guest, or another client, wants what we offered. @param {import('./frame.js').Frame} frame */
    async handleRequest({ id, selection = 'clipboard', format }) {
        try {
            const contents = this.#owned.get(selection);
            if (!contents) throw new VmError('not-owner');
            if (!contents.has(format)) throw new VmError('not-offered');
            const blob = await blobOf(contents.get(format), format);
            const limit = this.#port.limits.clipboardBytes;
            if (blob.size > limit) throw new VmError('too-large', `${blob.size} bytes; at most ${limit} may pass.`);
            await this.#answer(id, format, blob);
        } catch (reason) {
            const { code, message } = asVmError(reason);
            this.#port.send({ type: 'clipboard-error', id, code, message });
        }
    }

    /** @param {number | string} id @param {string} format @param {Blob} blob */
    async #answer(id, format, blob) {
        if (INLINE_FORMATS.includes(format) && blob.size <= INLINE_BYTES) {
            const text = await exactText(blob);
            return this.#port.send({ type: 'clipboard-data', id, format, text });
        }
        const stream = this.#port.streams.open(blob, this.#port);
        this.#port.send({ type: 'clipboard-data', id, format, stream: stream.number, size: stream.size });
        await stream.done;
    }

    /** @param {import('./frame.js').Frame} frame */
    handleData({ id, format, text, stream, size }) {
        const type = { type: format };
        if (typeof text === 'string') return void this.#reads.resolve(id, new Blob([text], type));
        const incoming = this.#port.streams.expect(stream, size, this.#port);
        if (!this.#reads.has(id)) incoming.discard();
        this.#incoming.set(id, stream);
        incoming.done.then(parts => this.#reads.resolve(id, new Blob(parts, type)),
            reason => this.#reads.reject(id, reason)).finally(() => this.#incoming.delete(id));
    }

    /** @param {import('./frame.js').Frame} frame */
    handleError({ id, code, message }) {
        const reason = new VmError(code, message, { about: 'clipboard-request' });
        const stream = this.#incoming.get(id);
        if (stream !== undefined) this.#port.streams.fail(stream, reason);
        else this.#reads.reject(id, reason);
    }

    /** The connection is lost. @param {VmError} reason */
    interrupt(reason) {
        this.#reads.rejectAll(reason);
        this.#incoming.clear();
    }

    /**
     * A new connection: what others offer follows, and what we offered stands only where the old one goes on.
     * @param {boolean} resumed
     */
    restart(resumed) {
        if (!resumed) this.#owned.clear();
        this.#offered.clear();
    }
}

/** @param {ItemLike | Record<string, Content>} item @returns {Map<string, Content>} */
function contentsOf(item) {
    if (!item) throw new TypeError('nothing to offer');
    const like = /** @type {ItemLike} */ (item);
    /** @type {Map<string, Content>} */
    const contents = typeof like.getType === 'function'
        ? new Map(like.types.map(type => [type, () => like.getType(type)])) : new Map(Object.entries(item));
    const html = contents.get('text/html');
    if (html !== undefined && !contents.has('text/plain')) contents.set('text/plain', () => textOf(html));
    return contents;
}

/** What HTML says, for guests that take text only. @param {Content} html @returns {Promise<string>} */
async function textOf(html) {
    const { textOfHtml } = await import('./html.js');
    return textOfHtml(await exactText(await blobOf(html, 'text/html')));
}

/** @param {Content | undefined} content @param {string} type @returns {Promise<Blob>} */
async function blobOf(content, type) {
    const value = await (typeof content === 'function' ? content() : content);
    return value instanceof Blob ? value : new Blob([value ?? ''], { type });
}

/** A Blob's text to the last byte: `Blob.text` would drop a leading byte order mark. @param {Blob} blob */
async function exactText(blob) {
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(await blob.arrayBuffer());
}
