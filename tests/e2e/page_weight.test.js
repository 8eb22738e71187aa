// What the pages cost: bytes, requests one behind the other, and what the first picture waits for.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Bed } from '../support/bed.js';
import { Browser } from '../support/browser.js';

/** Bytes of a page with all that it needs, not compressed, without noVNC. */
const MOST = 60 * 1024;

describe('the pages', () => {
    /** @type {Bed} */ let bed;
    /** @type {Browser} */ let browser;

    before(async () => {
        bed = await Bed.start();
        browser = await Browser.start();
    });
    after(async () => {
        await browser?.close();
        await bed?.close();
    });

    const address = (path) => `http://127.0.0.1:${bed.daemon.port}${path}`;

    for (const [path, ready] of [
        ['/', '[data-testid=machine]'],
        ['/console/one', '[data-testid=status][data-state=connected]'],
    ]) {
        test(`${path} weighs at most ${MOST} bytes, and asks for all its modules at once`, async (t) => {
            const bodies = new Map();
            const page = await browser.open(address(path), {
                prepare: (page) =>
                    void page.on('response', (got) => bodies.set(new URL(got.url()).pathname, got.body())),
            });
            await page.locator(ready).waitFor();
            await page.waitForLoadState('networkidle');
            let total = 0;
            for (const [name, body] of bodies)
                if (!name.startsWith('/vendor/') && !name.startsWith('/api/')) total += (await body).length;
            t.diagnostic(`${total} bytes`);
            assert.ok(total <= MOST, `${total} bytes: ${[...bodies.keys()].join(' ')}`);

            const html = String(await bodies.get(path));
            const modules = [...bodies.keys()].filter((name) => /^\/(assets|lib)\/.*\.js$/.test(name));
            assert.ok(modules.length >= 2, modules.join(' '));
            for (const name of modules) assert.ok(html.includes(`"${name}"`), `${name} is asked for late`);
            await page.close();
        });
    }

    test('the console is there before any connection is', async () => {
        const page = await browser.open(address('/console/one'), {
            prepare: (page) => page.routeWebSocket(/./, () => {}), // taken, and never answered
        });
        await page.getByTestId('clipboard-button').waitFor();
        assert.equal(await page.getByTestId('status').getAttribute('data-state'), 'connecting');
        await page.close();
    });

    test('what comes on first use is told when it can not be had, and had the next time', async () => {
        let refusals = 0;
        const page = await browser.open(address('/console/one'), {
            prepare: (page) =>
                page.route('**/clipboard-panel-*.js', (route) => (refusals++ === 0 ? route.abort() : route.continue())),
        });
        await page.getByTestId('clipboard-button').click();
        await page.getByTestId('message').waitFor();
        await page.getByTestId('clipboard-button').click();
        await page.getByTestId('clipboard-panel').waitFor();
        await page.close();
    });

    test('the list is there before its machines are', async () => {
        let answer = () => {};
        const page = await browser.open(address('/'), {
            prepare: (page) =>
                page.route('**/api/v1/vms', async (route) => {
                    await new Promise((resolve) => (answer = resolve));
                    await route.continue();
                }),
        });
        await page.getByRole('heading', { name: 'Machines' }).waitFor();
        assert.equal(await page.getByTestId('machine').count(), 0);
        answer();
        await page.getByTestId('machine').waitFor();
        await page.close();
    });
});
