// [discover]: sockets that appear, vanish and are replaced, without a word to the bridge.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, rename, rm } from 'node:fs/promises';
import net from 'node:net';
import { fileURLToPath } from 'node:url';
import { after, before, describe, test } from 'node:test';
import { Bed } from '../support/bed.js';
import { Daemon } from '../support/daemon.js';
import { eventually } from '../support/deadline.js';
import { Sandbox } from '../support/sandbox.js';

const CHARDEV = fileURLToPath(new URL('../support/socket_chardev.js', import.meta.url));

/** A socket as QEMU opens one. Closing it removes the file. */
class Socket {
    #server = net.createServer((peer) => peer.on('error', () => {}));
    /** Sockets of the bridge. */
    peers = new Set();

    static async listen(path) {
        const socket = new Socket();
        socket.#server.on('connection', (peer) => socket.peers.add(peer.unref()));
        socket.#server.listen(path);
        await once(socket.#server, 'listening');
        socket.#server.unref(); // one that a test leaves behind doesn't keep it from ending
        return socket;
    }

    async close() {
        for (const peer of this.peers) peer.destroy();
        this.#server.close();
        await once(this.#server, 'close');
    }
}

const names = async (daemon) => (await daemon.asAdmin('/api/v1/vms')).json().vms.map((vm) => vm.name);
const has = (daemon, wanted) =>
    eventually(`the machines are ${wanted}`, async () => (await names(daemon)).join() === wanted.join());

describe('sockets of one glob', () => {
    /** @type {Sandbox} */ let sandbox;
    /** @type {Daemon} */ let daemon;
    const socketOf = (name) => sandbox.path('vms', name, 'agent.sock');
    const appear = async (name) => {
        await mkdir(sandbox.path('vms', name), { recursive: true });
        return Socket.listen(socketOf(name));
    };

    before(async () => {
        sandbox = await Sandbox.open();
        await mkdir(sandbox.path('vms', 'early'), { recursive: true });
        await Socket.listen(socketOf('early'));
        daemon = await Daemon.start(sandbox, {
            sections: { discover: { glob: sandbox.path('vms', '*', 'agent.sock') } },
            vms: { ruled: { resize: 'off' } },
        });
    });
    after(async () => {
        daemon.assertRunning();
        await daemon.stop();
        await sandbox.close();
    });

    test('one that was there before the bridge is a machine', async () => {
        await has(daemon, ['early']);
        assert.equal((await daemon.vm('early')).guest.address, `unix:${socketOf('early')}`);
    });

    test('one that appears is a machine, until it vanishes', async () => {
        const socket = await appear('web1');
        await has(daemon, ['early', 'web1']);
        await eventually('the bridge is connected', () => socket.peers.size === 1);
        await socket.close();
        await has(daemon, ['early']);
    });

    test('a folder that vanishes takes its machine along', async () => {
        await appear('web1');
        await has(daemon, ['early', 'web1']);
        await rm(sandbox.path('vms', 'web1'), { recursive: true });
        await has(daemon, ['early']);
    });

    test('one that is replaced by another is another machine', async () => {
        const first = await appear('web1');
        await eventually('the bridge is connected', () => first.peers.size === 1);
        const attached = daemon.log.match(/event=vm-attached/g).length;
        const second = await Socket.listen(sandbox.path('new.sock'));
        await rename(sandbox.path('new.sock'), socketOf('web1'));
        await eventually('the bridge is connected to the new one', () => second.peers.size === 1);
        await daemon.child.says(/event=vm-detached vm=web1/);
        assert.equal(daemon.log.match(/event=vm-attached/g).length, attached + 1);
        await rm(sandbox.path('vms', 'web1'), { recursive: true });
        await has(daemon, ['early']);
    });

    test('what is no socket, or has no name for a machine, is none', async () => {
        await mkdir(socketOf('folder'), { recursive: true });
        await appear('no good name');
        await appear('web1');
        await has(daemon, ['early', 'web1']);
        assert.match(daemon.log, /event=discover-left-out .*no good name/);
        await rm(sandbox.path('vms', 'web1'), { recursive: true });
    });

    test('a [vm NAME] waits for its machine', async () => {
        await appear('ruled');
        await has(daemon, ['early', 'ruled']);
        await rm(sandbox.path('vms', 'ruled'), { recursive: true });
        await has(daemon, ['early']);
    });

    test('SIGHUP without the glob takes its machines, and with it brings them back', async () => {
        await daemon.configure({});
        await daemon.reload();
        await has(daemon, []);
        await daemon.configure({ sections: { discover: { glob: sandbox.path('vms', '*', 'agent.sock') } } });
        await daemon.reload();
        await has(daemon, ['early']);
    });
});

test('a thousand sockets come within 100 ms each at the median, and go again', async (context) => {
    const sandbox = await Sandbox.open();
    try {
        await mkdir(sandbox.path('vms'));
        const daemon = await Daemon.start(sandbox, {
            sections: { discover: { glob: sandbox.path('vms', '*.sock') } },
        });
        const round = async () => {
            const sockets = [];
            const delays = [];
            const seen = daemon.log.length;
            for (let number = 0; number < 1000; ++number) {
                const path = sandbox.path('vms', `vm${number}.sock`);
                const since = performance.now();
                sockets.push(await Socket.listen(path));
                // One in ten is timed alone, the others come in bursts.
                if (number % 10 !== 0) continue;
                const attached = `event=vm-attached vm=vm${number} `;
                await eventually('it is attached', () => daemon.log.includes(attached, seen), { everyMs: 1 });
                delays.push(performance.now() - since);
            }
            await eventually('all are there', async () => (await names(daemon)).length === 1000, { timeoutMs: 15000 });
            await Promise.all(sockets.map((socket) => socket.close()));
            await eventually('none is left', async () => (await names(daemon)).length === 0, { timeoutMs: 15000 });
            return delays.sort((a, b) => a - b)[delays.length >> 1];
        };
        await round();
        const idle = daemon.rss();
        const median = await round();
        assert.ok(median <= 100, `the median is ${median.toFixed(1)} ms`);
        daemon.assertMemoryFlat(idle);
        context.diagnostic(`attached within ${median.toFixed(1)} ms at the median`);
        await daemon.stop();
    } finally {
        await sandbox.close();
    }
});

test('a thousand [vm] entries are attached within 100 ms each at the median, and memory comes back', async (context) => {
    const sandbox = await Sandbox.open();
    try {
        await mkdir(sandbox.path('vms'));
        const all = Array.from({ length: 1000 }, (_, number) => [`vm${number}`, sandbox.path('vms', `${number}.sock`)]);
        const vms = Object.fromEntries(all.map(([name, path]) => [name, { guest: `unix:${path}` }]));
        const daemon = await Daemon.start(sandbox, { vms: { keep: { guest: `unix:${sandbox.path('nobody')}` } } });
        const round = async () => {
            await daemon.configure({ vms });
            await daemon.reload();
            await eventually('all are there', async () => (await names(daemon)).length === 1000, { timeoutMs: 15000 });
            const seen = daemon.log.length;
            const delays = [];
            const sockets = [];
            for (const [name, path] of all) {
                const since = performance.now();
                sockets.push(await Socket.listen(path));
                if (sockets.length % 10 !== 1) continue;
                const connected = `event=guest-connected vm=${name} `;
                await eventually('it is connected', () => daemon.log.includes(connected, seen), { everyMs: 1 });
                delays.push(performance.now() - since);
            }
            const count = () => daemon.log.slice(seen).match(/event=guest-connected /g)?.length;
            await eventually('all are connected', () => count() === 1000, { timeoutMs: 15000 });
            await Promise.all(sockets.map((socket) => socket.close()));
            await daemon.configure({ vms: { keep: { guest: `unix:${sandbox.path('nobody')}` } } });
            await daemon.reload();
            await eventually('one is left', async () => (await names(daemon)).length === 1, { timeoutMs: 15000 });
            return delays.sort((a, b) => a - b)[delays.length >> 1];
        };
        await round();
        const idle = daemon.rss();
        const median = await round();
        assert.ok(median <= 100, `the median is ${median.toFixed(1)} ms`);
        daemon.assertMemoryFlat(idle);
        context.diagnostic(`connected within ${median.toFixed(1)} ms at the median`);
        await daemon.stop();
    } finally {
        await sandbox.close();
    }
});

describe('the real agent behind a socket that is found', () => {
    /** @type {Bed} */ let bed;

    before(async () => {
        bed = await Bed.start({
            prepare: async (bed) => {
                bed.options.vms = {};
                bed.options.sections.discover = { glob: bed.sandbox.path('*', 'host.sock') };
                bed.sandbox.start('chardev', process.execPath, [
                    CHARDEV,
                    bed.sandbox.path('one', 'host.sock'),
                    bed.guestSocket(),
                ]);
            },
        });
    });
    after(() => bed?.close());

    test('text from the guest', async () => {
        const client = await bed.client();
        await bed.desktop.x11.copy('from the guest');
        await client.next('clipboard-grab', () => true, 15000);
        assert.equal((await client.read('text/plain', { timeoutMs: 15000 })).text, 'from the guest');
    });
});
