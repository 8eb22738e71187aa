import assert from 'node:assert/strict';
import test from 'node:test';
import { VmAgent } from '../../web/lib/vmcbridge.js';
import { connected, once } from './support/agent.js';
import { FakeBridge, limits } from './support/fake_bridge.js';

test('ready comes with the welcome, and everything in it is there to read', async t => {
    const { agent } = await connected(t);
    assert.equal(agent.state, 'connected');
    assert.deepEqual([agent.vm, agent.client, agent.user, agent.hasLead], ['web1', 7, 'ann', true]);
    assert.equal(agent.agentConnected, true);
    assert.ok(agent.capabilities.includes('monitors-config'));
    assert.ok(agent.permissions.has('resize'));
    assert.deepEqual(agent.limits, limits);
});

test('a change of the agent, the permissions, the clients and the lead is told and kept', async t => {
    const { agent, bridge } = await connected(t);
    const cases = [
        [{ type: 'agent', connected: false, capabilities: [] }, () => agent.agentConnected, false],
        [{ type: 'permissions', permissions: ['display'], limits }, () => [...agent.permissions], ['display']],
        [{ type: 'clients', clients: [{ id: 1, kind: 'cli', user: 'bob', lead: false }] },
            () => agent.clients[0].user, 'bob'],
        [{ type: 'lead', client: 1, you: false }, () => agent.hasLead, false],
    ];
    for (const [frame, read, expected] of cases) {
        const told = once(agent, frame.type);
        bridge.send(frame);
        await told;
        assert.deepEqual(read(), expected, frame.type);
    }
});

test('a layout is answered by its own result, whatever became of it', async t => {
    const { agent, bridge } = await connected(t);
    for (const status of ['applied', 'refused', 'superseded', 'unanswered']) {
        const result = agent.setMonitors([{ width: 1920, height: 1080 }]);
        const { id, monitors } = await bridge.next('monitors');
        assert.deepEqual(monitors, [{ width: 1920, height: 1080 }]);
        bridge.send({ type: 'monitors-result', id, status, code: 'not-lead', message: 'why' });
        assert.deepEqual(await result, { status, code: 'not-lead', message: 'why' });
    }
});

test('a layout that is refused as a frame is a refused layout', async t => {
    const { agent, bridge } = await connected(t);
    const result = agent.setMonitors([{ width: 1, height: 1 }]);
    await bridge.next('monitors');
    bridge.send({ type: 'error', code: 'forbidden', about: 'monitors', message: 'no' });
    assert.deepEqual(await result, { status: 'refused', code: 'forbidden', message: 'no' });
});

test('asking for the lead tells whether it was granted, or why not', async t => {
    const { agent, bridge } = await connected(t, { lead: false });
    bridge.answersPings = false;
    const granted = agent.lead();
    await bridge.next('lead');
    bridge.send({ type: 'lead', client: 7, you: true });
    bridge.send({ type: 'pong', id: (await bridge.next('ping')).id });
    assert.equal(await granted, true);

    const refused = agent.lead();
    await bridge.next('ping');
    bridge.send({ type: 'error', code: 'forbidden', about: 'lead' });
    await assert.rejects(refused, { code: 'forbidden' });
});

test('mouse, volume and display configuration go as they are given', async t => {
    const { agent, bridge } = await connected(t);
    agent.mouse({ x: 3, y: 4, buttons: ['left'] });
    agent.volume({ playback: { mute: false, channels: [65535, 0] } });
    agent.displayConfig({ wallpaper: false });
    assert.deepEqual(await bridge.next('mouse'), { type: 'mouse', display: 0, x: 3, y: 4, buttons: ['left'] });
    assert.deepEqual((await bridge.next('volume')).playback.channels, [65535, 0]);
    assert.equal((await bridge.next('display-config')).wallpaper, false);
});

test('the bridge\'s ping is answered, and ours measures the way', async t => {
    const { agent, bridge } = await connected(t);
    bridge.send({ type: 'ping', id: 41 });
    assert.equal((await bridge.next('pong')).id, 41);
    assert.ok(await agent.ping() >= 0);
});

test('a refusal that nobody waits for is an error event', async t => {
    const { agent, bridge } = await connected(t);
    const told = once(agent, 'error');
    bridge.send({ type: 'error', code: 'forbidden', about: 'mouse', message: 'no mouse' });
    const { code, about, message } = await told;
    assert.deepEqual([code, about, message], ['forbidden', 'mouse', 'no mouse']);
});

test('frames that make no sense are told and skipped, and the connection goes on', async t => {
    const { agent, bridge } = await connected(t);
    const nonsense = ['', '{', '[]', '{"type":"lead"}', '{"type":"file-status","id":1,"status":"eaten"}',
        new ArrayBuffer(3), Uint8Array.of(9, 0, 0, 0, 1).buffer];
    for (const data of nonsense) {
        const told = once(agent, 'error');
        bridge.sendRaw(data);
        assert.equal((await told).code, 'bad-frame');
    }
    bridge.send({ type: 'tomorrow', x: 1 });
    assert.ok(await agent.ping() >= 0);
});

test('answers to questions that nobody asked change nothing', async t => {
    const { agent, bridge } = await connected(t);
    bridge.send({ type: 'clipboard-data', id: 99, format: 'text/plain', text: 'x' });
    bridge.send({ type: 'clipboard-error', id: 99, code: 'timeout' });
    bridge.send({ type: 'monitors-result', id: 99, status: 'applied' });
    bridge.send({ type: 'file-status', id: 99, status: 'done', sent: 0 });
    bridge.send({ type: 'credit', stream: 99, bytes: 1 });
    bridge.send({ type: 'pong', id: 99 });
    assert.ok(await agent.ping() >= 0);
});

test('everything waits for the first welcome', async t => {
    const bridge = new FakeBridge();
    const agent = new VmAgent(bridge.socket);
    t.after(() => agent.close());
    const result = agent.setMonitors([{ width: 2, height: 2 }]);
    await bridge.turn();
    bridge.open();
    const { id } = await bridge.next('monitors');
    bridge.send({ type: 'monitors-result', id, status: 'applied' });
    assert.equal((await result).status, 'applied');
});

test('closing ends everything that waits, with a clean close', async t => {
    const { agent, bridge } = await connected(t);
    const { done } = agent.sendFile(new Blob(['x']));
    const waiting = [agent.clipboard.readText(), agent.setMonitors([{ width: 1, height: 1 }]), done];
    await bridge.next('clipboard-request');
    agent.close();
    for (const promise of waiting) await assert.rejects(promise, { code: 'disconnected' });
    assert.equal(bridge.closedWith.code, 1000);
    assert.equal(agent.state, 'closed');
    await assert.rejects(agent.clipboard.readText(), { code: 'disconnected' });
    await assert.rejects(agent.sendFile(new Blob(['x'])).done, { code: 'disconnected' });
});

test('an aborted signal closes the agent, before or after the welcome', async t => {
    const abort = new AbortController();
    const bridge = new FakeBridge();
    const agent = new VmAgent(bridge.socket, { signal: abort.signal });
    await bridge.turn();
    bridge.open();
    await agent.ready;
    abort.abort();
    assert.equal(agent.state, 'closed');
    const late = new VmAgent(new FakeBridge().socket, { signal: abort.signal });
    await assert.rejects(late.ready, { code: 'disconnected' });
});
