// Rubbish on a SPICE port: a named error in the log, that connection closed at most, memory flat, everybody else
// untouched.

import assert from 'node:assert/strict';
import { constants, publicEncrypt, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';
import { Bed } from '../support/bed.js';
import { eventually, within } from '../support/deadline.js';
import { SPICE_GTK, SpiceClient, UNLIMITED } from '../support/spice.js';
import { ByteReader, linkMessage, LinkError, LinkRefused, readReply, ticket } from '../support/spice_link.js';
import { fullMessage, miniMessage, ToServer } from '../support/spice_main.js';
import { Format, message, Type, u32 } from '../support/vdi.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const HUGE = 0xffffffff;
const HOUR_MS = 3600_000;
const FLOOD_BYTES = 16 * MIB;
const TOKENS = 128; // that the daemon grants
const GUESSER = '127.0.0.66'; // whose wrong passwords are counted, apart from everybody else's
const NEIGHBOUR = '127.0.0.67'; // of one who is refused for that
const FULL_HEADER = [0x05]; // capabilities without MINI_HEADER

const zeros = (length) => Buffer.alloc(length);
/** Texts of the log stand in quotes where they have spaces. */
const field = (line, name) => line.match(new RegExp(`${name}=("[^"]*"|\\S+)`))?.[1].replaceAll('"', '');

/** A machine with a guest that the test plays, a good client on it, and the same beside it. */
class Scene {
    /** @type {Bed} */ bed;
    ports = {};
    guests = {};
    clients = {};
    idle;
    #texts = {};

    static async start() {
        const scene = new Scene();
        const keys = { 'spice-listen': '127.0.0.1:0' };
        scene.bed = await Bed.start({ vms: [], scripted: ['evil', 'other'], keys: { evil: keys, other: keys } });
        for (const vm of ['evil', 'other']) {
            scene.ports[vm] = await scene.bed.daemon.spicePort(vm);
            scene.guests[vm] = await scene.bed.guest(vm);
            scene.#answer(vm);
            scene.clients[vm] = await scene.connect({}, vm);
            await scene.clients[vm].agent();
        }
        await scene.assertOthersUntouched();
        scene.idle = scene.bed.daemon.rss();
        return scene;
    }

    async connect(options, vm = 'evil') {
        const since = this.bed.daemon.log.length;
        const client = await SpiceClient.connect({ port: this.ports[vm] }, options);
        client.stream.on('error', () => {});
        const peer = { address: `127.0.0.1:${client.stream.localPort}`, since }; // closed ones don't tell their port
        return Object.assign(client, { peer });
    }

    /** A connection of bytes alone. */
    async raw({ localAddress = '127.0.0.1', port = this.ports.evil } = {}) {
        const since = this.bed.daemon.log.length;
        const socket = net.connect({ port, host: '127.0.0.1', localAddress });
        await within(5000, once(socket, 'connect'), 'connection to the SPICE port');
        socket.setNoDelay(true).on('error', () => {});
        const peer = { address: `${localAddress}:${socket.localPort}`, since };
        return { socket, reader: new ByteReader(socket), peer };
    }

    /** Ports are used again: what is looked for came after the connection did. */
    #lineOf(event, { address, since }) {
        const lines = this.bed.daemon.log.slice(since).split('\n');
        return lines.find((line) => line.includes(`event=${event}`) && field(line, 'peer') === address);
    }

    /** How the log names what was wrong with this connection. */
    refusal(peer) {
        return eventually(`the log says why ${peer.address} was refused`, () => {
            const line = this.#lineOf('link-refused', peer) ?? this.#lineOf('login-failed', peer);
            return line && field(line, 'reason');
        });
    }

    /** Why the log says that this client went. */
    farewell(peer) {
        return eventually(`the log says why ${peer.address} was closed`, () => {
            const joined = this.#lineOf('client-connected', peer);
            const name = joined && field(joined, 'client');
            const lines = this.bed.daemon.log.split('\n').filter((line) => line.includes('event=client-disconnected'));
            const line = lines.find((each) => field(each, 'vm') === 'evil' && field(each, 'client') === name);
            return line && field(line, 'reason');
        });
    }

    /** Its guest's copy is read, on this machine and on the other one. */
    async assertOthersUntouched() {
        for (const vm of ['evil', 'other']) await within(1000, this.#copy(vm), `${vm} is served`);
        if (this.idle) this.bed.daemon.assertMemoryFlat(this.idle);
    }

    /** Whoever asks for the guest's copy gets it. */
    async #answer(vm) {
        const guest = this.guests[vm];
        while (!guest.closed) {
            const request = await guest.next(Type.request, HOUR_MS).catch(() => undefined);
            if (request) await guest.giveText(this.#texts[vm]);
        }
    }

    async #copy(vm) {
        const client = this.clients[vm];
        this.#texts[vm] = `untouched ${Math.random()}`;
        client.agentInbox.clear();
        await this.guests[vm].grab(Format.text);
        await client.nextAgent(Type.grab);
        assert.equal((await client.read()).text, this.#texts[vm]);
    }
}

/** Writes, and waits where the socket takes no more. */
async function write(socket, bytes) {
    if (socket.destroyed || socket.write(bytes)) return;
    await new Promise((go) => socket.once('drain', go).once('close', go));
}

async function closed(socket, timeoutMs = 5000) {
    if (!socket.closed) await within(timeoutMs, once(socket, 'close'), 'the daemon closes the connection');
}

/** Rows of a table, one for each value. */
const each = (values, name, row) => Object.fromEntries(values.map((value) => [`${name} ${value}`, row(value)]));

/** What a hostile client opens with, and the error that it is answered with. */
const LINKS = {
    'another magic': [linkMessage({ magic: 'REDX' }), 'invalidMagic'],
    'a magic that is wrong from its first byte': [Buffer.from('X'), 'invalidMagic'],
    '64 KiB of rubbish': [Buffer.concat([Buffer.from('\0'), randomBytes(64 * KIB)]), 'invalidMagic'],
    'a TLS hello where there is no TLS': [Buffer.from('160301020001', 'hex'), 'invalidMagic'],
    'HTTP of another method': [Buffer.from('POST / HTTP/1.1\r\n\r\n'), 'invalidMagic'],
    'AGENT_DATA of 2^32-1 bytes in place of the link': [
        miniMessage(ToServer.agentData, zeros(16), { size: HUGE }), 'invalidMagic',
    ],
    ...each([0, 1, 3, HUGE], 'major', (major) => [linkMessage({ major }), 'versionMismatch']),
    ...each([0, 17, 4097, HUGE], 'a size of', (size) => [linkMessage({ size }), 'invalidData']),
    ...each([2, 1025, 2 ** 30, HUGE], 'common words', (commonWords) => [linkMessage({ commonWords }), 'invalidData']),
    ...each([2, 1025, 2 ** 30, HUGE], 'channel words', (n) => [linkMessage({ channelWords: n }), 'invalidData']),
    ...each([0, 17, 22, 27, HUGE], 'capabilities at', (capsOffset) => [linkMessage({ capsOffset }), 'invalidData']),
    ...each([0, 2, 3, 9, 11, 255], 'channel', (channelType) => [linkMessage({ channelType }), 'channelNotAvailable']),
    'a second main channel': [linkMessage({ channelId: 1 }), 'channelNotAvailable'],
};

const inWords = { invalidMagic: 'invalid-magic', invalidData: 'invalid-data', versionMismatch: 'version-mismatch',
    channelNotAvailable: 'channel-not-available', badConnectionId: 'bad-connection-id' };

describe('a hostile link', () => {
    /** @type {Scene} */ let scene;
    before(async () => (scene = await Scene.start()));
    after(() => scene?.bed.close());

    for (const [what, [bytes, error]] of Object.entries(LINKS)) {
        test(`${what}: ${inWords[error]}`, async () => {
            const { socket, reader, peer } = await scene.raw();
            socket.write(bytes);
            const reply = await within(2000, readReply(reader), 'a reply');
            assert.equal(reply.error, LinkError[error]);
            assert.deepEqual([reply.size, reply.key.some(Boolean)], [178, false]);
            assert.equal(await scene.refusal(peer), inWords[error]);
            await closed(socket);
            await scene.assertOthersUntouched();
        });
    }

    test('byte by byte it is a link as well, and a wrong one is refused as soon as that shows', async () => {
        const { socket, reader } = await scene.raw();
        for (const byte of linkMessage()) await new Promise((sent) => socket.write(Buffer.from([byte]), sent));
        const { key } = await readReply(reader);
        for (const byte of Buffer.concat([u32(1), ticket(key, '')])) {
            await new Promise((sent) => socket.write(Buffer.from([byte]), sent));
        }
        assert.equal((await reader.take(4)).readUInt32LE(0), LinkError.ok);
        socket.destroy();
    });

    test('a foreign session: told after its login', async () => {
        const isRefusal = (error) => error instanceof LinkRefused && error.code === LinkError.badConnectionId;
        await assert.rejects(scene.connect({ connectionId: 0x11223344 }), isRefusal);
        const line = /event=link-refused .*reason=bad-connection-id/;
        await eventually('that is logged', () => line.test(scene.bed.daemon.log));
    });

    test('any minor version, and no capabilities at all: served', async () => {
        for (const fields of [{ minor: 0 }, { minor: HUGE }, { commonCaps: [], channelCaps: [] }, { size: 4096 }]) {
            const client = fields.size ? await paddedLink(scene) : await scene.connect(fields);
            await client.barrier();
            await client.close();
        }
    });

    for (const mechanism of [0, 2, 3, 0x6b, HUGE]) {
        test(`mechanism ${mechanism}: told invalid-data`, async () => {
            const { socket, reader, peer } = await scene.raw();
            socket.write(linkMessage());
            await readReply(reader);
            socket.write(u32(mechanism));
            assert.equal((await readReply(reader)).error, LinkError.invalidData);
            assert.match(await scene.refusal(peer), /not ours/);
            await closed(socket);
            await scene.assertOthersUntouched();
        });
    }

    test('AGENT_DATA of 2^32-1 bytes in place of the login: told invalid-data', async () => {
        const { socket, reader, peer } = await scene.raw();
        socket.write(linkMessage());
        await readReply(reader);
        socket.write(miniMessage(ToServer.agentData, zeros(64 * KIB), { size: HUGE }));
        assert.equal((await readReply(reader)).error, LinkError.invalidData);
        await scene.refusal(peer);
        await closed(socket);
        await scene.assertOthersUntouched();
    });

    const padding = constants.RSA_PKCS1_OAEP_PADDING;
    const oaep = (key, bytes) => publicEncrypt({ key, format: 'der', type: 'spki', padding, oaepHash: 'sha1' }, bytes);
    const TICKETS = {
        rubbish: [() => randomBytes(128), /not encrypted/],
        zeros: [() => zeros(128), /not encrypted/],
        'a password that opens nothing': [(key) => ticket(key, 'let me in'), /./],
        'a password of 70 bytes': [(key) => oaep(key, zeros(70).fill('x')), /./],
        'a password of 86 bytes without its end': [(key) => oaep(key, zeros(86).fill('x')), /./],
    };
    for (const [what, [make, reason]] of Object.entries(TICKETS)) {
        test(`a ticket of ${what}: told permission-denied`, async () => {
            const { socket, reader, peer } = await scene.raw({ localAddress: GUESSER });
            socket.write(linkMessage());
            const { key } = await readReply(reader);
            socket.write(Buffer.concat([u32(1), make(key)]));
            assert.equal((await within(5000, reader.take(4), 'a result')).readUInt32LE(0), LinkError.permissionDenied);
            assert.match(await scene.refusal(peer), reason);
            await closed(socket);
            await scene.assertOthersUntouched();
        });
    }

    test('half a ticket, then the end: closed', async () => {
        const { socket, reader } = await scene.raw();
        socket.write(linkMessage());
        const { key } = await readReply(reader);
        socket.end(Buffer.concat([u32(1), ticket(key, '').subarray(0, 64)]));
        await assert.rejects(reader.take(4), /closed/);
        await closed(socket);
        await scene.assertOthersUntouched();
    });

    test('more than a ticket: what follows is taken for messages', async () => {
        const { socket, reader, peer } = await scene.raw();
        socket.write(linkMessage());
        const { key } = await readReply(reader);
        socket.write(Buffer.concat([u32(1), ticket(key, ''), zeros(64 * KIB).fill(0xfe)]));
        assert.equal((await reader.take(4)).readUInt32LE(0), LinkError.ok);
        assert.match(await scene.farewell(peer), /^main channel: bad value/);
        await closed(socket);
        await scene.assertOthersUntouched();
    });

    test('megabytes behind a refused link are not kept', async () => {
        const { socket, reader } = await scene.raw();
        socket.write(linkMessage({ major: 9 }));
        assert.equal((await readReply(reader)).error, LinkError.versionMismatch);
        for (let sent = 0; sent < 8 * MIB && !socket.destroyed; sent += 64 * KIB) {
            await write(socket, zeros(64 * KIB));
            scene.bed.daemon.assertMemoryFlat(scene.idle);
        }
        await closed(socket);
        await scene.assertOthersUntouched();
    });
});

/** A link of the largest size: capabilities where they stand, and nothing behind them. */
async function paddedLink(scene) {
    const words = (4096 - 18 - 8) / 4;
    return scene.connect({ commonCaps: [0x0d, ...Array(Math.floor(words)).fill(0)], channelCaps: [0x0f] });
}

/** Every number that a client may send: the body that is right for it, and what becomes of that. */
const KNOWN = {
    1: zeros(4), 2: zeros(0), 3: zeros(12), 4: 'migration', 5: 'migration', 6: zeros(12), 101: zeros(8),
    102: 'migration', 103: 'migration', 104: zeros(0), 105: zeros(2), 106: u32(UNLIMITED), 107: zeros(0), 108: u32(1),
    109: 'migration', 110: 'migration', 111: 'migration', 112: zeros(40),
};
/** Of them, those of one size, which the daemon reads. */
const EXACT = [3, 6, 104, 105, 106, 108];
const NUMBERS = [...Array(131).keys(), 65535];

for (const [header, caps] of [['mini', {}], ['full', { commonCaps: FULL_HEADER }]]) {
    describe(`hostile messages with ${header} headers`, () => {
        /** @type {Scene} */ let scene;
        before(async () => (scene = await Scene.start()));
        after(() => scene?.bed.close());

        /** A client that sends this is closed; the log says why. */
        async function endsWith(reason, say, options = {}) {
            const client = await scene.connect({ ...caps, ...options });
            await say(client);
            await client.closedByPeer();
            assert.match(await scene.farewell(client.peer), reason);
        }

        test('unknown numbers: each is named and ends its connection', async () => {
            for (const number of NUMBERS.filter((each) => !(each in KNOWN))) {
                await endsWith(/^main channel: bad value .*type/, (client) => client.send(number));
            }
            await scene.assertOthersUntouched();
        });

        test('known ones: the connection stays', async () => {
            const client = await scene.connect(caps);
            for (const [number, body] of Object.entries(KNOWN).filter(([, each]) => each !== 'migration')) {
                client.send(Number(number), body);
                await client.barrier();
            }
            await client.close();
        });

        test('migration that nobody began: each is named and ends its connection', async () => {
            for (const number of Object.keys(KNOWN).filter((each) => KNOWN[each] === 'migration')) {
                await endsWith(/^migrate-.*: no migration is under way/, (client) => client.send(Number(number)));
            }
            await scene.assertOthersUntouched();
        });

        test('a byte too few: truncated', async () => {
            for (const number of EXACT.filter((each) => KNOWN[each].length > 0)) {
                await endsWith(/: truncated/, (client) => client.send(number, KNOWN[number].subarray(1)));
                await endsWith(/: truncated/, (client) => client.send(number));
            }
            await scene.assertOthersUntouched();
        });

        test('a byte too many, and sizes of 2^32-1: too large', async () => {
            const longer = [...EXACT.map((number) => [number, zeros(KNOWN[number].length + 1)]), [107, zeros(2049)]];
            for (const [number, body] of longer) {
                await endsWith(/^main channel: too large .*size/, (client) => client.send(number, body));
            }
            for (const number of Object.keys(KNOWN)) {
                await endsWith(/^main channel: too large .*size/, (client) =>
                    client.send(Number(number), zeros(100), { size: HUGE }));
            }
            await scene.assertOthersUntouched();
        });

        test('AGENT_DATA of 2^32-1 bytes before AGENT_START: too large', async () => {
            await endsWith(/^main channel: too large/,
                (client) => client.send(ToServer.agentData, zeros(2048), { size: HUGE }), { start: false });
        });

        test('AGENT_DATA before AGENT_START is thrown away, whatever it holds', async () => {
            const client = await scene.connect({ ...caps, start: false });
            for (let sent = 0; sent < 1000; ++sent) client.sendAgentData(zeros(2048).fill(0xee));
            client.startAgent();
            await client.announce(true);
            // The message that had begun before goes on: its header was nonsense, and so is what it is followed by.
            await client.closedByPeer().catch(() => client.barrier());
            await client.close();
            await scene.assertOthersUntouched();
        });

        test('messages cut anywhere are the same messages', async () => {
            const client = await scene.connect({ ...caps, pong: false });
            const make = (number, body) => header === 'mini' ? miniMessage(number, body) : fullMessage(7, number, body);
            const announce = message(Type.announce, u32(1, SPICE_GTK));
            const pieces = [announce.subarray(0, 7), announce.subarray(7, 21), announce.subarray(21)];
            const asData = pieces.map((piece) => make(ToServer.agentData, piece));
            const bytes = Buffer.concat([make(ToServer.attachChannels), ...asData]);
            for (let cut = 1; cut < bytes.length; ++cut) {
                for (const part of [bytes.subarray(0, cut), bytes.subarray(cut)]) {
                    await new Promise((sent) => client.stream.write(part, sent));
                }
                await client.next('channels-list');
                await client.nextAgent(Type.announce, ({ request }) => !request);
            }
            await client.close();
        });

        test('a sub-message list that points anywhere changes nothing', { skip: header === 'mini' }, async () => {
            const client = await scene.connect(caps);
            client.send(ToServer.attachChannels, zeros(0), { subList: HUGE });
            await client.next('channels-list');
            await client.close();
        });

        test('random bytes, again and again', async () => {
            for (let round = 0; round < 20; ++round) {
                const client = await scene.connect(caps);
                client.raw(Buffer.concat([randomBytes(4 * KIB), zeros(64).fill(0xff)]));
                await client.closedByPeer();
                await scene.farewell(client.peer);
            }
            await scene.assertOthersUntouched();
        });
    });
}

describe('hostile messages to the agent', () => {
    /** @type {Scene} */ let scene;
    before(async () => (scene = await Scene.start()));
    after(() => scene?.bed.close());

    const BULK = [Type.clipboard, Type.fileData];

    async function endsWith(reason, bytes) {
        const client = await scene.connect();
        await client.agent();
        client.sendAgentData(bytes);
        await client.closedByPeer();
        assert.match(await scene.farewell(client.peer), reason);
        await scene.assertOthersUntouched();
    }

    /** The client sends this and is served on. */
    async function stays(...pieces) {
        const client = await scene.connect();
        await client.agent();
        for (const piece of pieces) client.sendAgentData(piece);
        await client.barrier();
        await client.close();
        await scene.assertOthersUntouched();
    }

    for (const protocol of [0, 2, HUGE]) {
        test(`protocol ${protocol}: named, and the connection ends`, () =>
            endsWith(/^agent-data: bad protocol/, message(Type.announce, u32(1, 0x20), { protocol })));
    }

    for (const [name, type] of [...Object.entries(Type), ['an unknown type', 99]]) {
        if (!BULK.includes(type)) {
            test(`${name} of 2^32-1 bytes: too large`, () =>
                endsWith(/^agent-data: too large/, message(type, zeros(100), { size: HUGE })));
        }
        test(`${name} of no bytes: served on`, () => stays(message(type)));
        test(`${name} of 40 bytes of 0xff: refused or not, others are served`, async () => {
            const client = await scene.connect();
            await client.agent();
            client.sendAgentData(message(type, zeros(40).fill(0xff)));
            await Promise.race([client.barrier(), client.closedByPeer()]).catch(() => client.closedByPeer());
            await client.close();
            await scene.assertOthersUntouched();
        });
    }

    test('an unknown type of 100 bytes, AGENT_DATA of none, messages glued together: served on', () =>
        stays(
            message(99, zeros(100)),
            zeros(0),
            Buffer.concat([message(99), message(Type.release, u32(0)), message(99)]),
        ));

    test('a header byte by byte: served on', () =>
        stays(...[...message(Type.request, u32(0, Format.text))].map((byte) => Buffer.from([byte]))));

    for (const type of [...BULK, 99]) {
        test(`a message of type ${type} that never ends: memory stays`, async () => {
            const client = await scene.connect();
            await client.agent();
            const size = BULK.includes(type) ? HUGE : MIB;
            const heads = { [Type.clipboard]: u32(0, Format.text), [Type.fileData]: u32(7, size - 12, 0) };
            client.sendAgentData(message(type, heads[type] ?? zeros(0), { size }));
            let tokens = TOKENS - 3; // announcement and this
            const refunds = async () => (tokens += (await client.next('agent-token')).tokens);
            for (let sent = 0; sent < (type === 99 ? MIB - 4096 : FLOOD_BYTES); sent += 2048) {
                while (tokens === 0) await refunds();
                --tokens;
                await write(client.stream, miniMessage(ToServer.agentData, zeros(2048)));
                if (sent % MIB === 0) await scene.assertOthersUntouched();
            }
            assert.equal(client.stream.closed, false);
            await client.close();
            await scene.assertOthersUntouched();
        });
    }

    test('more AGENT_DATA than tokens: named, and the connection ends', async () => {
        const client = await scene.connect();
        await client.agent();
        const one = miniMessage(ToServer.agentData, message(Type.release, u32(0)));
        client.raw(Buffer.concat(Array(TOKENS + 10).fill(one)));
        await client.closedByPeer();
        assert.match(await scene.farewell(client.peer), /^agent-data: sent without a token/);
        await scene.assertOthersUntouched();
    });

    test('answers that nobody asked for, and files that nobody knows: served on', async () => {
        const client = await scene.connect();
        await client.agent();
        for (let round = 0; round < 10; ++round) {
            await client.data('text', zeros(200 * KIB));
            await client.fileData(4711, zeros(64 * KIB));
            await client.fileStatus(4711, 1);
        }
        await client.barrier();
        await client.close();
        await scene.assertOthersUntouched();
    });

    test('nonsense for key files, layouts and limits: served on', async () => {
        const client = await scene.connect();
        await client.agent();
        client.sendAgent(Type.fileStart, Buffer.concat([u32(1), randomBytes(2000)]));
        const keyFile = `[vdagent-file-xfer]\nname=a\nsize=${'9'.repeat(30)}\n`;
        client.sendAgent(Type.fileStart, Buffer.concat([u32(2), Buffer.from(keyFile)]));
        client.sendAgent(Type.monitorsConfig, u32(HUGE, HUGE));
        client.sendAgent(Type.monitorsConfig, Buffer.concat([u32(1, 0), u32(HUGE, HUGE, HUGE, HUGE, HUGE)]));
        client.sendAgent(Type.maxClipboard, u32(0x80000000));
        client.sendAgent(Type.grab, u32(0, 0, ...Array(60).fill(HUGE)));
        client.sendAgent(Type.request, u32(255, 255));
        await client.barrier();
        await client.close();
        await scene.assertOthersUntouched();
    });
});

describe('a WebSocket on the SPICE port', () => {
    /** @type {Scene} */ let scene;
    before(async () => (scene = await Scene.start()));
    after(() => scene?.bed.close());

    const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
    const handshake = (fields = {}, { path = '/', version = 'HTTP/1.1', extra = '' } = {}) => {
        const all = {
            Host: `127.0.0.1:${scene.ports.evil}`,
            Upgrade: 'websocket',
            Connection: 'Upgrade',
            'Sec-WebSocket-Key': KEY,
            'Sec-WebSocket-Version': '13',
            'Sec-WebSocket-Protocol': 'binary',
            ...fields,
        };
        const present = Object.entries(all).filter(([, value]) => value !== undefined);
        const lines = present.map(([name, value]) => `${name}: ${value}\r\n`);
        return Buffer.from(`GET ${path} ${version}\r\n${lines.join('')}${extra}\r\n`);
    };

    const MASK = Buffer.from([0x12, 0x34, 0x56, 0x78]);
    /** A client's frame. @param {number} first  FIN, reserved bits and opcode */
    function frame(first, payload = zeros(0), { masked = true, length = payload.length } = {}) {
        const long = length > 0xffff ? Buffer.alloc(8) : length > 125 ? Buffer.alloc(2) : zeros(0);
        if (long.length === 8) long.writeBigUInt64BE(BigInt(length));
        if (long.length === 2) long.writeUInt16BE(length);
        const short = long.length === 8 ? 127 : long.length === 2 ? 126 : length;
        const body = masked ? Buffer.from(payload.map((byte, at) => byte ^ MASK[at % 4])) : payload;
        return Buffer.concat([Buffer.from([first, (masked ? 0x80 : 0) | short]), long, masked ? MASK : zeros(0), body]);
    }
    const BINARY = 0x82;

    /** The answer's head, as text. */
    async function head(reader) {
        let text = '';
        while (!text.endsWith('\r\n\r\n')) text += (await within(2000, reader.take(1), 'an answer')).toString('latin1');
        return text;
    }

    async function opened() {
        const connection = await scene.raw();
        connection.socket.write(handshake());
        assert.match(await head(connection.reader), /^HTTP\/1\.1 101 /);
        return connection;
    }

    /** The payload of the next frame of the daemon. */
    async function nextFrame(reader) {
        const [first, short] = await within(2000, reader.take(2), 'a frame');
        assert.ok(short < 127, 'nothing that the daemon says here is that long');
        const length = short === 126 ? (await reader.take(2)).readUInt16BE(0) : short;
        return { opcode: first & 15, payload: await reader.take(length) };
    }

    /** Links and logs in through frames that `send` makes; the result has come then. */
    async function login({ reader }, send) {
        send(linkMessage());
        let bytes = zeros(0);
        const reply = 16 + 178 + 8;
        while (bytes.length < reply) bytes = Buffer.concat([bytes, (await nextFrame(reader)).payload]);
        send(Buffer.concat([u32(1), ticket(bytes.subarray(20, 20 + 162), '')]));
        while (bytes.length < reply + 4) bytes = Buffer.concat([bytes, (await nextFrame(reader)).payload]);
        assert.equal(bytes.readUInt32LE(reply), LinkError.ok);
    }

    test('its request may be cut anywhere', async () => {
        const request = handshake();
        for (let cut = 1; cut < request.length; cut += 7) {
            const { socket, reader } = await scene.raw();
            for (const part of [request.subarray(0, cut), request.subarray(cut)]) {
                await new Promise((sent) => socket.write(part, sent));
            }
            assert.match(await head(reader), /^HTTP\/1\.1 101 /, `cut at ${cut}`);
            socket.destroy();
        }
        const { socket, reader } = await scene.raw();
        for (const byte of request) await new Promise((sent) => socket.write(Buffer.from([byte]), sent));
        assert.match(await head(reader), /^HTTP\/1\.1 101 /);
        socket.destroy();
    });

    const ownOrigin = () => `http://127.0.0.1:${scene.ports.evil}`;
    const HANDSHAKES = {
        'no key': [() => handshake({ 'Sec-WebSocket-Key': undefined }), 400],
        'a key that is none': [() => handshake({ 'Sec-WebSocket-Key': 'short' }), 400],
        'two keys': [() => handshake({}, { extra: `Sec-WebSocket-Key: ${KEY}\r\n` }), 400],
        'version 12': [() => handshake({ 'Sec-WebSocket-Version': '12' }), 426],
        'no upgrade': [() => handshake({ Upgrade: undefined }), 426],
        'another subprotocol': [() => handshake({ 'Sec-WebSocket-Protocol': 'base64' }), 400],
        'no host': [() => handshake({ Host: undefined }), 400],
        'two hosts': [() => handshake({}, { extra: 'Host: 127.0.0.1\r\n' }), 400],
        'a host that is not ours': [() => handshake({ Host: 'rebound.example' }), 403],
        'an unknown HTTP': [() => handshake({}, { version: 'HTTP/9.9' }), /^(400|505)$/],
        'a path that is none': [() => handshake({}, { path: 'x y z' }), /^(400|505)$/],
        'fields without end': [() => handshake({}, { extra: 'x: y\r\n'.repeat(10_000) }), 431],
        'a line without end': [() => Buffer.from(`GET /${'a'.repeat(64 * KIB)}`), /^(400|414|431)$/],
        'rubbish behind its first word': [() => Buffer.concat([Buffer.from('GET '), randomBytes(4 * KIB)]), 400],
        'a foreign origin': [() => handshake({ Origin: 'https://evil.example' }), 403],
        'a null origin': [() => handshake({ Origin: 'null' }), 403],
        'two origins': [() => handshake({ Origin: ownOrigin() }, { extra: 'Origin: https://evil.example\r\n' }), 403],
    };
    for (const [what, [request, status]] of Object.entries(HANDSHAKES)) {
        test(`a handshake with ${what}: refused with ${status}, and named`, async () => {
            const { socket, reader, peer } = await scene.raw();
            socket.write(request());
            const [, told] = (await head(reader)).match(/^HTTP\/1\.1 (\d+) /);
            assert.match(told, status instanceof RegExp ? status : new RegExp(`^${status}$`));
            assert.ok(await scene.refusal(peer));
            await closed(socket);
            await scene.assertOthersUntouched();
        });
    }

    test('of our own origin, or of none, is served whatever its path', async () => {
        for (const fields of [{ Origin: ownOrigin() }, {}]) {
            const connection = await scene.raw();
            connection.socket.write(handshake(fields, { path: '/any/where?a=b' }));
            assert.match(await head(connection.reader), /^HTTP\/1\.1 101 .*\r\nSec-WebSocket-Protocol: binary\r\n/is);
            await login(connection, (bytes) => connection.socket.write(frame(BINARY, bytes)));
            connection.socket.destroy();
        }
    });

    test('frames may be cut anywhere, and hold any part of the stream', async () => {
        for (const size of [1, 3, 50]) {
            const connection = await opened();
            await login(connection, (bytes) => {
                for (let at = 0; at < bytes.length; at += size) {
                    const whole = frame(BINARY, bytes.subarray(at, at + size));
                    connection.socket.write(whole.subarray(0, 3));
                    connection.socket.write(whole.subarray(3));
                }
            });
            connection.socket.destroy();
        }
    });

    test('control frames amid a message in pieces: answered, and the message goes on', async () => {
        const connection = await opened();
        const { socket, reader } = connection;
        const bytes = linkMessage();
        socket.write(frame(0x02, bytes.subarray(0, 10)));
        socket.write(frame(0x89, Buffer.from('still there?')));
        assert.deepEqual(await nextFrame(reader), { opcode: 10, payload: Buffer.from('still there?') });
        socket.write(frame(0x8a));
        socket.write(frame(0x00));
        socket.write(frame(0x80, bytes.subarray(10)));
        assert.equal((await nextFrame(reader)).payload.toString('latin1', 0, 4), 'REDQ');
        socket.destroy();
    });

    test('frames that come with the request are not forgotten', async () => {
        const { socket, reader } = await scene.raw();
        socket.write(Buffer.concat([handshake(), frame(BINARY, linkMessage())]));
        assert.match(await head(reader), /^HTTP\/1\.1 101 /);
        assert.equal((await nextFrame(reader)).payload.toString('latin1', 0, 4), 'REDQ');
        socket.destroy();
    });

    test('floods of pings: memory stays', async () => {
        const { socket } = await opened();
        socket.pause();
        const pings = Buffer.concat(Array(1000).fill(frame(0x89, zeros(125))));
        for (let sent = 0; sent < 8 * MIB && !socket.destroyed; sent += pings.length) {
            await write(socket, pings);
            scene.bed.daemon.assertMemoryFlat(scene.idle);
        }
        socket.destroy();
        await scene.assertOthersUntouched();
    });

    const FRAMES = {
        'a text frame': [frame(0x81, Buffer.from('REDQ')), /binary messages only/],
        'reserved bits': [frame(0xc2, Buffer.from('REDQ')), /reserved bits/],
        'an unknown opcode': [frame(0x83, Buffer.from('REDQ')), /unknown opcode/],
        'a frame without mask': [frame(BINARY, Buffer.from('REDQ'), { masked: false }), /without mask/],
        'a continuation of nothing': [frame(0x80, Buffer.from('REDQ')), /out of order/],
        'a message inside another': [
            Buffer.concat([frame(0x02, Buffer.from('R')), frame(BINARY, Buffer.from('E'))]), /out of order/,
        ],
        'a ping in pieces': [frame(0x09), /control frame/],
        'a ping of 126 bytes': [frame(0x89, zeros(126)), /control frame/],
        'a length not in its shortest form': [
            Buffer.concat([Buffer.from([BINARY, 0xfe, 0, 4]), MASK, zeros(4)]), /length/,
        ],
        'a length over 2^63': [Buffer.concat([Buffer.from([BINARY, 0xff]), zeros(8).fill(0xff), MASK]), /length/],
    };
    for (const [what, [bytes, reason]] of Object.entries(FRAMES)) {
        test(`${what} in place of the link: named, and the connection ends`, async () => {
            const { socket, peer } = await opened();
            socket.write(bytes);
            await closed(socket);
            assert.match(await scene.refusal(peer), reason);
            await scene.assertOthersUntouched();
        });
        test(`${what} after the login: named, and the connection ends`, async () => {
            const connection = await opened();
            await login(connection, (each) => connection.socket.write(frame(BINARY, each)));
            connection.socket.write(bytes);
            await closed(connection.socket);
            assert.match(await scene.farewell(connection.peer), reason);
            await scene.assertOthersUntouched();
        });
    }

    test('a text frame on the path of the HTTP port: named, and the connection ends', async () => {
        const { socket, reader, peer } = await scene.raw({ port: scene.bed.daemon.port });
        const host = `127.0.0.1:${scene.bed.daemon.port}`;
        socket.write(Buffer.concat([handshake({ Host: host }, { path: '/vms/evil/spice' }), frame(0x81)]));
        assert.match(await head(reader), /^HTTP\/1\.1 101 /);
        await closed(socket);
        assert.match(await scene.refusal(peer), /binary messages only/);
        await scene.assertOthersUntouched();
    });

    test('who guesses passwords is refused, but not who came with an access of another kind', async () => {
        const guess = async () => {
            const { socket, reader, peer } = await scene.raw({ localAddress: NEIGHBOUR });
            socket.write(linkMessage());
            const { key } = await readReply(reader);
            socket.write(Buffer.concat([u32(1), ticket(key, 'let me in')]));
            assert.equal((await reader.take(4)).readUInt32LE(0), LinkError.permissionDenied);
            return scene.refusal(peer);
        };
        const reasons = await Promise.all(Array.from({ length: 40 }, guess));
        const heard = reasons.filter((reason) => reason !== 'permission-denied');
        assert.equal(heard.length, 10, 'many at once are no more guesses than one by one');
        const { socket, reader, peer } = await scene.raw({ localAddress: NEIGHBOUR });
        socket.write(linkMessage());
        assert.equal((await readReply(reader)).error, LinkError.permissionDenied);
        assert.match(await scene.refusal(peer), /permission-denied/);
        const admitted = await scene.raw({ localAddress: NEIGHBOUR, port: scene.bed.daemon.port });
        const host = `127.0.0.1:${scene.bed.daemon.port}`;
        admitted.socket.write(handshake({ Host: host }, { path: '/vms/evil/spice' }));
        assert.match(await head(admitted.reader), /^HTTP\/1\.1 101 /);
        await login(admitted, (bytes) => admitted.socket.write(frame(BINARY, bytes)));
        admitted.socket.destroy();
        await scene.assertOthersUntouched();
    });

    test('a frame of 2^40 bytes is a stream like any other; an oversized message in it is refused', async () => {
        const connection = await opened();
        const { socket, peer } = connection;
        const start = frame(BINARY, zeros(0), { length: 2 ** 40 });
        let at = 0;
        const masked = (bytes) => Buffer.from(bytes.map((byte) => byte ^ MASK[at++ % 4]));
        socket.write(start);
        await login(connection, (bytes) => socket.write(masked(bytes)));
        socket.write(masked(miniMessage(ToServer.agentData, zeros(2048), { size: HUGE })));
        assert.match(await scene.farewell(peer), /^main channel: too large/);
        await closed(socket);
        await scene.assertOthersUntouched();
    });

    test('closed by the client: its close is answered, whatever it says', async () => {
        for (const payload of [zeros(0), Buffer.from([3]), Buffer.from([3, 232]), Buffer.from([3, 237, 0xff])]) {
            const connection = await opened();
            await login(connection, (bytes) => connection.socket.write(frame(BINARY, bytes)));
            connection.socket.write(frame(0x88, payload));
            await closed(connection.socket);
        }
        await scene.assertOthersUntouched();
    });
});
