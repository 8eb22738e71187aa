import assert from 'node:assert/strict';
import test from 'node:test';
import { decodeBinary, decodeControl, encodeBinary, encodeControl } from '../../web/lib/frame.js';

test('a binary frame is the stream number in little-endian and then the payload', () => {
    assert.deepEqual([...encodeBinary(0x01020304, Uint8Array.of(9, 8))], [4, 3, 2, 1, 9, 8]);
    assert.deepEqual([...encodeBinary(0xffff_ffff, new Uint8Array(0))], [255, 255, 255, 255]);
});

test('a binary frame comes back as it was sent, from a buffer or from a view of one', () => {
    const bytes = encodeBinary(7, Uint8Array.of(1, 2, 3));
    const padded = new Uint8Array([0, 0, ...bytes, 0]).subarray(2, 2 + bytes.length);
    for (const message of [bytes.buffer, bytes, padded]) {
        const { stream, payload } = decodeBinary(message);
        assert.equal(stream, 7);
        assert.deepEqual([...payload], [1, 2, 3]);
    }
});

test('a binary frame without a whole stream number is a bad frame', () => {
    for (const length of [0, 1, 2, 3]) {
        assert.throws(() => decodeBinary(new ArrayBuffer(length)), { code: 'bad-frame' });
    }
});

test('a stream number that does not fit 32 bits is our mistake', () => {
    for (const stream of [-1, 2 ** 32, 0.5]) assert.throws(() => encodeBinary(stream, new Uint8Array(1)), RangeError);
});

test('a control frame is a JSON object with a type; everything else is a bad frame', () => {
    assert.deepEqual(decodeControl(encodeControl({ type: 'ping', id: 1 })), { type: 'ping', id: 1 });
    for (const text of ['', '{', '[]', 'null', '1', '"x"', '{}', '{"type":1}', '[{"type":"ping"}]']) {
        assert.throws(() => decodeControl(text), { code: 'bad-frame' }, text);
    }
});
