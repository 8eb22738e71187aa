// The guest port's wire format for test doubles: chunks (port, size) that carry agent messages (protocol, type, opaque,
// size).

export const Port = Object.freeze({ client: 1, server: 2 });

export const Type = Object.freeze({
    mouseState: 1,
    monitorsConfig: 2,
    reply: 3,
    clipboard: 4,
    displayConfig: 5,
    announce: 6,
    grab: 7,
    request: 8,
    release: 9,
    fileStart: 10,
    fileStatus: 11,
    fileData: 12,
    clientDisconnected: 13,
    maxClipboard: 14,
    volume: 15,
    graphicsDevice: 16,
});

/** Clipboard formats. */
export const Format = Object.freeze({ none: 0, text: 1, png: 2, bmp: 3, tiff: 4, jpg: 5 });

/** What spice-vdagent 0.22.1 announces. */
export const LINUX_AGENT = 0x38de7;

const CHUNK_HEADER = 8;
const MESSAGE_HEADER = 20;

/** @param {...number} values  @returns {Buffer} them as little-endian u32 */
export function u32(...values) {
    const bytes = Buffer.alloc(4 * values.length);
    values.forEach((value, index) => bytes.writeUInt32LE(value >>> 0, 4 * index));
    return bytes;
}

export function chunk(port, bytes, size = bytes.length) {
    return Buffer.concat([u32(port, size), bytes]);
}

/** @param {number} [size]  the size field, where it is to lie */
export function message(type, payload = Buffer.alloc(0), { size = payload.length, protocol = 1 } = {}) {
    return Buffer.concat([u32(protocol, type, 0, 0, size), payload]);
}

/** Takes a byte stream of chunks apart into messages, per port. For what the daemon sends: it insists on the rules. */
export class MessageReader {
    #bytes = Buffer.alloc(0);
    #ports = new Map();
    #limit;

    /** @param {number} limit  the largest chunk that the sender may use */
    constructor(limit = 2048) {
        this.#limit = limit;
    }

    /** @returns {{ port: number, type: number, payload: Buffer }[]} messages that these bytes complete */
    push(bytes) {
        this.#bytes = Buffer.concat([this.#bytes, bytes]);
        const messages = [];
        while (this.#bytes.length >= CHUNK_HEADER) {
            const port = this.#bytes.readUInt32LE(0);
            const size = this.#bytes.readUInt32LE(4);
            if (port < Port.client || port > Port.server) throw new Error(`a chunk on port ${port}`);
            if (size === 0 || size > this.#limit) throw new Error(`a chunk of ${size} bytes`);
            if (this.#bytes.length < CHUNK_HEADER + size) break;
            messages.push(...this.#chunk(port, this.#bytes.subarray(CHUNK_HEADER, CHUNK_HEADER + size)));
            this.#bytes = this.#bytes.subarray(CHUNK_HEADER + size);
        }
        return messages;
    }

    #chunk(port, bytes) {
        const state = this.#ports.get(port) ?? { parts: [], have: 0, want: 0 };
        this.#ports.set(port, state);
        if (state.have === 0) {
            if (bytes.length < MESSAGE_HEADER) throw new Error('a message header is split over chunks');
            state.want = MESSAGE_HEADER + bytes.readUInt32LE(16);
        }
        state.parts.push(Buffer.from(bytes));
        state.have += bytes.length;
        if (state.have > state.want) throw new Error('a chunk goes past the end of its message');
        if (state.have < state.want) return [];
        const whole = Buffer.concat(state.parts);
        this.#ports.delete(port);
        return [{ port, type: whole.readUInt32LE(4), payload: whole.subarray(MESSAGE_HEADER) }];
    }
}
