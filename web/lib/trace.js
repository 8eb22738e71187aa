/**
 * What became of things: the trace that the bridge keeps of a machine's clipboard, files and display.
 */

import { VmError } from './codes.js';
import { apiUrl } from './dial.js';

/** Time for all of it, also for a fresh access token, milliseconds. */
const DEADLINE = 10_000;

/**
 * One hop of something that went, or did not go, through the bridge.
 * @typedef {object} TraceEvent
 * @property {number} id
 * @property {string} at  ISO time
 * @property {'clipboard' | 'files' | 'display'} topic
 * @property {string} what  `grab`, `request`, `data`, `start` …
 * @property {'guest to bridge' | 'bridge to guest' | 'client to bridge' | 'bridge to client'} hop
 * @property {number | null} client
 * @property {'passed' | 'stopped'} outcome
 * @property {string | null} code  why it was stopped, of the table
 * @property {string} detail  for a person
 */
/** @typedef {{ vm: string, events: TraceEvent[] }} Trace  oldest first */

/**
 * @param {string | URL} address  the agent's @param {number | string | null} client  of whose events, and the guest's
 * @param {() => Promise<string>} token
 * @returns {Promise<Trace>}
 */
export function readTrace(address, client, token) {
    const abort = new AbortController();
    return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
            reject(new VmError('timeout'));
            abort.abort();
        }, DEADLINE);
        ask(address, client, token, abort.signal).then(resolve, reject).finally(() => clearTimeout(timer));
    });
}

/**
 * @param {string | URL} address @param {number | string | null} client @param {() => Promise<string>} askToken
 * @param {AbortSignal} signal
 * @returns {Promise<Trace>}
 */
async function ask(address, client, askToken, signal) {
    const url = apiUrl(address, '/trace');
    url.searchParams.set('client', `${client}`);
    const token = await askToken();
    const headers = token ? { authorization: `Bearer ${token}` } : undefined;
    const answer = await fetch(url, { headers, signal }).catch(reason => {
        throw new VmError('disconnected', reason.message);
    });
    const body = await answer.json().catch(() => null);
    if (answer.ok && body?.events) return body;
    if (body?.code) throw new VmError(body.code, body.detail);
    if (answer.ok || answer.status === 404) throw new VmError('not-supported', 'This bridge keeps no trace.');
    throw new VmError('forbidden', `The bridge answered with status ${answer.status}.`);
}
