// A file that no tab could hold: it goes through in slices.

import assert from 'node:assert/strict';
import { open, readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Bed } from '../support/bed.js';
import { Browser } from '../support/browser.js';
import { fileSha256, pattern, sha256 } from '../support/data.js';
import { eventually } from '../support/deadline.js';

const MIB = 1024 * 1024;
const SIZE = 1024 * MIB;
/** What a tab may grow by while it sends: slices, frames under way and what the collector has not looked at. */
const GROWTH = 160 * MIB;

/** Resident bytes of all processes that show pages. */
async function residentBytes(pids) {
    const sizes = await Promise.all(pids.map(async (pid) => {
        const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
        return Number(status.match(/^VmRSS:\s+(\d+) kB/m)?.[1] ?? 0) * 1024;
    }));
    return sizes.reduce((sum, size) => sum + size, 0);
}

describe('a file of 1 GiB chosen in the page', () => {
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

    test('arrives whole, and the tab stays as small as it was', async (t) => {
        const page = await browser.open(`http://127.0.0.1:${bed.daemon.port}/console/one`);
        await page.locator('[data-testid=status][data-state=connected]').waitFor();
        const file = path.join(bed.sandbox.dir, 'large.bin');
        const content = pattern(SIZE);
        const handle = await open(file, 'w');
        for (let at = 0; at < SIZE; at += MIB) await handle.write(content.slice(at, at + MIB));
        await handle.close();
        const pids = await browser.rendererPids();
        const before = await residentBytes(pids);
        let peak = before;
        await page.getByTestId('file-input').setInputFiles(file);
        await eventually('the guest has it', async () => {
            peak = Math.max(peak, await residentBytes(pids));
            return page.locator('[data-testid=transfer][data-state=done]').isVisible();
        }, { timeoutMs: 120_000, everyMs: 100 });
        t.diagnostic(`the tab grew by ${Math.round((peak - before) / MIB)} MiB`);
        assert.ok(peak - before <= GROWTH, `${peak - before} bytes more`);
        assert.equal(await fileSha256(path.join(bed.desktop.downloads, 'large.bin')), sha256(content));
    });
});
