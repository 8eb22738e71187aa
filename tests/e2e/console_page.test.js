// The console page in a real browser: what a user does there happens in the guest, and the other way round.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Bed } from '../support/bed.js';
import { Browser } from '../support/browser.js';
import { bytesOf, fileSha256, pattern } from '../support/data.js';
import { eventually } from '../support/deadline.js';
import { png } from '../support/png.js';

const MIB = 1024 * 1024;
/** Widths that X servers take are multiples of 8, rounded down. */
const WIDTH_STEP = 8;

describe('the console page', () => {
    /** @type {Bed} */ let bed;
    /** @type {Browser} */ let browser;
    /** @type {import('playwright-core').Page} */ let page;

    before(async () => {
        bed = await Bed.start();
        browser = await Browser.start();
        bed.desktop.x11.start('hsetroot', '-add', '#3050a0', '-add', '#f0a030', '-add', '#20c080', '-gradient', '30');
        page = await browser.open(`http://127.0.0.1:${bed.daemon.port}/console/one`);
        await state('connected');
    });
    after(async () => {
        await browser?.close();
        await bed?.close();
    });

    const hook = (name) => page.getByTestId(name);
    const state = (name) => page.locator(`[data-testid=status][data-state=${name}]`).waitFor();
    const canvas = () => hook('display').locator('canvas');

    /** The canvas's size and how many different colours it shows. */
    const picture = () =>
        canvas().evaluate((/** @type {HTMLCanvasElement} */ element) => {
            const { width, height } = element;
            const pixels = new Uint32Array(element.getContext('2d').getImageData(0, 0, width, height).data.buffer);
            return { width, height, colours: new Set(pixels).size };
        });

    test('shows the desktop', async () => {
        const seen = await eventually(
            'the gradient is on the canvas',
            async () => {
                const now = await picture();
                return now.colours > 100 && now;
            },
            { timeoutMs: 10000 },
        );
        assert.ok(seen.width >= 640 && seen.height >= 400, JSON.stringify(seen));
        const folder = process.env.VMCBRIDGE_SCREENSHOTS ?? bed.sandbox.dir;
        const shot = await page.screenshot({ path: path.join(folder, 'console.png') });
        assert.ok(shot.length > 10_000, 'the screenshot is no blank page');
    });

    test('has sized the desktop to its window, and does so again when the window changes', async () => {
        for (const viewport of [
            { width: 1100, height: 800 },
            { width: 900, height: 620 },
        ]) {
            await page.setViewportSize(viewport);
            await eventually(`the desktop fits a window of ${viewport.width}x${viewport.height}`, async () => {
                const box = await hook('display').boundingBox();
                const [width, height] = (await bed.desktop.x11.size()).split('x').map(Number);
                if (Math.floor(box.height) === height && box.width - width >= 0 && box.width - width < WIDTH_STEP)
                    return true;
                throw new Error(`${width}x${height} in a box of ${box.width}x${box.height}`);
            });
            await eventually('the picture has that size too', async () => {
                const { width, height } = await picture();
                return `${width}x${height}` === (await bed.desktop.x11.size());
            });
        }
    });

    for (const text of ['pasted in the page', 'עברית, 漢字 and 😀\nin two lines\n', 'x'.repeat(300_000)]) {
        test(`${text.length} characters pasted in the page are the guest's clipboard`, async () => {
            await page.evaluate((content) => navigator.clipboard.writeText(content), text);
            await canvas().click();
            await bed.desktop.x11.newOwner(() => page.keyboard.press('Control+v'));
            assert.equal(await bed.desktop.x11.pasteText(), text);
        });
    }

    test('two pastes at once are two pastes, each of what was copied before it', async () => {
        await canvas().click();
        for (const text of ['the first of two', 'the second of two']) {
            await page.evaluate((content) => navigator.clipboard.writeText(content), text);
            await page.keyboard.press('Control+v');
        }
        await eventually(
            'the second is the clipboard',
            async () => (await bed.desktop.x11.pasteText()) === 'the second of two',
        );
    });

    test("a paste event that goes to the page's body is the picture's, as in Firefox", async () => {
        await canvas().click();
        await bed.desktop.x11.newOwner(() =>
            page.evaluate(() => {
                const key = { key: 'v', code: 'KeyV', ctrlKey: true, bubbles: true, composed: true, cancelable: true };
                document.querySelector('vm-console').shadowRoot.querySelector('canvas')
                    .dispatchEvent(new KeyboardEvent('keydown', key));
                const clipboardData = new DataTransfer();
                clipboardData.setData('text/html', '<style>p {}</style><p>one<p>two<br>three');
                document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true }));
            }),
        );
        await page.keyboard.press('Control'); // whose end nobody has told
        assert.equal(await bed.desktop.x11.pasteText(), 'one\ntwo\nthree', 'HTML alone is told as text');
    });

    test('a picture pasted after one was copied in the guest is offered to it', async () => {
        const [theirs, ours] = [png(20, 20), png(31, 17)];
        await bed.desktop.x11.copy(theirs, { target: 'image/png' });
        await eventually("the browser's clipboard has it", () =>
            page.evaluate(async () => (await navigator.clipboard.read())[0]?.types.includes('image/png')),
        );
        await canvas().click();
        await bed.desktop.x11.newOwner(() =>
            page.evaluate((bytes) => {
                const clipboardData = new DataTransfer();
                clipboardData.items.add(new File([new Uint8Array(bytes)], 'image.png', { type: 'image/png' }));
                const display = document.querySelector('vm-console').shadowRoot.querySelector('.display');
                display.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, composed: true }));
            }, [...ours]),
        );
        assert.deepEqual(await bed.desktop.x11.paste({ target: 'image/png' }), ours);
    });

    for (const text of ['copied in the guest', 'مرحبا, 漢字 and 😀\nin two lines', 'y'.repeat(300_000)]) {
        test(`${text.length} characters copied in the guest arrive in page and browser clipboard`, async () => {
            await bed.desktop.x11.copy(text);
            await eventually(
                "the browser's clipboard has it",
                async () => (await page.evaluate(() => navigator.clipboard.readText())) === text,
            );
            await hook('clipboard-button').click();
            const shown = await hook('clipboard-text').inputValue();
            assert.ok(shown.length > 0 && text.startsWith(shown), `shown: ${shown.slice(0, 80)}`);
            await hook('clipboard-button').click();
        });
    }

    test('a picture copied in the guest is shown in the page', async () => {
        await bed.desktop.x11.copy(png(48, 36), { target: 'image/png' });
        await hook('clipboard-button').click();
        await eventually('the picture is shown', () =>
            hook('clipboard-image').evaluate(
                (/** @type {HTMLImageElement} */ image) => image.naturalWidth === 48 && image.naturalHeight === 36,
            ),
        );
        await hook('clipboard-button').click();
    });

    async function assertArrived(name, content) {
        const digest = createHash('sha256').update(content.slice(0, content.size)).digest('hex');
        await eventually(
            `${name} is whole in the guest`,
            async () => (await fileSha256(path.join(bed.desktop.downloads, name))) === digest,
            { timeoutMs: 15000, everyMs: 100 },
        );
    }

    test('a dropped file arrives in the guest', async () => {
        const content = bytesOf(Buffer.from(Array.from({ length: 200_000 }, (_, index) => (index * index) % 251)));
        const data = await page.evaluateHandle((length) => {
            const bytes = Uint8Array.from({ length }, (_, index) => (index * index) % 251);
            const transfer = new DataTransfer();
            transfer.items.add(new File([bytes], 'dropped – 漢字.bin'));
            return transfer;
        }, content.size);
        for (const type of ['dragenter', 'dragover', 'drop'])
            await hook('drop-zone').dispatchEvent(type, { dataTransfer: data });
        await assertArrived('dropped – 漢字.bin', content);
        await hook('transfer').filter({ hasText: 'dropped' }).waitFor();
    });

    test('a chosen file of several MiB arrives in the guest', async () => {
        const content = pattern(8 * MIB);
        const file = path.join(bed.sandbox.dir, 'chosen.bin');
        await writeFile(file, content.slice(0, content.size));
        await hook('file-input').setInputFiles(file);
        await assertArrived('chosen.bin', content);
    });

    test('a text is typed key by key where no agent would take it', async () => {
        const text = 'User_1: p@ss{w}ord! ~#|\\ "quoted" é';
        const typed = path.join(bed.sandbox.dir, 'typed');
        bed.desktop.x11.start('xterm', '-e', 'sh', '-c', `cat > ${typed}`);
        await eventually('a terminal is there', () => stat(typed));
        await canvas().click();
        const answer = await page.evaluate((keys) => document.querySelector('vm-console').type(keys), `${text}\n`);
        assert.deepEqual(answer, { typed: [...text].length + 1, of: [...text].length + 1 });
        await eventually('the terminal has it', async () => (await readFile(typed, 'utf8')) === `${text}\n`);
        await page.keyboard.press('Control+d'); // the end of the terminal
    });

    test('says when the agent is gone, and when it is back', async () => {
        await bed.desktop.stopAgent();
        await state('no-agent');
        bed.desktop.startAgent();
        await state('connected');
    });

    test('says that the picture stands still while its server hangs, and that it moves again', async () => {
        await page.evaluate(() =>
            Object.assign(customElements.get('vm-console').times, { silence: 300, answer: 300 }));
        bed.desktop.x11.start('hsetroot', '-solid', '#204060'); // what comes now is followed by the shorter times
        await eventually('the picture has one colour', async () => (await picture()).colours < 100);
        bed.desktop.display.child.signal('SIGSTOP');
        try {
            await page.getByTestId('status').filter({ hasText: 'stands still' }).waitFor();
        } finally {
            bed.desktop.display.child.signal('SIGCONT');
        }
        await state('connected');
    });

    test('counts who else is there', async () => {
        const other = await bed.client();
        await hook('clients').filter({ hasText: '1 ' }).waitFor();
        await other.close();
        await hook('clients').waitFor({ state: 'hidden' });
    });

    test('connects again by itself when the daemon is back', async () => {
        const { port } = bed.daemon;
        await bed.daemon.stop();
        await page.locator('[data-testid=status][data-state=reconnecting]').waitFor();
        await bed.daemon.configure({ ...bed.options, sections: { server: { listen: `127.0.0.1:${port}` } } });
        await bed.daemon.run(['serve', '--config', bed.daemon.config]);
        await state('connected');
        await bed.desktop.x11.copy('after the pause');
        await eventually(
            'the copy arrives',
            async () => (await page.evaluate(() => navigator.clipboard.readText())) === 'after the pause',
        );
        browser.errors = browser.errors.filter((text) => !/WebSocket connection|ERR_CONNECTION_REFUSED/.test(text));
    });

    test('reported no error and broke no rule of its content policy', () => assert.deepEqual(browser.errors, []));
});
