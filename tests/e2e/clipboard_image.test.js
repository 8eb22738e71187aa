// Pictures both ways through the real agent, and selections that stay at home.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Bed } from '../support/bed.js';
import { png } from '../support/png.js';

const PICTURES = {
    'a PNG of a few hundred bytes': png(16, 16),
    'a PNG of several chunks': png(120, 90),
    'a PNG of more than 4 MiB': png(1300, 1200, { noisy: true }),
};

describe('pictures', () => {
    /** @type {Bed} */ let bed;
    /** @type {import('../support/client.js').Client} */ let client;

    before(async () => {
        bed = await Bed.start();
        client = await bed.client();
    });
    after(() => bed?.close());

    for (const [what, picture] of Object.entries(PICTURES)) {
        test(`${what} arrives from the guest byte by byte`, async () => {
            client.inbox.clear();
            await bed.desktop.x11.copy(picture, { target: 'image/png' });
            await client.next('clipboard-grab', (grab) => grab.formats.includes('image/png'));
            const got = await client.read('image/png');
            assert.ok(got.bytes?.equals(picture), `got ${got.size} bytes (${got.code}), expected ${picture.length}`);
        });

        test(`${what} arrives in the guest byte by byte`, async () => {
            await bed.desktop.x11.newOwner(() => client.offer({ 'image/png': picture }));
            const got = await bed.desktop.x11.paste({ target: 'image/png' });
            assert.ok(got.equals(picture), `got ${got.length} bytes, expected ${picture.length}`);
        });
    }

    test('text and picture of one offer are given as each is asked for', async () => {
        const picture = png(20, 20);
        await bed.desktop.x11.newOwner(() => client.offer({ 'text/plain': 'its caption', 'image/png': picture }));
        assert.equal(await bed.desktop.x11.pasteText({ target: 'UTF8_STRING' }), 'its caption');
        assert.ok((await bed.desktop.x11.paste({ target: 'image/png' })).equals(picture));
    });
});

describe('the primary selection', () => {
    /** @type {Bed} */ let bed;

    before(
        async () => (bed = await Bed.start({ vms: ['closed', 'open'], keys: { open: { 'primary-selection': 'on' } } })),
    );
    after(() => bed?.close());

    test('stays in the guest where it is not switched on', async () => {
        const client = await bed.client('closed');
        const { x11 } = bed.desktops.closed;
        await x11.copy('marked with the mouse', { selection: 'primary' });
        await x11.copy('copied');
        await client.next('clipboard-grab', (grab) => (grab.selection ?? 'clipboard') === 'clipboard');
        await client.barrier();
        assert.deepEqual(
            client.seen('clipboard-grab').filter((grab) => grab.selection === 'primary'),
            [],
        );
        const answer = await client.read('text/plain', { selection: 'primary' });
        assert.ok(answer.code, 'a request for it is refused');
    });

    test('is not written by a client where it is not switched on', async () => {
        const client = await bed.client('closed');
        const { x11 } = bed.desktops.closed;
        await x11.copy('the guest keeps this', { selection: 'primary' });
        client.offer({ 'text/plain': 'from outside' }, 'primary');
        await client.barrier();
        await x11.newOwner(() => client.offer({ 'text/plain': 'the next offer has come' }));
        assert.equal(await x11.pasteText({ selection: 'primary' }), 'the guest keeps this');
    });

    test('goes both ways where it is switched on', async () => {
        const client = await bed.client('open');
        const { x11 } = bed.desktops.open;
        await x11.copy('marked with the mouse', { selection: 'primary' });
        await client.next('clipboard-grab', (grab) => grab.selection === 'primary');
        assert.equal((await client.read('text/plain', { selection: 'primary' })).text, 'marked with the mouse');
        await x11.newOwner(() => client.offer({ 'text/plain': 'from outside' }, 'primary'), 'primary');
        assert.equal(await x11.pasteText({ selection: 'primary' }), 'from outside');
    });
});
