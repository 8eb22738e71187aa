import assert from 'node:assert/strict';
import test from 'node:test';
import { once, reconnecting } from './support/agent.js';
import { limits } from './support/fake_bridge.js';
import { random } from './support/random.js';

for (const [when, allOut] of [['while credit lacks', false], ['after the last byte has gone to the socket', true]]) {
    test(`a connection lost ${when} is resumed with what the bridge has, and with the offer that stands`, async t => {
        const body = random(5).bytes(1_500_000);
        const resume = bridge => {
            const size = body.length - 200_000;
            bridge.streams.set(1, { size, bytes: [], received: 0, credit: limits.initialCredit });
            bridge.open({ resumed: true, transfers: [{ id: 1, stream: 1, received: 200_000 }] });
        };
        const { agent, bridges } = reconnecting(t, [{}, resume]);
        await agent.ready;
        await agent.clipboard.writeText('still here');
        const transfer = agent.sendFile(Object.assign(new Blob([body]), { name: 'x' }));
        const { id, stream } = await bridges[0].next('file-start');
        assert.deepEqual([id, stream], [1, 1]);
        while (bridges[0].streams.get(1).credit > 0) await bridges[0].turn();
        if (allOut) await bridges[0].receiveStream(1);

        const back = once(agent, 'connect');
        bridges[0].drop();
        agent.reconnectNow();
        assert.equal((await back).resumed, true);
        const rest = await bridges[1].receiveStream(1);
        assert.deepEqual(new Uint8Array(rest), body.subarray(200_000));
        bridges[1].send({ type: 'file-status', id: 1, status: 'done', sent: body.length });
        await transfer.done;
        bridges[1].send({ type: 'clipboard-request', id: 1, format: 'text/plain' });
        assert.equal((await bridges[1].next('clipboard-data')).text, 'still here');
    });
}

test('a file that can no longer be read when its lost bytes are wanted again fails', async t => {
    const reads = [new ArrayBuffer(10)];
    const arrayBuffer = async () => reads.shift() ?? Promise.reject(new Error('file is gone'));
    const resumed = { resumed: true, transfers: [{ id: 1, stream: 1, received: 4 }] };
    const { agent, bridges } = reconnecting(t, [{}, resumed]);
    await agent.ready;
    const transfer = agent.sendFile({ name: 'x', size: 10, slice: () => ({ arrayBuffer }) });
    const { stream } = await bridges[0].next('file-start');
    await bridges[0].receiveStream(stream);
    bridges[0].drop();
    agent.reconnectNow();
    await assert.rejects(transfer.done, { message: /file is gone/ });
    assert.equal((await bridges[1].next('file-cancel')).id, 1);
});

test('a file that was cancelled while there was no connection is cancelled when there is one again', async t => {
    const transfers = [{ id: 1, stream: 1, received: 0 }, { id: 2, stream: 2, received: 1 }];
    const { agent, bridges } = reconnecting(t, [{}, { resumed: true, transfers }]);
    await agent.ready;
    const [gone] = ['x', 'y'].map(content => agent.sendFile(new Blob([content])));
    await bridges[0].next('file-start');
    const back = once(agent, 'connect');
    bridges[0].drop();
    gone.cancel();
    agent.reconnectNow();
    await back;
    await agent.ping();
    assert.deepEqual(bridges[1].frames, [{ type: 'file-cancel', id: 1 }]);
});

test('a connection that was not resumed has lost its transfers and offers, and says so', async t => {
    const { agent, bridges } = reconnecting(t, [{}, {}]);
    await agent.ready;
    await agent.clipboard.writeText('old');
    const transfer = agent.sendFile(new Blob(['x']));
    await bridges[0].next('file-start');
    const back = once(agent, 'connect');
    bridges[0].drop();
    await back;
    await assert.rejects(transfer.done, { code: 'disconnected' });
    bridges[1].send({ type: 'clipboard-request', id: 1, format: 'text/plain' });
    assert.equal((await bridges[1].next('clipboard-error')).code, 'not-owner');
});
