// Debian's spice-html5, unmodified, over the bridge's WebSockets to the real agent.

import assert from 'node:assert/strict';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Bed } from '../support/bed.js';
import { Browser } from '../support/browser.js';
import { textOfBytes } from '../support/data.js';
import { eventually } from '../support/deadline.js';
import { SPICE_HTML5, SpiceHtml5 } from '../support/spice_html5.js';
import { StaticFiles } from '../support/static_files.js';

const MIB = 1024 * 1024;

describe('spice-html5', () => {
    /** @type {StaticFiles} */ let files;
    /** @type {Bed} */ let bed;
    /** @type {Browser} */ let browser;
    /** @type {SpiceHtml5} */ let client;

    before(async () => {
        files = await StaticFiles.serve(SPICE_HTML5);
        bed = await Bed.start({
            sections: { server: { 'spice-listen': '127.0.0.1:0', 'allowed-origins': files.origin } },
        });
        browser = await Browser.start();
        client = await SpiceHtml5.open(browser, files.origin, { port: await bed.daemon.spicePort() });
    });
    after(async () => {
        await browser?.close();
        await files?.close();
        await bed?.close();
    });

    const arrived = (name) => path.join(bed.desktop.downloads, name);
    const content = (name) => readFile(arrived(name));
    const resized = async (width, height) => {
        const wanted = await client.resize(width, height);
        await eventually(`the screen is ${wanted}`, async () => (await bed.desktop.x11.size()) === wanted);
    };
    const sent = async (name, text) => {
        await client.drop([{ name, text }]);
        await eventually(`${name} is there`, async () => (await content(name)).toString() === text);
        await client.idle();
    };

    test('it connects, and the agent is connected', async () => {
        assert.equal(await client.state(), 'ready');
        assert.deepEqual(client.complaints(), []);
        const folder = process.env.VMCBRIDGE_SCREENSHOTS ?? bed.sandbox.dir;
        await client.page.screenshot({ path: path.join(folder, 'spice_html5.png') });
    });

    test('its window resizes the screen of the guest', async () => {
        await resized(1100, 760);
        await resized(903, 641);
    });

    test('files dropped on it arrive byte by byte', async () => {
        const size = 3 * MIB + 17;
        await client.drop([
            { name: 'large.bin', type: 'application/octet-stream', size, seed: 0xa5 },
            { name: 'skipped by the page', type: '', text: 'it has no MIME type' },
            { name: 'small.txt', text: 'a line\n' },
        ]);
        await client.idle(20000);
        assert.ok((await content('large.bin')).equals(Buffer.alloc(size, 0xa5)));
        assert.equal((await content('small.txt')).toString(), 'a line\n');
        assert.equal((await readdir(bed.desktop.downloads)).includes('skipped by the page'), false);
        assert.deepEqual(client.complaints(), []);
    });

    test('an empty file arrives although it sends one nothing after the other', async () => {
        await client.drop([{ name: 'empty.txt' }]);
        await client.idle();
        assert.equal((await stat(arrived('empty.txt'))).size, 0);
        await sent('after the empty one.txt', 'and the next');
    });

    test('a name of Latin-1 arrives as it is', () => sent('Größe é ÿ.txt', 'Latin-1'));

    // It sends the low byte of each character: what they were is lost, a name that can be read is not.
    test('a name of other letters arrives readable', async () => {
        await client.drop([{ name: 'данные.txt', text: 'cyrillic' }]);
        await client.idle();
        assert.equal((await content('40==K5.txt')).toString(), 'cyrillic');
    });

    test('a name whose bytes end the message early is refused, and nothing else with it', async () => {
        const before = await readdir(bed.desktop.downloads);
        await client.drop([{ name: '一.txt', text: 'its first character is a NUL' }]);
        await client.idle();
        assert.deepEqual(await readdir(bed.desktop.downloads), before);
        assert.deepEqual(client.complaints(), ['ERROR: some errors occurred in the spice agent']);
        client.log.length = 0;
        await sent('after the refused one.txt', 'and the next');
    });

    test('100 KB copied in the guest do not concern it', async () => {
        const other = await bed.client();
        await bed.desktop.x11.copy(textOfBytes(100_000));
        await other.next('clipboard-grab');
        await resized(1008, 700);
        await sent('after the copy.txt', 'still here');
        assert.deepEqual(client.complaints(), []);
        await other.close();
    });

    test('the agent goes amid a file and comes back: the file is over, the next one is not', async () => {
        await client.drop([{ name: 'half.bin', type: 'application/octet-stream', size: 400 * MIB, seed: 1 }]);
        await eventually('some of it is there', async () => (await stat(arrived('half.bin'))).size > MIB);
        await bed.desktop.reopened(async () => {
            await bed.desktop.stopAgent();
            await client.agent(false);
            bed.desktop.startAgent();
        });
        await client.agent(true);
        await client.idle();
        await resized(1200, 800);
        await sent('after the fall.txt', 'here again');
        assert.equal(await client.state(), 'ready');
    });

    test('it connects to the WebSocket of a machine, too', async () => {
        const second = await SpiceHtml5.open(browser, files.origin, { port: bed.daemon.port, path: 'vms/one/spice' });
        await second.drop([{ name: 'by http.txt', text: 'the other way' }]);
        await second.idle();
        assert.equal((await content('by http.txt')).toString(), 'the other way');
        assert.equal(await client.state(), 'ready', 'the first one is left alone');
        await second.close();
    });

    test('no page had an error', () => assert.deepEqual(browser.errors, []));
});
