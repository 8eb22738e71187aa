// Holds frames against the published schema of vmcbridge.v1.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import path from 'node:path';
import Ajv from 'ajv/dist/2020.js';

const FOLDER = fileURLToPath(new URL('../../proto/browser', import.meta.url));

const validate = load();

/** Throws when a frame from the daemon is not what the schema says. */
export function checkFrame(frame) {
    if (!validate || validate(frame)) return;
    throw new Error(`the daemon sent a frame against the schema: ${JSON.stringify(validate.errors)}\n${JSON.stringify(frame).slice(0, 500)}`);
}

function load() {
    const names = !existsSync(FOLDER) ? [] : readdirSync(FOLDER).filter((name) => name.endsWith('.schema.json'));
    if (names.length === 0) return undefined;
    const ajv = new Ajv({ strict: true, allErrors: false });
    return ajv.compile(JSON.parse(readFileSync(path.join(FOLDER, names[0]), 'utf8')));
}
