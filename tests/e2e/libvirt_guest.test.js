// A real guest that libvirt has started, with each kind of channel that its page on <channel> has: all of them found by
// themselves, and bytes through each one, both ways.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Client } from '../support/client.js';
import { Daemon } from '../support/daemon.js';
import { eventually } from '../support/deadline.js';
import { GuestVm } from '../support/guest_vm.js';
import { Libvirtd } from '../support/libvirtd.js';
import { RawPortClient } from '../support/raw_port.js';
import { Sandbox } from '../support/sandbox.js';

const AGENT_MS = 60000;

const SPICE_AGENT = `<channel type='spicevmc'><target type='virtio' name='com.redhat.spice.0'/>
        <address type='virtio-serial' controller='0' bus='0' port='3'/></channel>
    <graphics type='spice'><listen type='socket'/></graphics>`;
const UNIX_AGENT = `<channel type='unix'><target type='virtio' name='com.redhat.spice.0'/></channel>
    <graphics type='vnc'><listen type='socket'/></graphics>`;
// libvirt gives a guestfwd channel a network of its own, and no card to it: that is the user's to add.
const OTHERS = `<video><model type='virtio'/></video>
    <channel type='pty'><target type='virtio' name='org.example.terminal'/></channel>
    <channel type='unix'><target type='virtio' name='org.example.socket'/></channel>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <channel type='unix'><source mode='bind' path='PATH/forward.sock'/>
        <target type='guestfwd' address='10.0.2.1' port='4600'/><alias name='ua-forward'/></channel>
    </devices>
    <qemu:commandline><qemu:arg value='-device'/><qemu:arg value='virtio-net-pci,netdev=ua-forward,addr=0x1e'/>
    </qemu:commandline><devices>`;

/** A program of the guest opens a port. */
const OPEN = {
    'org.example.terminal': 'exec 3<>/dev/virtio-ports/org.example.terminal',
    'org.example.socket': 'exec 3<>/dev/virtio-ports/org.example.socket',
};

describe("a guest of libvirt's, with each kind of channel", () => {
    /** @type {Sandbox} */ let sandbox;
    /** @type {Libvirtd} */ let libvirtd;
    /** @type {Daemon} */ let daemon;
    /** @type {GuestVm} */ let vm;
    /** @type {Client} */ let client;
    /** @type {RawPortClient[]} */ const ports = [];

    const others = () => OTHERS.replace('PATH', libvirtd.path());
    const openPort = async (name) => {
        const port = await RawPortClient.open(daemon, `/vms/web/ports/${name}?state=1`);
        ports.push(port);
        await port.isTold({ connected: true, writer: true });
        return port;
    };

    async function textBothWays(word) {
        client.inbox.clear();
        await vm.x11.copy(`${word} from the guest`);
        await client.next('clipboard-grab', () => true, AGENT_MS);
        assert.equal((await client.read('text/plain', { timeoutMs: AGENT_MS })).text, `${word} from the guest`);
        await vm.x11.newOwner(() => client.offer({ 'text/plain': `${word} to the guest` }));
        assert.equal((await vm.x11.paste({ timeoutMs: AGENT_MS })).toString(), `${word} to the guest`);
    }

    async function clientWithAgent() {
        client = await Client.connect(daemon.url('web'));
        await eventually('the agent is there', async () => (await daemon.vm('web')).agent.connected, {
            timeoutMs: AGENT_MS,
        });
    }

    before(async () => {
        sandbox = await Sandbox.open();
        libvirtd = await Libvirtd.start(sandbox);
        daemon = await Daemon.start(sandbox, {
            sections: {
                libvirt: { uri: libvirtd.uri },
                limits: { 'request-deadline': '15s' },
                policy: { 'guest-agent': 'info', ports: 'org.example.terminal, org.example.socket, guestfwd-10.0.2.1-4600, serial0' },
            },
        });
        const devices = `<serial type='pty'/>${SPICE_AGENT}${others()}`;
        vm = await GuestVm.start(sandbox, { name: 'web', libvirtd, devices });
        await clientWithAgent();
    });
    after(async () => {
        try {
            for (const port of ports) port.close();
            await client?.close();
            daemon?.assertRunning();
            await daemon?.stop();
        } finally {
            await sandbox?.close();
        }
    });

    test('all of them are found, with their places in the guest', async () => {
        const { guest, ports: found } = await daemon.vm('web');
        assert.match(guest.address, /^spice\+unix:/);
        assert.deepEqual(guest.device, { type: 'virtio-serial', controller: 0, bus: 0, port: 3 });
        const address = (name) => found.find((port) => port.name === name)?.address;
        assert.match(address('serial0'), /^pty:/);
        assert.match(address('org.example.terminal'), /^pty:/);
        assert.match(address('org.example.socket'), /^unix:.*org\.example\.socket$/);
        assert.equal(address('guestfwd-10.0.2.1-4600'), `unix:${libvirtd.path('forward.sock')}`);
    });

    test('the agent, through spicevmc', () => textBothWays('spicevmc'));

    for (const [name, open] of Object.entries(OPEN)) {
        test(`bytes both ways: ${name}`, async () => {
            const port = await openPort(name);
            await vm.run(`${open}; (head -n 1 <&3 >/tmp/got; echo "guest got $(cat /tmp/got)" >&3) >/dev/null 2>&1 &`,
                { user: 'root' });
            port.write('through the port\n');
            await port.shows('guest got through the port');
        });
    }

    test('bytes both ways: guestfwd', async () => {
        const port = await openPort('guestfwd-10.0.2.1-4600');
        await vm.run(
            `card=$(ls /sys/class/net | grep -v lo); ip link set $card up; ip addr add 10.0.2.15/24 dev $card
            mkfifo /tmp/says
            nc 10.0.2.1 4600 </tmp/says >/tmp/heard 2>/dev/null &
            exec 3>/tmp/says; echo from-the-guest >&3; (sleep 60 >&3) &`,
            { user: 'root' },
        );
        await port.shows('from-the-guest');
        port.write('to-the-guest\n');
        await eventually('the guest has heard it', async () =>
            (await vm.run('cat /tmp/heard', { user: 'root' })).output.toString().includes('to-the-guest'), {
            timeoutMs: AGENT_MS,
        });
    });

    test('libvirt says when the QEMU guest agent has opened its port', () =>
        eventually('it is open', async () =>
            (await daemon.vm('web')).ports.find((port) => port.name === 'org.qemu.guest_agent.0').openInGuest, {
            timeoutMs: AGENT_MS,
        }).catch(async (error) => {
            const { output } = await vm.run('cat /run/log/qemu-ga; ls -l /dev/virtio-ports; ps', { user: 'root' });
            throw new Error(`${error.message}: ${output}`);
        }));

    test('what the QEMU guest agent knows, asked by way of libvirt, which holds its port', async () => {
        const answer = await daemon.asAdmin('/api/v1/vms/web/guest', { timeoutMs: 15000 });
        assert.equal(answer.status, 200, answer.text);
        const body = answer.json();
        assert.equal(body.hostname, 'guest');
        assert.match(body.os.kernel, /^6\./);
        assert.ok(body.addresses.some(({ address }) => address === '10.0.2.15'), JSON.stringify(body.addresses));
        const { ports: found, guest_agent: agent } = await daemon.vm('web');
        assert.deepEqual(agent, { permission: 'info', connected: true });
        const port = found.find(({ name }) => name === 'org.qemu.guest_agent.0');
        assert.deepEqual([port.permitted, /libvirt's daemon holds it/.test(port.problem)], [false, true]);
    });

    test('a shutdown that the rules refuse', async () => {
        const answer = await daemon.asAdmin('/api/v1/vms/web/guest/shutdown', { method: 'POST' });
        assert.equal(answer.status, 403);
    });

    test('destroyed, and started again with its agent on a unix socket', async () => {
        await client.close();
        await libvirtd.virsh('destroy', 'web');
        await vm.restart({ devices: `${UNIX_AGENT}${others()}` });
        await eventually('it is another machine', async () =>
            /^unix:/.test((await daemon.vm('web').catch(() => null))?.guest?.address ?? ''), { timeoutMs: AGENT_MS });
        await clientWithAgent();
        await textBothWays('unix');
    });
});
