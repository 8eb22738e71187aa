// A SPICE server that a test plays itself, for what SPICE's own never does. It answers each link and lets everybody in;
// what it says then is the test's.

import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { ByteReader } from './spice_link.js';
import { miniMessage } from './spice_main.js';
import { u32 } from './vdi.js';

const CAPABILITIES = 0x0b; // selection of the way to log in, tickets, the mini header
const LINK_HEADER_BYTES = 16;
const REPLY_BYTES = 178;
const CHOICE_AND_TICKET_BYTES = 4 + 128;
const INIT = 103;

/** @returns {Buffer} the first message of a main channel, whose session has an agent with ten tokens */
export function initMessage(session = 7) {
    return miniMessage(INIT, u32(session, 1, 1, 1, 1, 10, 0, 0));
}

export class ScriptedSpiceServer {
    /** @type {number} of loopback */ port;
    /** @type {number} links that came through */ links = 0;
    #server;
    #key = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'der', type: 'spki' });

    /** @param {(stream: net.Socket, server: ScriptedSpiceServer) => void} speak  called with each channel that is let in */
    static async start(speak) {
        const server = new ScriptedSpiceServer();
        server.#server = net.createServer((stream) => {
            stream.on('error', () => {});
            stream.setNoDelay(true);
            server.#link(stream).then(() => speak(stream, server), () => stream.destroy());
        });
        server.#server.listen(0, '127.0.0.1');
        await once(server.#server, 'listening');
        server.port = server.#server.address().port;
        return server;
    }

    async #link(stream) {
        const reader = new ByteReader(stream);
        const header = await reader.take(LINK_HEADER_BYTES);
        await reader.take(header.readUInt32LE(12));
        const fields = [u32(0), this.#key, u32(1, 1, REPLY_BYTES, CAPABILITIES, 0)];
        stream.write(Buffer.concat([Buffer.from('REDQ'), u32(2, 2, REPLY_BYTES + 8), ...fields]));
        await reader.take(CHOICE_AND_TICKET_BYTES);
        stream.write(u32(0));
        ++this.links;
    }

    close() {
        this.#server.close();
    }
}
