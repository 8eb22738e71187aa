// Parts of the guest die and come back: everything pending is answered by name, and service is there again within 2 s.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Bed } from '../support/bed.js';
import { Client } from '../support/client.js';
import { pattern } from '../support/data.js';
import { fileURLToPath } from 'node:url';
import { Service } from '../support/service.js';
import { chunk, Format, message, Port, Type, u32 } from '../support/vdi.js';

const SERVICE_AGAIN_MS = 2000;
const CHARDEV = fileURLToPath(new URL('../support/socket_chardev.js', import.meta.url));
const GIB = 1024 ** 3;

/** Text both ways and a layout: the machine is served. */
async function assertServed(client, desktop, text) {
    client.inbox.clear();
    await desktop.x11.copy(`guest ${text}`);
    await client.next('clipboard-grab');
    assert.equal((await client.read()).text, `guest ${text}`);
    await desktop.x11.newOwner(() => client.offer({ 'text/plain': `client ${text}` }));
    assert.equal(await desktop.x11.pasteText(), `client ${text}`);
    assert.equal((await client.setMonitors([{ width: 1024, height: 768 }])).status, 'applied');
}

/**
 * Runs `action`, after which the agent opens its port anew; the client is told within 2 s of that. What the client
 * offers stands meanwhile, and is offered to the new agent: only when that has come may others copy.
 */
async function comesBack(client, desktop, action) {
    await desktop.x11.newOwner(() => client.offer({ 'text/plain': 'stands' }));
    await desktop.x11.newOwner(async () => {
        await desktop.reopened(action);
        await client.next('agent', (frame) => frame.connected && frame.capabilities.length > 0, SERVICE_AGAIN_MS);
    });
}

describe('the real agent', () => {
    /** @type {Bed} */ let bed;
    /** @type {Client} */ let client;

    before(async () => {
        bed = await Bed.start();
        client = await bed.client();
    });
    after(() => bed?.close());

    for (const part of ['agent', 'vdagentd']) {
        test(`${part} killed and started again: service within 2 s`, async () => {
            await comesBack(client, bed.desktop, async () => {
                await bed.desktop[part].fall('SIGKILL');
                await client.next('agent', (frame) => !frame.connected);
            });
            await assertServed(client, bed.desktop, `after ${part} fell`);
        });
    }

    test('killed during a transfer: the transfer ends as agent-gone', async () => {
        const id = client.newId();
        const end = client.sendFile('lost.bin', pattern(GIB), { id });
        await client.next('file-status', (frame) => frame.id === id && frame.status === 'progress');
        await bed.desktop.vdagentd.fall('SIGKILL');
        const status = await end;
        assert.deepEqual([status.status, status.code], ['error', 'agent-gone']);
        await client.next('agent', (frame) => frame.connected);
        assert.equal((await client.sendFile('next.bin', pattern(70000))).status, 'done');
    });

    test('gone: what is asked of it is answered no-agent, and a file too', async () => {
        client.send({ type: 'clipboard-release', selection: 'clipboard' });
        await bed.desktop.stopAgent();
        await client.next('agent', (frame) => !frame.connected);
        assert.equal((await client.read()).code, 'no-agent');
        assert.equal((await client.sendFile('a.txt', pattern(10))).code, 'no-agent');
        const result = await client.setMonitors([{ width: 800, height: 600 }]);
        assert.deepEqual([result.status, result.code], ['refused', 'no-agent']);
        bed.desktop.startAgent();
        await client.next('agent', (frame) => frame.connected);
    });

    test('back: what a client had copied before is offered to the guest again', async () => {
        await bed.desktop.x11.newOwner(() => client.offer({ 'text/plain': 'outlives the agent' }));
        await bed.desktop.stopAgent();
        await client.next('agent', (frame) => !frame.connected);
        await bed.desktop.x11.newOwner(() => bed.desktop.startAgent());
        assert.equal(await bed.desktop.x11.pasteText(), 'outlives the agent');
    });
});

describe('the daemon', () => {
    /** @type {Bed} */ let bed;

    before(async () => (bed = await Bed.start()));
    after(() => bed?.close());

    test('killed and started again takes its sockets back and serves within 2 s', async () => {
        const former = await bed.client();
        await bed.daemon.kill();
        await former.closedByPeer();
        await bed.daemon.run(['serve', '--config', bed.daemon.config]);
        await bed.agentReady('one', SERVICE_AGAIN_MS);
        await assertServed(await bed.client(), bed.desktop, 'after the daemon fell');
    });
});

describe('a socket that QEMU holds', () => {
    /** @type {Bed} */ let bed;
    /** @type {Service} */ let chardev;
    /** @type {Client} */ let client;

    before(async () => {
        bed = await Bed.start({
            prepare: ({ sandbox, desktop, options }) => {
                const hostEnd = sandbox.path('host.sock');
                chardev = new Service(sandbox, 'chardev', process.execPath, [CHARDEV, hostEnd, desktop.agentSocket], {
                    restart: false,
                });
                chardev.start();
                options.vms.one.guest = `unix:${hostEnd}`;
            },
        });
        client = await bed.client();
    });
    after(() => bed?.close());

    test('is connected to, and the agent behind it serves', () =>
        assertServed(client, bed.desktop, 'through a chardev'));

    test('goes and comes back: the agent is told gone, then back within 2 s', async () => {
        await comesBack(client, bed.desktop, async () => {
            await chardev.stop('SIGKILL');
            await client.next('agent', (frame) => !frame.connected);
            assert.equal((await client.sendFile('a.txt', pattern(10))).code, 'no-agent');
            chardev.start();
        });
        await assertServed(client, bed.desktop, 'after the chardev was back');
    });

    test('keeps its host end while the agent restarts: the new agent is noticed', async () => {
        // The client owns the clipboard from before: the new agent is told so.
        await bed.desktop.x11.newOwner(() => bed.desktop.reopened(() => bed.desktop.vdagentd.fall('SIGKILL')));
        await assertServed(client, bed.desktop, 'after the agent behind it fell');
    });
});

describe('a guest that a test plays', () => {
    /** @type {Bed} */ let bed;
    /** @type {Client} */ let client;

    before(async () => {
        bed = await Bed.start({ vms: [], scripted: ['one'] });
        client = await bed.client();
    });
    after(() => bed?.close());

    test('dies amid a clipboard message: the reader is told agent-gone, and the next guest is served', async () => {
        const guest = await bed.guest();
        await client.agent();
        await guest.grab(Format.text);
        await client.next('clipboard-grab');
        client.send({ type: 'clipboard-request', id: 77, format: 'text/plain' });
        await guest.next(Type.request);
        const whole = chunk(
            Port.client,
            message(Type.clipboard, Buffer.concat([u32(0, Format.text), Buffer.alloc(200_000, 'x')])),
        );
        await guest.raw(whole.subarray(0, 100_000));
        await guest.close();
        await client.next('clipboard-error', (frame) => frame.id === 77 && frame.code === 'agent-gone');
        await client.next('agent', (frame) => !frame.connected);

        const next = await bed.guest();
        await client.next('agent', (frame) => frame.connected);
        await next.grab(Format.text);
        await client.next('clipboard-grab');
        const reading = client.read();
        await next.next(Type.request);
        await next.giveText('whole again');
        assert.equal((await reading).text, 'whole again');
    });
});
