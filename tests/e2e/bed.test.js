// The bed itself: whatever ends a test, nothing of its desktop is left. No daemon is needed here.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { describe, test } from 'node:test';
import { eventually } from '../support/deadline.js';
import { Desktop } from '../support/desktop.js';
import { marked } from '../support/marked.js';
import { Sandbox } from '../support/sandbox.js';

// A test in miniature: it has a desktop, says so, and waits to be ended.
const MINIATURE = `
    import { Desktop } from ${JSON.stringify(new URL('../support/desktop.js', import.meta.url))};
    import { Sandbox } from ${JSON.stringify(new URL('../support/sandbox.js', import.meta.url))};
    const sandbox = await Sandbox.open();
    const desktop = await Desktop.start(sandbox);
    desktop.startAgent();
    console.log(JSON.stringify({ dir: sandbox.dir }));
    process.stdin.resume().on('data', () => { throw new Error('the test fails'); });
`;

async function assertNothingLeft({ dir }) {
    await eventually(
        'processes and directory are gone',
        () => {
            const left = marked(dir).map(({ command }) => command);
            if (left.length || existsSync(dir)) throw new Error(`left: ${left.join('; ')}`);
            return true;
        },
        { timeoutMs: 8000 },
    );
}

describe('a bed', () => {
    test('that is closed leaves nothing behind', async () => {
        const sandbox = await Sandbox.open();
        const desktop = await Desktop.start(sandbox);
        desktop.startAgent();
        assert.equal(await desktop.x11.size(), '800x600');
        assert.ok(marked(sandbox.dir).length >= 3);
        await sandbox.close();
        await assertNothingLeft(sandbox);
    });

    const ends = {
        'is killed': (child) => child.kill('SIGKILL'),
        'is interrupted': (child) => child.kill('SIGINT'),
        fails: (child) => child.stdin.write('now\n'),
    };
    for (const [what, end] of Object.entries(ends)) {
        test(`of a test that ${what} leaves nothing behind`, async () => {
            const child = spawn(process.execPath, ['--input-type=module', '-e', MINIATURE], {
                stdio: ['pipe', 'pipe', 'ignore'],
            });
            const [line] = await once(createInterface({ input: child.stdout }), 'line');
            const sandbox = JSON.parse(line);
            await eventually('the desktop runs', () => marked(sandbox.dir).length >= 3);
            end(child);
            await once(child, 'exit');
            await assertNothingLeft(sandbox);
        });
    }
});
