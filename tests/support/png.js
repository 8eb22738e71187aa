// A PNG made here, so that no picture lies in the tree.

import { deflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** @returns {Buffer} an RGB picture whose pixels all differ from their neighbours; noisy ones hardly compress */
export function png(width, height, { noisy = false } = {}) {
    const rows = Buffer.alloc(height * (1 + 3 * width));
    let state = 1;
    for (let y = 0, at = 0; y < height; ++y) {
        rows[at++] = 0; // this row is not filtered
        for (let x = 0; x < width; ++x, at += 3) {
            state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
            rows.writeUIntBE(
                noisy ? state >>> 8 : (((x * 7) % 256) << 16) | (((y * 11) % 256) << 8) | ((x ^ y) % 256),
                at,
                3,
            );
        }
    }
    const header = Buffer.alloc(13);
    header.writeUInt32BE(width, 0);
    header.writeUInt32BE(height, 4);
    header.set([8, 2], 8); // eight bits a channel, RGB
    return Buffer.concat([
        SIGNATURE,
        part('IHDR', header),
        part('IDAT', deflateSync(rows)),
        part('IEND', Buffer.alloc(0)),
    ]);
}

function part(name, body) {
    const named = Buffer.concat([Buffer.from(name, 'latin1'), body]);
    const whole = Buffer.alloc(named.length + 8);
    whole.writeUInt32BE(body.length, 0);
    named.copy(whole, 4);
    whole.writeUInt32BE(crc32(named), named.length + 4);
    return whole;
}

function crc32(bytes) {
    let crc = 0xffffffff;
    for (const byte of bytes) {
        crc ^= byte;
        for (let bit = 0; bit < 8; ++bit) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    }
    return (crc ^ 0xffffffff) >>> 0;
}
