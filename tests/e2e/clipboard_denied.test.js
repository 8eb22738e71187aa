// A browser that lets the page neither read nor write its clipboard: what a person still can do.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Bed } from '../support/bed.js';
import { Browser } from '../support/browser.js';
import { eventually } from '../support/deadline.js';

describe('without permission for the clipboard', () => {
    /** @type {Bed} */ let bed;
    /** @type {Browser} */ let browser;
    /** @type {import('playwright-core').Page} */ let page;

    before(async () => {
        bed = await Bed.start();
        browser = await Browser.start();
        page = await browser.open(`http://127.0.0.1:${bed.daemon.port}/console/one`, {
            permissions: [],
            prepare: (page) => page.addInitScript(() => {
                const refuse = () => Promise.reject(new DOMException('denied', 'NotAllowedError'));
                globalThis.reads = 0;
                for (const name of ['readText', 'read'])
                    navigator.clipboard[name] = () => (globalThis.reads += 1, refuse());
                for (const name of ['writeText', 'write']) navigator.clipboard[name] = refuse;
            }),
        });
        await page.locator('[data-testid=status][data-state=connected]').waitFor();
    });
    after(async () => {
        await browser?.close();
        await bed?.close();
    });

    const button = () => page.getByTestId('clipboard-button');

    test('a copy in the guest waits for a gesture, and then says that it was refused', async () => {
        await bed.desktop.x11.copy('what nobody lets in');
        await eventually('the button says that it waits', async () =>
            (await button().getAttribute('data-state')) === 'waiting');
        await page.locator('canvas').click();
        await eventually('the button says that it was refused', async () =>
            (await button().getAttribute('data-state')) === 'refused');
        await button().click();
        await eventually('the panel says what to do', async () =>
            /select the text and press Ctrl \+ C/.test(await page.getByTestId('clipboard-hint').textContent()));
        assert.equal(await page.getByTestId('clipboard-text').inputValue(), 'what nobody lets in');
    });

    test("the panel's button copies it all the same", async () => {
        await page.getByTestId('clipboard-copy').click();
        await eventually('the button says that it was copied', async () =>
            (await button().getAttribute('data-state')) === 'copied');
        // What the browser's clipboard holds is seen where it is pasted.
        await page.getByTestId('clipboard-text').fill('');
        await page.getByTestId('clipboard-text').press('Control+v');
        assert.equal(await page.getByTestId('clipboard-text').inputValue(), 'what nobody lets in');
    });

    test('a text written in the panel is sent to the machine', async () => {
        await page.getByTestId('clipboard-text').fill('written by hand');
        await bed.desktop.x11.newOwner(() => page.getByTestId('clipboard-send').click());
        assert.equal(await bed.desktop.x11.pasteText(), 'written by hand');
    });

    test('a paste needs no permission', async () => {
        await page.getByTestId('clipboard-text').fill('pasted without permission');
        await page.getByTestId('clipboard-text').press('Control+a');
        await page.getByTestId('clipboard-text').press('Control+c');
        await page.locator('canvas').click();
        await bed.desktop.x11.newOwner(() => page.keyboard.press('Control+v'));
        assert.equal(await bed.desktop.x11.pasteText(), 'pasted without permission');
    });

    test("this computer's clipboard was never read", async () =>
        assert.equal(await page.evaluate(() => globalThis.reads), 0));
});
