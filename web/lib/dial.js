/**
 * How a socket is opened: from an address, from a function, or from one that the caller has already.
 */

import { VmError } from './codes.js';

/** @typedef {import('./channel.js').SocketLike} SocketLike */
/** @typedef {string | URL | SocketLike | (() => SocketLike | Promise<SocketLike>)} Target */
/** @typedef {string | (() => string | Promise<string>)} Token */

/**
 * @typedef {object} Dialler
 * @property {boolean} again  whether it can be used more than once
 * @property {(resume: string) => Promise<SocketLike>} dial
 */

export const PROTOCOL = 'vmcbridge.v1';

/**
 * @param {Target} target
 * @param {{ token?: Token, WebSocket?: new (url: string, protocols: string[]) => any, protocol?: string }} options
 *     protocol: the subprotocol, left out: the agent's
 * @returns {Dialler}
 */
export function makeDialler(target, options) {
    if (typeof target === 'function') return { again: true, dial: () => trying(target) };
    if (typeof target === 'object' && !(target instanceof URL)) return { again: false, dial: async () => target };
    return { again: true, dial: resume => dialAddress(target, resume, options) };
}

/** The token's text now: asked anew for each connection when it is a function. @param {Token | undefined} token */
export async function tokenText(token) {
    return typeof token === 'function' ? await trying(token) : token ?? '';
}

/**
 * What a caller's function could not do now it may do later; a VmError from it is its last word.
 * @template T
 * @param {() => T | Promise<T>} ask
 * @returns {Promise<T>}
 */
async function trying(ask) {
    try {
        return await ask();
    } catch (reason) {
        if (reason instanceof VmError) throw reason;
        throw new VmError('disconnected', /** @type {Error} */ (reason)?.message);
    }
}

/**
 * @param {string | URL} target
 * @param {string} resume
 * @param {Parameters<typeof makeDialler>[1]} options
 */
async function dialAddress(target, resume, options) {
    const { WebSocket: Socket = globalThis.WebSocket, protocol = PROTOCOL } = options;
    if (!Socket) throw new VmError('not-supported', 'No WebSocket here: give one as the option `WebSocket`.');
    const token = await tokenText(options.token);
    const url = webSocketUrl(target);
    if (resume) url.searchParams.set('resume', resume);
    return new Socket(url.href, token ? [protocol, `bearer.${token}`] : [protocol]);
}

/** An address as a page writes it (`/vms/web1/agent`, `https://…`) as a WebSocket's. @param {string | URL} target */
export function webSocketUrl(target) {
    const url = new URL(target, globalThis.location?.href);
    url.protocol = url.protocol.replace(/^http/, 'ws');
    return url;
}

/**
 * Where the bridge's HTTP interface tells about the machine of an agent's address.
 * @param {string | URL} target  `…/vms/NAME/agent`
 * @param {string} [part]  `/trace`
 */
export function apiUrl(target, part = '') {
    const url = webSocketUrl(target);
    url.protocol = url.protocol.replace(/^ws/, 'http');
    url.pathname = url.pathname.replace(/vms\/([^/]+)\/agent$/, `api/v1/vms/$1${part}`);
    url.search = '';
    return url;
}
