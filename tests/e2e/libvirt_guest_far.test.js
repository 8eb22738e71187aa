// A real guest on a libvirt daemon of another host, as the bridge sees it: its channels come over libvirt's own
// connection, and both sides hold each other back there.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { Client } from '../support/client.js';
import { Daemon } from '../support/daemon.js';
import { eventually } from '../support/deadline.js';
import { GuestVm } from '../support/guest_vm.js';
import { Libvirtd } from '../support/libvirtd.js';
import { RawPortClient } from '../support/raw_port.js';
import { Sandbox } from '../support/sandbox.js';

const AGENT_MS = 60000;
const MIB = 1024 * 1024;
const FLOOD = 48 * MIB;
const DEVICES = `<video><model type='virtio'/></video>
    <channel type='unix'><target type='virtio' name='com.redhat.spice.0'/></channel>
    <channel type='unix'><target type='virtio' name='org.example.socket'/></channel>`;

const rss = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) * 1024;

describe('a guest on another host', () => {
    /** @type {Sandbox} */ let sandbox;
    /** @type {Libvirtd} */ let libvirtd;
    /** @type {Daemon} */ let daemon;
    /** @type {GuestVm} */ let vm;

    before(async () => {
        sandbox = await Sandbox.open();
        libvirtd = await Libvirtd.start(sandbox);
        daemon = await Daemon.start(sandbox, {
            sections: {
                libvirt: { uri: libvirtd.remoteUri },
                limits: { 'request-deadline': '15s' },
                policy: { ports: 'org.example.socket' },
            },
        });
        vm = await GuestVm.start(sandbox, { name: 'far', libvirtd, devices: DEVICES });
        await eventually('the agent is there', async () => (await daemon.vm('far')).agent.connected, {
            timeoutMs: AGENT_MS,
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

    test('text from the guest', async () => {
        assert.equal((await daemon.vm('far')).guest.address, 'libvirt:far/com.redhat.spice.0');
        const client = await Client.connect(daemon.url('far'));
        await vm.x11.copy('from afar');
        await client.next('clipboard-grab', () => true, AGENT_MS);
        assert.equal((await client.read('text/plain', { timeoutMs: AGENT_MS })).text, 'from afar');
        await client.close();
    });

    test('while the bridge reads nothing the guest is held back, and nothing is lost', async () => {
        const port = await RawPortClient.open(daemon, '/vms/far/ports/org.example.socket?state=1');
        await port.isTold({ connected: true, writer: true });
        const processes = [...sandbox.processes('libvirt-stream'), libvirtd.child.pid];
        const before = processes.map(rss);
        daemon.child.signal('SIGSTOP');
        try {
            await vm.run(
                `(dd if=/dev/zero of=/dev/virtio-ports/org.example.socket bs=65536 count=${FLOOD / 65536} 2>/dev/null
                echo written >/tmp/flood) >/dev/null 2>&1 &`,
                { user: 'root' },
            );
            // It writes for as long as somebody takes it; then its process sleeps in the port.
            let last = '';
            let same = 0;
            await eventually('the guest waits', async () => {
                const { output } = await vm.run('cat /proc/$(pidof dd)/io | grep write_bytes; cat /proc/$(pidof dd)/io', {
                    user: 'root',
                });
                same = output.toString() === last ? same + 1 : 0;
                last = output.toString();
                return same >= 5;
            }, { timeoutMs: AGENT_MS, everyMs: 200 });
            const { code } = await vm.run('test -e /tmp/flood', { user: 'root' });
            assert.equal(code, 1, 'all of it was taken');
            processes.forEach((pid, index) => {
                const more = rss(pid) - before[index];
                assert.ok(more < 16 * MIB, `process ${pid} has taken ${(more / MIB).toFixed(1)} MiB`);
            });
        } finally {
            daemon.child.signal('SIGCONT');
        }
        await eventually('all of it has come', () => port.got.length === FLOOD, { timeoutMs: AGENT_MS });
        port.close();
    });
});
