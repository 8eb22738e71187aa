// Headless Firefox, as Debian ships it, on a page of the daemon: by WebDriver BiDi, since Playwright knows its own
// Firefox only.

import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import puppeteer from 'puppeteer-core';
import { eventually } from './deadline.js';

const FIREFOX = process.env.FIREFOX ?? '/usr/bin/firefox-esr';

export class Firefox {
    #browser;
    #home = mkdtempSync(path.join(tmpdir(), 'vmcbridge-browser-'));

    static async start() {
        const firefox = new Firefox();
        firefox.#browser = await puppeteer.launch({
            browser: 'firefox',
            executablePath: FIREFOX,
            env: { ...process.env, HOME: firefox.#home }, // what it leaves there goes with it
            headless: true,
            extraPrefsFirefox: { 'intl.accept_languages': 'en-US' },
        });
        return firefox;
    }

    /** @param {string} url
     *  @returns {Promise<import('puppeteer-core').Page>} */
    async open(url, { viewport = { width: 1000, height: 700 } } = {}) {
        const page = await this.#browser.newPage();
        await page.setViewport(viewport);
        page.setDefaultTimeout(10000);
        await page.goto(url);
        return page;
    }

    async close() {
        await this.#browser.close();
        await rm(this.#home, { recursive: true, force: true, maxRetries: 10 });
    }
}

/** The element of the console's shadow root with this hook, when it is there and shown. */
export const hook = (page, name) => page.waitForSelector(`vm-console >>> [data-testid=${name}]`, { visible: true });

/** Waits until the console says so. */
export const state = (page, name) =>
    eventually(`the console is ${name}`, () =>
        page.evaluate((wanted) => document.querySelector('vm-console')?.state === wanted, name), { timeoutMs: 15000 });
