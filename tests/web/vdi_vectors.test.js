// The vectors of the guest's port, read by a decoder that shares nothing with the C++ one: a vector that both read alike
// is right, or two people were wrong in the same way.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import { chunk, message, MessageReader, Port } from '../support/vdi.js';
import { decodePayload, Truncated, TYPE_NAMES } from '../support/vdi_payload.js';

const load = (name) => JSON.parse(readFileSync(new URL(`../vectors/${name}`, import.meta.url), 'utf8'));
const vdi = load('vdi.json');
const streams = [...vdi.streams, ...load('traces.json').streams];

const PORTS = ['none', 'client', 'server'];
const TYPES = Object.fromEntries(Object.entries(TYPE_NAMES).map(([number, name]) => [name, Number(number)]));
const LARGEST_ANNOUNCE = 260;
const LARGEST_UNKNOWN = 1024 * 1024;

/** "01 00 41*2020", or a list of such. */
function bytesOf(hex) {
    const tokens = [hex].flat().join(' ').split(' ').filter(Boolean);
    return Buffer.concat(tokens.map((token) => Buffer.alloc(Number(token.slice(3) || 1), parseInt(token.slice(0, 2), 16))));
}

/** The value with its bytes as bytes. */
const withBytes = (value) => ('data' in value ? { ...value, data: bytesOf(value.data) } : value);

function decoded(port, type, payload, dialect) {
    try {
        return { port, type: TYPE_NAMES[type], value: decodePayload(type, payload, dialect) };
    } catch (error) {
        if (error instanceof Truncated) return { port, type: TYPE_NAMES[type], refused: 'truncated' };
        throw error;
    }
}

/** Takes whole messages from the front of `state.bytes`. */
function* messagesOf(port, state, dialect) {
    while (state.bytes.length >= 20) {
        const [protocol, type, size] = [0, 4, 16].map((at) => state.bytes.readUInt32LE(at));
        if (protocol !== 1) return yield { fault: 'bad protocol' };
        const known = type in TYPE_NAMES;
        if (size > (known ? Infinity : LARGEST_UNKNOWN) || (TYPE_NAMES[type] === 'announce-capabilities' && size > LARGEST_ANNOUNCE))
            return yield { fault: 'too large' };
        if (state.bytes.length < 20 + size) return;
        const payload = state.bytes.subarray(20, 20 + size);
        state.bytes = state.bytes.subarray(20 + size);
        yield known ? decoded(port, type, payload, dialect) : { port, skipped: type, size };
    }
}

/** What comes of a byte stream, in the plainest way: each port's bytes in a buffer, and messages from its front. */
function* eventsOf(bytes, dialect, ports) {
    while (bytes.length >= 8) {
        const [number, size] = [bytes.readUInt32LE(0), bytes.readUInt32LE(4)];
        if (number >= PORTS.length) return yield { fault: 'bad port' };
        const state = ports[number];
        state.bytes = Buffer.concat([state.bytes, bytes.subarray(8, 8 + size)]);
        bytes = bytes.subarray(8 + size);
        for (const event of messagesOf(PORTS[number], state, dialect)) {
            yield event;
            if (event.fault) return;
        }
    }
}

test('every vector has a name and a story of its own', () => {
    const all = [...vdi.messages, ...streams];
    assert.equal(new Set(all.map(({ name }) => name)).size, all.length);
    assert.equal(new Set(all.map(({ story }) => story)).size, all.length);
});

test('every type of message has a vector', () => {
    assert.deepEqual([...new Set(vdi.messages.map(({ type }) => TYPES[type]))].sort((a, b) => a - b), Object.keys(TYPE_NAMES).map(Number));
});

for (const vector of vdi.messages) {
    test(`message ${vector.name}: ${vector.story}`, () => {
        const bytes = bytesOf(vector.hex);
        const [read, ...more] = new MessageReader().push(bytes);
        assert.equal(more.length, 0);
        assert.equal(read.port, Port[vector.port]);
        assert.equal(read.type, TYPES[vector.type]);
        assert.deepEqual(decodePayload(read.type, read.payload, vector.dialect), withBytes(vector.value));
        assert.deepEqual(chunk(read.port, message(read.type, read.payload)), bytes);
    });
}

for (const vector of streams) {
    test(`stream ${vector.name}: ${vector.story}`, () => {
        const ports = PORTS.map(() => ({ bytes: Buffer.alloc(0) }));
        const events = [...eventsOf(bytesOf(vector.hex), vector.dialect, ports)];
        assert.deepEqual(events, vector.events.map((event) => (event.value ? { ...event, value: withBytes(event.value) } : event)));
        if (!events.at(-1)?.fault) assert.equal(ports.some(({ bytes }) => bytes.length > 0), vector.unfinished === true);
    });
}

for (const vector of vdi.streams.filter(({ written }) => written)) {
    test(`stream ${vector.name} obeys the rules for what a host may write`, () => {
        assert.equal(new MessageReader().push(bytesOf(vector.hex)).length, vector.events.length);
    });
}
