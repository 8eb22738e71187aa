// A real guest in QEMU, through its SPICE server: what has to work for every change. qemu_guest_whole.test.js has the
// rest.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { pattern, sha256 } from '../support/data.js';
import { AGENT_MS, GuestBed } from '../support/guest_bed.js';

const MIB = 1024 * 1024;
const FOLLOW_MS = 5000;

describe('a guest in QEMU, through its SPICE server', () => {
    /** @type {GuestBed} */ let guest;

    before(async () => {
        guest = await GuestBed.start({ spice: true });
    });
    after(() => guest?.close());

    async function textBothWays(word) {
        assert.equal((await guest.copyInGuest(`${word} from the guest`)).text, `${word} from the guest`);
        const offer = { 'text/plain': `${word} to the guest` };
        assert.equal((await guest.copyInClient(offer)).toString(), `${word} to the guest`);
    }

    test('text both ways', () => textBothWays('first'));

    test('a file arrives with the same digest', async () => {
        const { client, vm } = guest;
        const content = pattern(5 * MIB);
        const status = await client.sendFile('large.bin', content, { timeoutMs: AGENT_MS });
        assert.equal(status.status, 'done', JSON.stringify(status));
        assert.equal(await vm.sha256(`${vm.downloads}/large.bin`), sha256(content));
    });

    test('a layout really resizes the screen', async () => {
        guest.layout('1024x768');
        await guest.resized('1024x768');
    });

    // The bridge announces no capability of migration, so the server sends it one message of all this: SWITCH_HOST, when
    // the machine runs there. The agent's conversation begins anew.
    test('a machine that migrates is followed to its new host', async () => {
        const { client, vm, bed } = guest;
        client.inbox.clear();
        await vm.migrate();
        await guest.agent({ connected: false }, FOLLOW_MS);
        await guest.agent({ connected: true }, FOLLOW_MS);
        await bed.daemon.child.says(new RegExp(`event=guest-moved vm=one .*to=127\\.0\\.0\\.1:${vm.port}\\b`));
        await textBothWays('moved');
    });

    test('a machine that is killed and started again is met', async () => {
        const { client, vm } = guest;
        client.inbox.clear();
        client.offer({ 'text/plain': 'outlives' });
        await vm.kill();
        await guest.agent({ connected: false });
        await vm.restart({ video: 'VGA' });
        await guest.agent({ connected: true });
        await guest.standsAgain('outlives');
        await textBothWays('again');
    });

    test("a screen that QEMU can't resize is resized by the agent, which answers", async () => {
        assert.equal((await guest.layout('1280x1024')).status, 'applied');
        await guest.resized('1280x1024');
    });
});
