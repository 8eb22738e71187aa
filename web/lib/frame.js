/**
 * What a WebSocket message of `vmcbridge.v1` looks like: bytes <-> values. Pure.
 *
 *     text    one JSON object with a `type`
 *     binary  stream u32 little-endian, then the payload
 */

import { VmError } from './codes.js';

const NUMBER_BYTES = 4;
const BIGGEST_NUMBER = 0xffff_ffff;

/** @typedef {{ type: string, [member: string]: any }} Frame */

/** @param {Frame} frame @returns {string} */
export function encodeControl(frame) {
    return JSON.stringify(frame);
}

/**
 * @param {string} text
 * @returns {Frame}
 * @throws {VmError} `bad-frame`: no JSON, no object, or without a type
 */
export function decodeControl(text) {
    let value;
    try {
        value = JSON.parse(text);
    } catch {
        throw new VmError('bad-frame', 'not JSON');
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        throw new VmError('bad-frame', 'no object');
    }
    if (typeof value.type !== 'string') throw new VmError('bad-frame', 'no type');
    return value;
}

/**
 * @param {number} stream  0 to 2^32-1
 * @param {Uint8Array} payload
 * @returns {Uint8Array<ArrayBuffer>}  a copy: `payload` may change afterwards
 */
export function encodeBinary(stream, payload) {
    if (!Number.isInteger(stream) || stream < 0 || stream > BIGGEST_NUMBER) throw new RangeError(`stream ${stream}`);
    const bytes = new Uint8Array(NUMBER_BYTES + payload.length);
    new DataView(bytes.buffer).setUint32(0, stream, true);
    bytes.set(payload, NUMBER_BYTES);
    return bytes;
}

/**
 * @param {ArrayBuffer | Uint8Array} message
 * @returns {{ stream: number, payload: Uint8Array<ArrayBuffer> }}  `payload` views `message`
 * @throws {VmError} `bad-frame`: shorter than a stream number
 */
export function decodeBinary(message) {
    const bytes = message instanceof ArrayBuffer
        ? new Uint8Array(message)
        : new Uint8Array(/** @type {ArrayBuffer} */ (message.buffer), message.byteOffset, message.byteLength);
    if (bytes.length < NUMBER_BYTES) throw new VmError('bad-frame', 'binary frame without a stream number');
    const stream = new DataView(bytes.buffer, bytes.byteOffset, NUMBER_BYTES).getUint32(0, true);
    return { stream, payload: bytes.subarray(NUMBER_BYTES) };
}
