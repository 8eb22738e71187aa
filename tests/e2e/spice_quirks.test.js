// Habits of stock SPICE clients, played byte by byte, through the bridge to the real agent.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import net from 'node:net';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Bed } from '../support/bed.js';
import { pattern, textOfBytes } from '../support/data.js';
import { eventually, within } from '../support/deadline.js';
import { SpiceClient } from '../support/spice.js';
import { headerAlone } from '../support/spice_agent.js';
import { CommonCap, MainCap } from '../support/spice_link.js';
import { Format, Type, u32 } from '../support/vdi.js';

const SELECTION_BIT = 1 << 6;
const CLIPBOARD = (1 << 5) | SELECTION_BIT;

/** How PureSpice links, announces and cuts. */
const PURE_SPICE = {
    commonCaps: [CommonCap.authSelection | CommonCap.authSpice | CommonCap.miniHeader],
    channelCaps: [MainCap.nameAndUuid | MainCap.agentConnectedTokens],
    capabilities: CLIPBOARD,
    replyLimit: 200,
    cut: headerAlone,
};
/** Bytes of each AGENT_DATA of spice-html5. */
const HTML5_PIECE = 2042;
/** How the fork of spice-html5 does that has a clipboard. */
const HTML5_FORK = {
    commonCaps: [CommonCap.authSelection | CommonCap.miniHeader],
    channelCaps: [MainCap.agentConnectedTokens],
    capabilities: 0x867,
    cut: (whole) => {
        const pieces = [];
        for (let at = 0; at < whole.length; at += HTML5_PIECE) pieces.push(whole.subarray(at, at + HTML5_PIECE));
        return pieces;
    },
};

const digest = (bytes) => createHash('sha256').update(bytes).digest('hex');

describe('habits of SPICE clients', () => {
    /** @type {Bed} */ let bed;
    /** @type {number} */ let port;
    /** @type {Set<SpiceClient>} */ const clients = new Set();

    before(async () => {
        bed = await Bed.start({
            sections: { server: { 'spice-listen': '127.0.0.1:0' } },
            keys: { one: { 'primary-selection': 'true' } },
        });
        port = await bed.daemon.spicePort();
    });
    after(async () => {
        for (const client of clients) await client.close();
        await bed?.close();
    });

    async function connect(options = {}) {
        const client = await SpiceClient.connect({ port }, options);
        clients.add(client);
        if (options.start !== false) await client.agent();
        return client;
    }

    async function close(client) {
        clients.delete(client);
        await client.close();
    }

    const copyInGuest = async (client, bytes, options) => {
        client.agentInbox.clear();
        await bed.desktop.x11.copy(bytes, options);
        return (await client.nextAgent(Type.grab)).value;
    };

    test('PureSpice is ready after NAME, UUID and CHANNELS_LIST, and its buffer takes the link reply', async () => {
        const client = await connect(PURE_SPICE);
        assert.ok(client.link.size <= PURE_SPICE.replyLimit);
        assert.equal((await client.next('name')).name, 'one');
        await client.next('uuid');
        client.attachChannels();
        assert.deepEqual((await client.next('channels-list')).channels, []);
        await close(client);
    });

    test('PureSpice sees an agent without selections, and reads and offers text of any length', async () => {
        const client = await connect(PURE_SPICE);
        assert.equal(client.agentCapabilities & SELECTION_BIT, 0);
        for (const size of [1, 2023, 2024, 2025, 1_000_000]) {
            const bytes = textOfBytes(size);
            await copyInGuest(client, bytes);
            assert.equal((await client.read()).sha256, digest(bytes), `${size} bytes from the guest`);
            await bed.desktop.x11.newOwner(() => client.offer({ text: bytes }));
            assert.ok((await bed.desktop.x11.paste()).equals(bytes), `${size} bytes to the guest`);
        }
        await close(client);
    });

    test('PureSpice drops the rest of a message when the agent goes, and is understood afterwards', async () => {
        const client = await connect(PURE_SPICE);
        await bed.desktop.x11.newOwner(() => client.offer({ text: 'never sent' }));
        client.sendAgentData(Buffer.concat([u32(1, Type.clipboard, 0, 0, 5000)]));
        client.sendAgentData(Buffer.alloc(2000, 1));
        await agentRestarts(client);
        await copyInGuest(client, 'heard again');
        assert.equal((await client.read()).text, 'heard again');
        await close(client);
    });

    async function agentRestarts(client) {
        client.inbox.clear();
        await bed.desktop.reopened(async () => {
            await bed.desktop.stopAgent();
            await client.next('agent-disconnected');
            bed.desktop.startAgent();
        });
        await client.next('agent-connected-tokens', () => true, 10000);
        await client.agent();
    }

    test('a fork of spice-html5 is told of the clipboard alone, and gets what fits in one piece', async () => {
        const client = await connect(HTML5_FORK);
        await copyInGuest(client, 'short enough');
        assert.equal((await client.read()).text, 'short enough');
        client.agentInbox.clear();
        await bed.desktop.x11.copy('a selection', { selection: 'primary' });
        assert.equal((await copyInGuest(client, textOfBytes(100_000))).selection, 'clipboard');
        assert.equal((await client.read()).size, 0, 'it would misread the second piece');
        await copyInGuest(client, 'short again');
        assert.equal((await client.read()).text, 'short again');
        await close(client);
    });

    test('spice-html5 counts files from 0 and sends nothing of an empty one over and over', async () => {
        const client = await connect(HTML5_FORK);
        client.fileStart(0, 'empty of html5', 0);
        await client.nextAgent(Type.fileStatus, (value) => value.status === 'can-send-data');
        for (let round = 0; round < 300; ++round) client.fileData(0, Buffer.alloc(0));
        await client.nextAgent(Type.fileStatus, (value) => value.status === 'success');
        const content = pattern(200_000);
        const { status } = await client.sendFile('whole.bin', content, { id: 1 });
        assert.equal(status, 'success');
        const got = await readFile(path.join(bed.desktop.downloads, 'whole.bin'));
        assert.ok(got.equals(content.slice(0, content.size)));
        await close(client);
    });

    test('files that a client keeps over a restart of the agent concern nobody', async () => {
        const client = await connect();
        client.fileStart(7, 'lost.bin', 1_000_000);
        await client.nextAgent(Type.fileStatus, (value) => value.status === 'can-send-data');
        await agentRestarts(client);
        await client.fileData(7, Buffer.alloc(500_000));
        await client.fileData(8, Buffer.alloc(500_000));
        await client.barrier();
        assert.equal((await client.sendFile('found.bin', Buffer.from('found'), { id: 9 })).status, 'success');
        await close(client);
    });

    test('spice-gtk starts the agent and announces itself before it attaches channels', async () => {
        const client = await connect({ start: false });
        client.startAgent();
        client.announce(true);
        await client.agent();
        client.attachChannels();
        await client.next('channels-list');
        await close(client);
    });

    test('spice-gtk says nothing for a picture that it cannot serve: the guest is answered with nothing', async () => {
        const client = await connect();
        await bed.desktop.x11.newOwner(() => client.grab(['png']));
        const pasted = bed.desktop.x11.paste({ target: 'image/png' });
        await client.nextAgent(Type.request, (value) => value.format === 'png');
        assert.equal((await pasted).length, 0);
        await close(client);
    });

    test('spice-gtk answers text over its limit with no bytes, and others answer with the type NONE', async () => {
        const client = await connect();
        for (const format of [Format.text, Format.none]) {
            await bed.desktop.x11.newOwner(() => client.grab(['text']));
            const pasted = bed.desktop.x11.paste({ timeoutMs: 4000 });
            await client.nextAgent(Type.request);
            client.sendAgent(Type.clipboard, u32(0, format));
            assert.equal((await pasted).length, 0, `type ${format}`);
        }
        await close(client);
    });

    test('spice-gtk sends sixteen displays with physical sizes: the Linux agent takes the one that is on', async () => {
        const client = await connect();
        const display = ({ width = 0, height = 0 }) => u32(height, width, width ? 32 : 0, 0, 0);
        const table = [{ width: 1024, height: 600 }, ...Array.from({ length: 15 }, () => ({}))];
        const sizes = Buffer.alloc(4 * table.length);
        client.sendAgent(Type.monitorsConfig, Buffer.concat([u32(16, 3), ...table.map(display), sizes]));
        assert.equal((await client.nextAgent(Type.reply)).value.success, true);
        await eventually('the screen is 1024x600', async () => (await bed.desktop.x11.size()) === '1024x600');
        await close(client);
    });

    test('clients grant four billion tokens, again and again', async () => {
        const client = await connect();
        for (let i = 0; i < 3; ++i) client.grant(0xffffffff);
        await copyInGuest(client, textOfBytes(300_000));
        assert.equal((await client.read()).size, 300_000);
        await close(client);
    });

    test('clients finish a message that they began for an agent that has gone', async () => {
        const client = await connect();
        client.sendAgentData(Buffer.concat([u32(1, Type.clipboard, 0, 0, 4096, 0, Format.text), Buffer.alloc(2020)]));
        client.inbox.clear();
        await bed.desktop.reopened(async () => {
            await bed.desktop.stopAgent();
            await client.next('agent-disconnected');
            client.sendAgentData(Buffer.alloc(2048));
            client.sendAgentData(Buffer.alloc(20));
            bed.desktop.startAgent();
        });
        await client.next('agent-connected-tokens', () => true, 10000);
        await client.agent();
        assert.equal(client.closed, false);
        await close(client);
    });

    test('a WebSocket request may come in pieces', async () => {
        const socket = net.connect(port, '127.0.0.1').setNoDelay(true);
        await once(socket, 'connect');
        const lines = [
            'GET /any/path HTTP/1.1', `Host: 127.0.0.1:${port}`, 'Connection: Upgrade', 'Upgrade: websocket',
            'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
            'Sec-WebSocket-Protocol: binary', '', '',
        ];
        for (const byte of lines.join('\r\n')) await new Promise((resolve) => socket.write(byte, resolve));
        const [answer] = await within(5000, once(socket, 'data'), 'the answer to the handshake');
        assert.match(answer.toString(), /^HTTP\/1.1 101 .*\r\nSec-WebSocket-Protocol: binary\r\n/is);
        socket.destroy();
    });
});
