import assert from 'node:assert/strict';
import test from 'node:test';
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
