// The viewer of a SPICE display between a server that the test plays and no page: what it says, in which order, and how
// it ends. Its picture, keys and pointer with a real server: tests/e2e/console_spice.test.js.

import assert from 'node:assert/strict';
import test from 'node:test';
import { Pieces } from '../../web/console/spice/channel.js';
import { pixelsOf } from '../../web/console/spice/cursor.js';
import { maskOf } from '../../web/console/spice/inputs.js';
import { scanCode } from '../../web/console/spice/scancodes.js';
import { fitted, visibleParts } from '../../web/console/spice/screen.js';
import { onClock } from './support/clock.js';
import { opened } from './support/spice_session.js';

const [MAIN, DISPLAY, INPUTS, CURSOR] = [1, 2, 3, 4];
const [PLAYBACK, USBREDIR] = [5, 9];

test('keys have the codes of their places, and an own one when they go up', () => {
    for (const [name, down, up] of [
        ['Escape', 0x01, 0x81], ['KeyA', 0x1e, 0x9e], ['Slash', 0x35, 0xb5], ['Space', 0x39, 0xb9], ['F10', 0x44, 0xc4],
        ['F11', 0x57, 0xd7], ['Numpad0', 0x52, 0xd2], ['IntlBackslash', 0x56, 0xd6], ['IntlYen', 0x7d, 0xfd],
        ['ArrowLeft', 0x4be0, 0xcbe0], ['Delete', 0x53e0, 0xd3e0], ['NumpadEnter', 0x1ce0, 0x9ce0],
        ['ControlRight', 0x1de0, 0x9de0], ['AltRight', 0x38e0, 0xb8e0], ['MetaLeft', 0x5be0, 0xdbe0],
    ]) assert.deepEqual([scanCode(name, true), scanCode(name, false)], [down, up], name);
    assert.equal(scanCode('BrowserHome', true), undefined);
});

test('buttons are the server\'s', () => {
    assert.deepEqual([0, 1, 2, 4, 7, 8].map(maskOf), [0, 1, 4, 2, 7, 0]);
});

test('what is drawn stays in its clip', () => {
    const box = { left: 10, top: 10, right: 20, bottom: 20 };
    const rects = [{ left: 0, top: 0, right: 12, bottom: 15 }, { left: 18, top: 5, right: 30, bottom: 30 },
        { left: 20, top: 10, right: 25, bottom: 20 }];
    assert.deepEqual(visibleParts({ box, clip: { type: 0 } }), [box]);
    assert.deepEqual(visibleParts({ box, clip: { type: 1, rects: { rects } } }), [
        { left: 10, top: 10, right: 12, bottom: 15 }, { left: 18, top: 10, right: 20, bottom: 20 }]);
    assert.deepEqual(visibleParts({ box, clip: { type: 1, rects: {} } }), []);
});

test('a picture keeps its shape, whatever its place', () => {
    assert.deepEqual(fitted([640, 480], [1000, 480]), [640, 480]);
    assert.deepEqual(fitted([640, 480], [320, 1000]), [320, 240]);
});

test('shapes of the pointer: with alpha, of two planes, and those that are not shown', () => {
    const alpha = Uint8Array.of(0, 64, 128, 128, 1, 2, 3, 0);
    assert.deepEqual([...pixelsOf(0, 2, 1, alpha)], [255, 128, 0, 128, 0, 0, 0, 0]);
    const planes = Uint8Array.of(0b0101_0000, 0b0011_0000);  // black, nothing, white, inverted
    assert.deepEqual([...pixelsOf(1, 4, 1, planes)],
        [0, 0, 0, 255, 0, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 255]);
    assert.equal(pixelsOf(0, 2, 2, alpha), null, 'too short');
    assert.equal(pixelsOf(0, 129, 1, new Uint8Array(129 * 4)), null, 'too large');
    assert.equal(pixelsOf(6, 1, 1, alpha), null, 'another kind');
});

test('what comes is cut into what is asked for, however it comes', () => {
    const whole = Uint8Array.from({ length: 20 }, (_, i) => i);
    for (let size = 1; size <= 20; ++size) {
        const taken = [];
        const pieces = new Pieces(piece => {
            taken.push([...new Uint8Array(piece)]);
            pieces.request([3, 7, 10][taken.length] ?? 1);
        });
        pieces.request(3);
        for (let at = 0; at < 20; at += size) pieces.add(whole.slice(at, at + size).buffer);
        assert.deepEqual(taken, [[0, 1, 2], [3, 4, 5, 6, 7, 8, 9], [...whole.slice(10)]], `in pieces of ${size}`);
    }
    assert.throws(() => new Pieces(() => {}).request(64 * 1024 * 1024 + 1), /a message of/);
});

test('main first, then display, inputs and cursor with its session, and nothing of agent, sound or USB', async t => {
    const { server } = await opened(t);
    const main = server.channels.get(MAIN);
    main.init({ session: 77 });
    assert.deepEqual(main.said(), ['104:']);
    main.list([DISPLAY, 0], [DISPLAY, 1], [INPUTS, 0], [CURSOR, 0], [PLAYBACK, 0], [USBREDIR, 0]);
    await server.linked(4);
    assert.deepEqual([...server.channels.keys()].sort(), [MAIN, DISPLAY, INPUTS, CURSOR]);
    assert.deepEqual([...server.channels.values()].map(({ session }) => session), [0, 77, 77, 77]);
    main.send(107, new Uint8Array(4));
    main.send(115, new Uint8Array(4));
    main.send(109, new Uint8Array(20));
    assert.deepEqual(main.said(), [], 'an agent that comes or speaks is not answered');
});

test('positions are asked for wherever the server takes them', async t => {
    const { server } = await opened(t);
    const main = server.channels.get(MAIN);
    main.init({ modes: 3, mode: 1 });
    assert.deepEqual(main.said(), ['105:2,0', '104:']);
    main.send(105, Uint8Array.of(3, 0, 2, 0));
    assert.deepEqual(main.said(), [], 'it has them');
    main.send(105, Uint8Array.of(1, 0, 1, 0));
    assert.deepEqual(main.said(), [], 'it does not take them');
    main.send(105, Uint8Array.of(3, 0, 1, 0));
    assert.deepEqual(main.said(), ['105:2,0']);
});

test('there is a picture once a surface and the inputs are there; a sign of life is asked of the inputs', async t => {
    const { server, viewer, events } = await opened(t);
    server.channels.get(MAIN).init({});
    server.channels.get(MAIN).list([DISPLAY, 0], [INPUTS, 0]);
    await server.linked(3);
    server.channels.get(DISPLAY).surface(640, 480);
    assert.deepEqual(events, []);
    const inputs = server.channels.get(INPUTS);
    inputs.send(101, new Uint8Array(2));
    assert.deepEqual(events, ['connect']);
    server.channels.get(DISPLAY).surface(720, 400);
    assert.deepEqual(events, ['connect'], 'once');
    viewer.ask();
    assert.deepEqual(inputs.said(), Array.from({ length: 4 }, () => '111:0,0,0,0,0,0,0,0,0,0'));
});

test('the end of a channel is the end, told once', t => onClock(async pass => {
    const { server, events } = await opened(t);
    server.channels.get(MAIN).init({});
    server.channels.get(MAIN).list([DISPLAY, 0], [INPUTS, 0]);
    await server.linked(3);
    server.channels.get(INPUTS).close();
    await pass(500);
    assert.deepEqual(events, ['disconnect']);
    assert.ok([...server.channels.values()].every(({ socket }) => socket.readyState === 3), 'all of them');
}));

const notice = main => main.notify('Somebody else has it.');
const loss = main => main.server.channels.get(DISPLAY).close();
for (const [name, first, second] of [['before', notice, loss], ['after', loss, notice]]) {
    test(`whose picture it is now is told, if the notice comes ${name} the channels' end`, t => onClock(async pass => {
        const { server, events, reasons } = await opened(t);
        const main = server.channels.get(MAIN);
        main.init({});
        main.list([DISPLAY, 0]);
        await server.linked(2);
        first(main);
        await pass(100);
        second(main);
        await pass(1);
        assert.deepEqual(events, ['securityfailure', 'disconnect']);
        assert.deepEqual(reasons, ['Somebody else has it']);
    }));
}

test('a notice that is older says nothing about the end', t => onClock(async pass => {
    const { server, events } = await opened(t);
    server.channels.get(MAIN).init({});
    server.channels.get(MAIN).notify('The weather is fine.');
    await pass(3001);
    server.channels.get(MAIN).close();
    assert.deepEqual(events, ['disconnect']);
}));

test('a list without a display is the end, unless a better one follows', t => onClock(async pass => {
    const { server, events } = await opened(t);
    const main = server.channels.get(MAIN);
    main.init({});
    main.list();
    await pass(400);
    main.list([DISPLAY, 0]);
    await server.linked(2);
    await pass(1000);
    assert.deepEqual(events, []);
    const { server: other, events: others } = await opened(t);
    other.channels.get(MAIN).init({});
    other.channels.get(MAIN).list([INPUTS, 0]);
    await pass(500);
    assert.deepEqual(others, ['disconnect']);
}));

test('a password that is wanted, and a link that is refused, have events of their own', async t => {
    const { events } = await opened(t, { auth: 7 });
    assert.deepEqual(events, ['credentialsrequired', 'disconnect']);
    const { events: others, reasons } = await opened(t, { error: 5 });
    assert.deepEqual(others, ['securityfailure', 'disconnect']);
    assert.deepEqual(reasons, ["SPICE's link error 5"]);
});

test('surfaces beyond all measure, and messages too, end the session', async t => {
    for (const spoil of [
        server => server.channels.get(DISPLAY).surface(65535, 65535),
        server => server.channels.get(DISPLAY).surface(0, 480),
        server => server.channels.get(DISPLAY).sendHeader(304, 0x7fff_ffff),
    ]) {
        await onClock(async pass => {
            const { server, events } = await opened(t);
            server.channels.get(MAIN).init({});
            server.channels.get(MAIN).list([DISPLAY, 0]);
            await server.linked(2);
            spoil(server);
            await pass(500);
            assert.deepEqual(events, ['disconnect']);
        });
    }
});

test('what can\'t be drawn is left out, and the picture goes on', async t => {
    const { server, canvas, events } = await opened(t);
    server.channels.get(MAIN).init({});
    server.channels.get(MAIN).list([DISPLAY, 0]);
    await server.linked(2);
    const display = server.channels.get(DISPLAY);
    display.send(304, new Uint8Array(3));
    display.send(125, new Uint8Array(4));
    display.surface(64, 48);
    assert.deepEqual([events, canvas.width], [[], 64]);
});
