// Machines that libvirt's XML describes: --domain, with the real agent on a socket and behind SPICE's own server.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { after, before, describe, test } from 'node:test';
import { Bed } from '../support/bed.js';
import { VMCBRIDGE } from '../support/daemon.js';
import { within } from '../support/deadline.js';
import { SpiceServer } from '../support/spice_server.js';

const CHARDEV = fileURLToPath(new URL('../support/socket_chardev.js', import.meta.url));
const UUID = '4dea22b3-1d52-d8f3-2516-782e98ab3fa0';

/** The XML of a machine that runs. */
const domainOf = (name, devices) => `<!-- as virsh dumpxml prints it -->
<domain type='kvm' id='1'>
  <name>${name}</name>
  <uuid>${UUID}</uuid>
  <devices>
${devices}
  </devices>
</domain>
`;

const agentOn = (source) => `<channel type='unix'>
  <source ${source}/>
  <target type='virtio' name='com.redhat.spice.0' state='connected'/>
  <address type='virtio-serial' controller='0' bus='0' port='1'/>
</channel>`;

async function copyInGuest(bed, client, content) {
    client.inbox.clear();
    await bed.desktop.x11.copy(content);
    await client.next('clipboard-grab', () => true, 15000);
    return (await client.read('text/plain', { timeoutMs: 15000 })).text;
}

describe('a domain with the agent on a socket where QEMU listens', () => {
    /** @type {Bed} */ let bed;
    /** @type {import('../support/client.js').Client} */ let client;
    /** @type {string} */ let file;
    /** @type {string} */ let socket;
    const vm = () => bed.daemon.vm('one');
    const write = (devices) => writeFile(file, domainOf('one', devices));

    before(async () => {
        bed = await Bed.start({
            prepare: async (bed) => {
                socket = bed.sandbox.path('one', 'host.sock');
                file = bed.sandbox.path('one.xml');
                bed.sandbox.start('chardev', process.execPath, [CHARDEV, socket, bed.guestSocket()]);
                await write(`${agentOn(`mode='bind' path='${socket}'`)}
<graphics type='vnc' port='${bed.desktop.vncPort}' autoport='yes' listen='127.0.0.1'/>
<channel type='unix'>
  <source mode='bind' path='/run/nobody/ga.sock'/>
  <target type='virtio' name='org.qemu.guest_agent.0'/>
  <address type='virtio-serial' controller='0' bus='0' port='2'/>
</channel>
<serial type='null'/>`);
                bed.options.vms = { one: { 'files-to-guest': 'off' } };
                bed.options.domains = [file];
            },
        });
        client = await bed.client();
    });
    after(() => bed?.close());

    test('text both ways', async () => {
        assert.equal(await copyInGuest(bed, client, 'from the guest'), 'from the guest');
        await bed.desktop.x11.newOwner(() => client.offer({ 'text/plain': 'to the guest' }));
        assert.equal(await bed.desktop.x11.pasteText(), 'to the guest');
    });

    test('the rules of its [vm NAME] hold', () => {
        assert.ok(!client.welcome.permissions.includes('files-to-guest'));
        assert.ok(client.welcome.permissions.includes('clipboard-to-guest'));
    });

    test('the interface shows where everything comes from', async () => {
        const { uuid, guest, display, ports } = await vm();
        const device = { type: 'virtio-serial', controller: 0, bus: 0 };
        assert.equal(uuid, UUID);
        assert.deepEqual(guest, {
            address: `unix:${socket}`,
            connected: true,
            problem: null,
            server: null,
            source: `${file}:6`,
            device: { ...device, port: 1 },
        });
        assert.equal(display.address, `vnc:127.0.0.1:${bed.desktop.vncPort}`);
        assert.deepEqual(ports, [
            {
                name: 'org.qemu.guest_agent.0',
                address: 'unix:/run/nobody/ga.sock',
                problem: null,
                needsLeave: true,
                permitted: false,
                connected: false,
                clients: 0,
                source: `${file}:12`,
                device: { ...device, port: 2 },
                openInGuest: null,
            },
            {
                name: 'serial0',
                address: null,
                problem: "type='null': what it says goes nowhere; make it type='unix' or 'pty'",
                needsLeave: false,
                permitted: true,
                connected: false,
                clients: 0,
                source: `${file}:17`,
                device: null,
                openInGuest: null,
            },
        ]);
    });

    test('a port that nobody can attach to is told in the log', () =>
        bed.daemon.child.says(/event=domain-note .*one\.xml:17: <serial>: port serial0 can't be attached to/));

    test('SIGHUP reads the file again, and the agent stays', async () => {
        await write(`<!-- one line more -->\n${agentOn(`mode='bind' path='${socket}'`)}`);
        assert.match(await bed.daemon.reload(), /event=reloaded/);
        const { guest, display, ports } = await vm();
        assert.deepEqual([guest.source, guest.connected, display, ports], [`${file}:7`, true, null, []]);
        assert.equal(bed.daemon.log.match(/event=guest-connected/g).length, 1, 'the same connection');
        assert.equal(await copyInGuest(bed, client, 'after the reload'), 'after the reload');
    });

    test('a file with a fault changes nothing, and is named with its line', async () => {
        await write(`<channel type='qemu-vdagent'><target type='virtio'/></channel>`);
        assert.match(
            await bed.daemon.reload(),
            /event=reload-refused .*one\.xml:6: <channel>: the agent's port: type='qemu-vdagent'/,
        );
        assert.equal((await vm()).guest.address, `unix:${socket}`);
        assert.equal(await copyInGuest(bed, client, 'in spite of the fault'), 'in spite of the fault');
    });

    test('check-config names the same fault, with exit code 1', async () => {
        const child = bed.sandbox.start('check', VMCBRIDGE, ['check-config', '--domain', file, bed.daemon.config]);
        const { code } = await within(5000, child.closed, 'check-config ends');
        assert.equal(code, 1);
        assert.match(child.log, /one\.xml:6: <channel>: the agent's port: type='qemu-vdagent'/);
    });
});

describe('a domain with the agent on a socket where the bridge listens', () => {
    /** @type {Bed} */ let bed;

    before(async () => {
        bed = await Bed.start({
            prepare: async (bed) => {
                const file = bed.sandbox.path('one.xml');
                await writeFile(file, domainOf('one', agentOn(`mode='connect' path='${bed.guestSocket()}'`)));
                bed.options.vms = {};
                bed.options.domains = [file];
            },
        });
    });
    after(() => bed?.close());

    test('text from the guest', async () => {
        const client = await bed.client();
        assert.equal(await copyInGuest(bed, client, 'from the guest'), 'from the guest');
    });
});

describe('a domain with the agent behind its SPICE server', () => {
    /** @type {Bed} */ let bed;
    const PASSWORD = 'upstream s3cret';

    before(async () => {
        bed = await Bed.start({
            prepare: async (bed) => {
                const server = await SpiceServer.start(bed.sandbox, bed.guestSocket(), { password: PASSWORD });
                const file = bed.sandbox.path('one.xml');
                await writeFile(
                    file,
                    domainOf(
                        'one',
                        `<channel type='spicevmc'><target type='virtio'/></channel>
<graphics type='spice' port='${server.port}' autoport='yes' listen='0.0.0.0' passwd='${PASSWORD}'/>`,
                    ),
                );
                bed.options.vms = {};
                bed.options.domains = [file];
                bed.options.verbose = true;
            },
        });
    });
    after(() => bed?.close());

    test('text both ways', async () => {
        const client = await bed.client();
        assert.equal(await copyInGuest(bed, client, 'from the guest'), 'from the guest');
        await bed.desktop.x11.newOwner(() => client.offer({ 'text/plain': 'to the guest' }));
        assert.equal(await bed.desktop.x11.pasteText(), 'to the guest');
    });

    test('its password is in no log and no answer', async () => {
        const answer = await bed.daemon.asAdmin('/api/v1/vms/one');
        assert.match(answer.json().guest.address, /^spice:127\.0\.0\.1:\d+$/);
        assert.ok(!answer.text.includes('s3cret'));
        assert.ok(!bed.daemon.log.includes('s3cret'));
    });
});
