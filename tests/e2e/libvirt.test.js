// --libvirt with Debian's libvirtd and QEMU: machines come by themselves and go again. They have no operating system:
// what counts here are the host's ends of their ports.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { Client } from '../support/client.js';
import { Daemon } from '../support/daemon.js';
import { eventually } from '../support/deadline.js';
import { Libvirtd } from '../support/libvirtd.js';
import { Sandbox } from '../support/sandbox.js';

const AGENT = "<channel type='unix'><target type='virtio' name='com.redhat.spice.0'/></channel>";
const EXTRA = "<channel type='unix'><target type='virtio' name='org.example.extra'/></channel>";
const SPICE = `<channel type='spicevmc'><target type='virtio' name='com.redhat.spice.0'/></channel>
<graphics type='spice' passwd='s3cret'><listen type='socket'/></graphics>`;
const policy = (rules) =>
    `<vmcbridge:policy xmlns:vmcbridge='https://vmcbridge.org/xmlns/domain/1.0' ${rules}/>`;

describe('the machines of a libvirt daemon', () => {
    /** @type {Sandbox} */ let sandbox;
    /** @type {Libvirtd} */ let libvirtd;
    /** @type {Daemon} */ let daemon;

    const names = async () => (await daemon.asAdmin('/api/v1/vms')).json().vms.map((vm) => vm.name);
    const has = (wanted) =>
        eventually(`the machines are ${wanted}`, async () => (await names()).join() === wanted.join(), {
            timeoutMs: 15000,
        });
    const connected = (name) =>
        eventually(`the port of ${name} is open`, async () => (await daemon.vm(name)).guest.connected, {
            timeoutMs: 15000,
        });
    const attached = (name) => daemon.log.split(`event=vm-attached vm=${name} `).length - 1;

    before(async () => {
        sandbox = await Sandbox.open();
        libvirtd = await Libvirtd.start(sandbox);
        await libvirtd.create('early', { devices: AGENT });
        daemon = await Daemon.start(sandbox, {
            sections: { libvirt: { uri: libvirtd.uri, exclude: 'private-*' } },
            vms: { web1: { 'clipboard-to-guest': 'text' } },
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

    test('one that runs already is there', async () => {
        await has(['early']);
        await connected('early');
    });

    test('one that is started comes by itself, with its terminal and its rules', async () => {
        await libvirtd.create('web1', {
            devices: `${AGENT}<serial type='pty'/>`,
            metadata: policy("files-to-guest='off' clipboard-to-guest='any'"),
        });
        await has(['early', 'web1']);
        await connected('web1');
        const { guest, ports, uuid } = await daemon.vm('web1');
        assert.match(guest.address, /^unix:.*web1\/com\.redhat\.spice\.0$/);
        assert.equal(uuid, (await libvirtd.virsh('domuuid', 'web1')).trim());
        assert.deepEqual([ports[0].name, /^pty:\/dev\/pts\/\d+$/.test(ports[0].address)], ['serial0', true]);
        await daemon.child.says(/event=machine-note vm=web1 .*clipboard-to-guest: left out: .*would let more pass/);
    });

    test('metadata narrow what a client may do', async () => {
        const client = await Client.connect(daemon.url('web1'));
        assert.ok(!client.welcome.permissions.includes('files-to-guest'));
        assert.ok(client.welcome.permissions.includes('clipboard-to-guest'));
        await client.close();
    });

    test('a port that is plugged in is followed, and one that is plugged out', async () => {
        const ports = async () => (await daemon.vm('early')).ports.map((port) => port.name).join();
        await libvirtd.plugIn('early', EXTRA);
        await eventually('the port is there', async () => (await ports()) === 'org.example.extra');
        await libvirtd.virsh('detach-device-alias', 'early', 'channel1', '--live');
        await eventually('the port has gone', async () => (await ports()) === '');
        await connected('early');
        assert.equal(attached('early'), 1, 'the same machine');
    });

    test("one behind QEMU's SPICE server is found with its password, which nobody sees", async () => {
        await libvirtd.create('pict', { devices: SPICE });
        await has(['early', 'pict', 'web1']);
        assert.match((await daemon.vm('pict')).guest.address, /^spice\+unix:/);
        await eventually("QEMU's server has let the bridge in", async () => {
            const told = await libvirtd.virsh('qemu-monitor-command', 'pict', '--hmp', 'info spice');
            return /channel: 1:0/.test(told);
        });
        assert.ok(!daemon.log.includes('s3cret'));
        await libvirtd.virsh('destroy', 'pict');
        await has(['early', 'web1']);
    });

    test('one whose agent is on a terminal', async () => {
        await libvirtd.create('term', {
            devices: "<channel type='pty'><target type='virtio' name='com.redhat.spice.0'/></channel>",
        });
        await connected('term');
        assert.match((await daemon.vm('term')).guest.address, /^pty:\/dev\/pts\/\d+$/);
        await libvirtd.virsh('destroy', 'term');
        await has(['early', 'web1']);
    });

    test('what is excluded, or has no agent, is left out, until it has one', async () => {
        await libvirtd.create('private-1', { devices: AGENT });
        await libvirtd.create('bare', { devices: "<controller type='virtio-serial' index='0'/>" });
        await daemon.child.says(/event=machine-refused .*vm=bare .*no virtio channel is named/);
        await libvirtd.plugIn('bare', AGENT);
        await has(['bare', 'early', 'web1']);
        for (const name of ['private-1', 'bare']) await libvirtd.virsh('destroy', name);
        await has(['early', 'web1']);
    });

    test('one that is destroyed goes, and comes when it is started again', async () => {
        await libvirtd.virsh('destroy', 'web1');
        await has(['early']);
        await libvirtd.create('web1', { devices: AGENT });
        await has(['early', 'web1']);
        await connected('web1');
        assert.equal(attached('web1'), 2);
    });

    for (const signal of ['SIGTERM', 'SIGKILL']) {
        test(`a daemon that goes (${signal}) and comes back changes nothing that is connected`, async () => {
            const client = await Client.connect(daemon.url('early'));
            const seen = daemon.log.length;
            await libvirtd.stop(signal);
            await eventually('the loss is noticed', () => daemon.log.includes('event=libvirt-lost', seen));
            await has(['early', 'web1']);
            await libvirtd.restart();
            await eventually('it is found again', () => daemon.log.includes('event=libvirt-connected', seen), {
                timeoutMs: 15000,
            });
            await libvirtd.virsh('destroy', 'web1');
            await has(['early']);
            await libvirtd.create('web1', { devices: AGENT });
            await has(['early', 'web1']);
            assert.equal(attached('early'), 1);
            assert.equal(daemon.log.match(/event=guest-connected vm=early /g).length, 1, 'the same connection');
            await client.barrier();
            await client.close();
        });
    }

    test('what happened while it was away counts when it is back', async () => {
        await libvirtd.stop();
        const pid = Number(await readFile(libvirtd.path('libvirt/qemu/run/web1.pid')));
        process.kill(pid, 'SIGKILL');
        await libvirtd.restart();
        await has(['early']);
        assert.equal(attached('early'), 1);
    });

    test('SIGHUP without it takes its machines', async () => {
        await daemon.configure({});
        assert.match(await daemon.reload(), /event=reloaded/);
        await has([]);
    });
});

test('a daemon that is not there is no reason to wait, and is found when it comes', async () => {
    const sandbox = await Sandbox.open();
    try {
        const uri = `qemu+unix:///session?socket=${sandbox.path('lv', 'libvirt-sock')}`;
        const daemon = await Daemon.start(sandbox, { sections: { libvirt: { uri } } });
        await daemon.child.says(/event=libvirt-unreachable .*reason=/);
        const libvirtd = await Libvirtd.start(sandbox);
        await libvirtd.create('late', { devices: AGENT });
        await eventually('it is there', async () => (await daemon.vm('late')).guest.connected, { timeoutMs: 20000 });
        await daemon.stop();
    } finally {
        await sandbox.close();
    }
});

test('a daemon that hangs holds nothing up', async () => {
    const sandbox = await Sandbox.open();
    try {
        const libvirtd = await Libvirtd.start(sandbox);
        await libvirtd.create('one', { devices: AGENT });
        const options = { sections: { libvirt: { uri: libvirtd.uri } } };
        const daemon = await Daemon.start(sandbox, options);
        await eventually('it is there', async () => (await daemon.vm('one')).guest.connected, { timeoutMs: 20000 });
        libvirtd.child.signal('SIGSTOP');
        await daemon.configure({ sections: { libvirt: { uri: libvirtd.uri, exclude: 'none' } } });
        assert.match(await daemon.reload(), /event=reloaded/);
        assert.ok((await daemon.vm('one')).guest.connected);
        await daemon.stop();
        const second = await Daemon.start(sandbox, options);
        await second.stop();
    } finally {
        await sandbox.close();
    }
});
