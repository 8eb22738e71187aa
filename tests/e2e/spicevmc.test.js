// A guest whose port a SPICE server holds: the real agent behind SPICE's own server, the bridge as its client.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Bed } from '../support/bed.js';
import { fileSha256, pattern, sha256, textOfBytes } from '../support/data.js';
import { eventually } from '../support/deadline.js';
import { makeCertificate } from '../support/certificates.js';
import { png } from '../support/png.js';
import { SpiceGtk } from '../support/spice_gtk.js';
import { SpiceServer } from '../support/spice_server.js';

const MIB = 1024 * 1024;
const BACK_MS = 2000;

describe('spicevmc', () => {
    /** @type {Bed} */ let bed;
    /** @type {SpiceServer} */ let server;
    /** @type {import('../support/client.js').Client} */ let client;
    /** @type {string} */ let passwordFile;

    before(async () => {
        bed = await Bed.start({
            sections: { server: { 'spice-listen': '127.0.0.1:0' } },
            prepare: async (bed) => {
                passwordFile = bed.sandbox.path('password');
                await writeFile(passwordFile, 'upstream secret\n', { mode: 0o600 });
                server = await SpiceServer.start(bed.sandbox, bed.guestSocket(), { password: 'upstream secret' });
                bed.options.vms.one.guest = `spice:127.0.0.1:${server.port}?password-file=${passwordFile}`;
            },
        });
        client = await bed.client();
    });
    after(() => bed?.close());

    async function copyInGuest(content) {
        client.inbox.clear();
        await bed.desktop.x11.copy(content);
        await client.next('clipboard-grab', () => true, 15000);
        return client.read('text/plain', { timeoutMs: 60000 });
    }

    test('text both ways', async () => {
        assert.equal((await copyInGuest('from the guest')).text, 'from the guest');
        await bed.desktop.x11.newOwner(() => client.offer({ 'text/plain': 'to the guest' }));
        assert.equal(await bed.desktop.x11.pasteText(), 'to the guest');
    });

    for (const size of [2020, 65536, 8 * MIB]) {
        test(`${size} bytes of text both ways`, async () => {
            const content = textOfBytes(size);
            assert.ok((await copyInGuest(content)).bytes.equals(content));
            await bed.desktop.x11.newOwner(() => client.offer({ 'text/plain': content }));
            assert.ok((await bed.desktop.x11.paste({ timeoutMs: 30000 })).equals(content));
        });
    }

    test('a picture arrives in the guest byte by byte', async () => {
        const picture = png(300, 200, { noisy: true });
        await bed.desktop.x11.newOwner(() => client.offer({ 'image/png': picture }));
        assert.ok((await bed.desktop.x11.paste({ target: 'image/png' })).equals(picture));
    });

    test('a file of 64 MiB arrives with the same digest', async () => {
        const content = pattern(64 * MIB);
        const status = await client.sendFile('large.bin', content, { timeoutMs: 60000 });
        assert.equal(status.status, 'done', JSON.stringify(status));
        assert.equal(await fileSha256(path.join(bed.desktop.downloads, 'large.bin')), sha256(content));
    });

    test('a layout really resizes the screen', async () => {
        await client.setMonitors([{ width: 1280, height: 720 }]);
        await eventually('the screen is 1280x720', async () => (await bed.desktop.x11.size()) === '1280x720');
    });

    test('a browser and a SPICE client share the agent', async () => {
        const peer = await SpiceGtk.connect(bed.sandbox, { host: '127.0.0.1', port: await bed.daemon.spicePort() });
        await peer.agent();
        peer.inbox.clear();
        assert.equal((await copyInGuest('for both')).text, 'for both');
        await peer.next('grab');
        assert.equal((await peer.request('text')).text, 'for both');
        await peer.close();
    });

    test('an agent that goes and comes back is there again', async () => {
        await bed.desktop.reopened(async () => {
            await bed.desktop.stopAgent();
            await client.next('agent', (frame) => !frame.connected);
            bed.desktop.startAgent();
        });
        await client.next('agent', (frame) => frame.connected, 15000);
        assert.equal((await copyInGuest('after the fall')).text, 'after the fall');
    });

    test('a server that is killed and started again is met within 2 s', async () => {
        client.inbox.clear();
        await server.kill();
        await client.next('agent', (frame) => !frame.connected);
        await server.restart();
        const start = Date.now();
        await bed.daemon.child.says(/event=spice-server-linked[^]*event=spice-server-linked/);
        assert.ok(Date.now() - start < BACK_MS, `${Date.now() - start} ms`);
        await client.next('agent', (frame) => frame.connected, 15000);
        assert.equal((await copyInGuest('after the kill')).text, 'after the kill');
    });

    test('a wrong password is a named error, and the right one is taken without a restart', async () => {
        await writeFile(passwordFile, 'wrong\n');
        client.inbox.clear();
        await server.kill();
        await client.next('agent', (frame) => !frame.connected);
        await server.restart();
        await bed.daemon.child.says(/event=guest-unreachable .*reason="?the server refuses the password/);
        assert.ok(!bed.daemon.child.log.includes('upstream secret'), 'no password in the log');
        await writeFile(passwordFile, 'upstream secret\n');
        await client.next('agent', (frame) => frame.connected, 15000);
    });
});

describe('spicevmc over TLS', () => {
    /** @type {Bed} */ let bed;
    /** @type {SpiceServer} */ let server;
    /** @type {Awaited<ReturnType<typeof makeCertificate>>} */ let own;
    /** @type {Awaited<ReturnType<typeof makeCertificate>>} */ let other;

    before(async () => {
        bed = await Bed.start({
            vms: [],
            scripted: ['one'],
            prepare: async (bed) => {
                own = await makeCertificate(bed.sandbox, 'vmhost');
                other = await makeCertificate(bed.sandbox, 'other');
                const { certificate, key } = own;
                server = await SpiceServer.start(bed.sandbox, bed.guestSocket(), { certificate, key });
                bed.options.vms.one.guest = guestWith(own.certificate);
            },
        });
    });
    after(() => bed?.close());

    const guestWith = (ca, subject = '') =>
        `spice+tls:127.0.0.1:${server.port}?ca-file=${ca}${subject && `&host-subject=${subject}`}`;

    /** Another guest by a reload; gives what the daemon says of it. */
    async function reload(guest, pattern) {
        const before = bed.daemon.child.log.length;
        bed.options.vms.one.guest = guest;
        await bed.daemon.configure(bed.options);
        bed.daemon.child.signal('SIGHUP');
        return eventually(`${pattern} after the reload`, () => bed.daemon.child.log.slice(before).match(pattern));
    }

    test('the right CA is enough', () => bed.daemon.child.says(/event=spice-server-linked/));
    test('a wrong CA is a named error', () =>
        reload(guestWith(other.certificate), /event=guest-unreachable .*certificate/));
    test('the right subject is taken', () => reload(guestWith(own.certificate, 'CN=vmhost'), /event=spice-server-linked/));
    test('a wrong subject is a named error', () =>
        reload(guestWith(own.certificate, 'CN=somebody'), /event=guest-unreachable .*reason=/));
    test('a server without TLS is a named error', async () => {
        await server.kill();
        await server.restart({ certificate: undefined });
        await reload(guestWith(own.certificate, 'CN=vmhost'), /event=guest-unreachable .*reason=/);
    });
});
