// Names and texts that would like to be markup, or to look like something else.

import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { Bed } from '../support/bed.js';
import { Browser } from '../support/browser.js';
import { eventually } from '../support/deadline.js';

const MARKUP = '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>';
const TURNED = 'invoice\u202Efdp.exe\u2066\u200f';
const LONG = 'long '.repeat(2000);

describe('hostile names and texts', () => {
    /** @type {Bed} */ let bed;
    /** @type {Browser} */ let browser;
    /** @type {import('playwright-core').Page} */ let page;
    const elsewhere = [];

    before(async () => {
        bed = await Bed.start();
        browser = await Browser.start();
        const origin = `http://127.0.0.1:${bed.daemon.port}`;
        page = await browser.open(`${origin}/console/one`, {
            prepare: async (page) => {
                page.on('request', (request) => {
                    const { protocol, host } = new URL(request.url());
                    if (protocol !== 'blob:' && host !== new URL(origin).host) elsewhere.push(request.url());
                });
                page.on('dialog', (dialog) => elsewhere.push(`dialog: ${dialog.message()}`));
                await page.addInitScript(() => {
                    globalThis.violations = [];
                    document.addEventListener('securitypolicyviolation', (event) =>
                        globalThis.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
                });
            },
        });
        await page.locator('[data-testid=status][data-state=connected]').waitFor();
    });
    after(async () => {
        await browser?.close();
        await bed?.close();
    });

    /** Nothing ran, nothing was asked for elsewhere. */
    async function assertHarmless() {
        assert.deepEqual(await page.evaluate(() => globalThis.violations), []);
        assert.deepEqual(elsewhere, []);
        assert.deepEqual(browser.errors, []);
        assert.equal(await page.title(), 'one');
    }

    const pngBytes = [0x89, 0x50, 0x4e, 0x47];

    for (const [what, name] of Object.entries({ markup: MARKUP, 'turned around': TURNED, long: LONG })) {
        test(`a file whose name is ${what} is a line of text in the list`, async () => {
            const data = await page.evaluateHandle(([name, bytes]) => {
                const transfer = new DataTransfer();
                transfer.items.add(new File([new Uint8Array(bytes)], name));
                return transfer;
            }, [name, pngBytes]);
            const before = (await readdir(bed.desktop.downloads)).length;
            for (const type of ['dragenter', 'dragover', 'drop'])
                await page.getByTestId('drop-zone').dispatchEvent(type, { dataTransfer: data });
            const row = page.getByTestId('transfer').first();
            await row.waitFor();
            await eventually('it has ended', async () => (await row.getAttribute('data-state')) !== 'sending');
            assert.equal(await row.locator('img, script').count(), 0);
            const shown = await row.locator('.file').textContent();
            assert.ok(shown.length <= 256, `${shown.length} characters`);
            assert.doesNotMatch(shown, /[\u200b-\u200f\u202a-\u202e\u2066-\u2069]/);
            const box = await page.getByTestId('transfers').boundingBox();
            assert.ok(box.width <= 400, `${box.width} wide`);
            await eventually('the guest has it under a name of its own', async () =>
                (await readdir(bed.desktop.downloads)).length > before);
            await assertHarmless();
        });
    }

    for (const [what, text] of Object.entries({ markup: MARKUP, 'turned around': TURNED, long: LONG })) {
        test(`a text copied in the guest that is ${what} is shown and copied as it is`, async () => {
            await bed.desktop.x11.copy(text);
            if (!(await page.getByTestId('clipboard-text').isVisible()))
                await page.getByTestId('clipboard-button').click();
            await eventually('the panel shows it', async () =>
                (await page.getByTestId('clipboard-text').inputValue()) === text);
            await eventually("the browser's clipboard has it", async () =>
                (await page.evaluate(() => navigator.clipboard.readText())) === text);
            await assertHarmless();
        });
    }

    test("an error that quotes such a text is cut on the clipboard's button too", async () => {
        const title = await page.evaluate((message) => {
            const { agent } = document.querySelector('vm-console');
            agent.clipboard.readText = () => Promise.reject(new Error(message));
            const offer = { selection: 'clipboard', formats: ['text/plain'], serial: -1 };
            agent.dispatchEvent(Object.assign(new Event('clipboardoffer'), offer));
            const button = document.querySelector('vm-console').shadowRoot.querySelector('[data-testid=clipboard-button]');
            return new Promise((resolve) =>
                new MutationObserver(() => resolve(button.title)).observe(button, { attributeFilter: ['title'] }));
        }, TURNED + LONG);
        assert.ok(title.length < 520, `${title.length} characters`);
        assert.doesNotMatch(title, /[\u200b-\u200f\u202a-\u202e\u2066-\u2069]/);
        await assertHarmless();
    });

    test('a message that quotes such a text is cut and can not turn around', async () => {
        await page.evaluate((message) => {
            const { agent } = document.querySelector('vm-console');
            agent.dispatchEvent(Object.assign(new Event('error'), { error: new Error(message) }));
        }, MARKUP + TURNED + LONG);
        const shown = await page.getByTestId('message').textContent();
        assert.ok(shown.startsWith(MARKUP) && shown.length <= 501, shown.slice(0, 100));
        assert.doesNotMatch(shown, /[\u200b-\u200f\u202a-\u202e\u2066-\u2069]/);
        await assertHarmless();
    });
});
