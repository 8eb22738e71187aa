// Debian's spice-gtk, unmodified, through the bridge to the real agent.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import path from 'node:path';
import { readdir, truncate, writeFile } from 'node:fs/promises';
import { Bed } from '../support/bed.js';
import { fileSha256, pattern, sha256, textOfBytes } from '../support/data.js';
import { eventually } from '../support/deadline.js';
import { png } from '../support/png.js';
import { SpiceGtk } from '../support/spice_gtk.js';

const MIB = 1024 * 1024;

describe('spice-gtk', () => {
    /** @type {Bed} */ let bed;
    /** @type {SpiceGtk} */ let peer;

    before(async () => {
        bed = await Bed.start({ sections: { server: { 'spice-listen': '127.0.0.1:0' } } });
        peer = await SpiceGtk.connect(bed.sandbox, { host: '127.0.0.1', port: await bed.daemon.spicePort() });
        await peer.agent();
    });
    after(async () => {
        await peer?.close();
        await bed?.close();
    });

    const digest = (bytes) => createHash('sha256').update(bytes).digest('hex');

    async function copyInGuest(bytes, format = 'text', target) {
        peer.inbox.clear();
        await bed.desktop.x11.copy(bytes, { target });
        await peer.next('grab', (grab) => grab.formats.includes(format), 15000);
        return peer.request(format, { timeoutMs: 60000 });
    }

    async function pasteInGuest(format, content, target) {
        await bed.desktop.x11.newOwner(() => peer.grab({ [format]: content }));
        return bed.desktop.x11.paste({ target, timeoutMs: 60000 });
    }

    test('it is told who the machine is, and that there are no further channels', async () => {
        const state = await peer.state();
        assert.equal(state.name, 'one');
        assert.match(state.uuid, /^[0-9a-f]{32}$/);
        assert.equal(state.agentConnected, true);
        assert.deepEqual(state.channels.map((one) => one.type), ['main']);
    });

    for (const size of [0, 1, 2019, 2020, 2021, 65536, 31 * MIB]) {
        test(`${size} bytes of text from the guest`, async () => {
            const got = await copyInGuest(textOfBytes(size));
            assert.equal(got.size, size);
            assert.equal(got.sha256, digest(textOfBytes(size)));
        });
        test(`${size} bytes of text to the guest`, async () => {
            const source = bed.sandbox.path('text');
            await writeFile(source, textOfBytes(size));
            assert.ok((await pasteInGuest('text', { path: source })).equals(textOfBytes(size)));
        });
    }

    test('a picture both ways, byte by byte', async () => {
        const picture = png(400, 300, { noisy: true });
        assert.equal((await copyInGuest(picture, 'png', 'image/png')).sha256, digest(picture));
        const other = png(300, 200, { noisy: true });
        assert.ok((await pasteInGuest('png', other, 'image/png')).equals(other));
    });

    test('a file of 64 MiB arrives with the same digest, and its progress is seen', async () => {
        const source = bed.sandbox.path('64 MiB.bin');
        const content = pattern(64 * MIB);
        await writeFile(source, content.slice(0, content.size));
        await peer.copyFiles([source], 60000).answer;
        assert.equal(await fileSha256(path.join(bed.desktop.downloads, '64 MiB.bin')), sha256(content));
        const seen = peer.seen('progress').map((one) => one.percent);
        assert.ok(seen.some((percent) => percent > 0 && percent < 100), `progress: ${seen.slice(0, 20)}`);
    });

    test('a file that is given up midway leaves nothing behind', async () => {
        const source = bed.sandbox.path('given up.bin');
        await writeFile(source, '');
        await truncate(source, 1024 * MIB);
        const { id, answer } = peer.copyFiles([source], 60000);
        await peer.next('progress', (event) => event.id === id && event.percent > 0, 15000);
        await peer.cancel(id);
        await assert.rejects(answer);
        await eventually('nothing is left of it', async () =>
            (await readdir(bed.desktop.downloads)).every((name) => !name.startsWith('given up')));
        assert.equal((await bed.daemon.vm('one')).counters.filesFailed, 1);
    });

    test('a layout really resizes the screen although the client sends physical sizes', async () => {
        assert.equal(await peer.monitors([{ id: 0, width: 1280, height: 720, enabled: true }]), true);
        await eventually('the screen is 1280x720', async () => (await bed.desktop.x11.size()) === '1280x720');
    });

    test('an agent that goes and comes back is there again, clipboard and all', async () => {
        peer.inbox.clear();
        // What the client owns is offered to the new agent: what is copied before that is not the last copy.
        await bed.desktop.x11.newOwner(async () => {
            await bed.desktop.reopened(async () => {
                await bed.desktop.stopAgent();
                await peer.next('agent', (event) => !event.connected);
                bed.desktop.startAgent();
            });
            await peer.agent();
        });
        assert.equal((await copyInGuest('after the fall')).text, 'after the fall');
    });
});
