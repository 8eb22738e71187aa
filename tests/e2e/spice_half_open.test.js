// A thousand connections that begin a link and never end it: a legal client is let in within a second, and all of them
// are closed within ten.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';
import { makeCertificate } from '../support/certificates.js';
import { Daemon } from '../support/daemon.js';
import { within } from '../support/deadline.js';
import { ScriptedGuest } from '../support/scripted_guest.js';
import { Sandbox } from '../support/sandbox.js';
import { SpiceClient } from '../support/spice.js';
import { ByteReader, linkMessage, readReply } from '../support/spice_link.js';
import { u32 } from '../support/vdi.js';

const CONNECTIONS = 1000;
const SERVED_MS = 1000;
const CLOSED_MS = 10_000;
const PER_ADDRESS = 2048; // half-open ones of one address, before its oldest goes

const LINK = linkMessage();
/** The start of a record that announces a hello of 512 bytes. */
const TLS_HELLO = Buffer.from('16030102000100', 'hex');

/** What a half-open connection sends, and then nothing. */
const STARTS = {
    nothing: () => {},
    'half a link': (socket) => socket.write(LINK.subarray(0, 20)),
    'the word GET': (socket) => socket.write('GE'),
    'a request without end': (socket) => socket.write('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n'),
    'a TLS hello without end': (socket) => socket.write(TLS_HELLO),
    'a whole link and no login': (socket) => socket.write(LINK),
    'a link and half a ticket': async (socket) => {
        const reader = new ByteReader(socket);
        socket.write(LINK);
        await readReply(reader);
        socket.write(Buffer.concat([u32(1), Buffer.alloc(64)]));
    },
};

async function connectAll(port, count, start = () => {}) {
    const sockets = [];
    for (let at = 0; at < count; ++at) {
        const socket = net.connect(port, '127.0.0.1').on('error', () => {});
        sockets.push(socket);
        await once(socket, 'connect');
        socket.resume();
        Promise.resolve(start(socket)).catch(() => {}); // it was closed before it came so far
    }
    return sockets;
}

describe('half-open SPICE connections', () => {
    /** @type {Sandbox} */ let sandbox;
    /** @type {Daemon} */ let daemon;
    /** @type {ScriptedGuest} */ let guest;
    let port;
    let idle;

    before(async () => {
        sandbox = await Sandbox.open();
        const { certificate, key, pem } = await makeCertificate(sandbox, 'bridge');
        daemon = await Daemon.start(sandbox, {
            sections: { server: { 'spice-listen': '127.0.0.1:0', 'tls-certificate': certificate, 'tls-key': key } },
            vms: { one: { guest: `unix-listen:${sandbox.path('agent.sock')}` } },
            ca: pem,
        });
        port = await daemon.spicePort();
        guest = await ScriptedGuest.connect(sandbox.path('agent.sock'));
        await assertServed();
        idle = daemon.rss();
    });
    after(async () => {
        await guest?.close();
        await daemon?.stop();
        await sandbox?.close();
    });

    /** A legal client links, logs in and hears of the agent. */
    async function assertServed() {
        const served = async () => {
            const client = await SpiceClient.connect({ port });
            await client.agent();
            await client.close();
        };
        await within(SERVED_MS, served(), 'a legal client is served');
    }

    async function assertAllClosed(sockets, since) {
        const ends = sockets.map((socket) => socket.closed || once(socket, 'close'));
        await within(CLOSED_MS - (Date.now() - since), Promise.all(ends), 'all half-open connections are closed');
    }

    test('of every kind together: legal clients are served, all are closed, memory comes back', async () => {
        const since = Date.now();
        const starts = Object.values(STARTS);
        let next = 0;
        const sockets = await connectAll(port, CONNECTIONS, (socket) => starts[next++ % starts.length](socket));
        for (let round = 0; round < 5; ++round) await assertServed();
        assert.ok(sockets.filter((socket) => !socket.closed).length > CONNECTIONS / 2, 'they stood meanwhile');
        daemon.assertMemoryFlat(idle, 64);
        await assertAllClosed(sockets, since);
        await assertServed();
        daemon.assertMemoryFlat(idle, 32);
    });

    test('a thousand whole links, each of which wants a key: a legal client does not wait for theirs', async () => {
        const since = Date.now();
        const sockets = await connectAll(port, CONNECTIONS, STARTS['a whole link and no login']);
        for (let round = 0; round < 5; ++round) await assertServed();
        for (const socket of sockets) socket.destroy();
        assert.ok(Date.now() - since < CLOSED_MS, 'before they were closed anyway');
        await assertServed();
    });

    test('more than one address may have: its oldest makes room', async () => {
        const sockets = await connectAll(port, PER_ADDRESS + 50);
        await assertServed();
        await within(5000, Promise.all(sockets.slice(0, 40).map((socket) => socket.closed || once(socket, 'close'))),
            'the oldest are closed before their time');
        assert.equal(sockets.at(-1).closed, false);
        for (const socket of sockets) socket.destroy();
    });
});

test('three times as many half-open links as descriptors: a legal client is served within a second', async (t) => {
    const sandbox = await Sandbox.open();
    let sockets = [];
    t.after(async () => {
        for (const socket of sockets) socket.destroy();
        await sandbox.close();
    });
    const guest = `one=unix-listen:${sandbox.path('agent.sock')}`;
    const admin = `unix:${sandbox.path('admin.sock')}`;
    const spice = ['--spice-listen', '127.0.0.1:0'];
    const args = ['serve', '--vm', guest, '--listen', '127.0.0.1:0', ...spice, '--admin', admin];
    const daemon = await Daemon.startWith(sandbox, args, { descriptors: 256 });
    const port = await daemon.spicePort();
    sockets = await connectAll(port, 768, STARTS['half a link']);
    for (let round = 0; round < 3; ++round) {
        const client = await within(SERVED_MS, SpiceClient.connect({ port }), 'a legal client is let in');
        await client.close();
    }
});
