import assert from 'node:assert/strict';
import test from 'node:test';
import { Paste } from '../../web/console/paste.js';
import { onClock } from './support/clock.js';
import { fakePage, keyEvent, pasteEvent } from './support/page.js';

/** What needs no time has happened. */
const turn = () => new Promise(setImmediate);
const CTRL_V = { code: 'KeyV', ctrlKey: true };

/** A console's paste on a page: `done` has what it did and the keys that it gave back, in order. */
function listening(t, handlers = {}) {
    const { page, window } = fakePage(t);
    const stop = new AbortController();
    const done = [];
    const sent = new Set();
    const passed = [];
    const paste = new Paste({ wanted: () => true, ours: event => event.type !== 'paste',
        take: async ({ contents }) => done.push(contents) > 0, press: () => done.push('pressed'), ...handlers });
    paste.listen(stop.signal);
    for (const type of ['keydown', 'keyup']) {
        page.addEventListener(type, event => { if (!sent.has(event)) passed.push(event) && done.push(event.key); });
    }
    const send = (...event) => {
        const key = keyEvent(...event);
        sent.add(key);
        page.dispatchEvent(key);
    };
    return { page, window, stop, done, passed, send };
}

test('a paste event of the page\'s body belongs to the key that was pressed in the picture, also behind others', t =>
    onClock(async pass => {
        const { page, done, send } = listening(t);
        send('keydown', 'v', CTRL_V);
        send('keyup', 'v', CTRL_V);
        page.dispatchEvent(pasteEvent({ 'text/plain': 'from here' }));
        await turn();
        await pass(100);
        assert.deepEqual(done, [{ 'text/plain': 'from here' }, 'pressed', 'v']);
        page.dispatchEvent(pasteEvent({ 'text/plain': 'of an input field' }));
        await pass(5000);
        assert.equal(done.length, 3, 'a paste that no key began is not ours');
    }));

test('a key behind a paste comes with the locks and modifiers that it had', t => onClock(async pass => {
    const { passed, send } = listening(t);
    send('keydown', 'v', CTRL_V);
    send('keydown', '5', { code: 'Numpad5', location: 3, altKey: true, modifierNumLock: true, modifierAltGraph: true });
    await pass(250);
    const [key] = passed;
    assert.deepEqual([key.code, key.location, key.altKey, key.ctrlKey], ['Numpad5', 3, true, false]);
    const states = ['NumLock', 'CapsLock', 'ScrollLock', 'AltGraph'].map(name => key.getModifierState(name));
    assert.deepEqual(states, [true, false, false, true]);
}));

test('a bridge that confirms nothing holds the keyboard for three seconds, and nothing is pasted then', t =>
    onClock(async pass => {
        const { page, done, send } = listening(t, { take: () => new Promise(() => {}) });
        send('keydown', 'v', CTRL_V);
        page.dispatchEvent(pasteEvent({ 'text/plain': 'lost' }));
        send('keydown', 'x');
        await turn();
        await pass(2900);
        assert.deepEqual(done, []);
        await pass(100);
        assert.deepEqual(done, ['x']);
    }));

test('a key that can\'t be pressed holds back none behind it', t => onClock(async pass => {
    t.mock.method(console, 'error', () => {});
    const { done, send } = listening(t, { press: () => { throw new Error('no picture'); } });
    send('keydown', 'v', CTRL_V);
    send('keydown', 'x');
    await pass(250);
    assert.deepEqual(done, ['x']);
}));

test('keys that wait are dropped when the window loses the focus', t => onClock(async pass => {
    const { window, done, send } = listening(t);
    send('keydown', 'v', CTRL_V);
    send('keydown', 'x');
    window.dispatchEvent(new Event('blur'));
    await pass(250);
    assert.deepEqual(done, ['pressed']);
    send('keydown', 'v', CTRL_V);
    await pass(250);
    assert.deepEqual(done, ['pressed', 'pressed'], 'the next paste works');
}));

test('a console that has ended presses nothing in the one that follows', t => onClock(async pass => {
    const { page, stop, done, send } = listening(t);
    send('keydown', 'v', CTRL_V);
    page.dispatchEvent(pasteEvent({ 'text/plain': 'for the first machine' }));
    send('keydown', 'x');
    await turn();
    stop.abort();
    await pass(100);
    assert.deepEqual(done, [{ 'text/plain': 'for the first machine' }]);
}));
