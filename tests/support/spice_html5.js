// Debian's spice-html5, unmodified, in a page of Chromium: its own `spice_auto.html`, which links as soon as it is
// there and keeps its connection in `window.spice_connection`.

import { eventually } from './deadline.js';

/** Where the package puts it. */
export const SPICE_HTML5 = '/usr/share/spice-html5';

/** X takes multiples of this; spice-html5 rounds down to them. */
const STEP = 8;

export class SpiceHtml5 {
    /** @type {import('playwright-core').Page} */ page;
    /** @type {string[]} what it wrote to the console */ log = [];

    /** Opens the page and waits until it speaks to the agent.
     *  @param {import('./browser.js').Browser} browser
     *  @param {string} origin  of the server of its files
     *  @param {{ port: number, path?: string }} where  of the WebSocket */
    static async open(browser, origin, { port, path = 'websockify' }) {
        const client = new SpiceHtml5();
        const query = new URLSearchParams({ host: '127.0.0.1', port: String(port), path, title: 'one' });
        client.page = await browser.open(`${origin}/spice_auto.html?${query}`, {
            prepare: (page) => void page.on('console', (message) => client.log.push(message.text())),
        });
        await client.agent(true);
        return client;
    }

    /** Waits until it believes that the agent is there, or not. */
    agent(connected) {
        return this.page.waitForFunction(
            (wanted) => Boolean(/** @type {any} */ (globalThis).spice_connection?.agent_connected) === wanted,
            connected,
        );
    }

    /** @returns {Promise<string>} the state of its connection */
    state() {
        return this.page.evaluate(() => /** @type {any} */ (globalThis).spice_connection.state);
    }

    /** Gives its window another size.
     *  @returns {Promise<string>} the screen that it asks for then, as WIDTHxHEIGHT */
    async resize(width, height) {
        await this.page.setViewportSize({ width, height });
        return this.page.evaluate((step) => {
            const { clientWidth } = document.getElementById('spice-screen');
            const log = parseInt(getComputedStyle(document.getElementById('message-div')).height, 10);
            const down = (pixels) => pixels - (pixels % step);
            return `${down(clientWidth)}x${down(innerHeight - 20 - log)}`;
        }, STEP);
    }

    /** Drops files on it.
     *  @param {{ name: string, type?: string, text?: string, size?: number, seed?: number }[]} files
     *         size: of a content that repeats `seed`, instead of `text` */
    drop(files) {
        return this.page.evaluate((list) => {
            const dataTransfer = new DataTransfer();
            for (const { name, type = 'text/plain', text = '', size, seed } of list) {
                const content = size === undefined ? text : new Uint8Array(size).fill(seed);
                dataTransfer.items.add(new File([content], name, { type }));
            }
            const event = new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true });
            document.getElementById('spice-area').dispatchEvent(event);
        }, files);
    }

    /** @returns {Promise<number>} transfers that it believes to be under way */
    transfers() {
        return this.page.evaluate(
            () => Object.keys(/** @type {any} */ (globalThis).spice_connection.file_xfer_tasks).length,
        );
    }

    /** Waits until it has no transfer under way. */
    idle(timeoutMs = 10000) {
        return eventually('no transfer is under way', async () => (await this.transfers()) === 0, { timeoutMs });
    }

    /** @returns {string[]} what it complains about: messages that it does not know, errors of its own */
    complaints() {
        return this.log.filter((line) => /^(WARNING|ERROR): /.test(line) && !/Unimplemented function/.test(line));
    }

    close() {
        return this.page.context().close();
    }
}
