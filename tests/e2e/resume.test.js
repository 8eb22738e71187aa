// A connection that breaks goes on on a new one: the library in Node, through the real daemon, to the real agent.

import assert from 'node:assert/strict';
import { File } from 'node:buffer';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import WebSocket from 'ws';
import { VmAgent } from '../../web/lib/vmcbridge.js';
import { Bed } from '../support/bed.js';
import { fileSha256, pattern, sha256 } from '../support/data.js';
import { eventually } from '../support/deadline.js';

const MIB = 1024 * 1024;

describe('resume', () => {
    /** @type {Bed} */ let bed;
    /** @type {VmAgent} */ let agent;
    /** @type {WebSocket[]} every connection of the agent, the last one last */ const sockets = [];
    /** @type {boolean[]} of each connection: did it go on from another? */ const resumed = [];

    /** Bytes of streams until a wire is cut, the last message of them still in the socket. */
    let untilCut = Infinity;

    /** A socket whose wire a test can cut. */
    class Wire extends WebSocket {
        constructor(url, protocols) {
            super(url, protocols);
            sockets.push(this);
        }

        send(data) {
            if (typeof data === 'string' || (untilCut -= data.length - 4) > 0) return super.send(data);
            untilCut = Infinity;
            this.terminate();
        }
    }
    const cut = () => sockets.at(-1).terminate();

    before(async () => {
        bed = await Bed.start();
        agent = new VmAgent(`ws://127.0.0.1:${bed.daemon.port}/vms/one/agent`, { WebSocket: Wire });
        agent.addEventListener('connect', (event) => resumed.push(event.resumed));
        await agent.ready;
    });
    after(async () => {
        agent?.close();
        await bed?.close();
    });

    test('a 256 MiB upload that is cut three times arrives whole', async () => {
        const content = pattern(256 * MIB);
        const parts = Array.from({ length: 256 }, (_, i) => content.slice(i * MIB, (i + 1) * MIB));
        const cuts = [32, 96, 200].map((mib) => mib * MIB);
        const transfer = agent.sendFile(new File(parts, 'cut.bin'));
        transfer.addEventListener('progress', () => {
            if (transfer.sent < (cuts[0] ?? Infinity)) return;
            cuts.shift();
            cut();
        });
        await transfer.done;
        assert.deepEqual(cuts, [], 'every cut was made');
        assert.deepEqual(resumed.slice(-3), [true, true, true]);
        assert.equal(await fileSha256(path.join(bed.desktop.downloads, 'cut.bin')), sha256(content));
    });

    test('an upload whose last bytes were lost in the socket arrives whole', async () => {
        const content = pattern(2 * MIB);
        untilCut = content.size;
        const connections = sockets.length;
        await agent.sendFile(new File([content.slice(0, content.size)], 'last.bin')).done;
        assert.equal(sockets.length, connections + 1, 'it was cut once');
        assert.equal(await fileSha256(path.join(bed.desktop.downloads, 'last.bin')), sha256(content));
    });

    test('what it offered before the cut is pasted in the guest after it', async () => {
        await agent.clipboard.writeText('still mine');
        const before = agent.client;
        cut();
        await eventually('the agent is back', () => resumed.at(-1) && agent.client === before && sockets.at(-1).readyState === 1);
        assert.equal(await bed.desktop.x11.pasteText(), 'still mine');
    });

    test('a copy made while it was away is offered after it', async () => {
        const offered = new Promise((resolve) => agent.addEventListener('clipboardoffer', resolve, { once: true }));
        cut();
        await bed.desktop.x11.copy('meanwhile');
        await offered;
        await eventually('the copy is there', async () => await agent.clipboard.readText() === 'meanwhile');
    });
});
