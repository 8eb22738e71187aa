// Viewers of a SPICE server's session who want more than they may.

import { after, before, describe, test } from 'node:test';
import { within } from '../support/deadline.js';
import { Channel, SessionBed } from '../support/session_bed.js';
import { miniMessage, readMessage } from '../support/spice_main.js';

const Input = Object.freeze({ keyUp: 102, motion: 111 });
const MOTION_ACK = 111;
const MOTIONS_OF_AN_ACK = 4;

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
