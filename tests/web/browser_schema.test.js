// The published schemas, the vectors and the table of codes say the same.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import Ajv from 'ajv/dist/2020.js';

const read = (path) => JSON.parse(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8'));
const vectors = read('tests/vectors/browser_frames.json');
const table = read('tests/vectors/codes.json');
const schemas = {
    fromClient: read('proto/browser/client-frames.schema.json'),
    fromBridge: read('proto/browser/server-frames.schema.json'),
};
const ajv = new Ajv({ strict: true, allErrors: false });

for (const [way, schema] of Object.entries(schemas)) {
    const validate = ajv.compile(schema);
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
