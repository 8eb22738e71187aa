import assert from 'node:assert/strict';
import test from 'node:test';
import { VmError } from '../../web/lib/codes.js';
import { Streams } from '../../web/lib/streams.js';
import { random } from './support/random.js';

const turn = () => new Promise(setImmediate);

/** One connection of a sender: bytes lie on the way until they are delivered, or lost with it. */
class FakeWire {
    onTheWay = [];

    constructor(dice, received) {
        this.dice = dice;
        this.received = received;
        this.limits = { frameBytes: dice.between(1, 900), initialCredit: dice.between(0, 2000) };
        this.credit = this.limits.initialCredit;
    }

    /** Now and then the socket is full, and has room again a moment later. */
    get buffered() {
        return this.dice.chance(0.005) ? 5 << 20 : 0;
    }

    sendBytes(_number, payload) {
        assert.ok(payload.length > 0 && payload.length <= this.limits.frameBytes, `a frame of ${payload.length} bytes`);
        this.credit -= payload.length;
        assert.ok(this.credit >= 0, `beyond credit by ${-this.credit}`);
        this.onTheWay.push(payload);
    }

    deliver(frames) {
        this.received.push(...this.onTheWay.splice(0, frames));
    }
}

/** A file on a disk that takes its time. */
function slowFile(body, dice) {
    const read = async (from, to) => {
        for (let turns = dice.between(0, 5); turns > 0; --turns) await turn();
        return body.slice(from, to).buffer;
    };
    return { size: body.length, slice: (from, to) => ({ arrayBuffer: () => read(from, to) }) };
}

const length = parts => parts.reduce((sum, part) => sum + part.length, 0);

async function transmit(seed) {
    const dice = random(seed);
    const body = dice.bytes(dice.between(0, 20_000));
    const received = [];
    const streams = new Streams();
    let wire = new FakeWire(dice, received);
    const stream = streams.open(slowFile(body, dice), wire, true);
    for (let turns = 0; length(received) < body.length; ++turns) {
        assert.ok(turns < 20_000, `stalled at ${length(received)} of ${body.length}`);
        await turn();
        wire.deliver(dice.between(0, 5));
        if (dice.chance(0.15)) {
            streams.interrupt(new VmError('disconnected'));
            wire.credit = 0;
            if (dice.chance(0.3)) await turn();
            wire = new FakeWire(dice, received);
            stream.restart(length(received), wire);
        } else if (dice.chance(0.3)) {
            const bytes = dice.between(1, 3000);
            wire.credit += bytes;
            streams.handleCredit(stream.number, bytes);
        }
    }
    assert.deepEqual(new Uint8Array(Buffer.concat(received)), body);
    stream.stop();
    await stream.done;
}

test('whatever the grants, losses and resumes, no credit is exceeded and every byte arrives once', async () => {
    for (let seed = 1; seed <= 200; ++seed) {
        await transmit(seed).catch(reason => assert.fail(`seed ${seed}: ${reason.message}`));
    }
});

test('what may not be resumed ends with its connection', async () => {
    const streams = new Streams();
    const wire = new FakeWire(random(1), []);
    const answer = streams.open(new Blob([new Uint8Array(9000)]), wire);
    streams.interrupt(new VmError('disconnected'));
    await assert.rejects(answer.done, { code: 'disconnected' });
    streams.handleCredit(answer.number, 9000);
    await turn();
    assert.deepEqual(wire.onTheWay, []);
});

test('a bridge that claims to have more than the whole is sent nothing', async () => {
    const wire = new FakeWire(random(1), []);
    const stream = new Streams().open(new Blob(['x']), wire, true);
    stream.restart(5, wire);
    await turn();
    assert.deepEqual(wire.onTheWay, []);
});
