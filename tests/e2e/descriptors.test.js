// A daemon that may open few files, and connections that want all of them.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import { Daemon } from '../support/daemon.js';
import { within } from '../support/deadline.js';
import { Sandbox } from '../support/sandbox.js';

test('three times as many idle connections as descriptors: a legal client is served within a second', async (t) => {
    const sandbox = await Sandbox.open();
    const sockets = [];
    t.after(async () => {
        for (const socket of sockets) socket.destroy();
        await sandbox.close();
    });
    const guest = `one=unix-listen:${sandbox.path('agent.sock')}`;
    const args = ['serve', '--vm', guest, '--listen', '127.0.0.1:0', '--admin', `unix:${sandbox.path('admin.sock')}`];
    const daemon = await Daemon.startWith(sandbox, args, { descriptors: 256 });
    for (let count = 0; count < 768; ++count) {
        const socket = net.connect(daemon.port, '127.0.0.1').on('error', () => {});
        sockets.push(socket);
        await once(socket, 'connect');
    }
    for (let round = 0; round < 3; ++round) {
        const answer = await within(1000, daemon.get('/healthz'), 'a legal client is served');
        assert.equal(answer.status, 200);
    }
});
