// Raw ports: a shell on a terminal, QEMU's serial console on a socket, and a TCP server, through /vms/VM/ports/PORT.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { fileURLToPath } from 'node:url';
import { after, before, describe, test } from 'node:test';
import { Daemon, VMCBRIDGE } from '../support/daemon.js';
import { eventually } from '../support/deadline.js';
import { RawPortClient } from '../support/raw_port.js';
import { Sandbox } from '../support/sandbox.js';

const SHELL = fileURLToPath(new URL('../support/pty_shell.py', import.meta.url));
/** Ports that are not the test's subject need a machine, and a machine a guest: nobody is there. */
const guest = (sandbox) => ({ guest: `unix:${sandbox.path('nobody')}` });
const connected = { connected: true, writer: true };

/** A TCP server that plays the guest's side of a port, one connection after the other. */
class Peer {
    /** @type {net.Socket | undefined} */ socket;
    got = '';
    server = net.createServer((socket) => {
        this.socket = socket;
        socket.on('data', (data) => (this.got += data));
        socket.on('error', () => {});
    });

    async listen(port = 0) {
        this.server.listen(port, '127.0.0.1');
        await once(this.server, 'listening');
        this.port = /** @type {net.AddressInfo} */ (this.server.address()).port;
        return this;
    }

    close() {
        this.socket?.destroy();
        this.server.close();
    }
}

describe('raw ports', () => {
    /** @type {Sandbox} */ let sandbox;
    /** @type {Daemon} */ let daemon;
    /** @type {Peer} */ let peer;
    /** @type {RawPortClient[]} */ const clients = [];
    const open = async (port, query = '?state=1') => {
        const client = await RawPortClient.open(daemon, `/vms/one/ports/${port}${query}`);
        clients.push(client);
        return client;
    };
    const port = async (name) => (await daemon.get('/api/v1/vms/one')).json().ports.find((each) => each.name === name);

    before(async () => {
        sandbox = await Sandbox.open();
        const shell = sandbox.start('shell', 'python3', [SHELL]);
        const [, pty] = await shell.says(/pty=(\S+)/);
        peer = await new Peer().listen();
        sandbox.start('qemu', 'qemu-system-x86_64', ['-display', 'none', '-machine', 'q35,graphics=off', '-nodefaults',
            '-chardev', `socket,id=console,path=${sandbox.path('serial')},server=on,wait=off`,
            '-serial', 'chardev:console']);
        daemon = await Daemon.start(sandbox, {
            vms: {
                one: {
                    ...guest(sandbox),
                    'port.shell': `pty:${pty}`,
                    'port.serial': `unix:${sandbox.path('serial')}`,
                    'port.echo': `tcp:127.0.0.1:${peer.port}`,
                    'port.org.qemu.guest_agent.0': `unix:${sandbox.path('ga')}`,
                },
            },
        });
    });
    after(async () => {
        for (const client of clients) client.close();
        peer?.close();
        await sandbox?.close();
    });

    test('a shell on a terminal answers', async () => {
        const client = await open('shell');
        await client.isTold(connected);
        client.write('echo $((6 * 7))-from-the-shell\n');
        await client.shows('42-from-the-shell');
        client.close();
    });

    test('who comes later sees what was said before, and may write when the first has gone', async () => {
        const first = await open('shell');
        first.write('echo scroll-$((1 + 1))\n');
        await first.shows('scroll-2');
        const second = await open('shell');
        await second.shows('42-from-the-shell');
        await second.isTold({ connected: true, writer: false });
        second.write('echo nobody-$((1 + 1))\n'); // dropped
        first.write('echo after-$((1 + 1))\n');
        await second.shows('after-2');
        first.close();
        await second.isTold(connected);
        second.write('echo mine-$((1 + 1))\n');
        await second.shows('mine-2');
        assert.ok(!String(second.got).includes('nobody-'));
        second.close();
    });

    test("QEMU's firmware speaks on its serial console", async () => {
        const client = await open('serial', '');
        await client.shows('SeaBIOS');
        assert.deepEqual(client.states, []); // it did not ask
        client.close();
    });

    test('bytes pass as they are, both ways', async () => {
        const client = await open('echo');
        await client.isTold(connected);
        const all = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
        peer.socket?.write(all);
        await eventually('all bytes came', () => client.got.length === 256);
        assert.deepEqual(client.got, all);
        client.write('to the guest');
        await eventually('the peer got it', () => peer.got === 'to the guest');
        client.close();
    });

    test('the end of the port is not the end of its clients', async () => {
        const client = await open('echo');
        await client.isTold(connected);
        peer.socket?.destroy();
        await client.isTold({ connected: false, writer: true });
        await client.isTold(connected); // it was dialled again
        peer.socket?.write('back again');
        await client.shows('back again');
        assert.equal(client.closed, null);
        client.close();
    });

    test('a client that reads nothing is dropped, and the others go on', async () => {
        const client = await open('echo');
        const stuck = await open('echo');
        await client.isTold(connected);
        stuck.socket.pause();
        const chunk = Buffer.alloc(64 * 1024, 'x');
        const total = 256 * chunk.length; // more than sockets and the bridge hold for one
        const before = client.got.length;
        for (let sent = 0; sent < total; sent += chunk.length)
            if (!peer.socket?.write(chunk)) await once(/** @type {net.Socket} */ (peer.socket), 'drain');
        await eventually('all came', () => client.got.length - before === total, { timeoutMs: 20000 });
        await daemon.child.says(/event=port-client-dropped level=warning vm=one port=echo/);
        assert.equal((await port('echo')).clients, 1);
        stuck.socket.terminate();
        client.close();
    });

    test('a port that takes nothing holds its writer back', async () => {
        const client = await open('echo');
        await client.isTold(connected);
        peer.socket?.pause();
        peer.got = '';
        const chunk = Buffer.alloc(1024 * 1024, 'y');
        for (let i = 0; i < 32; ++i) client.socket.send(chunk);
        await eventually('the bridge reads no more', () => client.socket.bufferedAmount > 0);
        peer.socket?.resume();
        await eventually('all came', () => peer.got.length === 32 * chunk.length, { timeoutMs: 20000 });
        client.close();
    });

    test('ports without leave, and those that nobody has, are refused', async () => {
        for (const name of ['org.qemu.guest_agent.0', 'none'])
            assert.deepEqual(await (await open(name)).ended(), { code: 1008, reason: 'disabled' });
        assert.equal((await port('org.qemu.guest_agent.0')).permitted, false);
        const { permitted, connected: there, address } = await port('echo');
        assert.deepEqual({ permitted, there, address },
            { permitted: true, there: true, address: `tcp:127.0.0.1:${peer.port}` });
    });

    test('a rule that goes takes the clients with it', async () => {
        const client = await open('shell');
        await client.isTold(connected);
        await daemon.configure({ vms: { one: { ...guest(sandbox), 'port.echo': `tcp:127.0.0.1:${peer.port}` } } });
        await daemon.reload();
        assert.deepEqual(await client.ended(), { code: 1008, reason: 'disabled' });
        const other = await open('echo');
        await other.isTold(connected);
        other.close();
    });
});

test('--port adds a port, and says what is wrong with it', async () => {
    const sandbox = await Sandbox.open();
    const peer = await new Peer().listen();
    try {
        const vm = ['serve', '--listen', '127.0.0.1:0', '--vm', `one=unix:${sandbox.path('nobody')}`];
        const daemon = await Daemon.startWith(sandbox, [...vm, '--port', `one/echo=tcp:127.0.0.1:${peer.port}`]);
        const client = await RawPortClient.open(daemon, '/vms/one/ports/echo?state=1');
        await client.isTold(connected);
        client.close();
        for (const [value, problem] of [
            ['one/x=spice:h:1', 'not the host end of a port'],
            ['one=unix:/x', 'write NAME/PORT=CHANNEL'],
            ['two/x=unix:/x', 'no VM is named "two"'],
        ]) {
            const refused = sandbox.start('refused', VMCBRIDGE, [...vm, '--port', value]);
            await refused.says(new RegExp(problem));
        }
    } finally {
        peer.close();
        await sandbox.close();
    }
});
