// HTTPS and wss by the bridge itself: every TCP listener, from start to a renewed certificate.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import tls from 'node:tls';
import { after, before, describe, test } from 'node:test';
import WebSocket from 'ws';
import { Bed } from '../support/bed.js';
import { makeCertificate } from '../support/certificates.js';
import { Client } from '../support/client.js';
import { VMCBRIDGE } from '../support/daemon.js';
import { bytesOf, pattern, sha256 } from '../support/data.js';
import { eventually, within } from '../support/deadline.js';
import { request } from '../support/net.js';
import { Sandbox } from '../support/sandbox.js';

const digest = (content) => sha256(bytesOf(Buffer.from(content)));
const keysOf = ({ certificate, key }) => ({ 'tls-certificate': certificate, 'tls-key': key });

/** What a TLS connection to this port shows. */
async function shownAt(port, options = {}) {
    const socket = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options });
    try {
        await within(5000, once(socket, 'secureConnect'), 'the TLS handshake');
        return { name: socket.getPeerCertificate().subject.CN, protocol: socket.getProtocol() };
    } finally {
        socket.destroy();
    }
}

describe('a bridge with a certificate', () => {
    /** @type {Bed} */ let bed;
    /** @type {Awaited<ReturnType<typeof makeCertificate>>} */ let first;

    before(async () => {
        const prepare = async (starting) => {
            first = await makeCertificate(starting.sandbox, 'first');
            Object.assign(starting.options, { sections: { server: keysOf(first) }, ca: first.pem });
        };
        bed = await Bed.start({ prepare });
    });
    after(() => bed?.close());

    const origin = (scheme) => ({ Origin: `${scheme}://127.0.0.1:${bed.daemon.port}` });

    test('serves pages and the interface for programs', async () => {
        assert.match(bed.daemon.log, /event=listening service=https address=127\.0\.0\.1:/);
        for (const path of ['/healthz', '/', '/api/v1/vms/one'])
            assert.equal((await bed.daemon.get(path)).status, 200, path);
        assert.equal((await bed.daemon.asAdmin('/healthz')).status, 200, 'the admin socket stays plain');
    });

    test('speaks TLS 1.3 and 1.2, and nothing older', async () => {
        const { port } = bed.daemon;
        assert.equal((await shownAt(port)).protocol, 'TLSv1.3');
        assert.equal((await shownAt(port, { maxVersion: 'TLSv1.2' })).protocol, 'TLSv1.2');
        const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' };
        await assert.rejects(shownAt(port, old), /protocol version|alert/i);
    });

    test('tells who speaks plain HTTP to use https', async () => {
        const answer = await request({ host: '127.0.0.1', port: bed.daemon.port }, '/');
        assert.equal(answer.status, 400);
        assert.match(answer.headers['content-type'], /^application\/problem\+json/);
        assert.match(answer.json().detail, /https:\/\//);
    });

    test('takes its own pages for its own, and plain ones of the same name for foreign', async () => {
        const client = await bed.client('one', { headers: origin('https') });
        assert.equal(client.welcome.protocol, 1);
        await client.close();
        await assert.rejects(bed.client('one', { headers: origin('http') }), /403/);
    });

    test('carries copies both ways and a file', async () => {
        const client = await bed.client();
        const text = 'through TLS, '.repeat(40_000);
        await bed.desktop.x11.newOwner(() => client.offer({ 'text/plain': text }));
        assert.equal(digest(await bed.desktop.x11.paste({ target: 'UTF8_STRING' })), digest(text));
        const back = 'and back, '.repeat(50_000);
        await bed.desktop.x11.copy(back);
        await client.next('clipboard-grab');
        const read = await client.read();
        assert.equal(digest(read.bytes), digest(back));
        assert.equal((await client.sendFile('tls.bin', pattern(8 * 1024 * 1024))).status, 'done');
        await client.close();
    });

    test('carries the picture', async () => {
        const viewer = new WebSocket(bed.daemon.url('one', 'display'), ['binary'], { ca: bed.daemon.ca });
        const [greeting] = await within(5000, once(viewer, 'message'), 'the VNC server greets');
        assert.match(greeting.toString(), /^RFB 003\.\d{3}\n$/);
        viewer.close(1000);
        await within(5000, once(viewer, 'close'), 'the picture ends');
    });

    async function reload(keys) {
        await bed.daemon.configure({ ...bed.options, sections: { server: keys } });
        const seen = bed.daemon.log.length;
        bed.daemon.child.signal('SIGHUP');
        const reloaded = () => bed.daemon.log.slice(seen).match(/event=reload.*/)?.[0];
        return eventually('the configuration is read', reloaded);
    }

    test('shows a renewed certificate to new connections, and the others stay', async () => {
        const stays = await bed.client();
        const second = await makeCertificate(bed.sandbox, 'second');
        assert.match(await reload(keysOf(second)), /event=reloaded/);
        const renewed = async () => (await shownAt(bed.daemon.port)).name === 'second';
        await eventually('the new certificate is shown', renewed);
        await stays.barrier();
        bed.daemon.ca = second.pem;
        await (await bed.client()).barrier();
    });

    test('keeps the old certificate where the new one is none', async () => {
        const { name } = await shownAt(bed.daemon.port);
        const third = await makeCertificate(bed.sandbox, 'third');
        const refused = await reload({ 'tls-certificate': third.certificate, 'tls-key': first.key });
        assert.match(refused, /event=reload-refused.*first\.key.*doesn't belong to the certificate.*third\.crt/);
        assert.match(await reload(keysOf({ ...third, key: bed.sandbox.path('none') })), /reload-refused.*No such file/);
        assert.equal((await shownAt(bed.daemon.port)).name, name);
        await Client.connect(bed.daemon.url('one'), { ca: bed.daemon.ca }).then((client) => client.close());
    });
});

describe('a certificate that is none', () => {
    /** @type {Sandbox} */ let sandbox;
    let one, other;

    before(async () => {
        sandbox = await Sandbox.open();
        one = await makeCertificate(sandbox, 'one');
        other = await makeCertificate(sandbox, 'other');
    });
    after(() => sandbox?.close());

    async function run(command, keys) {
        const config = sandbox.path('checked.conf');
        const lines = Object.entries(keys).map(([key, value]) => `${key} = ${value}`);
        await writeFile(config, ['[server]', 'listen = 127.0.0.1:0', ...lines, ''].join('\n'));
        const child = sandbox.start(command[0], VMCBRIDGE, [...command, config]);
        const { code } = await within(5000, child.closed, `${command[0]} ends`);
        return { code, log: child.log };
    }

    test('is named by check-config, with the line', async () => {
        assert.deepEqual(await run(['check-config'], keysOf(one)), { code: 0, log: '' });
        const { code, log } = await run(['check-config'], keysOf({ ...one, key: other.key }));
        assert.equal(code, 1);
        assert.match(log, /checked\.conf:3: \[server\] tls-certificate: the key ".*other\.key": it doesn't belong/);
        const missing = await run(['check-config'], keysOf({ ...one, certificate: sandbox.path('none.crt') }));
        assert.match(missing.log, /checked\.conf:3: .*none\.crt": No such file/);
        const alone = await run(['check-config'], { 'tls-key': one.key });
        assert.match(alone.log, /checked\.conf:3: \[server\] tls-key: needs tls-certificate/);
    });

    test('keeps the bridge from starting', async () => {
        const { code, log } = await run(['serve', '--config'], keysOf({ ...one, key: other.key }));
        assert.equal(code, 1);
        assert.match(log, /vmcbridge: the key ".*other\.key": it doesn't belong to the certificate ".*one\.crt"/);
    });
});
