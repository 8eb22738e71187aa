import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { codes } from '../../web/lib/codes.js';
import { decodeBinary, decodeControl, encodeBinary } from '../../web/lib/frame.js';
import { fromClient } from '../../web/lib/client-messages.js';
import { checkFrame, fromBridge } from '../../web/lib/messages.js';

const read = name => JSON.parse(readFileSync(new URL(`../vectors/${name}`, import.meta.url), 'utf8'));
const vectors = read('browser_frames.json');
const bytes = hex => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

test('the codes are those of the table that C++ is held to', () => {
    assert.deepEqual(Object.keys(codes).sort(), read('codes.json').codes.map(({ name }) => name).sort());
});

for (const { name, frame, text } of vectors.fromBridge.valid) {
    test(`a frame of the bridge is accepted: ${name}`, () => {
        assert.equal(checkFrame(decodeControl(text ?? JSON.stringify(frame))), true);
    });
}

for (const { name, frame, text, value } of vectors.fromClient.valid) {
    if (value === null) continue;
    test(`a frame of a client is in our table: ${name}`, () => {
        assert.equal(checkFrame(decodeControl(text ?? JSON.stringify(frame)), fromClient), true);
    });
}

test('every kind in the vectors is in our tables, and the other way round', () => {
    const kindsOf = list => {
        const frames = list.filter(({ value }) => value !== null).map(({ frame, text }) => frame ?? JSON.parse(text));
        return [...new Set(frames.map(({ type }) => type))].sort();
    };
    assert.deepEqual(kindsOf(vectors.fromBridge.valid), Object.keys(fromBridge).sort());
    assert.deepEqual(kindsOf(vectors.fromClient.valid), Object.keys(fromClient).sort());
});

for (const { name, hex, stream, payload } of vectors.binary.valid) {
    test(`a binary frame comes out and goes in: ${name}`, () => {
        const decoded = decodeBinary(bytes(hex));
        assert.deepEqual([decoded.stream, [...decoded.payload]], [stream, [...bytes(payload)]]);
        assert.deepEqual([...encodeBinary(stream, bytes(payload))], [...bytes(hex)]);
    });
}

for (const { name, hex } of vectors.binary.invalid) {
    test(`a binary frame is refused: ${name}`, () => {
        assert.throws(() => decodeBinary(bytes(hex)), { code: 'bad-frame' });
    });
}
