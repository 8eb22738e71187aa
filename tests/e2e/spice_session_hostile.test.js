// Viewers of a SPICE server's session who want more than they may.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { within } from '../support/deadline.js';
import { Channel, LASTING, SessionBed } from '../support/session_bed.js';
import { ByteReader, linkMessage, LinkError, LinkRefused, open, readReply, ticket } from '../support/spice_link.js';
import { miniMessage, readMessage } from '../support/spice_main.js';
import { u32 } from '../support/vdi.js';

const Input = Object.freeze({ keyUp: 102, motion: 111 });
const MOTION_ACK = 111;
const MOTIONS_OF_AN_ACK = 4;
const LINKS_UNDER_WAY = 64; // of one session

/** The main channel and the inputs of a viewer, byte by byte. */
async function typist(session) {
    const main = await session.watcher();
    main.attachChannels();
    await main.next('channels-list');
    const { stream, reader } = await session.openChannel(Channel.inputs, { connectionId: main.init.sessionId });
    /** Resolves when the server has taken all of it. */
    const send = async (type, body) => {
        stream.write(miniMessage(type, Buffer.from(body)));
        for (let left = MOTIONS_OF_AN_ACK; left > 0; --left) stream.write(miniMessage(Input.motion, Buffer.alloc(10)));
        const acknowledged = async () => {
            for (;;) if ((await readMessage(reader, true)).number === MOTION_ACK) return;
        };
        await within(5000, acknowledged(), 'the server counts the motions');
    };
    const close = () => {
        stream.destroy();
        return main.close();
    };
    return { send, close };
}

describe('viewers who may only look', () => {
    /** @type {SessionBed} */ let session;

    before(async () => {
        session = await SessionBed.start({ inputs: 'off' });
    });
    after(() => session?.close());

    test('a key that goes down in a KEY_UP does not arrive', async () => {
        const { machine } = session;
        const attacker = await typist(session);
        await machine.press('b');
        await machine.paints(2);
        await attacker.send(Input.keyUp, [0x1e, 0x9e, 0, 0]);
        await machine.paints(10); // a key ends the burst
        await attacker.close();
        await machine.press('x');
    });
});

/** A viewer's main channel, the session asked for. */
async function viewer(session) {
    const main = await session.watcher();
    main.attachChannels();
    await main.next('channels-list');
    return main;
}

// The display is left to whole viewers: one that opens it and goes without a word takes this QEMU along.
/** A link to a further channel up to the server's reply: the password is still to come. */
async function halfLink(session, { init }, channelType = Channel.inputs) {
    const stream = await open({ port: session.port });
    const reader = new ByteReader(stream);
    stream.write(linkMessage({ connectionId: init.sessionId, channelType, channelCaps: [0] }));
    const reply = await within(5000, readReply(reader), 'the reply to a link');
    const finish = async () => {
        stream.write(Buffer.concat([u32(1), ticket(reply.key, LASTING)]));
        return (await within(5000, reader.take(4), 'the result of a link')).readUInt32LE(0);
    };
    return { reply, stream, finish };
}

describe('viewers who want what another one has', () => {
    /** @type {SessionBed} */ let session;

    before(async () => {
        session = await SessionBed.start();
    });
    after(() => session?.close());

    test('a login that comes after the session has gone to another one ends nothing of that one', async () => {
        const former = await viewer(session);
        const half = await halfLink(session, former);
        const now = await viewer(session);
        const inputs = await session.openChannel(Channel.inputs, { connectionId: now.init.sessionId });
        await readMessage(inputs.reader, inputs.mini);
        assert.equal(await half.finish(), LinkError.channelNotAvailable);
        const again = await halfLink(session, now, Channel.cursor);
        assert.equal(await again.finish(), LinkError.ok);
        assert.equal(inputs.reader.ended, undefined, 'its own channel goes on');
        for (const { stream } of [half, again, inputs]) stream.destroy();
        await Promise.all([former.close(), now.close()]);
    });

    test('links that nobody finishes are counted, and leave the bridge to others', async () => {
        const attacker = await viewer(session);
        const links = [];
        for (let count = 0; count < LINKS_UNDER_WAY; ++count) links.push(await halfLink(session, attacker));
        assert.ok(links.every(({ reply }) => reply.error === LinkError.ok));
        const more = await halfLink(session, attacker);
        assert.equal(more.reply.error, LinkError.channelNotAvailable);
        const other = await viewer(session);
        await session.channel(Channel.inputs, { connectionId: other.init.sessionId });
        for (const { stream } of [...links, more]) stream.destroy();
        await Promise.all([attacker.close(), other.close()]);
    });

    test('two hundred links to one channel at once leave one of them, and nothing behind', async () => {
        const main = await viewer(session);
        const connectionId = main.init.sessionId;
        const all = await Promise.allSettled(
            Array.from({ length: 200 }, () => session.openChannel(Channel.inputs, { connectionId })),
        );
        const won = all.filter(({ status }) => status === 'fulfilled').map(({ value }) => value);
        for (const { reason } of all) if (reason instanceof LinkRefused) assert.ok(reason.code !== LinkError.ok);
        assert.ok(won.length > 0);
        for (const { stream } of won) stream.destroy();
        const last = await session.openChannel(Channel.inputs, { connectionId });
        await within(5000, readMessage(last.reader, last.mini), 'a channel after all of them');
        last.stream.destroy();
        await main.close();
    });
});
