// Files from clients to the guest's disk, through the real agent.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { Bed } from '../support/bed.js';
import { bytesOf, fileSha256, pattern, sha256 } from '../support/data.js';
import { eventually } from '../support/deadline.js';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
const MEMORY_MARGIN_MIB = 16;

describe('files', () => {
    /** @type {Bed} */ let bed;
    /** @type {import('../support/client.js').Client} */ let client;

    before(async () => {
        bed = await Bed.start({ keys: { one: { 'file-max': '16384GiB' } } });
        client = await bed.client();
    });
    after(async () => {
        try {
            assert.deepEqual(client?.seen('error'), [], 'no frame of these tests was refused');
        } finally {
            await bed?.close();
        }
    });
    beforeEach(async () => {
        for (const name of await arrived()) await rm(inGuest(name), { recursive: true });
    });

    const arrived = () => readdir(bed.desktop.downloads);
    const inGuest = (name) => path.join(bed.desktop.downloads, name);

    /** Sends and checks that exactly one file came, with the same contents; gives its name. */
    async function deliver(name, content) {
        const status = await client.sendFile(name, content, { timeoutMs: 120000 });
        assert.equal(status.status, 'done', JSON.stringify(status));
        assert.equal(status.sent, content.size);
        const names = await arrived();
        assert.equal(names.length, 1, `one file: ${names}`);
        assert.equal((await stat(inGuest(names[0]))).size, content.size);
        assert.equal(await fileSha256(inGuest(names[0])), sha256(content));
        return names[0];
    }

    test('1 GiB arrives whole while the daemon stays within 16 MiB of idle', async (t) => {
        const idle = bed.daemon.rss();
        let highest = idle;
        let fault;
        const watch = setInterval(() => {
            highest = Math.max(highest, bed.daemon.rss());
            try {
                bed.daemon.assertMemoryFlat(idle, MEMORY_MARGIN_MIB);
            } catch (error) {
                fault ??= error;
            }
        }, 20);
        const start = Date.now();
        try {
            assert.equal(await deliver('large.bin', pattern(GIB)), 'large.bin');
        } finally {
            clearInterval(watch);
        }
        t.diagnostic(`memory rose by at most ${((highest - idle) / MIB).toFixed(1)} MiB in ${Date.now() - start} ms`);
        assert.ifError(fault);
    });

    for (const size of [0, 1, 2028, 2029, 65535, 65536, 65537, 64 * MIB]) {
        test(`${size} bytes arrive whole`, async () =>
            assert.equal(await deliver('some.bin', pattern(size)), 'some.bin'));
    }

    const NAMES = {
        Unicode: ['naïve – 漢字 😀.txt', 'naïve – 漢字 😀.txt'],
        'brackets, an equals sign and a hash': ['[group]=a;#b.txt', '[group]=a;#b.txt'],
        'blanks at its ends': [' blank .txt', /blank .txt$/],
        'a newline': ['new\nname=evil\nline.txt', /^[^\n]+line\.txt$/],
        'a backslash': ['C:\\folder\\slash.txt', 'slash.txt'],
        'a path upwards': ['../x', 'x'],
        'an absolute path': ['/etc/passwd', 'passwd'],
        '255 bytes': [`${'n'.repeat(251)}.txt`, `${'n'.repeat(251)}.txt`],
        'more than 255 bytes': [`${'é'.repeat(150)}.txt`, /^é{100,125}\.txt$/],
    };
    for (const [what, [name, expected]] of Object.entries(NAMES)) {
        test(`a name with ${what} is safe`, async () => {
            const got = await deliver(name, bytesOf(Buffer.from(what)));
            if (expected instanceof RegExp) assert.match(got, expected);
            else assert.equal(got, expected);
            assert.ok(!existsSync(path.join(bed.desktop.downloads, '..', 'x')), 'nothing is written elsewhere');
        });
    }

    for (const name of ['..', '.', '/', '\\', '\u0001\u0002']) {
        test(`of the name ${JSON.stringify(name)} nothing usable is left`, async () => {
            const status = await client.sendFile(name, pattern(10));
            assert.deepEqual([status.status, status.code], ['error', 'bad-name']);
            assert.deepEqual(await arrived(), []);
        });
    }

    test('a second file of the same name is kept beside the first', async () => {
        await deliver('same.txt', bytesOf(Buffer.from('first')));
        assert.equal((await client.sendFile('same.txt', bytesOf(Buffer.from('second')))).status, 'done');
        assert.deepEqual((await arrived()).sort(), ['same (1).txt', 'same.txt']);
    });

    test('a transfer that the user cancels midway leaves nothing in the guest', async () => {
        const id = client.newId();
        const end = client.sendFile('cancelled.bin', pattern(GIB), { id, timeoutMs: 60000 });
        await client.next('file-status', (frame) => frame.id === id && frame.status === 'progress' && frame.sent > 0);
        client.send({ type: 'file-cancel', id });
        const status = await end;
        assert.equal(status.status, 'cancelled', JSON.stringify(status));
        assert.ok(status.sent < GIB);
        await eventually('the partial file is gone', async () => (await arrived()).length === 0);
        await deliver('after.bin', pattern(70000));
    });

    test('two clients may use the same id at once', async () => {
        const other = await bed.client();
        const [mine, theirs] = [pattern(8 * MIB, 11), pattern(8 * MIB, 22)];
        const ends = await Promise.all([
            client.sendFile('mine.bin', mine, { id: 4711, stream: 4711 }),
            other.sendFile('theirs.bin', theirs, { id: 4711, stream: 4711 }),
        ]);
        assert.deepEqual(
            ends.map(({ status }) => status),
            ['done', 'done'],
        );
        assert.equal(await fileSha256(inGuest('mine.bin')), sha256(mine));
        assert.equal(await fileSha256(inGuest('theirs.bin')), sha256(theirs));
        await other.close();
    });

    test("a client that leaves takes its own transfers along and nobody else's", async () => {
        const leaver = await bed.client();
        const id = leaver.newId();
        leaver.sendFile('leaver.bin', pattern(GIB), { id }).catch(() => {}); // ends with the connection
        await leaver.next('file-status', (frame) => frame.id === id && frame.status === 'progress');
        const stays = client.sendFile('stays.bin', pattern(16 * MIB));
        await leaver.close();
        assert.equal((await stays).status, 'done');
        await eventually('only the other file is left', async () => (await arrived()).join() === 'stays.bin');
        assert.equal(await fileSha256(inGuest('stays.bin')), sha256(pattern(16 * MIB)));
    });

    test("a file larger than the guest's disk is refused with the free space", async () => {
        const status = await client.sendFile('huge.bin', {
            size: 2 ** 44,
            slice: (from, to) => Buffer.alloc(to - from),
        });
        assert.deepEqual([status.status, status.code], ['error', 'no-space']);
        assert.ok(status.freeBytes > 0 && status.freeBytes < 2 ** 44, `${status.freeBytes}`);
    });
});
