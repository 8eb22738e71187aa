// SPICE servers that do to the bridge what none should: their own machine may suffer, and nobody else.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Bed } from '../support/bed.js';
import { eventually } from '../support/deadline.js';
import { miniMessage } from '../support/spice_main.js';
import { initMessage, ScriptedSpiceServer } from '../support/scripted_spice_server.js';
import { u32 } from '../support/vdi.js';

const Said = Object.freeze({ ping: 4, agentDisconnected: 108, switchHost: 111, agentConnectedTokens: 115 });
const WATCH_MS = 2000;
const MANY = 40; // in that time: ten a second would be the pace of a port that is opened again and again, and some

/** A bridge before a server that speaks so, and what came of it. */
async function withServer(speak, use) {
    const server = await ScriptedSpiceServer.start(speak);
    const bed = await Bed.start({
        vms: [],
        scripted: ['one', 'two'],
        keys: { one: { guest: `spice:127.0.0.1:${server.port}` } },
        sections: { server: { threads: '1' } },
    });
    try {
        await use(bed, server);
        await bed.guest('two'); // the other machine of that thread is served
        await bed.agentReady('two');
    } finally {
        server.close();
        await bed.close();
    }
}

/** How often this is in the log, once the server has done what it does for a while. */
async function counted(bed, what) {
    const end = Date.now() + WATCH_MS;
    await eventually('time has passed', () => Date.now() > end, { timeoutMs: 2 * WATCH_MS });
    return bed.daemon.log.split(what).length - 1;
}

describe('hostile SPICE servers', () => {
    test('one that moves its machine in circles is not chased', async () => {
        const host = Buffer.from('127.0.0.1\0');
        const moves = (stream, { port }) => {
            const there = Buffer.concat([u32(port, host.length, 20, 0, 0), host]); // its port of TLS is 0
            stream.write(Buffer.concat([initMessage(), miniMessage(Said.switchHost, there)]));
        };
        await withServer(moves, async (bed, server) => {
            await counted(bed, 'event=guest-moved');
            assert.ok(server.links > 0 && server.links < MANY, `linked ${server.links} times`);
        });
    });

    test('one whose agent comes and goes without end fills no log', async () => {
        const flaps = (stream) => {
            stream.write(initMessage());
            const more = [miniMessage(Said.agentDisconnected, u32(0)), miniMessage(Said.agentConnectedTokens, u32(10))];
            const flap = () => !stream.destroyed && (stream.write(Buffer.concat(more)), setImmediate(flap));
            flap();
        };
        await withServer(flaps, async (bed) => {
            const count = await counted(bed, 'event=guest-connected');
            assert.ok(count > 0 && count < MANY, `connected ${count} times`);
        });
    });

    test('one that asks for answers and takes none is not read', async () => {
        let taken = 0;
        const asks = (stream) => {
            stream.pause();
            stream.write(initMessage());
            const pings = Buffer.concat(Array(4096).fill(miniMessage(Said.ping, Buffer.alloc(12))));
            const pour = () => {
                while (!stream.destroyed && stream.write(pings)) taken += pings.length;
                if (!stream.destroyed) stream.once('drain', () => ((taken += pings.length), pour()));
            };
            pour();
        };
        await withServer(asks, async (bed) => {
            await counted(bed, '');
            assert.ok(taken > 0 && taken < 32 * 1024 * 1024, `${taken} bytes were read`);
        });
    });
});
