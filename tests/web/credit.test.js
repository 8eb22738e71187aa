import assert from 'node:assert/strict';
import test from 'node:test';
import { ReceiveCredit, SendCredit } from '../../web/lib/credit.js';
import { random } from './support/random.js';

test('a sender has the initial credit at once, and what it is granted on top', () => {
    const credit = new SendCredit(10);
    credit.take(10);
    assert.equal(credit.left, 0);
    credit.grant(3);
    assert.equal(credit.left, 3);
    assert.throws(() => credit.take(4), RangeError);
});

test('a receiver refuses bytes beyond credit and beyond the size', () => {
    assert.throws(() => new ReceiveCredit(100, 10).receive(11), { code: 'bad-frame', message: /credit/ });
    assert.throws(() => new ReceiveCredit(5, 10).receive(6), { code: 'bad-frame', message: /size/ });
});

test('a receiver grants nothing that the stream does not need', () => {
    const credit = new ReceiveCredit(10, 10, 1000);
    assert.equal(credit.grant(), 0);
    credit.receive(10);
    assert.equal(credit.grant(), 0);
    assert.equal(credit.missing, 0);
});

test('whatever the schedule, a stream ends, credit is never exceeded, and the window is never passed', () => {
    for (let seed = 1; seed <= 500; ++seed) {
        const dice = random(seed);
        const size = dice.between(0, 5000);
        const initial = dice.between(0, 800);
        const window = dice.between(2, 1500);
        const receiver = new ReceiveCredit(size, initial, window);
        const sender = new SendCredit(initial);
        let granted = initial;
        let sent = 0;
        const grant = () => {
            const bytes = receiver.grant();
            granted += bytes;
            sender.grant(bytes);
        };
        grant();
        for (let turns = 0; sent < size; ++turns) {
            assert.ok(turns < 20_000, `seed ${seed}: stalled at ${sent} of ${size}`);
            const bytes = Math.min(sender.left, size - sent, dice.between(1, 300));
            sender.take(bytes);
            receiver.receive(bytes);
            sent += bytes;
            if (sender.left === 0 || dice.chance(0.3)) grant();
            assert.ok(granted <= Math.max(size, initial), `seed ${seed}: granted more than the stream needs`);
            assert.ok(sender.left <= Math.max(window, initial), `seed ${seed}: window passed`);
        }
    }
});
