// Holds frames against the published schema of vmcbridge.v1.

import { readFileSync } from 'node:fs';
import Ajv from 'ajv/dist/2020.js';

const schema = JSON.parse(readFileSync(new URL('../../proto/browser/server-frames.schema.json', import.meta.url), 'utf8'));
const ajv = new Ajv({ strict: true, allErrors: false });
ajv.addSchema(schema);

/** Throws when a frame from the daemon is not what the schema says. */
export function checkFrame(frame) {
    // The frame's own definition, not the choice between all of them: its errors name the member.
    const known = schema.oneOf.some(({ $ref }) => $ref === `#/$defs/${frame?.type}`);
    const validate = ajv.getSchema(known ? `${schema.$id}#/$defs/${frame.type}` : schema.$id);
    if (validate(frame)) return;
    throw new Error(`the daemon sent a frame against the schema: ${ajv.errorsText(validate.errors)}\n${JSON.stringify(frame).slice(0, 500)}`);
}
