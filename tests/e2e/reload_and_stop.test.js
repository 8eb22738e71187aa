// SIGHUP applies a new configuration whole or not at all; SIGTERM and SIGINT end in order.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { Bed } from '../support/bed.js';
import { VMCBRIDGE } from '../support/daemon.js';
import { eventually, within } from '../support/deadline.js';
import { Sandbox } from '../support/sandbox.js';
import { ScriptedGuest } from '../support/scripted_guest.js';

describe('SIGHUP', () => {
    /** @type {Bed} */ let bed;

    before(async () => (bed = await Bed.start({ vms: ['one'], scripted: ['two'] })));
    after(() => bed?.close());

    async function reload(options) {
        await bed.daemon.configure(options);
        bed.daemon.child.signal('SIGHUP');
    }

    const withPolicy = (policy) => ({ ...bed.options, sections: { policy } });

    test('takes a right away at once, and tells the clients', async () => {
        const client = await bed.client();
        assert.ok(client.welcome.permissions.includes('clipboard-from-guest'));
        await reload(withPolicy({ 'clipboard-from-guest': 'off' }));
        const { permissions } = await client.next('permissions');
        assert.ok(!permissions.includes('clipboard-from-guest'));
        assert.ok(permissions.includes('clipboard-to-guest'));
        await bed.desktop.x11.copy('stays inside');
        assert.match((await client.read()).code, /^(policy-direction|forbidden)$/);
        await reload(bed.options);
        await client.next('permissions', (frame) => frame.permissions.includes('clipboard-from-guest'));
        await bed.desktop.x11.copy('comes out');
        await eventually('the copy is read', async () => (await client.read()).text === 'comes out');
    });

    test('attaches a new machine and detaches one that is gone, and the others keep their connections', async () => {
        const [stays, goes] = [await bed.client('one'), await bed.client('two')];
        const { one } = bed.options.vms;
        const three = { guest: `unix-listen:${bed.sandbox.path('three.sock')}` };
        await reload({ ...bed.options, vms: { one, three } });
        assert.equal((await goes.closedByPeer()).code, 4001);
        await eventually(
            'the new machine is there',
            async () => (await bed.daemon.asAdmin('/api/v1/vms/three')).status === 200,
        );
        const guest = await ScriptedGuest.connect(bed.sandbox.path('three.sock'));
        await (await bed.client('three')).agent();
        await guest.close();
        assert.equal((await bed.daemon.asAdmin('/api/v1/vms/two')).status, 404);
        await stays.barrier();
        await reload(bed.options);
        await eventually(
            'the old machine is back',
            async () => (await bed.daemon.asAdmin('/api/v1/vms/two')).status === 200,
        );
    });

    test('with a faulty file keeps the old configuration and says what is wrong', async () => {
        const client = await bed.client();
        await reload({ ...bed.options, sections: { policy: { 'clipbord-max': '1MiB' } } });
        await bed.daemon.child.says(/clipbord-max/);
        await client.barrier();
        assert.equal((await bed.daemon.vm('one')).agent.connected, true);
        await bed.daemon.configure(bed.options);
    });
});

describe('a stop', () => {
    /** @type {Bed} */ let bed;

    beforeEach(async () => (bed = await Bed.start({ vms: [], scripted: ['one'] })));
    afterEach(() => bed?.close());

    for (const signal of ['SIGTERM', 'SIGINT']) {
        test(`by ${signal} tells the clients, closes the guest's port, removes the sockets and exits 0`, async () => {
            const guest = await bed.guest();
            const clients = [await bed.client(), await bed.client()];
            await bed.daemon.stop(signal);
            for (const client of clients) assert.equal((await client.closedByPeer()).code, 1001);
            await guest.closedByPeer();
            assert.ok(!existsSync(bed.guestSocket()), "the guest's socket is removed");
            assert.ok(!existsSync(bed.daemon.admin), 'the admin socket is removed');
        });
    }

    test('does not wait for a client that never reads', async () => {
        const client = await bed.client();
        client.pause();
        await within(5000, bed.daemon.stop(), 'the daemon ends');
        client.cut();
    });
});

describe('a configuration file', () => {
    /** @type {Sandbox} */ let sandbox;

    before(async () => (sandbox = await Sandbox.open()));
    after(() => sandbox.close());

    async function check(text) {
        await writeFile(sandbox.path('checked.conf'), text);
        const child = sandbox.start('check-config', VMCBRIDGE, ['check-config', sandbox.path('checked.conf')]);
        const { code } = await within(5000, child.closed, 'check-config ends');
        return { code, log: child.log };
    }

    test('without fault is accepted', async () => {
        const { code } = await check('[server]\nlisten = 127.0.0.1:0\n[vm one]\nguest = unix:/nowhere.sock\n');
        assert.equal(code, 0);
    });

    test('with faults is refused with file, line, group, key and the nearest name', async () => {
        const { code, log } = await check(
            '[server]\nlisten = 127.0.0.1:0\n[policy]\nclipbord-max = 1MiB\n[vm one]\nguest = carrier:pigeon\n',
        );
        assert.equal(code, 1);
        assert.match(log, /checked\.conf:4.*policy.*clipbord-max/);
        assert.match(log, /clipboard-max/);
        assert.match(log, /checked\.conf:6.*vm one.*guest/);
    });

    test('that the daemon cannot serve keeps it from starting', async () => {
        await writeFile(sandbox.path('open.conf'), '[server]\nlisten = 0.0.0.0:0\n');
        const child = sandbox.start('vmcbridge', VMCBRIDGE, ['serve', '--config', sandbox.path('open.conf')]);
        const { code } = await within(5000, child.closed, 'serve ends');
        assert.equal(code, 1, 'no authentication on a public address');
        assert.notEqual(child.log, '');
    });
});
