// What a state of a page looks like in light and dark, wide and narrow, and what axe-core has to say about that.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';

const axe = readFileSync(new URL('../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
const SIZES = { desk: { width: 1000, height: 800 }, phone: { width: 390, height: 800 } };

/** Takes pictures of it too, which a person may look at. The page is as it was afterwards.
 *  @param {import('playwright-core').Page} page  @param {import('./browser.js').Browser} browser
 *  @param {string} file  the pictures' path, without what tells one from the other */
export async function looksRight(page, browser, file) {
    const before = page.viewportSize();
    for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
        for (const [size, viewport] of Object.entries(SIZES)) {
            await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
            await page.setViewportSize(viewport);
            const shot = await page.screenshot({ path: `${file}-${colorScheme}-${size}.png` });
            assert.ok(shot.length > 4_000, 'the screenshot is no blank page');
            const errors = [...browser.errors]; // axe-core breaks the content policy itself
            await page.evaluate(axe);
            const { violations } = await page.evaluate(() => globalThis.axe.run());
            browser.errors = errors;
            const found = violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html)}`);
            assert.deepEqual(found, [], `${path.basename(file)}, ${colorScheme}, ${size}`);
        }
    }
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize(before);
}
