// The program as a shell user meets it: options in place of a file, help, exit codes.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Client } from '../support/client.js';
import { Daemon, VMCBRIDGE } from '../support/daemon.js';
import { within } from '../support/deadline.js';
import { Sandbox } from '../support/sandbox.js';
import { ScriptedGuest } from '../support/scripted_guest.js';

describe('the command line', () => {
    /** @type {Sandbox} */ let sandbox;

    before(async () => (sandbox = await Sandbox.open()));
    after(() => sandbox.close());

    async function run(...args) {
        const child = sandbox.start('vmcbridge', VMCBRIDGE, args);
        const { code } = await within(5000, child.closed, `vmcbridge ${args.join(' ')} ends`);
        return { code, text: child.log };
    }

    test('serves machines that only options name, each with its guest and display', async () => {
        const [first, second] = [sandbox.path('first.sock'), sandbox.path('second.sock')];
        const daemon = await Daemon.startWith(sandbox, [
            'serve',
            '--listen',
            '127.0.0.1:0',
            '--admin',
            `unix:${sandbox.path('admin.sock')}`,
            '--vm',
            `first=unix-listen:${first}`,
            '--display',
            'first=vnc:127.0.0.1:1',
            '--vm',
            `second=unix-listen:${second}`,
        ]);
        for (const [name, socket] of [
            ['first', first],
            ['second', second],
        ]) {
            const guest = await ScriptedGuest.connect(socket);
            const client = await Client.connect(daemon.url(name));
            await client.agent();
            assert.equal(client.welcome.vm, name);
            await client.close();
            await guest.close();
        }
        await daemon.stop();
    });

    for (const args of [
        ['--help'],
        ['serve', '--help'],
        ['demo', '--help'],
        ['check-config', '--help'],
        ['--version'],
    ]) {
        test(`answers ${args.join(' ')}, with exit code 0`, async () => {
            const { code, text } = await run(...args);
            assert.equal(code, 0, text);
            assert.match(text, /vmcbridge/);
        });
    }

    const MISUSE = {
        'no command': [],
        'an unknown command': ['sreve'],
        'an unknown option': ['serve', '--lisen', '127.0.0.1:0'],
        'an option without its value': ['serve', '--vm'],
        'a machine without a guest': ['serve', '--vm', 'one'],
        'a guest that is none': ['serve', '--vm', 'one=carrier:pigeon'],
        'an address that is none': ['serve', '--listen', 'everywhere'],
    };
    for (const [what, args] of Object.entries(MISUSE)) {
        test(`tells of ${what} in a line, with exit code 2`, async () => {
            const { code, text } = await run(...args);
            assert.equal(code, 2, text);
            assert.match(text, /^(vmcbridge: .+|usage: )/);
        });
    }

    test('tells of a port that is taken, with exit code 1', async () => {
        const daemon = await Daemon.startWith(sandbox, ['serve', '--listen', '127.0.0.1:0']);
        const { code, text } = await run('serve', '--listen', `127.0.0.1:${daemon.port}`);
        assert.equal(code, 1);
        assert.match(text, new RegExp(`127\\.0\\.0\\.1:${daemon.port}`));
        await daemon.stop();
    });
});
