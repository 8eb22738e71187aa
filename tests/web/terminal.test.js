import assert from 'node:assert/strict';
import test from 'node:test';
import { Backlog } from '../../web/console/terminal/backlog.js';
import { describePort } from '../../web/console/terminal/words.js';

const facts = (more = {}) => ({ state: 'connected', portConnected: true, isWriter: true, ...more });

test('keys go to a port that is there, and whose writer we are, and to no other', () => {
    assert.deepEqual(describePort(facts()), { state: 'writing', words: 'Connected' });
    for (const less of [{ portConnected: false }, { isWriter: false }, { state: 'connecting' },
        { state: 'reconnecting' }, { state: 'closed' }])
        assert.notEqual(describePort(facts(less)).state, 'writing');
});

test('that somebody else writes is said, and that nobody is at the other end before it', () => {
    assert.match(describePort(facts({ isWriter: false })).words, /Read only.*somebody else/);
    assert.equal(describePort(facts({ isWriter: false, portConnected: false })).state, 'gone');
});

test('a refusal is told in its own words', () => {
    assert.deepEqual(describePort(facts({ state: 'closed' }), 'This is switched off.'),
        { state: 'closed', words: 'This is switched off.' });
    assert.equal(describePort(facts({ state: 'connecting' }), 'No answer.').words, 'No answer. Trying again');
});

test('what comes faster than it is shown is left out, and that is told in its place', () => {
    const MIB = 1024 * 1024;
    const written = [];
    const backlog = new Backlog((data, done) => written.push({ data, done }));
    for (let i = 0; i < 10; ++i) backlog.add(new Uint8Array(MIB));
    assert.equal(written.length, 8, 'what may wait');
    written[0].done();
    backlog.add(new Uint8Array(MIB));
    assert.equal(written.length, 8, 'nothing passes what was left out');
    written.slice(1).forEach(({ done }) => done());
    assert.match(written[8].data, new RegExp(`${3 * MIB} bytes`));
    backlog.add(Uint8Array.of(1));
    assert.deepEqual(written[9].data, Uint8Array.of(1));
});
