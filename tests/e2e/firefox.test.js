// The console page in Firefox: what differs there is the clipboard, so that comes first.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Bed } from '../support/bed.js';
import { fileSha256 } from '../support/data.js';
import { eventually } from '../support/deadline.js';
import { Firefox, hook, state } from '../support/firefox.js';

describe('the console page in Firefox', () => {
    /** @type {Bed} */ let bed;
    /** @type {Firefox} */ let firefox;
    /** @type {import('puppeteer-core').Page} */ let page;

    before(async () => {
        bed = await Bed.start();
        firefox = await Firefox.start();
        page = await firefox.open(`http://127.0.0.1:${bed.daemon.port}/console/one`);
        await state(page, 'connected');
    });
    after(async () => {
        await firefox?.close();
        await bed?.close();
    });

    const press = async (...keys) => {
        for (const key of keys) await page.keyboard.down(key);
        for (const key of keys.reverse()) await page.keyboard.up(key);
    };
    const click = async (name) => (await hook(page, name)).click();
    const canvas = () => page.waitForSelector('vm-console >>> canvas', { visible: true });

    /** Types a text into the panel and copies it there: it is on the browser's clipboard then. */
    async function copyHere(text) {
        await click('clipboard-button');
        const field = await hook(page, 'clipboard-text');
        await field.evaluate((node, value) => { node.value = value; node.select(); node.focus(); }, text);
        await press('Control', 'c');
        await click('clipboard-button');
    }

    test('shows the desktop, in the size of the window', async () => {
        await eventually('the desktop has the size of the picture', async () => {
            const box = await (await hook(page, 'display')).boundingBox();
            const [width, height] = (await bed.desktop.x11.size()).split('x').map(Number);
            return Math.floor(box.height) === height && box.width - width < 8;
        });
        const folder = process.env.VMCBRIDGE_SCREENSHOTS ?? bed.sandbox.dir;
        await page.screenshot({ path: path.join(folder, 'firefox.png') });
    });

    for (const text of ['pasted in Firefox', 'עברית, 漢字 and 😀\nin two lines\n']) {
        test(`${text.length} characters pasted in the page are the guest's clipboard`, async () => {
            await copyHere(text);
            await (await canvas()).click();
            await bed.desktop.x11.newOwner(() => press('Control', 'v'));
            assert.equal(await bed.desktop.x11.pasteText(), text);
        });
    }

    test('a copy in the guest is shown at once, and on the clipboard with the next click', async () => {
        await bed.desktop.x11.copy('copied in the guest, read in Firefox');
        await click('clipboard-button');
        const field = await hook(page, 'clipboard-text');
        await eventually('the panel shows it', () =>
            field.evaluate((node) => node.value === 'copied in the guest, read in Firefox'));
        // What the browser's clipboard holds is seen where it is pasted.
        await field.evaluate((node) => { node.value = ''; node.focus(); });
        await eventually('a paste gives it', async () => {
            await field.evaluate((node) => { node.value = ''; node.focus(); });
            await press('Control', 'v');
            return field.evaluate((node) => node.value === 'copied in the guest, read in Firefox');
        });
        await click('clipboard-button');
    });

    test('a chosen file arrives in the guest', async () => {
        const file = path.join(bed.sandbox.dir, 'from Firefox – 漢字.txt');
        await writeFile(file, 'chosen in Firefox\n'.repeat(10_000));
        const input = await page.waitForSelector('vm-console >>> [data-testid=file-input]');
        await input.uploadFile(file);
        const wanted = await fileSha256(file);
        await eventually('the file is whole in the guest',
            async () => (await fileSha256(path.join(bed.desktop.downloads, path.basename(file)))) === wanted,
            { timeoutMs: 15000 });
    });

    test('a larger window makes the desktop larger', async () => {
        await page.setViewport({ width: 1200, height: 800 });
        await eventually('the desktop follows', async () => {
            const [width] = (await bed.desktop.x11.size()).split('x').map(Number);
            return width > 1150;
        });
    });

    test('says when the agent is gone, and when it is back', async () => {
        await bed.desktop.stopAgent();
        await state(page, 'no-agent');
        bed.desktop.startAgent();
        await state(page, 'connected');
    });
});
