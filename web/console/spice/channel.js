/**
 * One channel of a SPICE session on a WebSocket: link, authentication, acknowledgements and pings are spice-html5's,
 * sockets, limits and what is told are ours.
 *
 *     socket -> Pieces -> spice-html5's `process_inbound` -> `handle(type, body)`
 *
 * spice-html5's constructors open sockets of their own, which carry no access token; so a channel is made from its
 * prototype alone.
 */

/** Channels by their numbers on the wire. */
export const MAIN = 1;
export const DISPLAY = 2;
export const INPUTS = 3;
export const CURSOR = 4;

const NOTIFY = 7;
const PERMISSION_DENIED = 7;
/** Larger messages end the session, bytes: a picture of 4096 x 4096, not compressed. */
const LONGEST_MESSAGE = 64 * 1024 * 1024;
/** "REDQ", 2.2 */
const MAGIC = [0x52, 0x45, 0x44, 0x51];
const VERSION = 2;
const LINK_HEADER = 16;
const LINK_BODY = 18;
/** Capabilities as bits: choice of authentication, small headers; of displays: sized streams, their reports, MJPEG. */
const COMMON_CAPABILITIES = 1 << 0 | 1 << 3;
/** @type {Record<number, number>} */
const CAPABILITIES = { [DISPLAY]: 1 << 0 | 1 << 4 | 1 << 8 | 1 << 9 };

/**
 * What is used of spice-html5, which comes without types: an object of its channel classes.
 * @typedef {Record<string, any>} Library
 */
/** Why a channel ended. @typedef {{ denied?: boolean, linkError?: number }} End */
/**
 * @typedef {object} ChannelOptions
 * @property {number} type
 * @property {number} [session]  as the main channel's INIT said; main has none yet
 * @property {Library} [more]  members that spice-html5 asks a channel for
 * @property {(type: number, body: DataView) => void} handle
 * @property {(severity: number, text: string) => void} [notify]
 * @property {() => void} heard  whenever something came
 * @property {(end: End) => void} end  once
 */

/**
 * @param {object} prototype  of spice-html5's class for this channel
 * @param {WebSocket} socket
 * @param {ChannelOptions} options
 * @returns {Library}
 */
export function makeChannel(prototype, socket, { type, session = 0, more, handle, notify, heard, end }) {
    let ended = false;
    const finish = (/** @type {End} */ why) => {
        if (ended) return;
        ended = true;
        socket.close();
        end(why);
    };
    /** @type {Library} */
    const channel = Object.create(prototype);
    const pieces = new Pieces((piece, header) => channel.process_inbound(piece, header));
    Object.assign(channel, { ws: socket, type, chan_id: 0, connection_id: session, password: '', state: 'connecting',
        warnings: {}, messages_sent: 0, wire_reader: pieces, ...more });
    channel.log_info = channel.log_warn = channel.log_err = (/** @type {unknown[]} */ ...words) =>
        console.debug('spice:', ...words);
    channel.report_error = () => finish({ linkError: channel.reply_link?.error || undefined,
        denied: channel.auth_reply?.auth_code === PERMISSION_DENIED });
    channel.process_channel_message = (/** @type {{ type: number, data?: ArrayBuffer }} */ { type: kind, data }) => {
        handle(kind, new DataView(data ?? new ArrayBuffer(0)));
        return true;
    };
    const { process_common_messages: common } = channel;
    channel.process_common_messages = (/** @type {{ type: number, data: ArrayBuffer }} */ message) => {
        if (message.type !== NOTIFY) return common.call(channel, message);
        notify?.(...readNotify(new DataView(message.data)));
        return true;
    };
    const start = () => {
        socket.send(linkMessage(type, session));
        pieces.request(LINK_HEADER);
        channel.state = 'start';
    };
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('open', start);
    socket.addEventListener('message', ({ data }) => {
        if (ended) return;
        heard();
        try {
            pieces.add(data);
        } catch (reason) {
            console.error('spice:', reason);
            finish({});
        }
    });
    socket.addEventListener('close', () => finish({}));
    if (socket.readyState === 1) start();
    return channel;
}

/**
 * @param {Library | null} channel  dropped before it is linked
 * @param {number} type
 * @param {number} size  of its body, bytes
 * @param {(body: DataView) => void} [fill]
 */
export function send(channel, type, size, fill) {
    if (channel?.state !== 'ready' || channel.ws.readyState !== 1) return;
    const message = new DataView(new ArrayBuffer(6 + size));
    message.setUint16(0, type, true);
    message.setUint32(2, size, true);
    fill?.(new DataView(message.buffer, 6));
    channel.ws.send(message.buffer);
}

/** @param {number} type @param {number} session */
function linkMessage(type, session) {
    const capabilities = type in CAPABILITIES ? [CAPABILITIES[type]] : [];
    const size = LINK_BODY + 4 + 4 * capabilities.length;
    const message = new DataView(new ArrayBuffer(LINK_HEADER + size));
    MAGIC.forEach((byte, i) => message.setUint8(i, byte));
    [VERSION, VERSION, size, session].forEach((word, i) => message.setUint32(4 + 4 * i, word, true));
    message.setUint8(LINK_HEADER + 4, type);
    [1, capabilities.length, LINK_BODY, COMMON_CAPABILITIES, ...capabilities].forEach((word, i) =>
        message.setUint32(LINK_HEADER + 6 + 4 * i, word, true));
    return message.buffer;
}

/** @param {DataView} body @returns {[severity: number, text: string]} */
function readNotify(body) {
    const text = new Uint8Array(body.buffer, 24, Math.min(body.getUint32(20, true), body.byteLength - 24));
    return [body.getUint32(8, true), new TextDecoder().decode(text).replace(/\0.*$/s, '')];
}

/** Cuts what comes into the pieces that spice-html5 asks for: it tells what it waits for by `request`. */
export class Pieces {
    /** @type {(piece: ArrayBuffer, header?: object) => void} */ #take;
    /** @type {Uint8Array[]} */ #parts = [];
    /** @type {object | undefined} */ #header;
    #held = 0;
    #wanted = 0;

    /** @param {(piece: ArrayBuffer, header?: object) => void} take */
    constructor(take) {
        this.#take = take;
    }

    /** @param {number} size */
    request(size) {
        if (size > LONGEST_MESSAGE) throw new Error(`a message of ${size} bytes`);
        this.#wanted = size;
    }

    /** @param {object} [header]  of the message that is waited for */
    save_header(header) {
        this.#header = header;
    }

    /** @param {ArrayBuffer} data */
    add(data) {
        this.#parts.push(new Uint8Array(data));
        this.#held += data.byteLength;
        while (this.#wanted > 0 && this.#held >= this.#wanted) this.#take(this.#cut(this.#wanted), this.#header);
    }

    /** @param {number} size @returns {ArrayBuffer} */
    #cut(size) {
        const piece = new Uint8Array(size);
        for (let at = 0; at < size;) {
            const part = this.#parts[0].subarray(0, size - at);
            piece.set(part, at);
            at += part.length;
            if (part.length === this.#parts[0].length) this.#parts.shift();
            else this.#parts[0] = this.#parts[0].subarray(part.length);
        }
        this.#held -= size;
        return piece.buffer;
    }
}
