// TLS at the SPICE ports: told by the first byte, demanded, or left out; with certificates as real clients judge them.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import WebSocket from 'ws';
import { Bed } from '../support/bed.js';
import { makeCertificate } from '../support/certificates.js';
import { textOfBytes } from '../support/data.js';
import { eventually, within } from '../support/deadline.js';
import { SpiceClient } from '../support/spice.js';
import { SpiceGtk } from '../support/spice_gtk.js';
import { ByteReader, CommonCap, LinkError, LinkRefused, linkMessage, open, readReply } from '../support/spice_link.js';
import { Format, Type, u32 } from '../support/vdi.js';

const MIB = 1024 * 1024;
const digest = (bytes) => createHash('sha256').update(bytes).digest('hex');
const keysOf = ({ certificate, key }) => ({ 'tls-certificate': certificate, 'tls-key': key });
const needsSecured = (error) =>
    error instanceof LinkRefused && error.stage === 'reply' && error.code === LinkError.needSecured;

/** A bridge with this certificate, and a machine whose guest is nobody. */
async function bridge(rule, { certificate = (sandbox) => makeCertificate(sandbox, 'bridge'), keys = {} } = {}) {
    let shown;
    const prepare = async ({ sandbox, options }) => {
        shown = await certificate(sandbox);
        const server = { ...keysOf(shown), 'spice-listen': '127.0.0.1:0', 'spice-tls': rule };
        Object.assign(options, { sections: { server }, ca: shown.pem });
        Object.assign(options.vms.one, keys);
    };
    const bed = await Bed.start({ vms: [], scripted: ['one'], prepare });
    return { bed, shown, port: await bed.daemon.spicePort() };
}

/** Whether a client that linked is served: the machine's name comes by itself, the list of channels is an answer. */
async function assertServed(client) {
    assert.equal((await client.next('name')).name, 'one');
    client.attachChannels();
    await client.next('channels-list');
    client.stream.destroy();
}

/** A session of spice-gtk, for as long as `use` takes. */
async function withGtk(bed, where, use = async () => {}) {
    const peer = await SpiceGtk.start(bed.sandbox);
    try {
        await peer.connect({ host: '127.0.0.1', ...where });
        assert.equal((await peer.next('name')).value, 'one');
        await use(peer);
    } finally {
        await peer.close();
    }
}

describe('spice-tls = auto', () => {
    /** @type {Bed} */ let bed;
    /** @type {number} */ let port;
    let shown, other;

    before(async () => {
        ({ bed, port, shown } = await bridge('auto'));
        other = await makeCertificate(bed.sandbox, 'other');
    });
    after(() => bed?.close());

    const secure = () => ({ port, tls: { ca: bed.daemon.ca } });

    test('plain bytes and TLS come through one port', async () => {
        await assertServed(await SpiceClient.connect({ port }));
        await assertServed(await SpiceClient.connect(secure()));
        await assertServed(await SpiceClient.connect({ port, tls: { ca: shown.pem, maxVersion: 'TLSv1.2' } }));
    });

    test('so do WebSockets, plain and secure, at any path', async () => {
        await assertServed(await SpiceClient.connect({ url: `ws://127.0.0.1:${port}/` }));
        const options = { ca: shown.pem };
        await assertServed(await SpiceClient.connect({ url: `wss://127.0.0.1:${port}/websockify`, options }));
    });

    test('a page that closes its WebSocket gets an answer', async () => {
        const socket = new WebSocket(`wss://127.0.0.1:${port}/`, ['binary'], { ca: shown.pem });
        await within(5000, once(socket, 'open'), 'the WebSocket opens');
        socket.send(linkMessage());
        await within(5000, once(socket, 'message'), 'a link reply');
        socket.close(1000);
        const [code] = await within(5000, once(socket, 'close'), 'it closes');
        assert.equal(code, 1000);
    });

    test('so do WebSockets beside the pages', async () => {
        const client = await SpiceClient.connect({ url: bed.daemon.url('one', 'spice'), options: { ca: shown.pem } });
        assert.match(bed.daemon.url('one', 'spice'), /^wss:/);
        await assertServed(client);
    });

    test('a link that comes byte by byte is one all the same', async () => {
        const ca = shown.pem;
        for (const where of [secure(), { url: `wss://127.0.0.1:${port}/`, options: { ca } }]) {
            const stream = await open(where);
            for (const byte of linkMessage()) stream.write(Buffer.from([byte]));
            assert.equal((await within(5000, readReply(new ByteReader(stream)), 'a reply')).error, LinkError.ok);
            stream.destroy();
        }
    });

    test('a handshake that fails ends that connection alone', async () => {
        await assert.rejects(SpiceClient.connect({ port, tls: { ca: other.pem } }), /self.signed/);
        await assert.rejects(SpiceClient.connect({ port, tls: { ca: shown.pem, maxVersion: 'TLSv1.1' } }), Error);
        await assertServed(await SpiceClient.connect(secure()));
    });

    test('spice-gtk trusts the certificate that it was given, and no other one', async () => {
        await withGtk(bed, { 'tls-port': port, 'ca-file': shown.certificate });
        const refused = withGtk(bed, { 'tls-port': port, 'ca-file': other.certificate });
        await assert.rejects(refused, { state: 'error-tls' });
    });

    test('spice-gtk holds the certificate against a host subject', async () => {
        const where = { 'tls-port': port, 'ca-file': shown.certificate };
        await withGtk(bed, { ...where, 'cert-subject': 'CN=bridge' });
        await assert.rejects(withGtk(bed, { ...where, 'cert-subject': 'CN=drawbridge' }), { state: 'error-tls' });
    });

    test('spice-gtk copies both ways through it, long texts too', async () => {
        const guest = await bed.guest('one');
        await bed.agentReady('one');
        const text = textOfBytes(4 * MIB);
        await withGtk(bed, { 'tls-port': port, 'ca-file': shown.certificate }, async (peer) => {
            await peer.agent();
            guest.grab(Format.text);
            await peer.next('grab');
            const asked = peer.request('text', { timeoutMs: 20000 });
            await guest.next(Type.request);
            guest.giveText(text);
            assert.equal((await asked).sha256, digest(text));
            const source = bed.sandbox.path('text');
            await writeFile(source, text);
            await peer.grab({ text: { path: source } });
            await guest.next(Type.grab);
            guest.send(Type.request, u32(0, Format.text));
            assert.equal(digest((await guest.next(Type.clipboard, 20000)).payload.subarray(8)), digest(text));
        });
        await guest.close();
    });

    test('a client of the first headers is served through it too', async () => {
        const client = await SpiceClient.connect(secure(), { commonCaps: [CommonCap.authSelection] });
        assert.equal(client.link.mini, false);
        await assertServed(client);
    });

    test('a renewed certificate is shown to new connections, and who is in stays', async () => {
        const inside = await SpiceClient.connect(secure());
        await inside.next('name');
        const server = { ...bed.options.sections.server, ...keysOf(other) };
        await bed.daemon.configure({ ...bed.options, sections: { server } });
        assert.match(await bed.daemon.reload(), /event=reloaded/);
        const renewed = { port, tls: { ca: other.pem } };
        await assertServed(await eventually('the new one is shown', () => SpiceClient.connect(renewed)));
        await withGtk(bed, { 'tls-port': port, 'ca-file': other.certificate });
        await assert.rejects(SpiceClient.connect({ port, tls: { ca: shown.pem } }), /self.signed/);
        inside.attachChannels();
        await inside.next('channels-list');
        inside.stream.destroy();
    });
});

describe('spice-tls = required', () => {
    /** @type {Bed} */ let bed;
    /** @type {number} */ let port;
    let shown;

    before(async () => {
        const certificate = (sandbox) =>
            makeCertificate(sandbox, 'bridge', { subject: '/O=Bridges, Inc./CN=gate', names: 'IP:127.0.0.1' });
        ({ bed, port, shown } = await bridge('required', { certificate }));
    });
    after(() => bed?.close());

    const trust = () => ({ ca: shown.pem });

    test('whoever comes without it is told so, also inside a WebSocket', async () => {
        await assert.rejects(SpiceClient.connect({ port }), needsSecured);
        await assert.rejects(SpiceClient.connect({ url: `ws://127.0.0.1:${port}/` }), needsSecured);
    });

    test('with it they are served, as is who comes beside the pages', async () => {
        await assertServed(await SpiceClient.connect({ port, tls: trust() }));
        await assertServed(await SpiceClient.connect({ url: `wss://127.0.0.1:${port}/`, options: trust() }));
        await assertServed(await SpiceClient.connect({ url: bed.daemon.url('one', 'spice'), options: trust() }));
    });

    test('a unix socket needs none: nobody reads along', async () => {
        const socket = bed.sandbox.path('spice.sock');
        const vms = { one: { ...bed.options.vms.one, 'spice-listen': `unix:${socket}` } };
        await bed.daemon.stop();
        await bed.daemon.configure({ ...bed.options, vms });
        await bed.daemon.run(['serve', '--config', bed.daemon.config]);
        port = await bed.daemon.spicePort();
        await assertServed(await SpiceClient.connect({ path: socket }));
    });

    test('spice-gtk takes the secure port by itself when it is told so', async () => {
        await withGtk(bed, { port, 'tls-port': port, 'ca-file': shown.certificate });
        await assert.rejects(withGtk(bed, { port }), Error);
    });

    test('spice-gtk refuses a certificate for another host, but where its subject is the right one', async () => {
        const where = { host: 'localhost', 'tls-port': port, 'ca-file': shown.certificate };
        await assert.rejects(withGtk(bed, where), { state: 'error-tls' });
        await assert.rejects(withGtk(bed, { ...where, 'cert-subject': 'O=Bridges,CN=gate' }), { state: 'error-tls' });
        await withGtk(bed, { ...where, 'cert-subject': 'O=Bridges\\, Inc.,CN=gate' });
    });
});

describe('spice-tls = off', () => {
    /** @type {Bed} */ let bed;
    /** @type {number} */ let port;
    let shown;

    before(async () => void ({ bed, port, shown } = await bridge('off')));
    after(() => bed?.close());

    test('SPICE is plain although pages are not', async () => {
        await assertServed(await SpiceClient.connect({ port }));
        await assertServed(await SpiceClient.connect({ url: `ws://127.0.0.1:${port}/` }));
        assert.match(bed.daemon.log, /service=https/);
        await assertServed(
            await SpiceClient.connect({ url: bed.daemon.url('one', 'spice'), options: { ca: shown.pem } }),
        );
    });

    test('a handshake of TLS is no link', async () => {
        await assert.rejects(SpiceClient.connect({ port, tls: { ca: shown.pem } }), Error);
        const plain = await open({ port });
        plain.write(Buffer.from('160301020001', 'hex'));
        assert.equal((await readReply(new ByteReader(plain))).error, LinkError.invalidMagic);
        plain.destroy();
    });
});
