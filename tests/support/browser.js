// Headless Chromium, as Debian ships it, on a page of the daemon.

import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { chromium } from 'playwright-core';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const ACTION_TIMEOUT_MS = 10000;
const CLIPBOARD = ['clipboard-read', 'clipboard-write'];

export class Browser {
    /** @type {string[]} exceptions, refused resources, violations of the content policy */ errors =
        [];
    #browser;
    #home = mkdtempSync(path.join(tmpdir(), 'vmcbridge-browser-'));

    static async start() {
        const browser = new Browser();
        const root = process.getuid() === 0;
        browser.#browser = await chromium.launch({
            executablePath: CHROMIUM,
            env: { ...process.env, HOME: browser.#home }, // what it leaves there goes with it
            args: [...(root ? ['--no-sandbox'] : []), '--disable-dev-shm-usage', '--disable-gpu'],
        });
        return browser;
    }

    /** A page of its own profile, allowed to read and write the browser's clipboard unless told otherwise.
     *  @param {string} url
     *  @param {{ viewport?: { width: number, height: number }, permissions?: string[],
     *      prepare?: (page: import('playwright-core').Page) => Promise<unknown> | void }} [options]  prepare: called before the page is visited
     *  @returns {Promise<import('playwright-core').Page>} */
    async open(
        url,
        { viewport = { width: 1000, height: 700 }, permissions = CLIPBOARD, prepare = () => {} } = {},
    ) {
        const context = await this.#browser.newContext({ viewport });
        await context.grantPermissions(permissions, { origin: new URL(url).origin });
        const page = await context.newPage();
        page.setDefaultTimeout(ACTION_TIMEOUT_MS);
        page.on('pageerror', (error) => this.errors.push(`${error}`));
        page.on('console', (message) => message.type() === 'error' && this.errors.push(message.text()));
        await prepare(page);
        await page.goto(url);
        return page;
    }

    /** @returns {Promise<number[]>} the processes that run pages */
    async rendererPids() {
        const session = await this.#browser.newBrowserCDPSession();
        const { processInfo } = await session.send('SystemInfo.getProcessInfo');
        await session.detach();
        return processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id);
    }

    async close() {
        await this.#browser.close();
        await rm(this.#home, { recursive: true, force: true, maxRetries: 10 });
    }
}
