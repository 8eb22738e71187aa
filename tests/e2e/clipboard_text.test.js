// Text from the browser's side to the guest's applications and back, through the real agent.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Bed } from '../support/bed.js';
import { textOfBytes } from '../support/data.js';

const KIB = 1024;
const MIB = 1024 * KIB;

const TEXTS = {
    ASCII: 'The quick brown fox; 0123456789 ~!@#$%^&*()',
    'characters beyond the basic plane': 'astral 😀 𝄞 𠜎 end',
    'right-to-left text': 'שלום עולם, مرحبا بالعالم',
    'combining characters, as they are': 'e\u0301 is not \u00e9',
    'CRLF line ends': 'one\r\ntwo\r\n',
    'LF line ends': 'one\ntwo\n',
    'mixed line ends and a tab': 'a\r\nb\n\tc\rd',
    'one character': 'x',
};

const SIZES = [64 * KIB - 1, 64 * KIB, 64 * KIB + 1];

describe('text', () => {
    /** @type {Bed} */ let bed;
    /** @type {import('../support/client.js').Client} */ let client;

    before(async () => {
        bed = await Bed.start();
        client = await bed.client();
    });
    after(() => bed?.close());

    /** Copies in the guest, and reads when the offer has come. */
    async function copyInGuest(bytes) {
        client.inbox.clear();
        await bed.desktop.x11.copy(bytes);
        await client.next('clipboard-grab', (grab) => grab.formats.includes('text/plain'), 15000);
        return client.read('text/plain', { timeoutMs: 60000 });
    }

    /** Copies at the client, and pastes in the guest when the offer has come there. */
    async function pasteInGuest(content) {
        await bed.desktop.x11.newOwner(() => client.offer({ 'text/plain': content }));
        return bed.desktop.x11.paste({ timeoutMs: 60000 });
    }

    describe('from the guest to the client', () => {
        for (const [what, text] of Object.entries(TEXTS)) {
            test(what, async () => assert.equal((await copyInGuest(text)).text, text));
        }
        test('nothing at all arrives as an empty text', async () => assert.equal((await copyInGuest('')).text, ''));
        for (const size of SIZES) {
            test(`${size} bytes`, async () =>
                assert.ok((await copyInGuest(textOfBytes(size))).bytes.equals(textOfBytes(size))));
        }
        test('31 MiB', async () => {
            const text = textOfBytes(31 * MIB);
            assert.ok((await copyInGuest(text)).bytes.equals(text));
        });
    });

    describe('from the client to the guest', () => {
        for (const [what, text] of Object.entries(TEXTS)) {
            test(what, async () => assert.equal((await pasteInGuest(text)).toString(), text));
        }
        test('nothing at all pastes as nothing, at once', async () => assert.equal((await pasteInGuest('')).length, 0));
        for (const size of SIZES) {
            test(`${size} bytes`, async () =>
                assert.ok((await pasteInGuest(textOfBytes(size))).equals(textOfBytes(size))));
        }
        test('31 MiB', async () => {
            const text = textOfBytes(31 * MIB);
            assert.ok((await pasteInGuest(text)).equals(text));
        });
    });
});
