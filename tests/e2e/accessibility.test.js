// What axe-core has to say about both pages, in light and dark, on a desk and on a phone.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Bed } from '../support/bed.js';
import { Browser } from '../support/browser.js';

const axe = readFileSync(new URL('../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
const DESK = { width: 1100, height: 750 };
const PHONE = { width: 390, height: 844 };

describe('accessibility', () => {
    /** @type {Bed} */ let bed;
    /** @type {Browser} */ let browser;

    before(async () => {
        bed = await Bed.start();
        browser = await Browser.start();
        bed.desktop.x11.start('hsetroot', '-add', '#3050a0', '-add', '#f0a030', '-gradient', '30');
    });
    after(async () => {
        await browser?.close();
        await bed?.close();
    });

    /** @param {import('playwright-core').Page} page */
    async function assertAccessible(page, name) {
        const folder = process.env.VMCBRIDGE_SCREENSHOTS ?? bed.sandbox.dir;
        await page.screenshot({ path: path.join(folder, `${name.replaceAll(/\W+/g, '-')}.png`) });
        await page.evaluate(axe);
        const { violations } = await page.evaluate(() => globalThis.axe.run());
        const found = violations.map(
            ({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(' ')}`,
        );
        assert.deepEqual(found, [], name);
    }

    for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
        for (const [size, viewport] of Object.entries({ desk: DESK, phone: PHONE })) {
            test(`the list, ${colorScheme}, ${size}`, async () => {
                const page = await browser.open(`http://127.0.0.1:${bed.daemon.port}/`, { viewport });
                await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
                await page.getByTestId('machine').waitFor();
                await assertAccessible(page, `list ${colorScheme} ${size}`);
                await page.context().close();
            });

            test(`the console with all that can be open, ${colorScheme}, ${size}`, async () => {
                const page = await browser.open(`http://127.0.0.1:${bed.daemon.port}/console/one`, { viewport });
                await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
                await page.locator('[data-testid=status][data-state=connected]').waitFor();
                await assertAccessible(page, `console ${colorScheme} ${size}`);
                await bed.desktop.x11.copy(`copied for ${colorScheme} ${size}`);
                await page.getByTestId('clipboard-button').click();
                await page.getByTestId('clipboard-text').waitFor();
                await page.getByTestId('clipboard-why').locator('summary').click();
                await page.getByTestId('clipboard-why').locator('li').first().waitFor();
                await page.getByTestId('file-input').setInputFiles({
                    name: 'notes about nothing at all – with a long name that has to be cut somewhere.txt',
                    mimeType: 'text/plain',
                    buffer: Buffer.from('nothing'),
                });
                await page.getByTestId('transfer').first().waitFor();
                await assertAccessible(page, `console open ${colorScheme} ${size}`);
                await page.context().close();
            });
        }
    }

    test('the console with something to tell', async () => {
        const page = await browser.open(`http://127.0.0.1:${bed.daemon.port}/console/nobody`, { viewport: DESK });
        await page.getByTestId('notice').waitFor();
        await assertAccessible(page, 'console error');
        await page.context().close();
    });

    test('all of the bar is reached by keyboard alone, the picture too, and one gets out of it', async () => {
        const page = await browser.open(`http://127.0.0.1:${bed.daemon.port}/console/one`, { viewport: DESK });
        await page.locator('[data-testid=status][data-state=connected]').waitFor();
        await page.locator('canvas').waitFor();
        const focused = () =>
            page.evaluate(() => {
                const element = document.activeElement?.shadowRoot?.activeElement ?? document.activeElement;
                return element?.getAttribute('data-testid') ?? element?.tagName ?? '';
            });
        await page.locator('canvas').focus();
        for (const key of ['Control', 'Alt', 'Shift']) await page.keyboard.down(key);
        for (const key of ['Control', 'Alt', 'Shift']) await page.keyboard.up(key);
        const seen = [await focused()];
        for (let step = 0; step < 12 && seen.at(-1) !== 'CANVAS'; ++step) {
            await page.keyboard.press('Tab');
            seen.push(await focused());
        }
        const names = ['clipboard-button', 'upload-button', 'keys-button', 'scale-button', 'fullscreen-button'];
        for (const name of [...names, 'CANVAS'])
            assert.ok(seen.includes(name), `${name}: ${seen.join(' ')}`);
        await page.context().close();
    });
});
