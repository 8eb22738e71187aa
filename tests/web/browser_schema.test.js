// The published schemas, the vectors, the table of codes, the specification and the browser library say the same.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import Ajv from 'ajv/dist/2020.js';
import { codes } from '../../web/lib/codes.js';
import { decodeBinary, decodeControl, encodeBinary } from '../../web/lib/frame.js';
import { fromClient } from '../../web/lib/client-messages.js';
import { checkFrame, fromBridge } from '../../web/lib/messages.js';

const readText = (path) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const read = (path) => JSON.parse(readText(path));
const vectors = read('tests/vectors/browser_frames.json');
const table = read('tests/vectors/codes.json');
const schemas = {
    fromClient: read('proto/browser/client-frames.schema.json'),
    fromBridge: read('proto/browser/server-frames.schema.json'),
};
const ajv = new Ajv({ strict: true, allErrors: false });
for (const schema of Object.values(schemas)) ajv.addSchema(schema);

for (const [way, schema] of Object.entries(schemas)) {
    const validate = ajv.getSchema(schema.$id);
    const faults = () => ajv.errorsText(validate.errors);

    for (const { name, frame, text, ...vector } of vectors[way].valid) {
        if (vector.schema === false) continue; // a type that is to be ignored
        test(`${way}: ${name}, as the schema has it`, () => {
            assert.ok(validate(frame ?? JSON.parse(text)), faults());
        });
    }

    for (const { name, frame, text, ...vector } of vectors[way].invalid) {
        if (vector.schema === false || (text !== undefined && !isJson(text))) continue; // nothing that a schema can tell
        test(`${way}: ${name} is against the schema`, () => {
            assert.equal(validate(text === undefined ? frame : JSON.parse(text)), false);
        });
    }

    test(`${way}: every type in the schema has a valid vector`, () => {
        const shown = new Set(vectors[way].valid.map(({ frame, text }) => (frame ?? JSON.parse(text)).type));
        for (const type of typesOf(schema)) assert.ok(shown.has(type), type);
    });

    test(`${way}: every type is listed once, under its own name`, () => {
        const types = typesOf(schema);
        assert.equal(new Set(types).size, types.length);
        for (const type of types) assert.equal(schema.$defs[type].properties.type.const, type);
    });
}

test('the schema of the bridge knows exactly the codes of the table', () => {
    assert.deepEqual(schemas.fromBridge.$defs.code.enum, table.codes.map(({ name }) => name));
});

test('what both ways share is the same in both schemas', () => {
    for (const name of ['id', 'bytes', 'stream', 'selection']) {
        assert.deepEqual(schemas.fromClient.$defs[name], schemas.fromBridge.$defs[name], name);
    }
});

test('the browser library knows exactly the codes of the table', () => {
    assert.deepEqual(Object.keys(codes), table.codes.map(({ name }) => name));
});

test('the browser library knows exactly the types of the schemas', () => {
    assert.deepEqual(Object.keys(fromClient).sort(), typesOf(schemas.fromClient).sort());
    assert.deepEqual(Object.keys(fromBridge).sort(), typesOf(schemas.fromBridge).sort());
});

for (const { name, frame } of vectors.fromBridge.valid) {
    test(`the browser library takes from the bridge: ${name}`, () => {
        assert.equal(checkFrame(decodeControl(JSON.stringify(frame))), true);
    });
}

for (const { name, hex, stream, payload } of vectors.binary.valid) {
    test(`the browser library reads and writes: ${name}`, () => {
        const bytes = unhex(hex);
        assert.deepEqual(decodeBinary(bytes), { stream, payload: unhex(payload) });
        assert.deepEqual(encodeBinary(stream, unhex(payload)), bytes);
    });
}

for (const { name, hex } of vectors.binary.invalid) {
    test(`the browser library refuses: ${name}`, () => {
        assert.throws(() => decodeBinary(unhex(hex)), { code: 'bad-frame' });
    });
}

test('the examples in the specification are valid frames', () => {
    const examples = [...readText('proto/browser/README.md').matchAll(/^    ([⇒⇐]) (\{.*?\})(?: {2,}\S.*)?$/gmu)];
    assert.ok(examples.length >= 10, `${examples.length} examples`);
    for (const [, way, text] of examples) {
        const validate = ajv.getSchema(schemas[way === '⇒' ? 'fromClient' : 'fromBridge'].$id);
        assert.ok(validate(JSON.parse(text)), `${text}: ${ajv.errorsText(validate.errors)}`);
    }
});

function unhex(hex) {
    return new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
}

function typesOf(schema) {
    return schema.oneOf.map(({ $ref }) => $ref.replace('#/$defs/', ''));
}

function isJson(text) {
    try {
        JSON.parse(text);
        return true;
    } catch {
        return false;
    }
}
