/**
 * Every kind of control frame: who may send it, and what its members must be. Pure.
 *
 * Members that are not listed are ignored, and so are kinds that are not: a newer peer may send more.
 */

import { VmError } from './codes.js';

/** @typedef {import('./frame.js').Frame} Frame */
/** @typedef {(value: unknown) => boolean} Check */

/** @type {Check} */ export const text = value => typeof value === 'string';
/** @type {Check} */ export const flag = value => typeof value === 'boolean';
/** @type {Check} */ export const count = value => Number.isSafeInteger(value) && /** @type {number} */ (value) >= 0;
/** @type {Check} */ export const id = value => count(value) || text(value);
/** @type {Check} */ export const stream = value => count(value) && /** @type {number} */ (value) <= 0xffff_ffff;
/** @type {Check} */
export const selection = value => value === 'clipboard' || value === 'primary' || value === 'secondary';

/** @param {Check} check @returns {Check} */
export const maybe = check => value => value === undefined || value === null || check(value);
/** @param {Check} check @returns {Check} */
export const list = check => value => Array.isArray(value) && value.every(check);
/** @param {...string} words @returns {Check} */
const word = (...words) => value => words.includes(/** @type {string} */ (value));
/** @param {Record<string, Check>} members @returns {Check} */
export const object = members => value => typeof value === 'object' && value !== null && !Array.isArray(value) &&
    faultIn(members, /** @type {Record<string, unknown>} */ (value)) === null;

/**
 * @param {Record<string, Check>} members
 * @param {Record<string, unknown>} value
 * @returns {string | null}  the first member that is not as it must be
 */
function faultIn(members, value) {
    for (const [name, check] of Object.entries(members)) {
        if (!check(value[name])) return name;
    }
    return null;
}

const limits = object({
    clipboardBytes: count, clipboardFromGuestBytes: maybe(count), fileBytes: count, frameBytes: count,
    initialCredit: count,
});
const client = object({ id, kind: text, user: maybe(text), lead: flag });
/** Frames that either side sends. @type {Record<string, Record<string, Check>>} */
export const both = {
    'clipboard-release': { selection: maybe(selection) },
    'clipboard-request': { id, selection: maybe(selection), format: text },
    'clipboard-data': { id, format: text, text: maybe(text), stream: maybe(stream), size: maybe(count) },
    'clipboard-error': { id, code: text, message: maybe(text) },
    'credit': { stream, bytes: count },
    'ping': { id: maybe(id) },
    'pong': { id: maybe(id) },
};

/** Frames that the bridge sends. @type {Readonly<Record<string, Record<string, Check>>>} */
export const fromBridge = Object.freeze({
    ...both,
    'welcome': {
        protocol: word(/** @type {any} */ (1)), vm: text, client: id, user: maybe(text),
        agent: object({ connected: flag, capabilities: list(text) }), permissions: list(text), limits,
        lead: flag, resume: maybe(object({ token: text, graceSeconds: count })), resumed: maybe(flag),
        transfers: maybe(list(object({ id, stream, received: count }))),
    },
    'agent': { connected: flag, capabilities: list(text) },
    'clipboard-grab': { selection: maybe(selection), formats: list(text), serial: maybe(count) },
    'permissions': { permissions: list(text), limits },
    'clients': { clients: list(client) },
    'monitors-result': {
        id: maybe(id), status: word('applied', 'refused', 'superseded', 'unanswered'), code: maybe(text),
        message: maybe(text),
    },
    'lead': { client: maybe(id), you: flag },
    'file-status': {
        id, status: word('accepted', 'progress', 'done', 'cancelled', 'error'), sent: maybe(count), code: maybe(text),
        message: maybe(text), freeBytes: maybe(count),
    },
    'error': { code: text, message: maybe(text), about: maybe(text) },
});

/**
 * Hold a frame against the table.
 * @param {Frame} frame
 * @param {Readonly<Record<string, Record<string, Check>>>} [kinds]  or `fromClient` of client-messages.js
 * @returns {boolean}  whether the kind is known; an unknown one is to be ignored
 * @throws {VmError} `bad-frame`, naming kind and member
 */
export function checkFrame(frame, kinds = fromBridge) {
    if (!Object.hasOwn(kinds, frame.type)) return false;
    const fault = faultIn(kinds[frame.type], frame) ?? bodyFault(frame);
    if (fault !== null) throw new VmError('bad-frame', `${frame.type}: ${fault}`, { about: frame.type });
    return true;
}

/** Data come whole or as a stream of a known size, never both. @param {Frame} frame @returns {string | null} */
function bodyFault(frame) {
    if (frame.type !== 'clipboard-data') return null;
    const whole = typeof frame.text === 'string';
    const streamed = frame.stream != null && frame.size != null;
    return whole === streamed ? 'text or stream and size' : null;
}
