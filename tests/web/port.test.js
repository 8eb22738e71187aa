import assert from 'node:assert/strict';
import test from 'node:test';
import { VmPort } from '../../web/lib/port.js';
import { onClock } from './support/clock.js';
import { dialled, FakePort, turn } from './support/fake_port.js';

const KIB = 1024;

/** A client whose port is there, and whose turn to write it is. */
async function writing(t, options) {
    const all = dialled(t, options);
    await turn();
    all.sockets[0].open();
    all.told();
    return all;
}

test('an address is opened with the subprotocol of bytes, the token beside it, and asks for the state', async t => {
    const opened = [];
    class Socket extends FakePort {
        constructor(url, protocols) {
            super();
            opened.push({ url, protocols });
        }
    }
    const port = new VmPort('https://host/vms/web1/ports/console', { token: () => 'a.b.c', WebSocket: Socket });
    t.after(() => port.close());
    await turn();
    assert.deepEqual(opened, [{ url: 'wss://host/vms/web1/ports/console?state=1',
        protocols: ['binary', 'bearer.a.b.c'] }]);
});

test('the first state is the connection: before it nothing is known, then it is told at each change', async t => {
    const { port, sockets, told } = dialled(t);
    await turn();
    assert.deepEqual([port.state, port.portConnected, port.isWriter], ['connecting', false, false]);
    sockets[0].open(true, false);
    await port.ready;
    assert.deepEqual([port.state, port.portConnected, port.isWriter], ['connected', true, false]);
    assert.deepEqual(told(), ['connect', 'state']);
    sockets[0].tell({ type: 'port', connected: false, writer: true });
    assert.deepEqual([port.portConnected, port.isWriter], [false, true]);
    assert.deepEqual(told(), ['state']);
});

test('bytes come as they are', async t => {
    const { sockets, events } = await writing(t);
    const all = Uint8Array.from({ length: 256 }, (_, i) => i);
    sockets[0].deliver(all.buffer);
    assert.deepEqual(events.at(-1).bytes, all);
});

test('text is written as UTF-8, bytes as they were when they were given, all in order', async t => {
    const { port, sockets } = await writing(t);
    const bytes = Uint8Array.of(0, 255);
    const written = [port.write('é漢'), port.write(bytes), port.write('')];
    bytes.fill(7);
    await Promise.all(written);
    assert.deepEqual(sockets[0].written, Buffer.concat([Buffer.from('é漢'), Buffer.of(0, 255)]));
});

test('what is written before the first state waits for it', async t => {
    const { port, sockets } = dialled(t);
    const done = Promise.all([port.write('a'), port.write('b')]);
    await turn();
    assert.equal(sockets[0].messages.length, 0);
    sockets[0].open();
    await done;
    assert.equal(String(sockets[0].written), 'ab');
});

test('a socket that sends nothing is given no more than it may hold, and the rest when it has sent', async t => {
    await onClock(async pass => {
        const { port, sockets: [socket] } = await writing(t);
        const send = socket.send.bind(socket);
        socket.send = data => {
            send(data);
            socket.bufferedAmount += data.length;
        };
        let isDone = false;
        const done = port.write(new Uint8Array(1024 * KIB)).then(() => { isDone = true; });
        await pass(1000);
        assert.equal(socket.written.length, 320 * KIB, 'one piece over the mark at most');
        assert.ok(socket.messages.every(({ length }) => length <= 64 * KIB));
        assert.equal(isDone, false);
        while (!isDone) {
            socket.bufferedAmount = 0;
            await pass(10);
        }
        await done;
        assert.equal(socket.written.length, 1024 * KIB);
    });
});

test('more than 16 MiB do not wait', async t => {
    const { port, sockets: [socket] } = await writing(t);
    socket.bufferedAmount = 2 ** 30;
    const first = port.write(new Uint8Array(16 * KIB * KIB));
    await assert.rejects(port.write('x'), { code: 'busy' });
    socket.drop();
    await assert.rejects(first, { code: 'disconnected' });
});

test('who may not write is told why, and nothing goes out', async t => {
    const { port, sockets: [socket] } = await writing(t);
    socket.bufferedAmount = 2 ** 30;
    const late = port.write('waits');
    socket.tell({ type: 'port', connected: true, writer: false });
    await assert.rejects(late, { code: 'busy', message: /Somebody else/ });
    await assert.rejects(port.write('x'), { code: 'busy' });
    socket.tell({ type: 'port', connected: false, writer: true });
    await assert.rejects(port.write('x'), { code: 'disconnected', message: /other end/ });
    socket.drop();
    await assert.rejects(port.write('x'), { code: 'disconnected' });
    assert.equal(socket.messages.length, 0);
});

test('a lost connection comes back by itself, and tells that it begins anew', async t => {
    await onClock(async pass => {
        const { port, sockets, events, told } = await writing(t);
        sockets[0].drop();
        const { code, error, retryIn } = events.at(-1);
        assert.deepEqual([code, error.code, port.state, port.isWriter], [1006, 'disconnected', 'reconnecting', false]);
        assert.ok(retryIn > 0 && retryIn <= 500);
        await pass(500);
        sockets[0].say('too late');
        assert.deepEqual(told(), ['disconnect']);
        sockets[1].open().say('again');
        assert.deepEqual(told(), ['connect', 'state', 'data']);
    });
});

test('pauses grow, and are short again after a state', async t => {
    const { port, sockets, events } = await writing(t);
    for (let i = 0; i < 6; ++i) {
        sockets.at(-1).drop();
        const longest = Math.min(5000, 500 * 2 ** i);
        assert.ok(events.at(-1).retryIn >= longest / 2 && events.at(-1).retryIn <= longest);
        port.reconnectNow();
        await turn();
    }
    sockets.at(-1).open().drop();
    assert.ok(events.at(-1).retryIn <= 500);
});

test('a refusal is for good, and what waited is told of it', async t => {
    const { port, sockets, events } = dialled(t);
    const waiting = port.write('x');
    await turn();
    sockets[0].drop(1008, 'disabled');
    await assert.rejects(port.ready, { code: 'disabled' });
    await assert.rejects(waiting, { code: 'disabled' });
    assert.equal(events.at(-1).retryIn, null);
    assert.equal(port.state, 'closed');
});

test('a bridge that says nothing is given up, and asked again', async t => {
    await onClock(async pass => {
        const { sockets, events } = dialled(t);
        await turn();
        await pass(20_000);
        assert.equal(events.at(-1).error.code, 'timeout');
        assert.equal(sockets[0].closedWith.code, 4008);
        await pass(500);
        assert.equal(sockets.length, 2);
    });
});

test('closing ends it at once: what comes later is not heard', async t => {
    const { port, sockets: [socket], told } = await writing(t);
    port.close();
    assert.deepEqual(socket.closedWith, { code: 1000, reason: '' });
    socket.say('x').drop(1000);
    assert.deepEqual(told(), ['disconnect']);
    assert.equal(port.state, 'closed');
});

test('a signal closes it, also while it is being opened', async t => {
    const end = new AbortController();
    const { port, sockets } = dialled(t, { signal: end.signal });
    end.abort();
    await turn();
    assert.equal(port.state, 'closed');
    assert.deepEqual(sockets.map(({ closedWith }) => closedWith?.code), [1000]);
});

test('a message that is no state is told and skipped; of another kind, it is left', async t => {
    const { port, sockets: [socket], events, told } = await writing(t);
    for (const bad of ['', '[]', '{"type":"port","connected":1,"writer":true}']) {
        socket.deliver(bad);
        assert.equal(events.at(-1).code, 'bad-frame');
    }
    told();
    socket.tell({ type: 'news' });
    assert.deepEqual(told(), []);
    assert.equal(port.state, 'connected');
});
