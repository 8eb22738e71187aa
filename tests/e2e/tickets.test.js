// Tickets for SPICE clients, and the file that virt-viewer opens.

import assert from 'node:assert/strict';
import { chmod, writeFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { Daemon } from '../support/daemon.js';
import { eventually } from '../support/deadline.js';
import { freePort } from '../support/net.js';
import { Sandbox } from '../support/sandbox.js';

const UUID = '123e4567-e89b-12d3-a456-426614174000';

describe('tickets', () => {
    /** @type {Sandbox} */ let sandbox;
    /** @type {Daemon} */ let daemon;
    /** @type {number} */ let port;
    let options;

    before(async () => {
        sandbox = await Sandbox.open();
        port = await freePort();
        const guest = (name) => ({ guest: `unix-listen:${sandbox.path(`${name}.sock`)}` });
        await writeFile(sandbox.path('one.ticket'), 'a password that lasts\nand a remark\n', { mode: 0o600 });
        options = {
            sections: { server: { 'spice-listen': `127.0.0.1:${port}` } },
            vms: {
                one: { ...guest('one'), uuid: UUID.toUpperCase(), 'spice-ticket-file': sandbox.path('one.ticket') },
                local: { ...guest('local'), 'spice-listen': `unix:${sandbox.path('local-spice.sock')}` },
            },
        };
        daemon = await Daemon.start(sandbox, options);
    });
    after(async () => {
        await daemon?.stop();
        await sandbox?.close();
    });

    const json = { 'Content-Type': 'application/json' };
    const post = (vm, body, headers = json) =>
        daemon.get(`/api/v1/vms/${vm}/tickets`, { method: 'POST', headers, body: body && JSON.stringify(body) });
    const consoleFile = (vm, { query = '', headers = {}, method = 'GET' } = {}) =>
        daemon.get(`/api/v1/vms/${vm}/console.vv${query}`, { method, headers });

    function assertProblem(answer, status, code) {
        assert.equal(answer.status, status, answer.text);
        assert.match(answer.headers['content-type'], /^application\/problem\+json/);
        if (code) assert.equal(answer.json().code, code);
        return answer.json();
    }

    test('a ticket is a short secret with a life time, and says where to go with it', async () => {
        const before = Date.now();
        const answer = await post('one', { seconds: 120, user: 'alice', allow: ['spice', 'mouse'] });
        assert.equal(answer.status, 201, answer.text);
        assert.equal(answer.headers['cache-control'], 'no-store');
        const { ticket, expires, ...rest } = answer.json();
        assert.match(ticket, /^[A-Za-z0-9_-]{22,60}$/);
        assert.deepEqual(rest, { seconds: 120, host: '127.0.0.1', port, tlsPort: null });
        assert.ok(Math.abs(Date.parse(expires) - before - 120_000) < 5_000, expires);
    });

    test('an empty request is enough', async () => {
        const [first, second] = [await post('one', undefined, {}), await post('one', undefined, {})];
        assert.equal(first.status, 201, first.text);
        assert.equal(first.json().seconds, 60);
        assert.notEqual(first.json().ticket, second.json().ticket);
    });

    test('what is wrong is named', async () => {
        for (const [member, value] of [['seconds', 0], ['seconds', 'x'], ['user', 1], ['allow', ['everything']]])
            assert.match(assertProblem(await post('one', { [member]: value }), 400).detail, new RegExp(`^${member}: `));
        assertProblem(await post('one', { second: 1 }), 400);
        assertProblem(await post('one', { seconds: 1 }, { 'Content-Type': 'text/plain' }), 415);
        assertProblem(await post('nobody', {}), 404, 'unknown-vm');
        const read = await daemon.get('/api/v1/vms/one/tickets');
        assertProblem(read, 405);
        assert.equal(read.headers.allow, 'POST');
    });

    test('pages of other sites get none, and make none', async () => {
        const foreign = { Origin: 'https://evil.example.org' };
        assertProblem(await post('one', undefined, foreign), 403, 'bad-origin');
        assertProblem(await consoleFile('one', { headers: foreign }), 403, 'bad-origin');
        for (const site of ['cross-site', 'same-site']) {
            const headers = { 'Sec-Fetch-Site': site, 'Sec-Fetch-Mode': 'navigate' };
            assertProblem(await consoleFile('one', { headers }), 403, 'forbidden');
            assertProblem(await post('one', undefined, headers), 403, 'forbidden');
        }
        for (const site of ['same-origin', 'none'])
            assert.equal((await consoleFile('one', { headers: { 'Sec-Fetch-Site': site } })).status, 200);
        assert.equal((await post('one', undefined, { Origin: `http://127.0.0.1:${daemon.port}` })).status, 201);
    });

    test('console.vv is what virt-viewer opens', async () => {
        const answer = await consoleFile('one');
        assert.equal(answer.status, 200, answer.text);
        assert.equal(answer.headers['content-type'], 'application/x-virt-viewer');
        assert.equal(answer.headers['content-disposition'], 'attachment; filename="console-one.vv"');
        assert.equal(answer.headers['cache-control'], 'no-store');
        const [head, ...lines] = answer.text.trimEnd().split('\n');
        assert.equal(head, '[virt-viewer]');
        const { password, ...rest } = Object.fromEntries(lines.map((line) => line.split(/=(.*)/s, 2)));
        assert.match(password, /^[A-Za-z0-9_-]{22,60}$/);
        assert.deepEqual(rest, {
            type: 'spice', host: '127.0.0.1', port: `${port}`, title: 'one', 'delete-this-file': '1',
        });
        assertProblem(await consoleFile('nobody'), 404, 'unknown-vm');
        assertProblem(await consoleFile('one', { method: 'POST' }), 405);
        assert.equal((await consoleFile('one', { method: 'HEAD' })).status, 405);
    });

    test('console.vv takes a ticket that one has', async () => {
        assert.match((await consoleFile('one', { query: '?ticket=a%5Cb%20' })).text, /^password=a\\\\b\\s$/m);
        assertProblem(await consoleFile('one', { query: `?ticket=${'x'.repeat(61)}` }), 400);
    });

    test('a machine that only a unix socket leads to has tickets and no file', async () => {
        const { host, port: none } = (await post('local')).json();
        assert.deepEqual([host, none], ['127.0.0.1', null]);
        assertProblem(await consoleFile('local'), 409, 'disabled');
    });

    test('the API tells the UUID of a machine', async () => {
        assert.equal((await daemon.vm('one')).uuid, UUID);
        assert.equal((await daemon.vm('local')).uuid, null);
    });

    test('the admin socket makes tickets, too', async () => {
        const answer = await daemon.asAdmin('/api/v1/vms/one/tickets', { method: 'POST' });
        assert.equal(answer.status, 201, answer.text);
    });

    test('a password file for everybody keeps the old configuration, and is never told', async () => {
        await chmod(sandbox.path('one.ticket'), 0o644);
        process.kill(daemon.pid, 'SIGHUP');
        await eventually('the fault is told', () => /reload-refused.*spice-ticket-file.*everybody/.test(daemon.log));
        await chmod(sandbox.path('one.ticket'), 0o600);
        const renamed = { ...options, sections: { server: { ...options.sections.server, 'spice-host': 'vm.test' } } };
        await daemon.configure(renamed);
        process.kill(daemon.pid, 'SIGHUP');
        await eventually('the new host is told', async () => (await post('one')).json().host === 'vm.test');
    });

    test('without a listener for SPICE there are none', async () => {
        const other = await Sandbox.open();
        const plain = await Daemon.start(other, { vms: { one: { guest: `unix-listen:${other.path('g.sock')}` } } });
        for (const [method, what] of [['POST', 'tickets'], ['GET', 'console.vv']])
            assertProblem(await plain.get(`/api/v1/vms/one/${what}`, { method }), 409, 'disabled');
        await plain.stop();
        await other.close();
    });

    test('no secret is in the log', async () => {
        const { ticket } = (await post('one')).json();
        await eventually('the log tells of it', () => /event=ticket-issued vm=one/.test(daemon.log));
        assert.ok(!daemon.log.includes(ticket));
        assert.ok(!daemon.log.includes('that lasts'));
    });
});
