// A real guest in QEMU: what qemu_guest.test.js leaves out, and its agent's port as a plain socket. For `--all`.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { textOfBytes } from '../support/data.js';
import { AGENT_MS, GuestBed } from '../support/guest_bed.js';
import { png } from '../support/png.js';
import { SpiceGtk } from '../support/spice_gtk.js';

describe('a guest in QEMU, through its SPICE server', () => {
    /** @type {GuestBed} */ let guest;

    before(async () => {
        guest = await GuestBed.start({ spice: true });
    });
    after(() => guest?.close());

    test('64 KiB of text with characters of all lengths both ways', async () => {
        const content = textOfBytes(65536);
        assert.ok((await guest.copyInGuest(content)).bytes.equals(content));
        assert.ok((await guest.copyInClient({ 'text/plain': content })).equals(content));
    });

    test('a picture both ways, byte by byte', async () => {
        const picture = png(120, 80, { noisy: true });
        const read = await guest.copyInGuest(picture, { target: 'image/png', format: 'image/png' });
        assert.ok(read.bytes?.equals(picture), JSON.stringify(read.code));
        assert.ok((await guest.copyInClient({ 'image/png': picture }, { target: 'image/png' })).equals(picture));
    });

    // QEMU keeps a layout to itself where its display can make it: the screen changes, and no agent says so.
    test('a layout that QEMU takes stays without an answer', async () => {
        assert.equal((await guest.layout('1280x720')).status, 'unanswered');
        await guest.resized('1280x720');
    });

    test('a browser and a SPICE client share the agent', async () => {
        const { bed, vm } = guest;
        const peer = await SpiceGtk.connect(bed.sandbox, { host: '127.0.0.1', port: await bed.daemon.spicePort() });
        await peer.agent();
        peer.inbox.clear();
        assert.equal((await guest.copyInGuest('for both')).text, 'for both');
        await peer.next('grab', () => true, AGENT_MS);
        assert.equal((await peer.request('text', { timeoutMs: AGENT_MS })).text, 'for both');
        await vm.x11.newOwner(() => peer.grab({ text: 'from the viewer' }));
        assert.equal(await vm.x11.pasteText({ timeoutMs: AGENT_MS }), 'from the viewer');
        await peer.close();
    });

    test('an agent that falls and comes back is there again', () => fallsAndComesBack(guest));

    test('a wrong password is a named error, and the right one is taken again', async () => {
        const { bed, client } = guest;
        client.inbox.clear();
        const refused = /event=guest-unreachable .*reason="?the server refuses the password/;
        await guest.reload(await guest.withPassword('wrong'), refused);
        assert.ok(!bed.daemon.log.includes(guest.password), 'no password in the log');
        await guest.reload(await guest.withPassword(guest.password), /event=spice-server-linked/);
        await guest.agent({ connected: true });
        client.offer({ 'text/plain': 'with the right one' });
        await guest.standsAgain('with the right one');
    });
});

describe("a guest in QEMU, through a socket of its agent's port", () => {
    /** @type {GuestBed} */ let guest;

    before(async () => {
        guest = await GuestBed.start({ spice: false });
    });
    after(() => guest?.close());

    test('text both ways', async () => {
        assert.equal((await guest.copyInGuest('from the guest')).text, 'from the guest');
        assert.equal((await guest.copyInClient({ 'text/plain': 'to the guest' })).toString(), 'to the guest');
    });

    test('a layout really resizes the screen, and the agent says so', async () => {
        assert.equal((await guest.layout('1024x768')).status, 'applied');
        await guest.resized('1024x768');
    });

    test('an agent that falls and comes back is there again', () => fallsAndComesBack(guest));
});

/** @param {GuestBed} guest */
async function fallsAndComesBack(guest) {
    guest.client.offer({ 'text/plain': 'stands' });
    await guest.vm.restartAgent();
    await guest.standsAgain('stands');
    assert.equal((await guest.copyInGuest('after the fall')).text, 'after the fall');
    assert.equal((await guest.copyInClient({ 'text/plain': 'to the new one' })).toString(), 'to the new one');
}
