import assert from 'node:assert/strict';
import test from 'node:test';
import { VmAgent } from '../../web/lib/vmcbridge.js';
import { connected } from './support/agent.js';
import { onClock } from './support/clock.js';
import { FakeBridge } from './support/fake_bridge.js';

const trace = {
    vm: 'web1',
    events: [{ id: 1, at: '2026-01-01T00:00:00Z', topic: 'clipboard', what: 'grab', hop: 'client to bridge', client: 7,
        outcome: 'stopped', code: 'policy-direction', detail: 'Copying in is switched off.' }],
};

let tokens = [];

/** An agent that was welcomed as client 7, and what it asks by HTTP; `answer` gives the response. */
async function asking(t, answer, options = {}) {
    const asked = [];
    t.mock.method(globalThis, 'fetch', (url, { headers, signal }) => {
        asked.push({ url: url.href, headers, signal });
        return answer(signal);
    });
    const bridge = new FakeBridge();
    const Socket = function () {
        return bridge.socket;
    };
    const agent = new VmAgent('wss://host/vms/web1/agent', { WebSocket: Socket, ...options });
    t.after(() => agent.close());
    await bridge.turn();
    bridge.open();
    await agent.ready;
    return { agent, asked };
}

test('the trace is asked for as our own, with the access token, and given as the bridge gives it', async t => {
    const { agent, asked } = await asking(t, async () => Response.json(trace), { token: 'a.b.c' });
    assert.deepEqual(await agent.explain(), trace);
    const [{ url, headers }] = asked;
    assert.equal(url, 'https://host/api/v1/vms/web1/trace?client=7');
    assert.equal(headers.authorization, 'Bearer a.b.c');
});

for (const [name, answer, code] of [
    ['a problem of the table', () => Response.json({ code: 'forbidden', detail: 'no' }, { status: 403 }), 'forbidden'],
    ['no such address', () => new Response('not here', { status: 404 }), 'not-supported'],
    ['a page of somebody else', () => new Response('<p>hello'), 'not-supported'],
    ['null', () => Response.json(null), 'not-supported'],
    ['a gateway that refuses', () => new Response('', { status: 401 }), 'forbidden'],
    ['no network', () => Promise.reject(new TypeError('fetch failed')), 'disconnected'],
]) {
    test(`${name} is the refusal ${code}`, async t => {
        const { agent } = await asking(t, async () => answer());
        await assert.rejects(agent.explain(), { name: 'VmError', code });
    });
}

for (const [name, answer, options] of [
    ['a bridge', () => new Promise(() => {}), {}],
    ['a token function', async () => Response.json(trace), { token: () => tokens.shift() ?? new Promise(() => {}) }],
]) {
    test(`${name} that does not answer is waited for no longer than 10 s`, t => onClock(async pass => {
        tokens = ['x'];
        const { agent, asked } = await asking(t, answer, options);
        const refused = assert.rejects(agent.explain(), { code: 'timeout' });
        await new Promise(setImmediate);
        await pass(10_000);
        await refused;
        assert.ok(asked.every(({ signal }) => signal.aborted));
    }));
}

test('an agent on a socket knows no address to ask', async t => {
    const { agent } = await connected(t);
    await assert.rejects(agent.explain(), { code: 'not-supported' });
});
