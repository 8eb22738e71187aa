// spice-gtk and QEMU's SPICE server without a bridge between them: what the tests of a whole session rest on.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { BareQemu } from '../support/bare_qemu.js';
import { makeCertificate } from '../support/certificates.js';
import { Sandbox } from '../support/sandbox.js';
import { SpiceClient } from '../support/spice.js';
import { SESSION, SpiceGtk } from '../support/spice_gtk.js';
import { MainCap } from '../support/spice_link.js';

const PASSWORD = 'of the machine';
const KEY_A = 0x1e;
const MIGRATION = [101, 102, 112, 116, 117]; // every other message of the main channel about it
const TABLET = ['-device', 'piix3-usb-uhci', '-device', 'usb-tablet'];

describe('a session with QEMU itself', () => {
    /** @type {Sandbox} */ let sandbox;
    /** @type {BareQemu} */ let machine;
    /** @type {SpiceGtk} */ let peer;

    before(async () => {
        sandbox = await Sandbox.open();
        machine = await BareQemu.start(sandbox, { password: PASSWORD, args: TABLET });
        peer = await session();
    });
    after(() => sandbox?.close());

    async function session() {
        const one = await SpiceGtk.connect(sandbox, { port: machine.port, password: PASSWORD, channels: SESSION });
        await one.opened(...SESSION);
        return one;
    }

    test('the display comes with its screen, and the cursor with it', async () => {
        const { width, height } = await peer.next('display', (event) => event.state === 'created');
        assert.deepEqual({ width, height }, { width: 640, height: 400 });
        await peer.next('cursor');
    });

    test('the client has the pixels that QEMU has', async () => {
        await peer.shows(await machine.picture('x'));
        await peer.shows(await machine.picture('y'));
    });

    test('a key of the client arrives', async () => {
        const picture = await machine.picture('a');
        await machine.picture('z');
        await peer.press(KEY_A);
        await peer.shows(picture);
        assert.equal((await machine.screen()).sha256, picture);
    });

    test('a click of the client arrives', async () => {
        const picture = await machine.pictureOfClick('left');
        await machine.picture('z');
        await peer.click(1);
        await peer.shows(picture);
        await peer.shows(await machine.pictureOfClick('right'));
    });

    test('a burst is drawn until a key ends it', async () => {
        const picture = await machine.picture('n');
        await machine.press('b');
        await peer.draws(20);
        await machine.press('n');
        await peer.shows(picture);
    });

    test('the mouse moves in the mode that the server says', async () => {
        assert.equal((await peer.state()).mouseMode, 1);
        await peer.motion(10, 5);
        await machine.useTablet();
        await peer.command('mouse-mode', { mode: 2 }).answer;
        await peer.next('mouse', (event) => event.mode === 2);
        await peer.position(100, 50);
    });

    test('a second client takes the session, and the first is told by the end of its channels', async () => {
        const second = await session();
        for (const type of SESSION) await peer.next('channel', (one) => one.type === type && one.state === 'closed');
        await second.shows(await machine.picture('x'));
        await second.close();
    });

    test('a QEMU that is killed and started again has a session again', async () => {
        await machine.kill();
        await machine.restart({ display: 'VGA' });
        const again = await session();
        await again.shows(await machine.picture('x'));
        await again.close();
    });

    test('a wrong password is refused', async () => {
        const wrong = { port: machine.port, password: 'wrong' };
        await assert.rejects(SpiceGtk.connect(sandbox, wrong), { state: 'error-auth' });
    });

    test('a client without capabilities of migration, as the bridge, is told SWITCH_HOST alone', async () => {
        const bridge = { channelCaps: [MainCap.nameAndUuid | MainCap.agentConnectedTokens] };
        const client = await SpiceClient.connect({ port: machine.port }, { password: PASSWORD, ...bridge });
        const target = { hostname: '127.0.0.1', port: 1234, 'tls-port': 1235 };
        await machine.qmp.execute('client_migrate_info', { protocol: 'spice', ...target });
        await machine.qmp.execute('migrate', { uri: 'exec:cat >/dev/null' });
        const { host, port, tlsPort } = await client.next('switch-host', () => true, 30000);
        assert.deepEqual({ host, port, tlsPort }, { host: '127.0.0.1', port: 1234, tlsPort: 1235 });
        const { all } = client.inbox;
        assert.ok(!all.some(({ number }) => MIGRATION.includes(number)), JSON.stringify(all.map((one) => one.number)));
    });
});

for (const display of ['VGA', 'virtio-vga']) {
    test(`a session over TLS, with ${display}`, async () => {
        const sandbox = await Sandbox.open();
        try {
            const tls = await makeCertificate(sandbox, 'host');
            const machine = await BareQemu.start(sandbox, { tls, display });
            const trust = { 'ca-file': tls.certificate, 'cert-subject': 'CN=host' };
            const peer = await SpiceGtk.connect(sandbox, { 'tls-port': machine.port, ...trust, channels: SESSION });
            await peer.shows(await machine.picture('x'));
        } finally {
            await sandbox.close();
        }
    });
}
