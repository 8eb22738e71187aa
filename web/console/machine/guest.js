/**
 * What is asked of a machine's guest agent, over the bridge's API.
 */

import { apiUrl, VmError } from '../../lib/vmcbridge.js';

/** The bridge gives an agent ten seconds for all of it, milliseconds. */
const DEADLINE = 20_000;

/** @typedef {'shutdown' | 'reboot' | 'suspend'} Power */

/**
 * What the agent does not tell is left out. Every text is the machine's own word.
 * @typedef {object} GuestInfo
 * @property {string} version  of the agent
 * @property {string} [hostname]
 * @property {{ id: string, name: string, version: string, kernel: string, machine: string }} [os]
 * @property {{ interface: string, mac: string | null, address: string, prefix: number }[]} [addresses]
 * @property {{ name: string, since: number }[]} [users]  since: seconds of Unix time
 * @property {{ mountpoint: string, type: string, total: number | null, used: number | null }[]} [filesystems]  bytes
 * @property {boolean} power  whether we may switch it off
 */

/**
 * @typedef {object} Source
 * @property {string} address  of the machine's agent
 * @property {() => Promise<string>} token
 * @property {AbortSignal} signal
 */

/** @param {Source} source @returns {Promise<GuestInfo>} @throws {VmError} */
export function askGuest(source) {
    return request(source, '/guest', 'GET');
}

/** Resolves when the machine was asked; whether it does it is the machine's. @param {Source} source @param {Power} power */
export async function askPower(source, power) {
    await request(source, `/guest/${power}`, 'POST');
}

/** @param {Source} source @param {string} part @param {'GET' | 'POST'} method @returns {Promise<any>} */
async function request({ address, token, signal }, part, method) {
    const ended = AbortSignal.timeout(DEADLINE);
    const stop = new AbortController();
    for (const each of [signal, ended]) each.addEventListener('abort', () => stop.abort(), { signal: stop.signal });
    try {
        const bearer = await token();
        const headers = bearer ? { authorization: `Bearer ${bearer}` } : undefined;
        const answer = await fetch(apiUrl(address, part), { method, headers, signal: stop.signal }).catch(reason => {
            throw ended.aborted ? new VmError('timeout') : new VmError('disconnected', reason.message);
        });
        const body = await answer.json().catch(() => null);
        if (answer.ok && body) return body;
        throw problemOf(answer.status, body);
    } finally {
        stop.abort();
    }
}

/**
 * A refusal in words: the bridge's, and the agent's own where it gave some.
 * @param {number} status @param {{ code?: string, detail?: string, text?: string } | null} body
 */
export function problemOf(status, body) {
    if (!body?.code) return new VmError('guest-error', `The bridge answered with status ${status}.`);
    const { code, detail = '', text = '' } = body;
    const words = text === '' || detail.includes(text) ? detail : `${detail}: ${text}`;
    return new VmError(code, words.charAt(0).toUpperCase() + words.slice(1));
}
