// Every clipboard request is answered: by data, or by the code that says why not.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Bed } from '../support/bed.js';
import { Format, Type, u32 } from '../support/vdi.js';

const DEADLINE_MS = 5000;
const MARGIN_MS = 1500;

describe('a request to the real guest', () => {
    /** @type {Bed} */ let bed;
    /** @type {import('../support/client.js').Client} */ let client;

    before(async () => {
        bed = await Bed.start();
        client = await bed.client();
    });
    after(() => bed?.close());

    test('while nobody owns the clipboard is answered not-owner', async () => {
        assert.equal((await client.read()).code, 'not-owner');
    });

    test('for a format that the guest does not have is answered not-offered', async () => {
        await bed.desktop.x11.copy('text alone');
        await client.next('clipboard-grab');
        assert.equal((await client.read('image/png')).code, 'not-offered');
        assert.equal((await client.read('text/plain')).text, 'text alone');
    });

    test('of a client that owns the clipboard itself is answered not-owner', async () => {
        await bed.desktop.x11.newOwner(() => client.offer({ 'text/plain': 'mine' }));
        assert.equal((await client.read()).code, 'not-owner');
    });

    test('of the guest to a silent client ends the paste with nothing', async () => {
        client.answers = false;
        await bed.desktop.x11.newOwner(() => client.offer({ 'text/plain': 'never given' }));
        assert.equal((await bed.desktop.x11.paste({ timeoutMs: DEADLINE_MS + MARGIN_MS + 2000 })).length, 0);
        client.answers = true;
    });

    test('of the guest that a client refuses ends the paste at once', async () => {
        client.answers = false;
        await bed.desktop.x11.newOwner(() => client.offer({ 'text/plain': 'soon gone' }));
        client.inbox.clear();
        const paste = bed.desktop.x11.paste({ timeoutMs: 3000 });
        const { id } = await client.next('clipboard-request');
        client.send({ type: 'clipboard-error', id, code: 'cancelled', message: 'the user said no' });
        assert.equal((await paste).length, 0);
        client.answers = true;
    });

    test('of the guest to a client that leaves ends the paste', async () => {
        const leaver = await bed.client();
        leaver.answers = false;
        await bed.desktop.x11.newOwner(() => leaver.offer({ 'text/plain': 'taken along' }));
        const paste = bed.desktop.x11.paste({ timeoutMs: 3000 });
        await leaver.next('clipboard-request');
        await leaver.close();
        assert.equal((await paste).length, 0);
    });

    test('after the agent has gone is answered no-agent', async () => {
        await bed.desktop.stopAgent();
        await client.next('agent', (frame) => !frame.connected);
        assert.equal((await client.read()).code, 'no-agent');
    });
});

describe('a request to a guest that misbehaves', () => {
    /** @type {Bed} */ let bed;
    /** @type {import('../support/client.js').Client} */ let client;
    /** @type {import('../support/scripted_guest.js').ScriptedGuest} */ let guest;

    before(async () => {
        bed = await Bed.start({ vms: [], scripted: ['one'] });
        client = await bed.client();
        assert.equal((await client.read()).code, 'no-agent', 'nobody is at the port yet');
        guest = await bed.guest();
        await client.agent();
    });
    after(() => bed?.close());

    async function offerText() {
        await guest.grab(Format.text);
        await client.next('clipboard-grab');
    }

    test('is answered timeout when the guest stays silent for 5 s', async () => {
        await offerText();
        const start = Date.now();
        const answer = await client.read();
        const waited = Date.now() - start;
        assert.equal(answer.code, 'timeout');
        assert.ok(waited >= DEADLINE_MS - 100 && waited <= DEADLINE_MS + MARGIN_MS, `after ${waited} ms`);
    });

    test('is not answered with what comes too late', async () => {
        await guest.giveText('late');
        guest.inbox.clear();
        await offerText();
        const reading = client.read();
        await guest.next(Type.request);
        await guest.giveText('in time');
        assert.equal((await reading).text, 'in time');
    });

    test('is answered when the guest says that it has nothing after all', async () => {
        await offerText();
        const reading = client.read();
        await guest.next(Type.request);
        await guest.send(Type.clipboard, u32(0, Format.none));
        assert.match((await reading).code, /^(not-offered|guest-error)$/);
    });

    test('is answered when the guest grabs anew meanwhile', async () => {
        await offerText();
        const reading = client.read();
        await guest.next(Type.request);
        await guest.grab(Format.text);
        await guest.giveText('the newer one');
        const answer = await reading;
        assert.ok(answer.code !== undefined || answer.text === 'the newer one', JSON.stringify(answer));
    });

    test('is answered when the guest releases the clipboard meanwhile', async () => {
        await offerText();
        const reading = client.read();
        await guest.next(Type.request);
        await guest.send(Type.release, u32(0));
        assert.equal((await reading).code, 'not-owner');
    });

    test('is answered agent-gone when the port closes meanwhile', async () => {
        await offerText();
        const reading = client.read();
        await guest.next(Type.request);
        await guest.close();
        assert.equal((await reading).code, 'agent-gone');
    });
});
