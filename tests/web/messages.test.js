import assert from 'node:assert/strict';
import test from 'node:test';
import { fromClient } from '../../web/lib/client-messages.js';
import { checkFrame, fromBridge } from '../../web/lib/messages.js';
import { welcome } from './support/fake_bridge.js';

const status = (word, more) => ({ type: 'file-status', id: 1, status: word, sent: 0, ...more });

/** One good frame of each kind that the bridge sends. */
const good = {
    'welcome': welcome(),
    'agent': { type: 'agent', connected: false, capabilities: [] },
    'permissions': { type: 'permissions', permissions: [], limits: welcome().limits },
    'clients': { type: 'clients', clients: [{ id: 1, kind: 'web', user: 'ann', lead: true }] },
    'clipboard-grab': { type: 'clipboard-grab', formats: ['text/plain'], serial: 1 },
    'clipboard-release': { type: 'clipboard-release', selection: 'primary' },
    'clipboard-request': { type: 'clipboard-request', id: 0, format: 'text/plain' },
    'clipboard-data': { type: 'clipboard-data', id: 0, format: 'text/plain', text: '' },
    'clipboard-error': { type: 'clipboard-error', id: 0, code: 'timeout' },
    'monitors-result': { type: 'monitors-result', id: 1, status: 'applied' },
    'lead': { type: 'lead', client: 1, you: false },
    'file-status': status('accepted'),
    'credit': { type: 'credit', stream: 0xffff_ffff, bytes: 1 },
    'ping': { type: 'ping', id: 1 },
    'pong': { type: 'pong', id: 1 },
    'error': { type: 'error', code: 'bad-frame', message: '', about: 'mouse' },
};

test('there is a good example of every kind that the bridge sends', () => {
    assert.deepEqual(Object.keys(good).sort(), Object.keys(fromBridge).sort());
});

test('every good frame is accepted, with and without members that we do not know', () => {
    for (const frame of Object.values(good)) {
        assert.equal(checkFrame(frame), true, frame.type);
        assert.equal(checkFrame({ ...frame, later: [1] }), true, frame.type);
    }
});

test('kinds that we do not know are to be ignored, also those that only look known', () => {
    for (const type of ['tomorrow', 'toString', '__proto__', 'constructor', 'mouse']) {
        assert.equal(checkFrame({ type }), false, type);
    }
});

test('each member of a wrong type is a bad frame that names it', () => {
    for (const frame of Object.values(good)) {
        for (const member of Object.keys(fromBridge[frame.type])) {
            const wrong = { ...frame, [member]: { not: 'this' } };
            const message = new RegExp(`${frame.type}: ${member}`);
            assert.throws(() => checkFrame(wrong), { code: 'bad-frame', message });
        }
    }
});

test('clipboard data come as text or as a stream with its size, never as both or neither', () => {
    const data = { type: 'clipboard-data', id: 1, format: 'text/plain' };
    assert.ok(checkFrame({ ...data, stream: 1, size: 0 }));
    for (const members of [{}, { stream: 1 }, { size: 1 }, { text: '', stream: 1, size: 1 }]) {
        assert.throws(() => checkFrame({ ...data, ...members }), { code: 'bad-frame' });
    }
});

test('numbers are whole, not negative and no larger than JavaScript can hold exactly', () => {
    for (const bytes of [-1, 0.5, 2 ** 53, NaN, '1', null]) {
        assert.throws(() => checkFrame({ type: 'credit', stream: 1, bytes }), { code: 'bad-frame' });
    }
    assert.throws(() => checkFrame({ type: 'credit', stream: 2 ** 32, bytes: 1 }), { code: 'bad-frame' });
});

test('the table of the client\'s frames has no kind of the bridge alone', () => {
    for (const type of ['welcome', 'agent', 'permissions', 'clients', 'monitors-result', 'file-status', 'error']) {
        assert.equal(type in fromClient, false, type);
    }
});
