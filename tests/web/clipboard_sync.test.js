import assert from 'node:assert/strict';
import test from 'node:test';
import { ClipboardSync } from '../../web/console/clipboard-sync.js';
import { connected, once, reconnecting } from './support/agent.js';
import { fakePage, keyEvent } from './support/page.js';

/** A console's clipboard at a bridge in memory. */
async function synced(t) {
    const { page, local } = fakePage(t);
    const { agent, bridge } = await connected(t);
    const stop = new AbortController();
    t.after(() => stop.abort());
    return { page, local, bridge, sync: new ClipboardSync(agent, stop.signal) };
}

/** The machine has copied this text, and it is shown. */
async function copyInMachine(bridge, sync, text, serial) {
    const shown = once(sync, 'change');
    bridge.send({ type: 'clipboard-grab', selection: 'clipboard', formats: ['text/plain'], serial });
    const { id } = await bridge.next('clipboard-request');
    bridge.send({ type: 'clipboard-data', id, format: 'text/plain', text });
    await shown;
    await bridge.turn();
}

const grabs = bridge => bridge.frames.filter(({ type }) => type === 'clipboard-grab');

test('the machine\'s own text is not offered to it, whatever line ends this computer made of it', async t => {
    const { bridge, sync } = await synced(t);
    await copyInMachine(bridge, sync, 'one\ntwo', 1);
    await sync.send({ 'text/plain': 'one\r\ntwo' });
    assert.deepEqual(grabs(bridge), []);
    await sync.send({ 'text/plain': 'one two' });
    assert.equal(grabs(bridge).length, 1);
});

test('HTML that goes as text is shown as that text', async t => {
    const { bridge, sync } = await synced(t);
    await sync.send({ 'text/html': '<p>one<p>two' });
    assert.ok(grabs(bridge)[0].formats.includes('text/plain'));
    assert.deepEqual(sync.content, { from: 'here', text: 'one\ntwo', image: null });
});

test('a paste\'s own keys don\'t replace what it is about to read; the next other key does', async t => {
    const { page, local, bridge, sync } = await synced(t);
    local.allowed = false;
    await copyInMachine(bridge, sync, 'from the machine', 1);
    assert.equal(sync.local, 'waiting');
    Object.assign(local, { allowed: true, text: 'just copied here' });
    const keys = [['Control', { ctrlKey: true }], ['Meta', { metaKey: true }], ['Shift', { shiftKey: true }],
        ['v', { ctrlKey: true }], ['Insert', { shiftKey: true }]];
    for (const [key, members] of keys) {
        page.dispatchEvent(keyEvent('keydown', key, members));
        await bridge.turn();
        assert.equal(local.text, 'just copied here', key);
    }
    page.dispatchEvent(keyEvent('keydown', 'x'));
    await bridge.turn();
    assert.equal(local.text, 'from the machine');
    assert.equal(sync.local, 'copied');
});

test('a bridge that is another one counts anew: its offer of a known number is fetched', async t => {
    fakePage(t);
    const { agent, bridges } = reconnecting(t, [{}, {}]);
    const stop = new AbortController();
    t.after(() => stop.abort());
    const sync = new ClipboardSync(agent, stop.signal);
    await agent.ready;
    await copyInMachine(bridges[0], sync, 'before', 1);
    const again = once(agent, 'connect');
    bridges[0].drop();
    agent.reconnectNow();
    await again;
    await copyInMachine(bridges[1], sync, 'after', 1);
    assert.equal(sync.content.text, 'after');
});

test('an error is forgotten with what is shown next', async t => {
    const { bridge, sync } = await synced(t);
    const told = once(sync, 'change');
    bridge.send({ type: 'clipboard-grab', selection: 'clipboard', formats: ['text/plain'], serial: 1 });
    const { id } = await bridge.next('clipboard-request');
    bridge.send({ type: 'clipboard-error', id, code: 'too-large', message: '' });
    await told;
    assert.equal(sync.error.code, 'too-large');
    await copyInMachine(bridge, sync, 'smaller', 2);
    assert.equal(sync.error, null);
});
