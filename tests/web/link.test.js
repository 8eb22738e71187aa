import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import test from 'node:test';
import WebSocket from 'ws';
import { codes, VmAgent } from '../../web/lib/vmcbridge.js';
import { apiUrl, webSocketUrl } from '../../web/lib/dial.js';
import { connected, once, reconnecting } from './support/agent.js';
import { onClock } from './support/clock.js';
import { FakeBridge, welcome } from './support/fake_bridge.js';

/** A WebSocket class that notes how it was opened. */
function recorder(opened) {
    return class extends EventTarget {
        readyState = 0;
        bufferedAmount = 0;
        binaryType = '';
        constructor(url, protocols) {
            super();
            opened.push({ url, protocols });
        }
        send() {}
        close() {}
    };
}

test('an address is opened with the subprotocol, and the token beside it', async t => {
    const opened = [];
    const agent = new VmAgent('https://host/vms/web1/agent', { token: 'a.b.c', WebSocket: recorder(opened) });
    t.after(() => agent.close());
    await new Promise(setImmediate);
    assert.deepEqual(opened, [{ url: 'wss://host/vms/web1/agent', protocols: ['vmcbridge.v1', 'bearer.a.b.c'] }]);
});

test('http becomes ws and https becomes wss; ws addresses stay', () => {
    assert.equal(webSocketUrl('http://h:1/a').href, 'ws://h:1/a');
    assert.equal(webSocketUrl('https://h/a').href, 'wss://h/a');
    assert.equal(webSocketUrl('ws://h/a').href, 'ws://h/a');
});

test('a lost connection comes back by itself, and the loss is told with the time to wait', async t => {
    const { agent, bridges } = reconnecting(t, [{}, {}]);
    await agent.ready;
    const loss = once(agent, 'disconnect');
    const back = once(agent, 'connect');
    bridges[0].drop();
    const { error, code, retryIn } = await loss;
    assert.deepEqual([error.code, code], ['disconnected', 1006]);
    assert.ok(retryIn > 0 && retryIn <= 500);
    assert.equal(agent.state, 'reconnecting');
    await assert.rejects(agent.clipboard.readText(), { code: 'disconnected' });
    assert.equal((await back).resumed, false);
    assert.equal(agent.state, 'connected');
});

test('waiting times grow, and are short again after a welcome', async t => {
    const { agent, bridges } = reconnecting(t, [{}]);
    await agent.ready;
    const waits = [];
    agent.addEventListener('disconnect', event => waits.push(event.retryIn));
    for (let i = 0; i < 8; ++i) {
        bridges.at(-1).drop();
        agent.reconnectNow();
        await new Promise(setImmediate);
    }
    waits.forEach((wait, i) => {
        const longest = Math.min(5000, 500 * 2 ** i);
        assert.ok(wait <= longest && wait >= longest / 2, `${waits}`);
    });
    bridges.at(-1).open();
    bridges.at(-1).drop();
    assert.ok(waits.at(-1) <= 500);
});

for (const [code, reason, final, meaning] of [
    [1000, '', true, 'disconnected'], [1001, '', false, 'stopping'], [1006, '', false, 'disconnected'],
    [1008, 'token-expired', true, 'token-expired'], [1008, 'too-many', false, 'too-many'],
    [1009, '', false, 'too-large'],
    [1011, '', false, 'disconnected'], [1012, '', false, 'stopping'], [4000, '', true, 'too-many'],
    [4001, '', false, 'unknown-vm'], [4002, '', false, 'timeout'], [4002, 'timeout', false, 'timeout'],
]) {
    test(`close code ${code} ${reason} means ${meaning}${final ? ', for good' : ', and is tried again'}`, async t => {
        const { agent, bridges } = reconnecting(t, [{}]);
        await agent.ready;
        const loss = once(agent, 'disconnect');
        bridges[0].drop(code, reason);
        const { error, retryIn } = await loss;
        assert.equal(error.code, meaning);
        assert.equal(retryIn === null, final);
        assert.equal(agent.state, final ? 'closed' : 'reconnecting');
    });
}

test('every code of the table at the door is the reason that ready rejects with', async t => {
    for (const code of Object.keys(codes)) {
        const bridge = new FakeBridge();
        const agent = new VmAgent(bridge.socket);
        await bridge.turn();
        bridge.drop(1008, code);
        await assert.rejects(agent.ready, { code });
    }
});

test('a socket that was given can\'t be opened again: its end is the end', async t => {
    const { agent, bridge } = await connected(t);
    const loss = once(agent, 'disconnect');
    bridge.drop();
    assert.equal((await loss).retryIn, null);
    assert.equal(agent.state, 'closed');
});

test('with reconnect off the first loss is the last', async t => {
    const { agent, bridges } = reconnecting(t, [{}], { reconnect: false });
    await agent.ready;
    bridges[0].drop();
    assert.equal(agent.state, 'closed');
});

test('the resume token of the last welcome goes with the next connection', async t => {
    const opened = [];
    const Socket = recorder(opened);
    const sockets = [];
    class Kept extends Socket {
        constructor(...given) {
            super(...given);
            sockets.push(this);
        }
    }
    const agent = new VmAgent('ws://host/vms/web1/agent', { WebSocket: Kept });
    t.after(() => agent.close());
    await new Promise(setImmediate);
    sockets[0].dispatchEvent(Object.assign(new Event('message'), { data: JSON.stringify(welcome()) }));
    sockets[0].dispatchEvent(Object.assign(new Event('close'), { code: 1006, reason: '' }));
    agent.reconnectNow();
    await new Promise(setImmediate);
    assert.equal(opened[1].url, 'ws://host/vms/web1/agent?resume=resume-me');
});

test('a token function is asked for each connection, and what it can\'t do now is tried later', async t => {
    const opened = [];
    let calls = 0;
    const agent = new VmAgent('ws://host/a', { WebSocket: recorder(opened), token: () => `t${++calls}` });
    t.after(() => agent.close());
    await new Promise(setImmediate);
    assert.deepEqual(opened[0].protocols, ['vmcbridge.v1', 'bearer.t1']);

    const token = () => Promise.reject(new Error('offline'));
    const flaky = new VmAgent('ws://host/a', { WebSocket: recorder(opened), token });
    t.after(() => flaky.close());
    const { retryIn, error } = await once(flaky, 'disconnect');
    assert.ok(retryIn > 0);
    assert.equal(error.message, 'offline');
});

test('a first frame that is no welcome is a bad frame', async t => {
    const bridge = new FakeBridge();
    const agent = new VmAgent(bridge.socket);
    t.after(() => agent.close());
    await bridge.turn();
    bridge.socket.readyState = 1;
    const told = once(agent, 'error');
    bridge.send({ type: 'clients', clients: [] });
    assert.equal((await told).code, 'bad-frame');
});

test('the trace of a machine is asked for beside its agent\'s address, also behind a prefix', () => {
    assert.equal(apiUrl('wss://h/vms/web%201/agent?x=1', '/trace').href, 'https://h/api/v1/vms/web%201/trace');
    assert.equal(apiUrl('http://h/bridge/vms/web1/agent').href, 'http://h/bridge/api/v1/vms/web1');
});

test('a silent line is asked for a sign of life, and goes on when there is one', t => onClock(async pass => {
    const { agent, bridge } = await connected(t);
    for (let i = 0; i < 5; ++i) {
        await pass(15_000);
        await pass(10_000);
    }
    assert.equal(agent.state, 'connected');
    assert.equal(bridge.closedWith, null);
}));

test('a line that gives no sign of life is given up', t => onClock(async pass => {
    const { agent, bridge } = await connected(t);
    bridge.answersPings = false;
    await pass(15_000);
    assert.equal((await bridge.next('ping')).id, 0);
    assert.equal(agent.state, 'connected');
    await pass(10_000);
    assert.equal(agent.state, 'closed');
    assert.equal(bridge.closedWith.reason, 'timeout');
}));

test('a tab that was asleep asks before it gives up', t => onClock(async pass => {
    const { agent } = await connected(t);
    await pass(3_600_000);
    await pass(10_000);
    assert.equal(agent.state, 'connected');
}));

/** A server that takes connections and says nothing, and agents of it with the real socket of Node. */
async function silence(t) {
    const taken = [];
    const server = createServer(socket => taken.push(socket)).listen(0, '127.0.0.1');
    await new Promise(resolve => server.once('listening', resolve));
    t.after(() => {
        taken.forEach(socket => socket.destroy());
        server.close();
    });
    const opened = [];
    class Socket extends WebSocket {
        ended = once(this, 'close');
        constructor(...given) {
            super(...given);
            opened.push(this);
        }
    }
    const agent = options => new VmAgent(`ws://127.0.0.1:${server.address().port}/vms/web1/agent`,
        { WebSocket: Socket, ...options });
    return { opened, agent };
}

test('closing while a socket is opening, or before there is one, ends it and nothing else', async t => {
    const { opened, agent } = await silence(t);
    const opening = agent();
    await new Promise(setImmediate);
    assert.equal(opened.length, 1);
    opening.close();

    let give;
    const asking = agent({ token: () => new Promise(resolve => { give = resolve; }) });
    let losses = 0;
    asking.addEventListener('disconnect', () => ++losses);
    await new Promise(setImmediate);
    asking.close();
    give('late');
    await new Promise(setImmediate);
    await Promise.all(opened.map(({ ended }) => ended));
    assert.deepEqual([opened.length, losses], [2, 1]);
});

test('asking to connect now while that is under way opens no second socket', async t => {
    const { opened, agent } = await silence(t);
    let calls = 0;
    const impatient = agent({ token: async () => `t${++calls}` });
    for (let i = 0; i < 3; ++i) {
        impatient.reconnectNow();
        await new Promise(setImmediate);
    }
    impatient.close();
    await Promise.all(opened.map(({ ended }) => ended));
    assert.deepEqual([opened.length, calls], [1, 1]);
});

test('a token function that fails after the close tells nothing more', async () => {
    let refuse;
    const token = () => new Promise((_, reject) => { refuse = reject; });
    const agent = new VmAgent('ws://host/a', { WebSocket: recorder([]), token });
    let losses = 0;
    agent.addEventListener('disconnect', () => ++losses);
    await new Promise(setImmediate);
    agent.close();
    refuse(new Error('offline'));
    await new Promise(setImmediate);
    assert.equal(losses, 1);
});

test('a token function that never answers is given up, and asked again', t => onClock(async pass => {
    const opened = [];
    const answers = [new Promise(() => {}), 'second'];
    const agent = new VmAgent('ws://host/a', { WebSocket: recorder(opened), token: () => answers.shift() });
    t.after(() => agent.close());
    const loss = once(agent, 'disconnect');
    await pass(20_000);
    const { error, retryIn } = await loss;
    assert.equal(error.code, 'timeout');
    await pass(retryIn);
    assert.deepEqual(opened.map(({ protocols }) => protocols[1]), ['bearer.second']);
}));

test('a bridge that never says welcome is given up', t => onClock(async pass => {
    const bridge = new FakeBridge();
    const agent = new VmAgent(bridge.socket);
    await bridge.turn();
    bridge.socket.readyState = 1;
    await pass(20_000);
    await assert.rejects(agent.ready, { code: 'timeout' });
}));
