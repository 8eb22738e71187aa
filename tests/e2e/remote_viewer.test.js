// Debian's remote-viewer opens console.vv, and spicy connects, each on a desktop of its own user.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { Bed } from '../support/bed.js';
import { makeCertificate } from '../support/certificates.js';
import { eventually } from '../support/deadline.js';
import { Desktop } from '../support/desktop.js';
import { Format, Type } from '../support/vdi.js';

/** A bridge with a machine whose guest the test plays, and a desktop for its user. */
async function start(certificate, server = {}) {
    let shown;
    const prepare = async ({ sandbox, options }) => {
        shown = certificate && (await makeCertificate(sandbox, 'bridge', certificate));
        const keys = shown ? { 'tls-certificate': shown.certificate, 'tls-key': shown.key } : {};
        options.sections = { server: { ...keys, 'spice-listen': '127.0.0.1:0', ...server } };
        options.ca = shown?.pem;
    };
    const bed = await Bed.start({ vms: [], scripted: ['one'], prepare });
    try {
        return { bed, shown, desktop: await Desktop.start(bed.sandbox, { name: 'user' }) };
    } catch (error) {
        await bed.close();
        throw error;
    }
}

const clientsOf = async (bed) => (await bed.daemon.vm('one')).clients;

/** Gets console.vv and stores it where the user's browser would, changed by `edit`. */
async function download(bed, edit = (text) => text) {
    const answer = await bed.daemon.get('/api/v1/vms/one/console.vv');
    assert.equal(answer.status, 200, answer.text);
    const file = bed.sandbox.path('console-one.vv');
    await writeFile(file, edit(answer.text));
    return { file, text: answer.text };
}

/** Runs a viewer until it is listed and what is copied in the guest can be pasted beside it; then it ends. */
async function assertServes({ bed, desktop }, program, ...args) {
    const viewer = desktop.x11.start(program, ...args);
    try {
        const listed = async () => (await clientsOf(bed))[0];
        const limits = { timeoutMs: 15000, fatal: () => !viewer.running };
        const client = await eventually(`${program} is a client`, listed, limits);
        assert.equal(client.kind, 'spice');
        const guest = await bed.guest('one');
        const text = `copied for ${program}`;
        await eventually('the copy can be pasted', async () => {
            guest.grab(Format.text);
            guest.next(Type.request).then(() => guest.giveText(text), () => {});
            return (await desktop.x11.pasteText({ target: 'UTF8_STRING', timeoutMs: 2000 })) === text;
        });
        assert.deepEqual((await clientsOf(bed)).map((each) => each.id), [client.id], 'it stays');
        await guest.close();
    } finally {
        await viewer.stop();
    }
    await eventually(`${program} has gone`, async () => (await clientsOf(bed)).length === 0);
}

describe('console.vv, without TLS', () => {
    let made;
    before(async () => void (made = await start()));
    after(() => made?.bed.close());

    test('remote-viewer connects with it and removes it', async () => {
        const { file, text } = await download(made.bed);
        assert.match(text, new RegExp(`^port=${await made.bed.daemon.spicePort()}$`, 'm'));
        await assertServes(made, 'remote-viewer', file);
        assert.equal(existsSync(file), false, 'delete-this-file');
    });

    test('its ticket works once', async () => {
        const { file, text } = await download(made.bed);
        await assertServes(made, 'remote-viewer', file);
        await writeFile(file, text);
        const viewer = made.desktop.x11.start('remote-viewer', file);
        await eventually('it is refused', () => /event=login-failed .*reason=token-used/.test(made.bed.daemon.log));
        assert.deepEqual(await clientsOf(made.bed), []);
        await viewer.stop();
    });

    test('spicy connects and stays', async () => {
        const port = await made.bed.daemon.spicePort();
        await assertServes(made, 'spicy', '-h', '127.0.0.1', '-p', String(port));
    });
});

describe('console.vv, with a certificate for its host', () => {
    let made;
    before(async () => void (made = await start({}, { 'spice-tls': 'required' })));
    after(() => made?.bed.close());

    test('remote-viewer trusts the authority that it names', async () => {
        const { file, text } = await download(made.bed);
        assert.match(text, new RegExp(`^tls-port=${await made.bed.daemon.spicePort()}$`, 'm'));
        assert.match(text, /^ca=-----BEGIN CERTIFICATE-----\\n/m);
        assert.doesNotMatch(text, /^(port|host-subject)=/m);
        await assertServes(made, 'remote-viewer', file);
        assert.equal(existsSync(file), false, 'delete-this-file');
    });

    test('and another one not', async () => {
        const other = await makeCertificate(made.bed.sandbox, 'other');
        const ca = `ca=${other.pem.replaceAll('\n', '\\n')}`;
        const { file } = await download(made.bed, (text) => text.replace(/^ca=.*$/m, () => ca));
        const viewer = made.desktop.x11.start('remote-viewer', file);
        await eventually('it breaks off', () => /event=tls-refused/.test(made.bed.daemon.log), { timeoutMs: 15000 });
        assert.deepEqual(await clientsOf(made.bed), []);
        await viewer.stop();
    });
});

describe('console.vv, with a certificate for another host', () => {
    let made;
    before(async () => {
        const certificate = { subject: '/C=DE/O=Bridges, Inc./CN=gate', names: 'IP:127.0.0.1' };
        made = await start(certificate, { 'spice-host': 'localhost' });
    });
    after(() => made?.bed.close());

    test('remote-viewer holds it against the subject', async () => {
        const { file, text } = await download(made.bed);
        assert.match(text, /^host=localhost$/m);
        assert.match(text, /^host-subject=C=DE,O=Bridges\\\\, Inc.,CN=gate$/m);
        await assertServes(made, 'remote-viewer', file);
    });

    test('and refuses another subject', async () => {
        const edit = (text) => text.replace('CN=gate', 'CN=drawbridge');
        const { file } = await download(made.bed, edit);
        const viewer = made.desktop.x11.start('remote-viewer', '--debug', file);
        await viewer.says(/subject .*drawbridge.* verification failed/);
        assert.deepEqual(await clientsOf(made.bed), []);
        await viewer.stop();
    });
});
