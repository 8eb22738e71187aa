// The link stage of a SPICE connection, client side, with every field open to a test.
//
//     LinkHeader + LinkMess + capabilities ->  <- LinkHeader + LinkReply (error, public key, capabilities)
//     mechanism (if both select one), ticket ->  <- u32 result

import { constants, publicEncrypt } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import WebSocket, { createWebSocketStream } from 'ws';
import { within } from './deadline.js';
import { u32 } from './vdi.js';

export const CommonCap = Object.freeze({ authSelection: 1, authSpice: 2, authSasl: 4, miniHeader: 8 });
export const MainCap = Object.freeze({ semiSeamless: 1, nameAndUuid: 2, agentConnectedTokens: 4, seamless: 8 });

/** Errors of the link reply and of the link result. */
export const LinkError = Object.freeze({
    ok: 0,
    error: 1,
    invalidMagic: 2,
    invalidData: 3,
    versionMismatch: 4,
    needSecured: 5,
    needUnsecured: 6,
    permissionDenied: 7,
    badConnectionId: 8,
    channelNotAvailable: 9,
});

/** Mechanisms of authentication. */
export const Mechanism = Object.freeze({ ticket: 1, sasl: 2 });

const MAGIC = 'REDQ';
const HEADER_BYTES = 16;
const KEY_BYTES = 162;
const MESS_BYTES = 18;
const REPLY_BYTES = 178;

/** The server's refusal. `stage` is where it came: 'reply' before the ticket, 'result' after it. */
export class LinkRefused extends Error {
    constructor(stage, code) {
        const name = Object.keys(LinkError).find((key) => LinkError[key] === code);
        super(`the link is refused in its ${stage}: ${code} (${name})`);
        this.stage = stage;
        this.code = code;
    }
}

/** @typedef {{ host?: string, port: number, localAddress?: string } | { path: string } |
 *           { host?: string, port: number, localAddress?: string, tls: tls.ConnectionOptions } |
 *           { url: string, protocols?: string[], options?: WebSocket.ClientOptions }} Where
 *  localAddress: which of loopback's many addresses the server sees */

/** Opens a byte stream: TCP, unix socket (`path`), TLS (`tls`) or WebSocket (`url`).
 *  @param {Where} where
 *  @returns {Promise<import('node:stream').Duplex>} */
export async function open(where) {
    if ('url' in where) return openWebSocket(where);
    const { host = '127.0.0.1', port, localAddress } = /** @type {any} */ (where);
    const address = 'path' in where ? where : { host, port, localAddress };
    const secure = 'tls' in where;
    const socket = secure ? tls.connect({ ...address, ...where.tls }) : net.connect(address);
    await within(5000, once(socket, secure ? 'secureConnect' : 'connect'), `connection to ${JSON.stringify(address)}`);
    socket.setNoDelay(true); // every client does; tokens would wait for delayed acknowledgements
    return socket;
}

async function openWebSocket({ url, protocols = ['binary'], options }) {
    const socket = new WebSocket(url, protocols, { perMessageDeflate: false, ...options });
    const stream = createWebSocketStream(socket);
    socket.on('upgrade', (answer) => answer.socket.setNoDelay(true));
    await within(5000, once(socket, 'open'), `connection to ${url}`);
    return stream;
}

/** Reads a stream by counts of bytes. */
export class ByteReader {
    /** @type {Error | undefined} why no more will come */ ended;
    #parts = [];
    #have = 0;
    #waiter;

    /** @param {import('node:stream').Duplex} stream */
    constructor(stream) {
        stream.on('data', (bytes) => {
            this.#parts.push(bytes);
            this.#have += bytes.length;
            this.#wake();
        });
        stream.on('error', (error) => this.#end(error));
        stream.on('close', () => this.#end(new Error('the server closed the connection')));
        stream.on('end', () => this.#end(new Error('the server closed the connection')));
    }

    /** @returns {number} bytes that have come and were not taken */
    get waiting() {
        return this.#have;
    }

    /** The next `count` bytes. Rejects where the stream ends before them. One call at a time. */
    async take(count) {
        while (this.#have < count) {
            if (this.ended) throw this.ended;
            await new Promise((resolve) => (this.#waiter = resolve));
        }
        return this.#cut(count);
    }

    #cut(count) {
        this.#have -= count;
        if (this.#parts.length > 0 && this.#parts[0].length >= count) {
            const first = this.#parts[0];
            if (first.length === count) this.#parts.shift();
            else this.#parts[0] = first.subarray(count);
            return first.subarray(0, count);
        }
        const all = Buffer.concat(this.#parts);
        this.#parts = all.length > count ? [all.subarray(count)] : [];
        return all.subarray(0, count);
    }

    #end(error) {
        this.ended ??= error;
        this.#wake();
    }

    #wake() {
        this.#waiter?.();
        this.#waiter = undefined;
    }
}

/** @typedef {{ magic?: string | Buffer, major?: number, minor?: number, size?: number, connectionId?: number,
 *           channelType?: number, channelId?: number, commonCaps?: number[], channelCaps?: number[],
 *           commonWords?: number, channelWords?: number, capsOffset?: number }} LinkFields
 *  commonWords, channelWords: the counts that are told, where they are to lie */

/** @param {LinkFields} [fields]  @returns {Buffer} what a client opens with; as spice-gtk where nothing else is said */
export function linkMessage({
    magic = MAGIC,
    major = 2,
    minor = 2,
    connectionId = 0,
    channelType = 1,
    channelId = 0,
    commonCaps = [0x0d],
    channelCaps = [0x0f],
    commonWords = commonCaps.length,
    channelWords = channelCaps.length,
    capsOffset = MESS_BYTES,
    size = MESS_BYTES + 4 * (commonCaps.length + channelCaps.length),
} = {}) {
    const channel = Buffer.from([channelType, channelId]);
    const mess = [u32(connectionId), channel, u32(commonWords, channelWords, capsOffset)];
    return Buffer.concat([Buffer.from(magic), u32(major, minor, size), ...mess, u32(...commonCaps, ...channelCaps)]);
}

/** @typedef {{ error: number, key: Buffer, commonCaps: number[], channelCaps: number[], size: number }} LinkReply */

/** Reads a link reply, refused or not.
 *  @param {ByteReader} reader
 *  @param {Buffer} [begun]  bytes of its header that were taken already
 *  @returns {Promise<LinkReply>} size: bytes after its header */
export async function readReply(reader, begun = Buffer.alloc(0)) {
    const header = Buffer.concat([begun, await reader.take(HEADER_BYTES - begun.length)]);
    if (header.toString('latin1', 0, 4) !== MAGIC) throw new Error(`no link reply: ${header.toString('hex')}`);
    const body = await reader.take(header.readUInt32LE(12));
    const [common, channel, offset] = [body.readUInt32LE(166), body.readUInt32LE(170), body.readUInt32LE(174)];
    const words = Array.from({ length: common + channel }, (_, index) => body.readUInt32LE(offset + 4 * index));
    return {
        error: body.readUInt32LE(0),
        key: body.subarray(4, 4 + KEY_BYTES),
        commonCaps: words.slice(0, common),
        channelCaps: words.slice(common),
        size: body.length,
    };
}

/** @param {Buffer} key  of the link reply  @returns {Buffer} a password (up to 60 bytes) for that server */
export function ticket(key, password) {
    const padding = constants.RSA_PKCS1_OAEP_PADDING;
    return publicEncrypt({ key, format: 'der', type: 'spki', padding, oaepHash: 'sha1' }, Buffer.from(`${password}\0`));
}

/** Goes through the whole stage. Errors: LinkRefused, or the end of the connection.
 *  @param {import('node:stream').Duplex} stream
 *  @param {ByteReader} reader
 *  @param {LinkFields & { password?: string, mechanism?: number, ticket?: Buffer, replyLimit?: number }} [options]
 *         ticket: sent as it is; replyLimit: bytes of a reply that this client accepts
 *  @returns {Promise<LinkReply & { mini: boolean }>} mini: which headers follow */
export async function link(stream, reader, options = {}) {
    const { password = '', mechanism = Mechanism.ticket, commonCaps = [0x0d], replyLimit = Infinity } = options;
    stream.write(linkMessage(options));
    const reply = await readReply(reader);
    if (reply.size > replyLimit) throw new Error(`a link reply of ${reply.size} bytes`);
    if (reply.error !== LinkError.ok) throw new LinkRefused('reply', reply.error);
    const shared = (commonCaps[0] ?? 0) & (reply.commonCaps[0] ?? 0);
    if (shared & CommonCap.authSelection) stream.write(u32(mechanism));
    stream.write(options.ticket ?? ticket(reply.key, password));
    const result = await reader.take(4);
    if (result.toString('latin1') === MAGIC) throw new LinkRefused('result', (await readReply(reader, result)).error);
    if (result.readUInt32LE(0) !== LinkError.ok) throw new LinkRefused('result', result.readUInt32LE(0));
    return { ...reply, mini: (shared & CommonCap.miniHeader) !== 0 };
}
