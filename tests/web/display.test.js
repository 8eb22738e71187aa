import assert from 'node:assert/strict';
import test from 'node:test';
import { Display } from '../../web/console/display.js';
import { Watchdog } from '../../web/console/watchdog.js';
import { onClock } from './support/clock.js';

/** A socket whose other end the test plays. */
class Socket extends EventTarget {
    readyState = 1;
    sent = [];
    send(bytes) {
        this.sent.push([...bytes]);
    }
    close(code, reason) {
        this.dispatchEvent(Object.assign(new Event('close'), { code, reason }));
    }
    say() {
        this.dispatchEvent(new Event('message'));
    }
}

/** A display between a noVNC and sockets that the test plays; `opened` has both of each attempt, the newest last. */
async function started(t, load, token = '') {
    const opened = [];
    const real = { WebSocket: globalThis.WebSocket, error: console.error };
    globalThis.WebSocket = Socket;
    console.error = () => {};
    t.after(() => Object.assign(globalThis, { WebSocket: real.WebSocket }) && (console.error = real.error));
    class RFB extends EventTarget {
        constructor(_, socket) {
            super();
            this.socket = socket;
            opened.push(this);
            socket.addEventListener('close', () => this.fire('disconnect'));
        }
        fire(type, detail) {
            this.dispatchEvent(Object.assign(new Event(type), { detail }));
        }
        disconnect() {}
    }
    const display = new Display({ querySelector: () => null }, load ? () => load(RFB) : async () => ({ default: RFB }));
    display.start('http://bridge/vms/one/display', token, 'Screen');
    await new Promise(setImmediate);
    t.after(() => display.stop());
    return { display, opened };
}

test('a refusal of the bridge is kept with its words, and not tried again', t => onClock(async pass => {
    const { display, opened } = await started(t);
    opened[0].socket.close(1008, 'token-expired');
    assert.equal(display.state, 'refused');
    assert.equal(display.error.code, 'token-expired');
    await pass(60_000);
    assert.equal(opened.length, 1);
}));

test('a refusal that passes is tried again, and told meanwhile', t => onClock(async pass => {
    const { display, opened } = await started(t);
    opened[0].socket.close(1008, 'too-many');
    assert.equal(display.state, 'lost');
    assert.equal(display.error.code, 'too-many');
    await pass(1000);
    assert.equal(opened.length, 2);
    opened[1].fire('connect');
    assert.deepEqual([display.state, display.error], ['connected', null]);
}));

test('a machine without a display has none, and is not asked again', t => onClock(async pass => {
    const { display, opened } = await started(t);
    opened[0].socket.close(1008, 'disabled');
    assert.equal(display.state, 'none');
    await pass(60_000);
    assert.equal(opened.length, 1);
}));

test('a viewer that can\'t be loaded and a display that wants a password have words of their own', async t => {
    const { display } = await started(t, async () => { throw new TypeError('import'); });
    assert.equal(display.state, 'lost', 'the bridge may be back soon');
    assert.match(display.error.message, /could not be loaded/);
    const { display: locked, opened } = await started(t);
    opened[0].fire('credentialsrequired');
    assert.equal(locked.state, 'locked');
    const { display: closed, opened: second } = await started(t);
    second[0].fire('securityfailure', { reason: 'Too many\u202e failures' });
    assert.equal(closed.state, 'refused');
    assert.match(closed.error.message, /Too many\ufffd failures/);
});

test('a silent picture is asked for one pixel, frozen without it, and back with the next byte', t =>
    onClock(async pass => {
        const { display, opened } = await started(t);
        const { silence, answer } = Watchdog.times;
        const [rfb] = opened;
        const { socket } = rfb;
        rfb.fire('connect');
        socket.say();
        await pass(silence);
        assert.deepEqual(socket.sent, [[3, 0, 0, 0, 0, 0, 0, 1, 0, 1]]);
        socket.say();
        await pass(answer);
        assert.equal(display.state, 'connected', 'an answer in time');
        await pass(silence);
        await pass(answer);
        assert.equal(display.state, 'frozen');
        socket.say();
        assert.equal(display.state, 'connected');
        assert.equal(opened.length, 1);
    }));

test('a display that never comes is given up and tried again, once', t => onClock(async pass => {
    const { display, opened } = await started(t);
    await pass(15_000);
    assert.deepEqual([display.state, display.error.code], ['lost', 'timeout']);
    opened[0].socket.close(1006, '');
    await pass(1000);
    await pass(1000);
    assert.equal(opened.length, 2);
}));

test('a load that outlives the deadline gives one picture only', t => onClock(async pass => {
    let release;
    const gate = new Promise(resolve => { release = resolve; });
    const { opened } = await started(t, RFB => gate.then(() => ({ default: RFB })));
    await pass(15_000);
    await pass(1000);
    release();
    for (let i = 0; i < 5; ++i) await new Promise(setImmediate);
    assert.equal(opened.length, 1);
}));

test('a token that can\'t be had is not told as a viewer that can\'t be loaded', async t => {
    const { display } = await started(t, undefined, async () => { throw new Error('backend down'); });
    for (let i = 0; i < 5; ++i) await new Promise(setImmediate);
    assert.doesNotMatch(String(display.error?.message), /loaded/);
});

test('another reason for the same state is told too', t => onClock(async pass => {
    const { display, opened } = await started(t);
    opened[0].socket.close(1006, '');
    let fired = 0;
    await pass(1000);
    opened[1].socket.close(1006, '');
    await pass(2000);
    display.addEventListener('statechange', () => ++fired);
    opened[2].socket.close(1008, 'too-many');
    assert.equal(fired, 1);
}));

test('a viewer that asks for a sign of life by itself is asked so, and heard whatever socket it hears', t =>
    onClock(async pass => {
        const { display: usual, opened } = await started(t);
        const { silence, answer } = Watchdog.times;
        usual.stop();
        let asked = 0;
        class Viewer extends EventTarget {
            constructor() {
                super();
                opened.push(this);
            }
            ask = () => ++asked;
            disconnect() {}
        }
        const display = new Display({ querySelector: () => null }, async () => ({ default: Viewer }));
        t.after(() => display.stop());
        display.start('http://bridge/vms/one/spice', '');
        await new Promise(setImmediate);
        const viewer = opened.at(-1);
        viewer.dispatchEvent(new Event('connect'));
        await pass(silence);
        assert.equal(asked, 1);
        await pass(answer);
        assert.equal(display.state, 'frozen');
        viewer.dispatchEvent(new Event('message'));
        assert.equal(display.state, 'connected');
    }));

test('a viewer\'s further sockets go where the first went, each with a fresh token', async t => {
    const dialled = [];
    const real = globalThis.WebSocket;
    globalThis.WebSocket = class extends EventTarget {
        constructor(url, protocols) {
            super();
            dialled.push([`${url}`, protocols]);
        }
    };
    let dial;
    class Viewer extends EventTarget {
        constructor(target, socket, options) {
            super();
            dial = options.dial;
        }
        disconnect() {}
    }
    let [tokens, address] = [0, 'http://bridge/vms/one/spice?agent=a'];
    const display = new Display({ querySelector: () => null }, async () => ({ default: Viewer }));
    t.after(() => {
        display.stop();
        globalThis.WebSocket = real;
    });
    display.start(() => address, async () => `token${++tokens}`);
    for (let turn = 0; !dial && turn < 100; ++turn) await new Promise(setImmediate);
    address = 'http://bridge/elsewhere';
    await dial();
    assert.deepEqual(dialled, [1, 2].map(n => ['ws://bridge/vms/one/spice?agent=a', ['binary', `bearer.token${n}`]]));
});
