// What else of a session comes through the bridge: every channel that a machine can have, over TLS, and to a viewer in
// a browser.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { Browser } from '../support/browser.js';
import { eventually } from '../support/deadline.js';
import { LASTING, SessionBed } from '../support/session_bed.js';
import { SESSION, SpiceGtk } from '../support/spice_gtk.js';
import { SPICE_HTML5 } from '../support/spice_html5.js';
import { StaticFiles } from '../support/static_files.js';

const vmc = (id, name) => ['-chardev', `spicevmc,id=${id},name=${name}`];
const port = (id, name) => [
    ...['-chardev', `spiceport,id=${id},name=${name}`],
    ...['-device', `virtserialport,chardev=${id},name=${name}`],
];
/** Sound both ways, a redirected device, a smart card, a port and folders. */
const EVERYTHING = [
    ...['-audiodev', 'spice,id=sound', '-device', 'intel-hda', '-device', 'hda-duplex,audiodev=sound'],
    ...['-device', 'qemu-xhci,id=xhci', ...vmc('usb', 'usbredir'), '-device', 'usb-redir,chardev=usb,bus=xhci.0'],
    ...[...vmc('card', 'smartcard'), '-device', 'usb-ccid,bus=xhci.0', '-device', 'ccid-card-passthru,chardev=card'],
    ...['-device', 'virtio-serial', ...port('port', 'org.example.port'), ...port('dav', 'org.spice-space.webdav.0')],
];
/** Debian's spice-gtk opens no channel of smart cards: that one is opened byte by byte. */
const FURTHER = ['playback', 'record', 'usbredir', 'port', 'webdav'];
const SMARTCARD = 8;

const listed = async (user) => (await user.state()).channels.map(({ type }) => type);

describe('a machine with every channel', () => {
    /** @type {SessionBed} */ let session;

    before(async () => {
        session = await SessionBed.start({}, { args: EVERYTHING });
    });
    after(() => session?.close());

    test('a viewer can open all of them', async () => {
        const user = await session.user({ channels: [...SESSION, ...FURTHER] });
        assert.deepEqual((await listed(user)).sort(), [...SESSION, ...FURTHER].sort());
        await user.close();
    });

    test('the channel of smart cards is there, too', async () => {
        const watcher = await session.watcher();
        watcher.attachChannels();
        const { channels } = await watcher.next('channels-list');
        assert.ok(channels.some(({ type }) => type === SMARTCARD));
        await session.channel(SMARTCARD, { connectionId: watcher.init.sessionId });
        await watcher.close();
    });

    test('the interface shows its display, and how many see it', async () => {
        const user = await session.user();
        const { display } = await session.bed.daemon.vm('one');
        assert.equal(display.kind, 'spice');
        assert.equal(display.clients, 1);
        await user.close();
        await eventually('nobody sees it', async () => (await session.bed.daemon.vm('one')).display.clients === 0);
    });
});

describe('a machine with every channel, and files that may not be sent', () => {
    /** @type {SessionBed} */ let session;

    before(async () => {
        session = await SessionBed.start(
            { 'files-to-guest': 'off', 'spice-channels': 'display; inputs; cursor; playback; usbredir; webdav' },
            { args: EVERYTHING },
        );
    });
    after(() => session?.close());

    test('a viewer is told of what is left', async () => {
        const user = await session.user({ channels: [...SESSION, 'playback'] });
        assert.deepEqual((await listed(user)).sort(), [...SESSION, 'playback'].sort());
        await user.close();
    });
});

describe('a session over TLS', () => {
    /** @type {SessionBed} */ let session;

    before(async () => {
        session = await SessionBed.start({}, { tls: true, server: { 'spice-tls': 'required' } });
    });
    after(() => session?.close());

    test('the viewer has the pixels that QEMU has, at each change', async () => {
        const where = { port: undefined, 'tls-port': session.port, 'ca-file': session.certificate };
        const user = await SpiceGtk.connect(session.bed.sandbox, session.where(where));
        await user.opened(...SESSION);
        for (const key of ['a', 'x', 'y', 'z']) await user.shows(await session.machine.picture(key));
        await user.close();
    });
});

describe('spice-html5', () => {
    /** @type {SessionBed} */ let session;
    /** @type {StaticFiles} */ let files;
    /** @type {Browser} */ let browser;

    before(async () => {
        files = await StaticFiles.serve(SPICE_HTML5);
        session = await SessionBed.start({}, { server: { 'allowed-origins': files.origin } });
        browser = await Browser.start();
    });
    after(async () => {
        await browser?.close();
        await files?.close();
        await session?.close();
    });

    /** The digest of the RGB that its canvas has; none yet: undefined. */
    async function shown(page) {
        const pixels = await page.evaluate(() => {
            const canvas = /** @type {HTMLCanvasElement} */ (document.querySelector('#spice-screen canvas'));
            if (!canvas?.width) return undefined;
            const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
            let rgb = '';
            for (let at = 0; at < data.length; at += 4) rgb += String.fromCharCode(data[at], data[at + 1], data[at + 2]);
            return btoa(rgb);
        });
        return pixels && createHash('sha256').update(Buffer.from(pixels, 'base64')).digest('hex');
    }

    for (const [at, path, where, keys] of [
        ["the page's own port", 'vms/one/spice', () => session.bed.daemon.port, ['a', 'x']],
        ['the SPICE port', 'websockify', () => session.port, ['y', 'z']],
    ]) {
        test(`shows the display through ${at}`, async () => {
            const query = new URLSearchParams({ host: '127.0.0.1', port: String(where()), path, password: LASTING });
            const page = await browser.open(`${files.origin}/spice_auto.html?${query}`);
            for (const key of keys) {
                const picture = await session.machine.picture(key);
                const same = async () => (await shown(page)) === picture;
                await eventually(`the page shows the picture of "${key}"`, same, { timeoutMs: 15000, everyMs: 100 });
            }
            await page.close();
        });
    }
});
