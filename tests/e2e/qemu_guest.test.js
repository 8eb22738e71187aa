// A real guest in QEMU: through its SPICE server, and through a plain socket of its agent's port.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { Bed } from '../support/bed.js';
import { bytesOf, pattern, sha256, textOfBytes } from '../support/data.js';
import { eventually } from '../support/deadline.js';
import { GuestVm } from '../support/guest_vm.js';
import { png } from '../support/png.js';
import { SpiceGtk } from '../support/spice_gtk.js';

const MIB = 1024 * 1024;
const AGENT_MS = 30000; // an emulated processor takes its time
const PASSWORD = 'of the machine';

/** What is copied in the guest, as a client of the bridge reads it.
 *  @param {{ target?: string, format?: string }} [options]  the same for X and for the client */
async function copyInGuest(vm, client, content, { target, format = 'text/plain' } = {}) {
    client.inbox.clear();
    await vm.x11.copy(content, { target });
    await client.next('clipboard-grab', () => true, AGENT_MS);
    return client.read(format, { timeoutMs: 60000 });
}

/** Waits until an agent that is back has this client's offer, which stood meanwhile. A copy in the guest before that is
 *  older than the offer there, and loses to it. */
function standsAgain(vm, text) {
    const pasted = async () => (await vm.x11.pasteText({ timeoutMs: 3000 })) === text;
    return eventually(`the guest pastes "${text}"`, pasted, { timeoutMs: AGENT_MS });
}

function resized(vm, size) {
    return eventually(`the screen is ${size}`, async () => (await vm.x11.size()) === size, { timeoutMs: AGENT_MS });
}

describe('a guest in QEMU, through its SPICE server', () => {
    /** @type {Bed} */ let bed;
    /** @type {GuestVm} */ let vm;
    /** @type {import('../support/client.js').Client} */ let client;

    before(async () => {
        bed = await Bed.start({
            vms: [],
            scripted: ['one'],
            sections: { server: { 'spice-listen': '127.0.0.1:0' } },
            prepare: async (bed) => {
                vm = await GuestVm.start(bed.sandbox, { spice: { password: PASSWORD } });
                bed.options.vms.one.guest = await guestWith(PASSWORD, bed);
            },
        });
        await bed.agentReady('one', AGENT_MS);
        client = await bed.client();
    });
    after(() => bed?.close());

    /** The guest's line with this password, from a file of its own. */
    async function guestWith(password, { sandbox } = bed) {
        const file = sandbox.path(`password-${sha256(bytesOf(Buffer.from(password)))}`);
        await writeFile(file, `${password}\n`, { mode: 0o600 });
        return `spice:127.0.0.1:${vm.port}?password-file=${file}`;
    }

    /** Another guest by a reload, after which the daemon says this. */
    async function reload(guest, pattern) {
        const before = bed.daemon.log.length;
        bed.options.vms.one.guest = guest;
        await bed.daemon.configure(bed.options);
        bed.daemon.child.signal('SIGHUP');
        await eventually(`${pattern} after the reload`, () => bed.daemon.log.slice(before).match(pattern));
    }

    test('text both ways', async () => {
        assert.equal((await copyInGuest(vm, client, 'from the guest')).text, 'from the guest');
        await vm.x11.newOwner(() => client.offer({ 'text/plain': 'to the guest' }));
        assert.equal(await vm.x11.pasteText(), 'to the guest');
    });

    test('64 KiB of text with characters of all lengths both ways', async () => {
        const content = textOfBytes(65536);
        assert.ok((await copyInGuest(vm, client, content)).bytes.equals(content));
        await vm.x11.newOwner(() => client.offer({ 'text/plain': content }));
        assert.ok((await vm.x11.paste()).equals(content));
    });

    test('a picture both ways, byte by byte', async () => {
        const picture = png(120, 80, { noisy: true });
        const read = await copyInGuest(vm, client, picture, { target: 'image/png', format: 'image/png' });
        assert.ok(read.bytes?.equals(picture), JSON.stringify(read.code));
        await vm.x11.newOwner(() => client.offer({ 'image/png': picture }));
        assert.ok((await vm.x11.paste({ target: 'image/png' })).equals(picture));
    });

    test('a file arrives with the same digest', async () => {
        const content = pattern(5 * MIB);
        const status = await client.sendFile('large.bin', content, { timeoutMs: 60000 });
        assert.equal(status.status, 'done', JSON.stringify(status));
        assert.equal(await vm.sha256(`${vm.downloads}/large.bin`), sha256(content));
    });

    // QEMU keeps a layout to itself where its display can make it: the screen changes, and no agent says so.
    test('a layout really resizes the screen, without an answer', async () => {
        const result = client.setMonitors([{ width: 1024, height: 768 }]);
        await resized(vm, '1024x768');
        assert.equal((await result).status, 'unanswered');
    });

    test('a browser and a SPICE client share the agent', async () => {
        const peer = await SpiceGtk.connect(bed.sandbox, { host: '127.0.0.1', port: await bed.daemon.spicePort() });
        await peer.agent();
        peer.inbox.clear();
        assert.equal((await copyInGuest(vm, client, 'for both')).text, 'for both');
        await peer.next('grab', () => true, AGENT_MS);
        assert.equal((await peer.request('text')).text, 'for both');
        await vm.x11.newOwner(() => peer.grab({ text: 'from the viewer' }));
        assert.equal(await vm.x11.pasteText(), 'from the viewer');
        await peer.close();
    });

    test('an agent that falls and comes back is there again', async () => {
        client.offer({ 'text/plain': 'stands' });
        await vm.restartAgent();
        await standsAgain(vm, 'stands');
        assert.equal((await copyInGuest(vm, client, 'after the fall')).text, 'after the fall');
        await vm.x11.newOwner(() => client.offer({ 'text/plain': 'to the new one' }));
        assert.equal(await vm.x11.pasteText(), 'to the new one');
    });

    test('a machine that is killed and started again is met', async () => {
        client.inbox.clear();
        client.offer({ 'text/plain': 'outlives' });
        await vm.kill();
        await client.next('agent', (frame) => !frame.connected);
        await vm.restart({ video: 'VGA' });
        await client.next('agent', (frame) => frame.connected, AGENT_MS);
        await standsAgain(vm, 'outlives');
        assert.equal((await copyInGuest(vm, client, 'after the kill')).text, 'after the kill');
    });

    test("a screen that QEMU can't resize is resized by the agent, which answers", async () => {
        assert.equal((await client.setMonitors([{ width: 1280, height: 1024 }])).status, 'applied');
        await resized(vm, '1280x1024');
    });

    test('a wrong password is a named error, and the right one is taken again', async () => {
        client.inbox.clear();
        await reload(await guestWith('wrong'), /event=guest-unreachable .*reason="?the server refuses the password/);
        assert.ok(!bed.daemon.log.includes(PASSWORD), 'no password in the log');
        await reload(await guestWith(PASSWORD), /event=spice-server-linked/);
        await client.next('agent', (frame) => frame.connected, AGENT_MS);
        client.offer({ 'text/plain': 'with the right one' });
        await standsAgain(vm, 'with the right one');
    });
});

describe("a guest in QEMU, through a socket of its agent's port", () => {
    /** @type {Bed} */ let bed;
    /** @type {GuestVm} */ let vm;
    /** @type {import('../support/client.js').Client} */ let client;

    before(async () => {
        bed = await Bed.start({
            vms: [],
            scripted: ['one'],
            prepare: async (bed) => {
                vm = await GuestVm.start(bed.sandbox);
                bed.options.vms.one.guest = `unix:${vm.agentSocket}`;
            },
        });
        await bed.agentReady('one', AGENT_MS);
        client = await bed.client();
    });
    after(() => bed?.close());

    test('text both ways', async () => {
        assert.equal((await copyInGuest(vm, client, 'from the guest')).text, 'from the guest');
        await vm.x11.newOwner(() => client.offer({ 'text/plain': 'to the guest' }));
        assert.equal(await vm.x11.pasteText(), 'to the guest');
    });

    test('a layout really resizes the screen, and the agent says so', async () => {
        assert.equal((await client.setMonitors([{ width: 1024, height: 768 }])).status, 'applied');
        await resized(vm, '1024x768');
    });

    test('an agent that falls and comes back is there again', async () => {
        client.offer({ 'text/plain': 'stands' });
        await vm.restartAgent();
        await standsAgain(vm, 'stands');
        assert.equal((await copyInGuest(vm, client, 'after the fall')).text, 'after the fall');
        await vm.x11.newOwner(() => client.offer({ 'text/plain': 'to the new one' }));
        assert.equal(await vm.x11.pasteText(), 'to the new one');
    });
});
