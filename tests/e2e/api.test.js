// HTTP: health, the interface for programs, the pages, and the door to the WebSockets.

import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { Bed } from '../support/bed.js';
import { Client } from '../support/client.js';
import { request } from '../support/net.js';

describe('HTTP', () => {
    /** @type {Bed} */ let bed;

    before(async () => (bed = await Bed.start({ scripted: ['away'] })));
    after(() => bed?.close());

    const get = (path, options) => bed.daemon.get(path, options);
    const json = async (path) => {
        const answer = await get(path);
        assert.equal(answer.status, 200, `${path}: ${answer.text}`);
        assert.match(answer.headers['content-type'], /^application\/json/);
        return answer.json();
    };

    function assertProblem(answer, status) {
        assert.equal(answer.status, status, answer.text);
        assert.match(answer.headers['content-type'], /^application\/problem\+json/);
        const problem = answer.json();
        assert.equal(problem.status, status);
        assert.ok(problem.title);
        return problem;
    }

    test('/healthz and /readyz say yes', async () => {
        for (const path of ['/healthz', '/readyz']) assert.equal((await get(path)).status, 200);
    });

    test('the list of machines names each', async () => {
        const list = await json('/api/v1/vms');
        const names = (Array.isArray(list) ? list : list.vms).map(({ name }) => name);
        assert.deepEqual(names.sort(), ['away', 'one']);
    });

    test('a machine shows its agent, clients, display and counters', async () => {
        const client = await bed.client();
        const vm = await json('/api/v1/vms/one');
        assert.equal(vm.name, 'one');
        assert.equal(vm.agent.connected, true);
        assert.ok(vm.agent.capabilities.includes('clipboard-by-demand'), `${vm.agent.capabilities}`);
        assert.equal(vm.clients.length, 1);
        assert.equal(vm.clients[0].id, client.welcome.client);
        assert.ok(vm.display);
        assert.ok(vm.counters);
        await client.close();
        assert.equal((await json('/api/v1/vms/away')).agent.connected, false);
    });

    test('the trace tells the way of a copy, hop by hop, to one client what concerns it', async () => {
        const [reader, other] = [await bed.client(), await bed.client()];
        await bed.desktop.x11.copy('a copy that leaves a trace');
        await reader.next('clipboard-grab');
        await reader.read();
        const { vm, events } = await json(`/api/v1/vms/one/trace?client=${reader.welcome.client}`);
        assert.equal(vm, 'one');
        const way = events.filter(({ topic }) => topic === 'clipboard').slice(-6);
        assert.deepEqual(
            way.map(({ hop, what, outcome }) => `${hop}: ${what} ${outcome}`),
            ['guest to bridge: grab', 'bridge to client: offer', 'client to bridge: request', 'bridge to guest: request',
                'guest to bridge: data', 'bridge to client: data'].map((step) => `${step} passed`),
        );
        assert.ok(Math.abs(Date.parse(way[0].at) - Date.now()) < 10_000, way[0].at);
        assert.ok(!JSON.stringify(events).includes('leaves a trace'), 'never contents');
        const all = (await json('/api/v1/vms/one/trace')).events;
        assert.ok(all.some(({ client }) => client === other.welcome.client));
        assertProblem(await get('/api/v1/vms/one/trace?client=x'), 400);
        assertProblem(await get('/api/v1/vms/nobody/trace'), 404);
        assertProblem(await get('/api/v1/vms/one/trace/more'), 404);
        await reader.close();
        await other.close();
    });

    test('the admin socket serves the same, to its owner and group alone', async () => {
        assert.equal((await bed.daemon.vm('one')).name, 'one');
        assert.equal(statSync(bed.daemon.admin).mode & 0o777, 0o660);
    });

    test('what is not there is a problem of its own kind', async () => {
        for (const path of ['/api/v1/vms/nobody', '/api/v1/nothing', '/nothing', '/lib/nothing.js'])
            assertProblem(await get(path), 404);
        assertProblem(await get('/api/v1/vms', { method: 'PUT' }), 405);
    });

    test('pages cannot be asked for outside their folders', async () => {
        for (const path of [
            '/lib/../../etc/passwd',
            '/lib/%2e%2e/%2e%2e/etc/passwd',
            '/lib/..%2f..%2fetc%2fpasswd',
            '//etc/passwd',
            '/lib/%00',
            '/lib/../package.json',
        ]) {
            const { status, text } = await get(path);
            assert.ok([400, 403, 404].includes(status), `${path}: ${status}`);
            assert.doesNotMatch(text, /root:/);
        }
    });

    test('a page comes with a strict content security policy', async () => {
        const page = await get('/');
        assert.equal(page.status, 200);
        assert.match(page.headers['content-type'], /^text\/html/);
        assert.doesNotMatch(page.headers['content-security-policy'], /unsafe-inline|unsafe-eval/);
        assert.equal(page.headers['x-content-type-options'], 'nosniff');
    });

    test('a request with a Host that is not ours is refused', async () => {
        assertProblem(await get('/api/v1/vms', { headers: { Host: 'rebound.example.org' } }), 403);
    });

    test('several requests on one connection are all answered', async () => {
        for (let count = 0; count < 20; ++count) assert.equal((await get('/healthz')).status, 200);
    });

    describe('the door to a WebSocket', () => {
        const connect = (path, options) => Client.connect(`ws://127.0.0.1:${bed.daemon.port}${path}`, options);
        const refused = (status, path, options) => assert.rejects(connect(path, options), new RegExp(`${status}`));
        const own = () => `http://127.0.0.1:${bed.daemon.port}`;

        test('an unknown machine is 404', () => refused(404, '/vms/nobody/agent'));
        test('an unknown service is 404', () => refused(404, '/vms/one/nothing'));
        test('a foreign origin is 403, and not upgraded', () =>
            refused(403, '/vms/one/agent', { headers: { Origin: 'https://evil.example.org' } }));
        test('the origin null is 403', () => refused(403, '/vms/one/agent', { headers: { Origin: 'null' } }));
        test('a Host that is not ours is 403', () =>
            refused(403, '/vms/one/agent', { headers: { Host: 'rebound.example.org' } }));
        test('another port of the same host is a foreign origin', () =>
            refused(403, '/vms/one/agent', { headers: { Origin: 'http://127.0.0.1:1' } }));

        test("the page's own origin is let in", async () => {
            const client = await connect('/vms/one/agent', { headers: { Origin: own() } });
            assert.equal(client.welcome.protocol, 1);
            await client.close();
        });

        test('a browser that asks for an unknown machine is upgraded and told', async () => {
            const failure = await connect('/vms/nobody/agent', { headers: { Origin: own() } }).then(
                () => assert.fail('a welcome came'),
                (error) => error,
            );
            assert.match(failure.message, /1008 unknown-vm/);
        });

        test('over the admin socket an agent is reached as well', async () => {
            const client = await Client.connect(`ws+unix://${bed.daemon.admin}:/vms/one/agent`);
            assert.equal(client.welcome.vm, 'one');
            await client.close();
        });

        test('the plain request of a WebSocket path is no page', async () => {
            const { status } = await request({ host: '127.0.0.1', port: bed.daemon.port }, '/vms/one/agent');
            assert.ok([400, 404, 426].includes(status), `${status}`);
        });
    });
});
