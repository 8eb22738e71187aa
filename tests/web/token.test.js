import assert from 'node:assert/strict';
import test from 'node:test';
import { expiryOf, TokenKeeper } from '../../web/lib/token.js';
import { onClock } from './support/clock.js';

const token = payload => `x.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.y`;

test('a token\'s end is read from it, where it is a JWT that says one', () => {
    assert.equal(expiryOf(token({ exp: 1700000000 })), 1700000000000);
    assert.equal(expiryOf(token({ exp: 1700000000, sub: 'ÿ>?' })), 1700000000000);
    for (const other of ['', 'opaque', 'a.b.c', token({}), token({ exp: 'soon' }), token(null)]) {
        assert.equal(expiryOf(other), null, other);
    }
});

test('a token that a function gives is replaced half a minute before its end, and not before', () => onClock(async pass => {
    const start = Date.now();
    const sent = [];
    let calls = 0;
    const keeper = new TokenKeeper(() => token({ exp: start / 1000 + 100 * ++calls, n: calls }), fresh => sent.push(fresh));
    const first = await keeper.get();
    keeper.watch();
    await pass(69_000);
    assert.deepEqual(sent, []);
    await pass(1000);
    assert.equal(sent.length, 1);
    assert.notEqual(sent[0], first);
    await pass(100_000);
    assert.equal(sent.length, 2);
    keeper.stop();
    await pass(1_000_000);
    assert.equal(sent.length, 2);
}));

test('a token that comes after the stop is not sent, and the next is not waited for', () => onClock(async pass => {
    const sent = [];
    let give;
    let calls = 0;
    const fresh = () => token({ exp: Date.now() / 1000 + 40, n: ++calls });
    const keeper = new TokenKeeper(() => calls === 0 ? fresh() : new Promise(resolve => { give = resolve; }),
        renewed => sent.push(renewed));
    await keeper.get();
    keeper.watch();
    await pass(10_000);
    keeper.stop();
    give(fresh());
    await new Promise(setImmediate);
    await pass(1_000_000);
    assert.deepEqual([sent, calls], [[], 2]);
}));

test('a token function that fails is asked again, and a plain token is left as it is', () => onClock(async pass => {
    const sent = [];
    const exp = Date.now() / 1000 + 40;
    const answers = [() => token({ exp }), () => Promise.reject(new Error('offline')), () => token({ exp: exp + 1000 })];
    const keeper = new TokenKeeper(() => answers.shift()(), fresh => sent.push(fresh));
    await keeper.get();
    keeper.watch();
    await pass(10_000);
    assert.deepEqual(sent, []);
    await pass(5000);
    assert.equal(sent.length, 1);
    keeper.stop();

    const plain = new TokenKeeper(token({ exp }), fresh => sent.push(fresh));
    await plain.get();
    plain.watch();
    await pass(100_000);
    assert.equal(sent.length, 1);
}));
