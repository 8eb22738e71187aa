import assert from 'node:assert/strict';
import test from 'node:test';
import { codes } from '../../web/lib/vmcbridge.js';
import { connected, once } from './support/agent.js';
import { random } from './support/random.js';

const texts = {
    'ASCII': 'hello', 'empty': '', 'astral and right to left': '🜁 שלום', 'CRLF kept': 'a\r\nb\n',
    'a leading byte order mark': '\ufeffx', 'a zero character': 'a\0b', '64 KiB': 'x'.repeat(65536),
    '64 KiB and one': 'x'.repeat(65537), 'two bytes a character at the limit': 'é'.repeat(32769),
};

for (const [name, text] of Object.entries(texts)) {
    test(`text to the guest arrives as it is: ${name}`, async t => {
        const { agent, bridge } = await connected(t);
        await agent.clipboard.writeText(text);
        const grab = await bridge.next('clipboard-grab');
        assert.deepEqual([grab.selection, grab.formats], ['clipboard', ['text/plain']]);

        bridge.send({ type: 'clipboard-request', id: 3, format: 'text/plain' });
        const data = await bridge.next('clipboard-data');
        assert.equal(data.id, 3);
        const bytes = Buffer.byteLength(text);
        assert.equal('text' in data, bytes <= 65536);
        const arrived = 'text' in data ? data.text : (await bridge.receiveStream(data.stream)).toString();
        assert.equal(arrived, text);
    });

    test(`text from the guest arrives as it is: ${name}`, async t => {
        const { agent, bridge } = await connected(t);
        const read = agent.clipboard.readText();
        const { id, format } = await bridge.next('clipboard-request');
        const bytes = Buffer.from(text);
        if (bytes.length <= 65536) {
            bridge.send({ type: 'clipboard-data', id, format, text });
        } else {
            bridge.send({ type: 'clipboard-data', id, format, stream: 1, size: bytes.length });
            await bridge.sendStream(1, bytes);
        }
        assert.equal(await read, text);
    });
}

test('an image passes both ways byte by byte, as a stream however small', async t => {
    const { agent, bridge } = await connected(t);
    const png = random(1).bytes(1000);
    await agent.clipboard.write([{ types: ['image/png'], getType: async type => new Blob([png], { type }) }]);
    bridge.send({ type: 'clipboard-request', id: 1, format: 'image/png' });
    const data = await bridge.next('clipboard-data');
    assert.deepEqual(new Uint8Array(await bridge.receiveStream(data.stream)), png);

    bridge.send({ type: 'clipboard-grab', formats: ['image/png', 'image/bmp'], serial: 4 });
    const [item] = await agent.clipboard.read();
    assert.deepEqual(item.types, ['image/png', 'image/bmp']);
    const asked = item.getType('image/png');
    const { id, format } = await bridge.next('clipboard-request');
    bridge.send({ type: 'clipboard-data', id, format, stream: 9, size: png.length });
    await bridge.sendStream(9, png, 100);
    const blob = await asked;
    assert.equal(blob.type, 'image/png');
    assert.deepEqual(new Uint8Array(await blob.arrayBuffer()), png);
});

test('in many random schedules nobody exceeds a credit and every byte arrives', async t => {
    for (let seed = 1; seed <= 60; ++seed) {
        const dice = random(seed);
        const initialCredit = dice.between(0, 3000);
        const frameBytes = dice.between(1, 2000);
        const limits = { clipboardBytes: 1e6, fileBytes: 1e6, frameBytes, initialCredit };
        const { agent, bridge } = await connected(t, { limits });
        const out = dice.bytes(dice.between(0, 20_000));
        await agent.clipboard.write({ 'image/png': new Blob([out]) });
        bridge.send({ type: 'clipboard-request', id: 1, format: 'image/png' });
        const { stream, size } = await bridge.next('clipboard-data');
        assert.equal(size, out.length);
        const came = await bridge.receiveStream(stream, dice.between(1, 5000));
        assert.deepEqual(new Uint8Array(came), out, `seed ${seed}, out`);

        bridge.send({ type: 'clipboard-grab', formats: ['image/png'], serial: 1 });
        const read = agent.clipboard.readType('image/png');
        const { id } = await bridge.next('clipboard-request');
        const back = dice.bytes(dice.between(0, 20_000));
        bridge.send({ type: 'clipboard-data', id, format: 'image/png', stream: seed, size: back.length });
        await bridge.sendStream(seed, back, dice.between(1, 5000));
        assert.deepEqual(new Uint8Array(await (await read).arrayBuffer()), back, `seed ${seed}, in`);
        agent.close();
    }
});

test('several streams at once keep apart', async t => {
    const { agent, bridge } = await connected(t);
    const bodies = [1, 2, 3].map(seed => random(seed).bytes(300_000));
    const reads = bodies.map(() => agent.clipboard.readType('image/png'));
    const requests = await Promise.all(bodies.map(() => bridge.next('clipboard-request')));
    requests.forEach(({ id, format }, i) =>
        bridge.send({ type: 'clipboard-data', id, format, stream: i, size: bodies[i].length }));
    await Promise.all(bodies.map((body, i) => bridge.sendStream(i, body, 1000 + i)));
    const blobs = await Promise.all(reads);
    for (const [i, blob] of blobs.entries()) assert.deepEqual(new Uint8Array(await blob.arrayBuffer()), bodies[i]);
});

test('every code of the table comes out of a read as it is, with words for a person', async t => {
    const { agent, bridge } = await connected(t);
    for (const code of Object.keys(codes)) {
        const read = agent.clipboard.readText();
        const { id } = await bridge.next('clipboard-request');
        bridge.send({ type: 'clipboard-error', id, code });
        await assert.rejects(read, { name: 'VmError', code, message: codes[code] });
    }
});

test('a code that this library does not know keeps its name and the bridge\'s words', async t => {
    const { agent, bridge } = await connected(t);
    const read = agent.clipboard.readText();
    const { id } = await bridge.next('clipboard-request');
    bridge.send({ type: 'clipboard-error', id, code: 'full-moon', message: 'Not tonight.' });
    await assert.rejects(read, { code: 'full-moon', message: 'Not tonight.' });
});

test('an error in the middle of a stream fails the read, and the next one works', async t => {
    const { agent, bridge } = await connected(t);
    const read = agent.clipboard.readText();
    const { id, format } = await bridge.next('clipboard-request');
    bridge.send({ type: 'clipboard-data', id, format, stream: 1, size: 100_000 });
    await bridge.sendStream(1, new Uint8Array(50_000));
    bridge.send({ type: 'clipboard-error', id, code: 'agent-gone' });
    await assert.rejects(read, { code: 'agent-gone' });

    const again = agent.clipboard.readText();
    const next = await bridge.next('clipboard-request');
    bridge.send({ type: 'clipboard-data', id: next.id, format, stream: 1, size: 3 });
    await bridge.sendStream(1, Buffer.from('yes'));
    assert.equal(await again, 'yes');
});

test('a read that is aborted rejects at once; the data still on their way are taken and thrown away', async t => {
    const { agent, bridge } = await connected(t);
    const faults = [];
    agent.addEventListener('error', event => faults.push(event.message));
    const abort = new AbortController();
    const read = agent.clipboard.readText({ signal: abort.signal });
    const { id, format } = await bridge.next('clipboard-request');
    abort.abort();
    await assert.rejects(read, { name: 'AbortError' });
    bridge.send({ type: 'clipboard-data', id, format, stream: 1, size: 2_000_000 });
    await bridge.sendStream(1, new Uint8Array(2_000_000));
    assert.deepEqual(faults, []);
});

test('a request is answered with the reason when we own nothing, not that format, or too much of it', async t => {
    const limits = { clipboardBytes: 10, fileBytes: 1, frameBytes: 5, initialCredit: 5 };
    const { agent, bridge } = await connected(t, { limits });
    const ask = async format => {
        bridge.send({ type: 'clipboard-request', id: 1, format });
        return (await bridge.next('clipboard-error')).code;
    };
    assert.equal(await ask('text/plain'), 'not-owner');
    await agent.clipboard.writeText('x'.repeat(11));
    assert.equal(await ask('text/plain'), 'too-large');
    assert.equal(await ask('image/png'), 'not-offered');
    await agent.clipboard.write({ 'text/plain': () => Promise.reject(new Error('disk on fire')) });
    assert.equal(await ask('text/plain'), 'cancelled');
});

test('HTML is offered as its text too, unless there is one', async t => {
    const { agent, bridge } = await connected(t);
    for (const [item, text] of [[{}, 'a\nb'], [{ 'text/plain': 'mine' }, 'mine']]) {
        await agent.clipboard.write({ 'text/html': '<p>a</p><p>b</p>', ...item });
        bridge.send({ type: 'clipboard-request', id: 1, format: 'text/plain' });
        assert.equal((await bridge.next('clipboard-data')).text, text);
    }
});

test('an offer that the bridge refuses rejects, and is no offer', async t => {
    const { agent, bridge } = await connected(t);
    bridge.answersPings = false;
    const write = agent.clipboard.writeText('secret');
    const { id } = await bridge.next('ping');
    bridge.send({ type: 'error', code: 'policy-direction', about: 'clipboard-grab', message: 'No copying in.' });
    await assert.rejects(write, { code: 'policy-direction', message: 'No copying in.' });
    bridge.send({ type: 'pong', id });
    bridge.send({ type: 'clipboard-request', id: 1, format: 'text/plain' });
    assert.equal((await bridge.next('clipboard-error')).code, 'not-owner');
});

test('what somebody else copies is told, ends our offer, and so does its release', async t => {
    const { agent, bridge } = await connected(t);
    await agent.clipboard.writeText('mine');
    assert.equal(await agent.clipboard.readText(), 'mine');

    const offer = once(agent, 'clipboardoffer');
    bridge.send({ type: 'clipboard-grab', selection: 'clipboard', formats: ['text/plain'], serial: 12 });
    const { selection, formats, serial } = await offer;
    assert.deepEqual([selection, formats, serial], ['clipboard', ['text/plain'], 12]);
    bridge.send({ type: 'clipboard-request', id: 1, format: 'text/plain' });
    assert.equal((await bridge.next('clipboard-error')).code, 'not-owner');

    const end = once(agent, 'clipboardoffer');
    bridge.send({ type: 'clipboard-release' });
    assert.deepEqual((await end).formats, []);
    assert.deepEqual(await agent.clipboard.read(), []);
});

test('news about ownership from before the bridge saw our offer do not end it', async t => {
    const { agent, bridge } = await connected(t);
    bridge.send({ type: 'clipboard-grab', formats: ['text/plain'], serial: 1 });
    bridge.answersPings = false;
    const write = agent.clipboard.writeText('newer');
    const { id } = await bridge.next('ping');
    bridge.send({ type: 'clipboard-release' });
    bridge.send({ type: 'pong', id });
    await write;
    bridge.send({ type: 'clipboard-request', id: 1, format: 'text/plain' });
    assert.equal((await bridge.next('clipboard-data')).text, 'newer');
});

test('selections are kept apart', async t => {
    const { agent, bridge } = await connected(t);
    await agent.clipboard.writeText('one');
    await agent.clipboard.writeText('two', { selection: 'primary' });
    for (const [selection, text] of [['clipboard', 'one'], ['primary', 'two']]) {
        bridge.send({ type: 'clipboard-request', id: 1, selection, format: 'text/plain' });
        assert.equal((await bridge.next('clipboard-data')).text, text);
    }
    agent.clipboard.release({ selection: 'primary' });
    assert.equal((await bridge.next('clipboard-release')).selection, 'primary');
});
