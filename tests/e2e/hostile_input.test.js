// Rubbish from a guest and from clients: a named error, that peer closed at most, memory flat, everybody else
// untouched.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import net from 'node:net';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { Bed } from '../support/bed.js';
import { Client } from '../support/client.js';
import { eventually, within } from '../support/deadline.js';
import { bulkFrame } from '../support/streams.js';
import { chunk, Format, message, Port, Type, u32 } from '../support/vdi.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const HUGE = 0xffffffff;
const MEMORY_MARGIN_MIB = 16;
const ALL_FORMATS = [Format.text, Format.png, Format.bmp, Format.tiff, Format.jpg];
const FLOOD_BYTES = 32 * MIB;

const zeros = (length) => Buffer.alloc(length);

/** What a hostile guest writes, by what is wrong with it. */
const FROM_GUEST = {
    'a chunk of 2^32-1 bytes on port 1': [chunk(Port.client, zeros(64 * KIB), HUGE)],
    'a chunk of 2^32-1 bytes that begins a clipboard': [
        chunk(Port.client, message(Type.clipboard, zeros(64), { size: HUGE - 20 }), HUGE),
    ],
    'chunks of no bytes at all': Array(1000).fill(chunk(Port.client, zeros(0))),
    'port 0': [chunk(0, message(Type.announce, u32(1, 0x20)))],
    'port 3': [chunk(3, message(Type.announce, u32(1, 0x20)))],
    'port 2^32-1': [chunk(HUGE, message(Type.announce, u32(1, 0x20)))],
    "the server's port": [chunk(Port.server, message(Type.clientDisconnected))],
    'protocol 2': [chunk(Port.client, message(Type.announce, u32(1, 0x20), { protocol: 2 }))],
    'an unknown type': [chunk(Port.client, message(99, zeros(100)))],
    'an unknown type of 2^32-1 bytes': [chunk(Port.client, message(99, zeros(100), { size: HUGE }))],
    "a message that goes on past its chunk's end": [chunk(Port.client, message(Type.reply, zeros(8), { size: 4 }))],
    'an announce without any word': [chunk(Port.client, message(Type.announce, u32(0)))],
    'an announce of half a word': [chunk(Port.client, message(Type.announce, zeros(2)))],
    'a grab of a million formats': [chunk(Port.client, message(Type.grab, zeros(4 * MIB)))],
    'a grab of half a format': [chunk(Port.client, message(Type.grab, zeros(9)))],
    'an answer that nobody asked for': [chunk(Port.client, message(Type.clipboard, zeros(3 * MIB)))],
    'a status of an unknown transfer': [chunk(Port.client, message(Type.fileStatus, u32(4711, 3)))],
    'an empty status': [chunk(Port.client, message(Type.fileStatus))],
    'a reply to nothing': [chunk(Port.client, message(Type.reply, u32(2, 1)))],
    'a request for an unknown format': [chunk(Port.client, message(Type.request, u32(0, 4711)))],
    'a request of selection 255': [chunk(Port.client, message(Type.request, u32(255, Format.text)))],
    'what only hosts may send': [
        Type.mouseState,
        Type.monitorsConfig,
        Type.fileStart,
        Type.fileData,
        Type.maxClipboard,
    ].map((type) => chunk(Port.client, message(type, zeros(40)))),
    ...Object.fromEntries(
        Object.entries(Type).map(([name, type]) => [
            `${name} of 2^32-1 bytes`,
            [chunk(Port.client, message(type, zeros(1024), { size: HUGE }))],
        ]),
    ),
};

/** What no reading can go on after, and how the log names it; all else leaves the connection as it is. */
const FATAL = {
    'port 3': /bad port/,
    'port 2^32-1': /bad port/,
    'protocol 2': /bad protocol/,
    'an unknown type of 2^32-1 bytes': /too large/,
    'a grab of a million formats': /too large/,
    ...Object.fromEntries(Object.keys(Type).filter((name) => !['clipboard', 'fileData'].includes(name))
        .map((name) => [`${name} of 2^32-1 bytes`, /too large/])),
};

describe('a hostile guest', () => {
    /** @type {Bed} */ let bed;
    /** @type {Client} */ let evilClient;
    /** @type {Client} */ let otherClient;
    let idle;

    before(async () => {
        bed = await Bed.start({ vms: ['other'], scripted: ['evil'] });
        [evilClient, otherClient] = [await bed.client('evil'), await bed.client('other')];
        await assertOtherServed();
        idle = bed.daemon.rss();
    });
    after(() => bed?.close());

    async function assertOtherServed() {
        otherClient.inbox.clear();
        const text = `untouched ${Math.random()}`;
        await bed.desktop.x11.copy(text);
        await otherClient.next('clipboard-grab');
        assert.equal((await otherClient.read()).text, text);
    }

    /** The same machine serves a well-behaved guest, on the same port. */
    async function assertServesNext() {
        const guest = await bed.guest('evil');
        await guest.grab(...ALL_FORMATS); // which no hostile one offered
        await evilClient.next('clipboard-grab', (grab) => grab.formats.length === ALL_FORMATS.length);
        const reading = evilClient.read();
        await guest.next(Type.request);
        await guest.giveText('good again');
        assert.equal((await reading).text, 'good again');
        await guest.close();
    }

    const assertMemoryFlat = () => bed.daemon.assertMemoryFlat(idle, MEMORY_MARGIN_MIB);

    for (const [what, pieces] of Object.entries(FROM_GUEST)) {
        test(`sends ${what}`, async () => {
            const guest = await bed.guest('evil');
            const logged = bed.daemon.log.length;
            for (const piece of pieces) await guest.raw(piece);
            await guest.raw(chunk(Port.client, message(Type.reply, u32(2, 1))));
            assert.ok(bed.daemon.child.running, bed.daemon.log.slice(-2000));
            if (FATAL[what]) {
                await eventually('the guest is dropped and the fault named', () =>
                    FATAL[what].test(bed.daemon.log.slice(logged)) && /event=guest-gone vm=evil/.test(bed.daemon.log.slice(logged)));
            }
            await guest.close();
            await assertServesNext();
            assertMemoryFlat();
        });
    }

    for (const type of [Type.announce, Type.grab, Type.clipboard, Type.fileStatus, 99]) {
        test(`sends a message of type ${type} that never ends`, async () => {
            const guest = await bed.guest('evil');
            await guest.raw(chunk(Port.client, message(type, zeros(4), { size: HUGE })));
            const piece = chunk(Port.client, zeros(64 * KIB));
            for (let sent = 0; sent < FLOOD_BYTES && (await guest.raw(piece)); sent += piece.length) assertMemoryFlat();
            await guest.close();
            await assertServesNext();
            assertMemoryFlat();
        });
    }

    test('sends random bytes, again and again', async () => {
        for (let round = 0; round < 50; ++round) {
            const guest = await bed.guest('evil', { announce: round % 2 === 0 });
            await guest.raw(randomBytes(4 * KIB));
            await guest.close();
        }
        await assertServesNext();
        assertMemoryFlat();
    });

    test('grabs a hundred thousand times: no client is cut off, memory stays', async () => {
        const guest = await bed.guest('evil');
        for (let count = 0; count < 100_000; count += 1000) {
            await guest.raw(
                Buffer.concat(
                    Array.from({ length: 1000 }, (_, each) =>
                        chunk(Port.client, message(Type.grab, u32(0, count + each, Format.text))),
                    ),
                ),
            );
        }
        await evilClient.barrier();
        assertMemoryFlat();
        await guest.close();
    });

    test('leaves the other machine untouched', async () => {
        await assertOtherServed();
        assert.equal(otherClient.seen('agent').filter((frame) => !frame.connected).length, 0);
        assert.equal(otherClient.seen('error').length, 0);
    });
});

/** What a hostile client sends, by what is wrong with it. */
const FROM_CLIENT = {
    'no JSON': 'not json',
    'half a JSON': '{"type":"ping",',
    'an empty text': '',
    'an array': '[{"type":"ping"}]',
    'a number': '17',
    null: 'null',
    'no type': '{}',
    'a type that is no text': '{"type":5}',
    'a request without an id': '{"type":"clipboard-request","format":"text/plain"}',
    'a request with a negative id': '{"type":"clipboard-request","id":-1,"format":"text/plain"}',
    'a request with an id past 2^53': '{"type":"clipboard-request","id":9007199254740993,"format":"text/plain"}',
    'an unknown selection': '{"type":"clipboard-grab","selection":"fourth","formats":["text/plain"]}',
    'formats that are no list': '{"type":"clipboard-grab","formats":"text/plain"}',
    'a file of a negative size': '{"type":"file-start","id":1,"name":"a","size":-1,"stream":1}',
    'a file without a name': '{"type":"file-start","id":1,"size":1,"stream":1}',
    'monitors that are none': '{"type":"monitors","id":1,"monitors":[{}]}',
    'a mouse without a place': '{"type":"mouse","display":0,"buttons":[]}',
    'JSON a thousand levels deep': `${'['.repeat(1000)}${']'.repeat(1000)}`,
    'bytes without a stream number': Buffer.alloc(3),
    'bytes on an unknown stream': bulkFrame(4711, Buffer.from('whose are these?')),
    'credit beyond any number': '{"type":"credit","stream":1,"bytes":1e300}',
};

describe('a hostile client', () => {
    /** @type {Bed} */ let bed;
    /** @type {Client} */ let good;
    /** @type {import('../support/scripted_guest.js').ScriptedGuest} */ let guest;
    let idle;

    before(async () => {
        bed = await Bed.start({ vms: [], scripted: ['one'] });
        guest = await bed.guest();
        good = await bed.client();
        await good.agent();
        idle = bed.daemon.rss();
    });
    after(() => bed?.close());

    const connect = () => Client.connect(bed.daemon.url('one'));
    const refused = (client) => client.next('error', (frame) => frame.code === 'bad-frame');

    async function assertOthersUntouched() {
        await good.barrier();
        assert.deepEqual(good.seen('error'), []);
        bed.daemon.assertMemoryFlat(idle, MEMORY_MARGIN_MIB);
    }

    for (const [what, frame] of Object.entries(FROM_CLIENT)) {
        test(`sends ${what}: told bad-frame, and served on or closed`, async () => {
            const client = await connect();
            client.sendRaw(frame, { binary: typeof frame !== 'string' });
            await refused(client);
            await client.barrier().catch(() => client.closedByPeer());
            await client.close();
            await assertOthersUntouched();
        });
    }

    test('sends a frame of an unknown type or with unknown members: ignored', async () => {
        const client = await connect();
        client.send({ type: 'invented', id: 1 });
        client.send({ type: 'ping', id: 5, invented: { deep: [1, 2, 3] } });
        await client.next('pong', (frame) => frame.id === 5);
        assert.deepEqual(client.seen('error'), []);
        await client.close();
    });

    test('sends more bytes than its credit: told bad-frame', async () => {
        const client = await connect();
        client.send({ type: 'file-start', id: 1, name: 'greedy.bin', size: 64 * MIB, stream: 9 });
        const frame = bulkFrame(9, zeros(Math.min(client.limits.frameBytes, client.limits.initialCredit)));
        for (let sent = 0; sent <= 4 * MIB; sent += frame.length) client.sendRaw(frame);
        await refused(client);
        await client.close();
        await assertOthersUntouched();
    });

    test('sends more bytes than it announced: told bad-frame', async () => {
        const client = await connect();
        client.send({ type: 'file-start', id: 1, name: 'short.bin', size: 10, stream: 9 });
        client.sendRaw(bulkFrame(9, zeros(11)));
        await refused(client);
        await client.close();
    });

    test('uses an id, or a stream, twice at once: told bad-frame', async () => {
        const client = await connect();
        client.send({ type: 'file-start', id: 1, name: 'a.bin', size: MIB, stream: 9 });
        client.send({ type: 'file-start', id: 1, name: 'b.bin', size: MIB, stream: 10 });
        await client.inbox.next((frame) => frame.code === 'bad-frame', { what: 'bad-frame for the id' });
        client.send({ type: 'file-start', id: 2, name: 'c.bin', size: MIB, stream: 9 });
        await client.inbox.next((frame) => frame.code === 'bad-frame', { what: 'bad-frame for the stream' });
        await client.close();
    });

    test('sends a payload over the frame limit, or a text without end: closed at most', async () => {
        for (const frame of [bulkFrame(1, zeros(16 * MIB)), `"${'x'.repeat(4 * MIB)}"`]) {
            const client = await connect();
            client.sendRaw(frame);
            const { code } = await client.closedByPeer();
            assert.ok([1008, 1009].includes(code) || code === 1006, `close code ${code}`);
            await assertOthersUntouched();
        }
    });

    test('sends a text frame that is no UTF-8: closed at most', async () => {
        const client = await connect();
        client.sendRaw(Buffer.from([0x22, 0xff, 0xfe, 0x22]), { binary: false });
        await refused(client).catch(() => client.closedByPeer());
        await assertOthersUntouched();
    });

    test('asks without end and never reads: cut off at most, memory stays', async () => {
        const client = await connect();
        client.pause();
        for (let id = 0; id < 200_000 && !client.closed; ++id) client.send({ type: 'ping', id });
        await good.barrier();
        client.cut();
        await assertOthersUntouched();
    });

    test('speaks no HTTP: others are served', async () => {
        for (const rubbish of [
            randomBytes(4 * KIB),
            Buffer.from('GET / HTTP/1.1\r\n' + 'x: y\r\n'.repeat(100_000)),
            Buffer.from('\r\n\r\n'),
        ]) {
            const socket = net.connect(bed.daemon.port, '127.0.0.1').on('error', () => {});
            await once(socket, 'connect');
            socket.write(rubbish);
            const ended = within(2000, once(socket, 'close'), 'closed').catch(() => {});
            socket.resume();
            assert.equal((await bed.daemon.get('/healthz')).status, 200);
            await Promise.race([ended, assertOthersUntouched()]);
            socket.destroy();
        }
    });

    test('leaves nothing behind: the guest is served to others', async () => {
        guest.inbox.clear();
        await guest.grab(Format.text);
        await good.next('clipboard-grab');
        const reading = good.read();
        await guest.next(Type.request);
        await guest.giveText('all is well');
        assert.equal((await reading).text, 'all is well');
    });
});
