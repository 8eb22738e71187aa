// Bodies of agent messages as plain objects, in the form of tests/vectors. Written from the wire tables of
// proto/README.md, apart from the C++ code, so that a slip in one shows in the other.
import { Type } from './vdi.js';

const CAPABILITIES = [
    'mouse-state', 'monitors-config', 'reply', 'clipboard', 'display-config', 'clipboard-by-demand', 'clipboard-selection',
    'sparse-monitors-config', 'guest-lineend-lf', 'guest-lineend-crlf', 'max-clipboard', 'audio-volume-sync',
    'monitors-config-position', 'file-xfer-disabled', 'file-xfer-detailed-errors', 'graphics-device-info',
    'clipboard-no-release-on-regrab', 'clipboard-grab-serial',
];
export const SELECTIONS = ['clipboard', 'primary', 'secondary'];
export const FORMATS = ['none', 'text', 'png', 'bmp', 'tiff', 'jpeg', 'file-list'];
export const STATUSES = [
    'can-send-data', 'cancelled', 'error', 'success', 'not-enough-space', 'session-locked', 'agent-not-connected', 'disabled',
];

/** Names of the types, as in the vectors, by number. */
export const TYPE_NAMES = Object.freeze({
    [Type.mouseState]: 'mouse-state', [Type.monitorsConfig]: 'monitors-config', [Type.reply]: 'reply', [Type.clipboard]: 'clipboard',
    [Type.displayConfig]: 'display-config', [Type.announce]: 'announce-capabilities', [Type.grab]: 'clipboard-grab',
    [Type.request]: 'clipboard-request', [Type.release]: 'clipboard-release', [Type.fileStart]: 'file-xfer-start',
    [Type.fileStatus]: 'file-xfer-status', [Type.fileData]: 'file-xfer-data', [Type.clientDisconnected]: 'client-disconnected',
    [Type.maxClipboard]: 'max-clipboard', [Type.volume]: 'audio-volume-sync', [Type.graphicsDevice]: 'graphics-device-info',
});

/** A body that ends too early: its message is refused. */
export class Truncated extends Error {}

class Fields {
    #bytes;
    #at = 0;

    constructor(bytes) {
        this.#bytes = bytes;
    }
    get left() {
        return this.#bytes.length - this.#at;
    }
    take(count) {
        if (this.left < count) throw new Truncated(`${count} bytes wanted, ${this.left} left`);
        this.#at += count;
        return this.#bytes.subarray(this.#at - count, this.#at);
    }
    rest() {
        return this.take(this.left);
    }
    u8() {
        return this.take(1).readUInt8();
    }
    u16() {
        return this.take(2).readUInt16LE();
    }
    u32() {
        return this.take(4).readUInt32LE();
    }
    i32() {
        return this.take(4).readInt32LE();
    }
    u64() {
        return Number(this.take(8).readBigUInt64LE());
    }
    text() {
        const bytes = this.rest();
        const end = bytes.indexOf(0);
        return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
    }
    list(count, read) {
        return Array.from({ length: count }, read);
    }
    selection(dialect) {
        if (!dialect.selection) return SELECTIONS[0];
        const selection = this.u8();
        this.take(3);
        return SELECTIONS[selection];
    }
    named(names) {
        const number = this.u32();
        return names[number] ?? number;
    }
}

function monitorsConfig(fields) {
    const count = fields.u32();
    const flags = fields.u32();
    const monitors = fields.list(count, () => {
        const [height, width, depth] = [fields.u32(), fields.u32(), fields.u32()];
        return { width, height, depth, x: fields.i32(), y: fields.i32(), widthMm: 0, heightMm: 0 };
    });
    const physicalSizes = (flags & 2) !== 0;
    if (physicalSizes) for (const monitor of monitors) [monitor.heightMm, monitor.widthMm] = [fields.u16(), fields.u16()];
    return { positions: (flags & 1) !== 0, physicalSizes, monitors };
}

function displayConfig(fields) {
    const flags = fields.u32();
    return {
        disableWallpaper: (flags & 1) !== 0, disableFontSmoothing: (flags & 2) !== 0, disableAnimation: (flags & 4) !== 0,
        setColorDepth: (flags & 8) !== 0, depth: fields.u32(),
    };
}

function announce(fields) {
    const request = fields.u32() !== 0;
    const word = fields.left > 0 ? fields.u32() : 0;
    fields.rest();
    return { request, capabilities: CAPABILITIES.filter((_, bit) => (word >>> bit) & 1) };
}

function grab(fields, dialect) {
    const selection = fields.selection(dialect);
    const serial = dialect.grabSerial ? fields.u32() : 0;
    const known = fields.list(fields.left / 4, () => FORMATS[fields.u32()]).filter((name) => name && name !== 'none');
    return { selection, serial, formats: [...new Set(known)] };
}

function request(fields, dialect) {
    const selection = fields.left === 4 ? SELECTIONS[0] : fields.selection(dialect);
    return { selection, format: fields.named(FORMATS) };
}

function fileStatus(fields) {
    const id = fields.u32();
    const status = fields.named(STATUSES);
    const value = { id, status, freeBytes: 0, errorCode: 0 };
    if (status === 'not-enough-space' && fields.left >= 8) value.freeBytes = fields.u64();
    if (status === 'error' && fields.left >= 5) value.errorCode = fields.u8() === 0 ? fields.u32() : 0;
    fields.rest();
    return value;
}

function fileData(fields) {
    const id = fields.u32();
    return { id, data: fields.take(fields.u64()) };
}

function volume(fields) {
    const [playback, mute, count] = [fields.u8() !== 0, fields.u8() !== 0, fields.u8()];
    return { playback, mute, channels: fields.list(count, () => fields.u16()) };
}

function graphicsDevice(fields) {
    const device = () => {
        const [channel, monitor, deviceDisplay] = [fields.u32(), fields.u32(), fields.u32()];
        return { channel, monitor, deviceDisplay, address: new Fields(fields.take(fields.u32())).text() };
    };
    return { devices: fields.list(fields.u32(), device) };
}

const DECODERS = {
    [Type.mouseState]: (f) => ({ x: f.u32(), y: f.u32(), buttons: f.u32(), display: f.u8() }),
    [Type.monitorsConfig]: monitorsConfig,
    [Type.reply]: (f) => {
        const type = f.u32();
        return { type: TYPE_NAMES[type] ?? type, success: f.u32() === 1 };
    },
    [Type.clipboard]: (f, dialect) => ({ selection: f.selection(dialect), format: f.named(FORMATS), data: f.rest() }),
    [Type.displayConfig]: displayConfig,
    [Type.announce]: announce,
    [Type.grab]: grab,
    [Type.request]: request,
    [Type.release]: (f) => ({ selection: SELECTIONS[f.left > 0 ? f.rest()[0] : 0] }),
    [Type.fileStart]: (f) => ({ id: f.u32(), keyFile: f.text() }),
    [Type.fileStatus]: fileStatus,
    [Type.fileData]: fileData,
    [Type.clientDisconnected]: () => ({}),
    [Type.maxClipboard]: (f) => ({ bytes: f.i32() }),
    [Type.volume]: volume,
    [Type.graphicsDevice]: graphicsDevice,
};

/**
 * @param {number} type  one of the 16
 * @param {Buffer} payload
 * @param {{ selection: boolean, grabSerial: boolean }} dialect  what both ends announced
 * @returns {object} the members; bulk as a Buffer in `data`
 */
export function decodePayload(type, payload, dialect) {
    const fields = new Fields(payload);
    const value = DECODERS[type](fields, dialect);
    if (fields.left > 0) throw new Error(`${fields.left} bytes after the last field of ${TYPE_NAMES[type]}`);
    return value;
}
