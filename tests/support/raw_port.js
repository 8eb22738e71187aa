// A client of a raw port: what came, and what it was told, as one can wait for it.

import WebSocket from 'ws';
import { eventually } from './deadline.js';

export class RawPortClient {
    /** @type {Buffer} all bytes that came */ got = Buffer.alloc(0);
    /** @type {any[]} the states that it was told */ states = [];
    /** @type {{ code: number, reason: string } | null} how it ended */ closed = null;
    /** @type {WebSocket} */ socket;

    /** @param {{ port: number }} daemon @param {string} path  `/vms/VM/ports/PORT` and a query */
    constructor(daemon, path) {
        this.socket = new WebSocket(`ws://127.0.0.1:${daemon.port}${path}`, ['binary']);
        this.socket.on('message', (data, isBinary) => {
            if (isBinary) this.got = Buffer.concat([this.got, /** @type {Buffer} */ (data)]);
            else this.states.push(JSON.parse(String(data)));
        });
        this.socket.on('error', () => {});
        this.socket.on('close', (code, reason) => (this.closed = { code, reason: String(reason) }));
    }

    static async open(daemon, path) {
        const client = new RawPortClient(daemon, path);
        await eventually('the WebSocket is open', () => client.socket.readyState !== WebSocket.CONNECTING);
        return client;
    }

    /** @param {string | Uint8Array} bytes */
    write(bytes) {
        this.socket.send(Buffer.from(bytes));
    }

    /** @param {RegExp | string} what */
    async shows(what) {
        const there = () => (typeof what === 'string' ? String(this.got).includes(what) : what.test(String(this.got)));
        await eventually(`${what} is shown`, there, { timeoutMs: 10000 });
    }

    async isTold(state) {
        await eventually(`it is told ${JSON.stringify(state)}`, () =>
            JSON.stringify(this.states.at(-1)) === JSON.stringify({ type: 'port', ...state }), { timeoutMs: 10000 });
    }

    async ended() {
        await eventually('the connection has ended', () => this.closed !== null, { timeoutMs: 15000 });
        return this.closed;
    }

    close() {
        this.socket.close();
    }
}
