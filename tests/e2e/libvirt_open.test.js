// What libvirt opens for the bridge: what listens nowhere, what another host has, and what is wanted so. The machines have
// no operating system; their firmware speaks on the serial port, and takes keys there.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import WebSocket from 'ws';
import { Daemon } from '../support/daemon.js';
import { eventually } from '../support/deadline.js';
import { Libvirtd } from '../support/libvirtd.js';
import { RawPortClient } from '../support/raw_port.js';
import { Sandbox } from '../support/sandbox.js';

const AGENT = "<channel type='unix'><target type='virtio' name='com.redhat.spice.0'/></channel>";
const FIRMWARE = "<bootmenu enable='yes' timeout='60000'/><bios useserial='yes'/>";
const NOWHERE = "<listen type='none'/>";
const COMES_MS = 20000;

const isThere = (daemon, name) =>
    eventually(`the port of ${name} is open`, async () => (await daemon.vm(name)).guest.connected, {
        timeoutMs: COMES_MS,
    });

/** Keys and what the firmware says to them. */
async function speaksWithFirmware(client) {
    await client.isTold({ connected: true, writer: true });
    await eventually(
        'the firmware has a menu',
        () => {
            client.write('\x1b'); // before it asks for that key it does not listen
            return String(client.got).includes('Select boot device');
        },
        { timeoutMs: COMES_MS, everyMs: 500 },
    );
}

describe('the machines of a libvirt daemon of this host', () => {
    /** @type {Sandbox} */ let sandbox;
    /** @type {Libvirtd} */ let libvirtd;
    /** @type {Daemon} */ let daemon;

    before(async () => {
        sandbox = await Sandbox.open();
        libvirtd = await Libvirtd.start(sandbox);
        daemon = await Daemon.start(sandbox, {
            sections: { libvirt: { uri: libvirtd.uri } },
            vms: { other: { guest: 'libvirt:odd name' }, wanted: { guest: 'libvirt:wanted' } },
        });
    });
    after(async () => {
        try {
            daemon?.assertRunning();
            await daemon?.stop();
        } finally {
            await sandbox?.close();
        }
    });

    test("QEMU's SPICE server that listens nowhere", async () => {
        await libvirtd.create('pict', {
            devices: `<channel type='spicevmc'><target type='virtio' name='com.redhat.spice.0'/></channel>
                <graphics type='spice' passwd='s3cret'>${NOWHERE}</graphics>`,
        });
        await eventually("QEMU's server has let the bridge in", async () => {
            const told = await libvirtd.virsh('qemu-monitor-command', 'pict', '--hmp', 'info spice');
            return /channel: 1:0/.test(told);
        }, { timeoutMs: COMES_MS });
        assert.equal((await daemon.vm('pict')).guest.address, 'libvirt:pict/graphics0');
        assert.ok(!daemon.log.includes('s3cret'));
    });

    test('a VNC server that listens nowhere, for each client anew', async () => {
        await libvirtd.create('vnc', { devices: `${AGENT}<graphics type='vnc'>${NOWHERE}</graphics>` });
        await isThere(daemon, 'vnc');
        for (const _client of [1, 2]) {
            const socket = new WebSocket(`ws://127.0.0.1:${daemon.port}/vms/vnc/display`, ['binary']);
            const first = await new Promise((resolve, reject) => {
                socket.on('message', (data) => resolve(String(data)));
                socket.on('close', (code, reason) => reject(new Error(`${code} ${reason}`)));
                socket.on('error', reject);
            });
            assert.match(first, /^RFB 003\.008/);
            socket.close();
        }
    });

    test('a domain of another name, wanted through libvirt alone', async () => {
        await libvirtd.create('odd name', { devices: AGENT });
        await isThere(daemon, 'other');
        assert.equal((await daemon.vm('other')).guest.address, 'libvirt:odd name/com.redhat.spice.0');
        await libvirtd.virsh('destroy', 'odd name');
        await eventually('it has gone', async () => {
            const { vms } = (await daemon.asAdmin('/api/v1/vms')).json();
            return !vms.some((vm) => vm.name === 'other');
        });
    });

    test('a daemon that goes takes its streams along, and they are opened anew when it is back', async () => {
        await libvirtd.create('wanted', { devices: AGENT });
        await isThere(daemon, 'wanted');
        await libvirtd.stop();
        await eventually('the stream has ended', async () => !(await daemon.vm('wanted')).guest.connected);
        await libvirtd.restart();
        await isThere(daemon, 'wanted');
    });
});

describe('the machines of a libvirt daemon of another host', () => {
    /** @type {Sandbox} */ let sandbox;
    /** @type {Libvirtd} */ let libvirtd;
    /** @type {Daemon} */ let daemon;
    const streams = () => sandbox.processes('libvirt-stream');

    before(async () => {
        sandbox = await Sandbox.open();
        libvirtd = await Libvirtd.start(sandbox);
        await libvirtd.create('far', {
            os: FIRMWARE,
            devices: `${AGENT}<serial type='pty'/>
                <channel type='pty'><target type='virtio' name='org.example.terminal'/></channel>
                <graphics type='vnc'><listen type='address' address='127.0.0.1'/></graphics>`,
        });
        daemon = await Daemon.start(sandbox, { sections: { libvirt: { uri: libvirtd.remoteUri } } });
        await isThere(daemon, 'far');
    });
    after(async () => {
        try {
            daemon?.assertRunning();
            await daemon?.stop();
        } finally {
            await sandbox?.close();
        }
    });

    test("the agent's port comes as a stream", async () => {
        assert.equal((await daemon.vm('far')).guest.address, 'libvirt:far/com.redhat.spice.0');
    });

    test('bytes pass both ways through a stream', async () => {
        const client = await RawPortClient.open(daemon, '/vms/far/ports/serial0?state=1');
        await speaksWithFirmware(client);
        client.close();
    });

    test('what can be reached there alone is named', async () => {
        const { ports, display } = await daemon.vm('far');
        assert.match(ports.find((port) => port.name === 'org.example.terminal').problem, /on another host/);
        assert.equal(display, null);
        await daemon.child.says(/event=machine-note vm=far .*can be reached there alone/);
    });

    test('a stream whose process is killed is opened anew', async () => {
        const before = streams();
        assert.equal(before.length, 2); // the agent's, and the serial port's
        for (const pid of before) process.kill(pid, 'SIGKILL');
        await eventually('there are others', () => {
            const now = streams();
            return now.length === 2 && !now.some((pid) => before.includes(pid));
        }, { timeoutMs: COMES_MS });
        await isThere(daemon, 'far');
    });

    test('a daemon that hangs leaves no processes behind', async () => {
        libvirtd.child.signal('SIGSTOP');
        try {
            for (const pid of streams()) process.kill(pid, 'SIGKILL');
            await eventually('an opening was given up', () => daemon.log.includes("libvirt's daemon does not answer"), {
                timeoutMs: 30000,
            });
            assert.ok(streams().length <= 4);
        } finally {
            libvirtd.child.signal('SIGCONT');
        }
        await isThere(daemon, 'far');
    });

    test('with the bridge the processes go', async () => {
        await daemon.stop();
        await eventually('none is left', () => streams().length === 0);
    });
});
