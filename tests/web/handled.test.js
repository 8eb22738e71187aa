// Whatever the specification lets the bridge send has an effect in the library: every kind of frame, every code.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { codes, VmAgent } from '../../web/lib/vmcbridge.js';
import { connected, once } from './support/agent.js';
import { limits } from './support/fake_bridge.js';

const specification = readFileSync(new URL('../../proto/browser/README.md', import.meta.url), 'utf8');
const [, codeTable] = specification.split(/^## (?:10|11)\. .*/m);
const names = (text, row) => [...text.matchAll(row)].map(([, name]) => name);
const text = { format: 'text/plain' };

/** The frame leads to the event of this type. */
const tells = (type, frame) => async (agent, bridge) => {
    const told = once(agent, type);
    bridge.send(frame);
    await told;
};

/** What each kind does. */
const handled = {
    'welcome': agent => assert.deepEqual([agent.state, agent.vm], ['connected', 'web1']),
    'agent': tells('agent', { type: 'agent', connected: false, capabilities: [] }),
    'permissions': tells('permissions', { type: 'permissions', permissions: [], limits }),
    'clients': tells('clients', { type: 'clients', clients: [] }),
    'lead': tells('lead', { type: 'lead', you: false }),
    'error': tells('error', { type: 'error', code: 'busy' }),
    'clipboard-grab': tells('clipboardoffer', { type: 'clipboard-grab', formats: ['text/plain'] }),
    'clipboard-release': async (agent, bridge) => {
        await handled['clipboard-grab'](agent, bridge);
        await tells('clipboardoffer', { type: 'clipboard-release' })(agent, bridge);
    },
    'clipboard-request': async (agent, bridge) => {
        await agent.clipboard.writeText('x');
        bridge.send({ type: 'clipboard-request', id: 1, ...text });
        assert.equal((await bridge.next('clipboard-data')).text, 'x');
    },
    'clipboard-data': async (agent, bridge) => {
        const read = agent.clipboard.readText();
        const { id } = await bridge.next('clipboard-request');
        bridge.send({ type: 'clipboard-data', id, ...text, text: 'x' });
        assert.equal(await read, 'x');
    },
    'clipboard-error': async (agent, bridge) => {
        const read = agent.clipboard.readText();
        bridge.send({ type: 'clipboard-error', id: (await bridge.next('clipboard-request')).id, code: 'timeout' });
        await assert.rejects(read, { code: 'timeout' });
    },
    'monitors-result': async (agent, bridge) => {
        const result = agent.setMonitors([{ width: 1, height: 1 }]);
        bridge.send({ type: 'monitors-result', id: (await bridge.next('monitors')).id, status: 'applied' });
        assert.equal((await result).status, 'applied');
    },
    'file-status': async (agent, bridge) => {
        const { done } = agent.sendFile(new Blob(['x']));
        bridge.send({ type: 'file-status', id: (await bridge.next('file-start')).id, status: 'done', sent: 1 });
        await done;
    },
    'credit': async (agent, bridge) => {
        agent.sendFile(new Blob([new Uint8Array(limits.initialCredit + 1)]));
        const { stream } = await bridge.next('file-start');
        assert.equal((await bridge.receiveStream(stream)).length, limits.initialCredit + 1);
    },
    'ping': async (agent, bridge) => {
        bridge.send({ type: 'ping', id: 3 });
        assert.equal((await bridge.next('pong')).id, 3);
    },
    'pong': async agent => assert.ok(await agent.ping() >= 0),
};

test('the specification has no kind of the bridge that is missing here', () => {
    const kinds = names(specification, /^\| `([a-z-]+)` \| [⇐⇔] \|/gm);
    assert.deepEqual([...new Set(kinds)].sort(), Object.keys(handled).sort());
});

for (const [kind, check] of Object.entries(handled)) {
    test(`${kind} is handled`, async t => {
        const { agent, bridge } = await connected(t);
        await check(agent, bridge);
    });
}

test('the specification has no code that is missing in the library', () => {
    assert.deepEqual(names(codeTable, /^\| `([a-z-]+)` \|/gm), Object.keys(codes));
});

/** Questions that an `error` frame refuses, by what it is about. */
const refusable = {
    'clipboard-grab': agent => agent.clipboard.writeText('x'),
    'lead': agent => agent.lead(),
    'monitors': async agent => Promise.reject(await agent.setMonitors([{ width: 1, height: 1 }])),
};

for (const [about, ask] of Object.entries(refusable)) {
    test(`every code of a refusal about ${about} reaches who asked, with words for a person`, async t => {
        const { agent, bridge } = await connected(t);
        bridge.answersPings = false;
        for (const code of Object.keys(codes)) {
            const asked = ask(agent);
            await bridge.next(about);
            bridge.send({ type: 'error', code, about });
            await assert.rejects(asked, { code, message: codes[code] });
        }
    });
}

test('every code of a refusal that nobody waits for is an event, with words for a person', async t => {
    const { agent, bridge } = await connected(t);
    for (const code of Object.keys(codes)) {
        const told = once(agent, 'error');
        bridge.send({ type: 'error', code, about: 'token' });
        const event = await told;
        assert.deepEqual([event.code, event.message, event.about], [code, codes[code], 'token']);
    }
});

test('an agent needs no global that Node 18 lacks', async t => {
    for (const name of ['CustomEvent', 'File', 'WebSocket', 'navigator']) {
        const had = Object.getOwnPropertyDescriptor(globalThis, name);
        if (!had) continue;
        delete globalThis[name];
        t.after(() => Object.defineProperty(globalThis, name, had));
    }
    for (const check of Object.values(handled)) {
        const { agent, bridge } = await connected(t);
        await check(agent, bridge);
    }
    await assert.rejects(new VmAgent('ws://host/a').ready, { code: 'not-supported', message: /option `WebSocket`/ });
});
