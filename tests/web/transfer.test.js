import assert from 'node:assert/strict';
import test from 'node:test';
import { codes, VmAgent } from '../../web/lib/vmcbridge.js';
import { connected, once } from './support/agent.js';
import { FakeBridge } from './support/fake_bridge.js';
import { random } from './support/random.js';

const file = (bytes, name) => Object.assign(new Blob([bytes]), { name });

for (const size of [0, 1, 65535, 65536, 65537, 3_000_000]) {
    test(`a file of ${size} bytes goes under credit and is done when the guest says so`, async t => {
        const { agent, bridge } = await connected(t);
        const bytes = random(size).bytes(size);
        const told = once(agent, 'transfer');
        const transfer = agent.sendFile(file(bytes, 'a.bin'));
        assert.equal((await told).transfer, transfer);
        const start = await bridge.next('file-start');
        assert.deepEqual([start.name, start.size], ['a.bin', size]);
        bridge.send({ type: 'file-status', id: start.id, status: 'accepted', sent: 0 });
        assert.deepEqual(new Uint8Array(await bridge.receiveStream(start.stream)), bytes);
        assert.equal(transfer.state, 'sending');
        bridge.send({ type: 'file-status', id: start.id, status: 'done', sent: size });
        await transfer.done;
        assert.deepEqual([transfer.state, transfer.sent, transfer.size], ['done', size, size]);
    });
}

test('the initial credit is used before the guest has accepted, and nothing beyond it', async t => {
    const { agent, bridge } = await connected(t);
    agent.sendFile(file(new Uint8Array(2_000_000), 'x'));
    const { stream } = await bridge.next('file-start');
    const open = bridge.streams.get(stream);
    while (open.credit > 0) await bridge.turn();
    assert.equal(open.received, bridge.limits.initialCredit);
});

test('progress is what the guest has taken, and never goes back', async t => {
    const { agent, bridge } = await connected(t);
    const transfer = agent.sendFile(file(new Uint8Array(1000), 'x'));
    const { id } = await bridge.next('file-start');
    const seen = [];
    transfer.addEventListener('progress', () => seen.push(transfer.sent));
    for (const sent of [100, 50, 5000]) bridge.send({ type: 'file-status', id, status: 'progress', sent });
    assert.deepEqual(seen, [100, 100, 1000]);
});

test('every code of the table fails a transfer as it is', async t => {
    const { agent, bridge } = await connected(t);
    for (const code of Object.keys(codes)) {
        const transfer = agent.sendFile(file('x', 'x'));
        const { id } = await bridge.next('file-start');
        bridge.send({ type: 'file-status', id, status: 'error', sent: 0, code });
        await assert.rejects(transfer.done, { code });
        assert.deepEqual([transfer.state, transfer.error.code], ['error', code]);
    }
});

test('cancelling stops the bytes, tells the guest once, and rejects', async t => {
    const { agent, bridge } = await connected(t);
    const transfer = agent.sendFile(file(new Uint8Array(2_000_000), 'x'));
    const { id, stream } = await bridge.next('file-start');
    while (bridge.streams.get(stream).credit > 0) await bridge.turn();
    transfer.cancel();
    transfer.cancel();
    assert.equal((await bridge.next('file-cancel')).id, id);
    await assert.rejects(transfer.done, { code: 'cancelled' });
    const before = bridge.streams.get(stream).received;
    bridge.grant(stream, 1_000_000);
    bridge.send({ type: 'file-status', id, status: 'cancelled', sent: 0 });
    await agent.ping();
    assert.equal(bridge.streams.get(stream).received, before);
    assert.equal(transfer.state, 'cancelled');
    assert.deepEqual(bridge.frames, []);
});

test('an aborted signal cancels in the guest and rejects with its reason', async t => {
    const { agent, bridge } = await connected(t);
    const abort = new AbortController();
    const transfer = agent.sendFile(file('data', 'x'), { signal: abort.signal });
    const { id } = await bridge.next('file-start');
    abort.abort(new Error('changed my mind'));
    await assert.rejects(transfer.done, { message: 'changed my mind' });
    assert.equal((await bridge.next('file-cancel')).id, id);
});

test('a signal that was aborted before sends nothing', async t => {
    const { agent, bridge } = await connected(t);
    const transfer = agent.sendFile(file('data', 'x'), { signal: AbortSignal.abort() });
    await assert.rejects(transfer.done, { name: 'AbortError' });
    await agent.ping();
    assert.deepEqual(bridge.frames, []);
});

test('a file that can no longer be read is cancelled in the guest and fails with the reason', async t => {
    const { agent, bridge } = await connected(t);
    const slice = () => ({ arrayBuffer: () => Promise.reject(new Error('file is gone')) });
    const broken = { name: 'gone', size: 10, slice };
    const transfer = agent.sendFile(broken);
    const { id } = await bridge.next('file-start');
    await assert.rejects(transfer.done, { message: /file is gone/ });
    assert.equal((await bridge.next('file-cancel')).id, id);
});

test('a full disk is told with what is free', async t => {
    const { agent, bridge } = await connected(t);
    const transfer = agent.sendFile(file('data', 'x'));
    const { id } = await bridge.next('file-start');
    bridge.send({ type: 'file-status', id, status: 'error', sent: 0, code: 'no-space', freeBytes: 3 });
    await assert.rejects(transfer.done, { code: 'no-space', message: /full: 3 bytes/ });
});

test('a file given before the connection stands goes when it does', async t => {
    const bridge = new FakeBridge();
    const agent = new VmAgent(bridge.socket);
    t.after(() => agent.close());
    const transfer = agent.sendFile(file('early', 'x'));
    await bridge.turn();
    bridge.open();
    const { id, stream } = await bridge.next('file-start');
    assert.equal((await bridge.receiveStream(stream)).toString(), 'early');
    bridge.send({ type: 'file-status', id, status: 'done', sent: 5 });
    await transfer.done;
});

test('several files at once arrive whole, each on its own stream', async t => {
    const { agent, bridge } = await connected(t);
    const bodies = [1, 2, 3, 4].map(seed => random(seed).bytes(700_000 + seed));
    const transfers = bodies.map((body, i) => agent.sendFile(file(body, `${i}`)));
    const starts = await Promise.all(bodies.map(() => bridge.next('file-start')));
    assert.equal(new Set(starts.map(({ stream }) => stream)).size, bodies.length);
    const came = await Promise.all(starts.map(({ stream }) => bridge.receiveStream(stream)));
    came.forEach((bytes, i) => assert.deepEqual(new Uint8Array(bytes), bodies[i]));
    starts.forEach(({ id, size }) => bridge.send({ type: 'file-status', id, status: 'done', sent: size }));
    await Promise.all(transfers.map(transfer => transfer.done));
});

test('of many files a few go at once, and the others when their turn comes', async t => {
    const { agent, bridge } = await connected(t);
    const transfers = Array.from({ length: 100 }, (_, i) => agent.sendFile(file('x', `${i}`)));
    let underWay = [];
    let most = 0;
    while (transfers.some(({ ended }) => !ended)) {
        await bridge.turn();
        underWay.push(...bridge.frames.splice(0).filter(({ type }) => type === 'file-start'));
        most = Math.max(most, underWay.length);
        const first = underWay.shift();
        bridge.send({ type: 'file-status', id: first.id, status: 'done', sent: 1 });
    }
    await Promise.all(transfers.map(({ done }) => done));
    assert.equal(most, 8);
});

test('a name with half a character is sent as one that the protocol can carry', async t => {
    const { agent, bridge } = await connected(t);
    agent.sendFile(file('x', 'half \ud83d.txt'));
    assert.equal((await bridge.next('file-start')).name, 'half \ufffd.txt');
});
