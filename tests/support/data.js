// Contents for transfers. Long ones are made by slices and never held whole.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

/** @returns {{ size: number, slice: (from: number, to: number) => Buffer }} */
export function bytesOf(buffer) {
    return { size: buffer.length, slice: (from, to) => buffer.subarray(from, to) };
}

const BLOCK = 64 * 1024;

/** A content of any size, the same at each run: every 64 KiB block begins with its own number, so that a block lost,
 *  doubled or moved changes the digest.
 *  @param {number} size  bytes
 *  @param {number} [seed]  another seed is another content */
export function pattern(size, seed = 1) {
    const noise = Buffer.alloc(BLOCK);
    let state = seed >>> 0 || 1;
    for (let i = 0; i < BLOCK; i += 4) noise.writeUInt32LE((state = (Math.imul(state, 1664525) + 1013904223) >>> 0), i);
    const block = (index) => {
        const bytes = Buffer.from(noise);
        bytes.writeUInt32LE(index, 0);
        return bytes;
    };
    const slice = (from, to) => {
        const parts = [];
        for (let at = from; at < to;) {
            const start = at - (at % BLOCK);
            const end = Math.min(to, start + BLOCK);
            parts.push(block(start / BLOCK).subarray(at - start, end - start));
            at = end;
        }
        return Buffer.concat(parts);
    };
    return { size, slice };
}

/** @returns {string} the digest of a content */
export function sha256(content) {
    const hash = createHash('sha256');
    for (let at = 0; at < content.size; at += BLOCK) hash.update(content.slice(at, Math.min(content.size, at + BLOCK)));
    return hash.digest('hex');
}

/** @returns {Promise<string>} the digest of a file, read by pieces */
export async function fileSha256(path) {
    const hash = createHash('sha256');
    for await (const part of createReadStream(path, { highWaterMark: 1024 * 1024 })) hash.update(part);
    return hash.digest('hex');
}

/** @returns {Buffer} `length` bytes of valid UTF-8 with characters of one to four bytes */
export function textOfBytes(length) {
    const line = Buffer.from('plain, é, שלום, 漢字, 😀 and a tail\n');
    const whole = Buffer.alloc(length, line);
    const remainder = length % line.length;
    whole.fill('.', length - remainder); // no character is cut in two at the end
    return whole;
}
