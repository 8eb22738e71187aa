// The whole session of a machine behind a SPICE server, through the bridge: real QEMU at one end, real spice-gtk at the
// other. spice_bare_qemu.test.js has the same without a bridge.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Daemon } from '../support/daemon.js';
import { eventually } from '../support/deadline.js';
import { Channel, SessionBed, UPSTREAM } from '../support/session_bed.js';
import { SESSION, SpiceGtk } from '../support/spice_gtk.js';
import { LinkRefused } from '../support/spice_link.js';

const BACK_MS = 2000;
const KEY_A = 0x1e;

const closed = (peer, type) =>
    peer.next('channel', (one) => one.type === type && one.state !== 'new' && one.state !== 'opened', 10000);

describe('a whole session through the bridge', () => {
    /** @type {SessionBed} */ let session;
    /** @type {import('../support/bare_qemu.js').BareQemu} */ let machine;

    before(async () => {
        session = await SessionBed.start();
        machine = session.machine;
    });
    after(() => session?.close());

    test('the channels are those of the server, and so is the mode of the mouse', async () => {
        const watcher = await session.watcher();
        assert.equal(watcher.init.mouseMode, 1);
        assert.equal(watcher.init.supportedMouseModes, 1, 'no tablet is in use');
        watcher.attachChannels();
        const { channels } = await watcher.next('channels-list');
        const types = channels.map(({ type }) => type).sort();
        assert.deepEqual(types, [Channel.display, Channel.inputs, Channel.cursor]);
        await watcher.close();
    });

    test('the API tells a server that is linked from an agent that is there, and no path of a file', async () => {
        const { guest, display } = await session.bed.daemon.vm('one');
        const address = `spice:127.0.0.1:${machine.port}`;
        const { connected, problem, server } = guest;
        assert.deepEqual({ connected, problem, server }, { connected: false, problem: null, server: { linked: true } });
        assert.deepEqual([guest.address, display.address], [address, address]);
    });

    test('a client that leaves is not lost, and its channels say that it has gone', async () => {
        const user = await session.user();
        const seen = session.bed.daemon.log.length;
        await user.close();
        const said = () => session.bed.daemon.log.slice(seen);
        await eventually('it has gone', () => said().includes('event=client-disconnected'));
        assert.match(said(), /event=client-disconnected .*reason="closed by the client"/);
        assert.doesNotMatch(said(), /no right to it/);
    });

    test('the client has the pixels that QEMU has', async () => {
        const user = await session.user();
        await user.shows(await machine.picture('x'));
        await user.shows(await machine.picture('y'));
        await user.next('cursor');
        await user.close();
    });

    test('a key of the client arrives', async () => {
        const user = await session.user();
        const picture = await machine.picture('a');
        await user.shows(await machine.picture('z'));
        await user.press(KEY_A);
        await user.shows(picture);
        assert.equal((await machine.screen()).sha256, picture);
        await user.close();
    });

    test('a click of the client arrives', async () => {
        const user = await session.user();
        const picture = await machine.pictureOfClick('left');
        await user.shows(await machine.picture('z'));
        await user.motion(10, 5);
        await user.click(1);
        await user.shows(picture);
        assert.equal((await machine.screen()).sha256, picture);
        await user.close();
    });

    test('the mode of the mouse changes as the server says, and the client may ask for it', async () => {
        const user = await session.user();
        assert.equal((await user.state()).mouseMode, 1);
        await machine.useTablet();
        await user.command('mouse-mode', { mode: 2 }).answer;
        await user.next('mouse', (event) => event.mode === 2);
        await user.position(100, 50);
        await user.close();
    });

    test('one ticket opens all channels of a session', async () => {
        const headers = { 'Content-Type': 'application/json' };
        const answer = await session.bed.daemon.get('/api/v1/vms/one/tickets', { method: 'POST', headers, body: '{}' });
        const user = await session.user({ password: answer.json().ticket });
        await user.shows(await machine.picture('t'));
        await user.close();
    });

    test('a second client takes the display over, which the first is told, and gives it back', async () => {
        const first = await session.user({ debug: true });
        const second = await session.user();
        await closed(first, 'display');
        await first.notified(/display/i);
        await second.shows(await machine.picture('u'));
        assert.equal(first.seen('channel').filter((one) => one.type === 'main').at(-1).state, 'opened');
        await second.close();
        await first.opened(...SESSION);
        await first.shows(await machine.picture('x'));
        await first.close();
    });

    test('a client that leaves in the middle of a burst disturbs nobody', async () => {
        const watcher = await session.watcher();
        const still = await machine.picture('n');
        for (let round = 0; round < 3; ++round) {
            const user = await session.user();
            await machine.press('b');
            await user.draws(20);
            await user.child.stop('SIGKILL');
            await machine.press('n');
        }
        const user = await session.user();
        await user.shows(still);
        await user.shows(await machine.picture('v'));
        assert.ok(!watcher.closed, 'who only has the main channel still has it');
        await Promise.all([user.close(), watcher.close()]);
        assert.ok(!session.bed.daemon.log.includes('event=guest-unreachable'), session.bed.daemon.log);
    });

    test('a QEMU that is killed and started again is back within 2 s, its session too', async () => {
        const user = await session.user();
        await machine.kill();
        await closed(user, 'display');
        await machine.restart();
        const start = Date.now();
        await user.opened(...SESSION);
        assert.ok(Date.now() - start < BACK_MS, `${Date.now() - start} ms`);
        await user.shows(await machine.picture('w'));
        const picture = await machine.picture('a');
        await user.shows(await machine.picture('z'));
        await user.press(KEY_A);
        await user.shows(picture);
        await user.close();
    });

    test('a wrong ticket opens no channel, and neither does a session that is not there', async () => {
        const watcher = await session.watcher();
        const { sessionId: connectionId } = watcher.init;
        watcher.attachChannels();
        await watcher.next('channels-list');
        for (const type of [Channel.display, Channel.inputs, Channel.cursor]) {
            const guess = { connectionId, password: 'a guess', from: `127.0.2.${type}` };
            await assert.rejects(session.channel(type, guess), LinkRefused);
        }
        const elsewhere = { connectionId: (connectionId ^ 1) >>> 0 };
        await assert.rejects(session.channel(Channel.display, elsewhere), LinkRefused);
        await session.channel(Channel.inputs, { connectionId });
        await watcher.close();
    });

    test('a channel that the server does not list is refused', async () => {
        const watcher = await session.watcher();
        const { sessionId: connectionId } = watcher.init;
        watcher.attachChannels();
        await watcher.next('channels-list');
        await assert.rejects(session.channel(Channel.display, { connectionId, channelId: 7 }), LinkRefused);
        await watcher.close();
    });

    test('a wrong password for the server is a named error, and the right one is taken without a restart', async () => {
        await session.password('wrong');
        await machine.kill();
        await machine.restart();
        await session.bed.daemon.child.says(/event=guest-unreachable .*reason="?the server refuses the password/);
        const { problem, server } = (await session.bed.daemon.vm('one')).guest;
        assert.deepEqual([problem, server], ['the server refuses the password', { linked: false }]);
        await session.password(UPSTREAM);
        await session.bed.daemon.child.says(/the server refuses the password[^]*event=spice-server-linked/);
        const user = await session.user();
        await user.shows(await machine.picture('r'));
        await user.close();
    });
});

describe('a whole session of a machine that migrates', () => {
    /** @type {SessionBed} */ let session;

    before(async () => {
        session = await SessionBed.start();
    });
    after(() => session?.close());

    test('goes on at the new host, with the same picture', async () => {
        const { machine } = session;
        const user = await session.user();
        const picture = await machine.picture('a');
        await user.shows(await machine.picture('x'));
        await machine.migrate();
        await closed(user, 'display');
        await user.opened(...SESSION);
        await user.shows((await machine.screen()).sha256);
        await user.press(KEY_A);
        await user.shows(picture);
        await user.close();
    });
});

describe('a whole session with `spice-session = refuse`', () => {
    /** @type {SessionBed} */ let session;

    before(async () => {
        session = await SessionBed.start({ 'spice-session': 'refuse' });
    });
    after(() => session?.close());

    test('who has the display keeps it, and the other is told', async () => {
        const { machine } = session;
        const first = await session.user();
        const second = await session.user({ channels: ['main'], debug: true });
        await second.notified(/display/i);
        await session.bed.daemon.child.says(/event=session-refused vm=one client=\d+/);
        const { channels } = await second.state();
        assert.deepEqual(channels.map(({ type }) => type), ['main']);
        const watcher = await session.watcher();
        const { sessionId: connectionId } = watcher.init;
        await assert.rejects(session.channel(Channel.display, { connectionId }), LinkRefused);
        await watcher.close();
        await first.shows(await machine.picture('x'));
        await second.close();

        const heir = await SpiceGtk.connect(session.bed.sandbox, session.where());
        await first.close();
        await heir.opened(...SESSION);
        await heir.shows(await machine.picture('y'));
        await heir.close();
    });
});

describe('a whole session with `inputs = off`', () => {
    /** @type {SessionBed} */ let session;

    before(async () => {
        session = await SessionBed.start({ inputs: 'off' });
    });
    after(() => session?.close());

    test('the display is shown, and no key arrives', async () => {
        const { machine } = session;
        const user = await SpiceGtk.connect(session.bed.sandbox, session.where(), { debug: true });
        await user.opened('main', 'display', 'cursor');
        const still = await machine.picture('x');
        await user.shows(still);
        await machine.press('b');
        await user.draws(20);
        await user.press(KEY_A); // else the burst would end
        await user.notified(/keys and clicks are not allowed/);
        await user.press(KEY_A);
        await machine.paints(20);
        assert.equal(session.bed.daemon.log.match(/event=inputs-held/g).length, 1);
        await machine.press('x');
        await user.shows(still);
        await user.close();
    });
});

describe('two bridges before one SPICE server', () => {
    const FIGHT_MS = 6000;
    /** @type {SessionBed} */ let session;
    /** @type {Daemon} */ let rival;

    before(async () => {
        session = await SessionBed.start();
        const { guest } = session.bed.options.vms.one;
        rival = await Daemon.startWith(session.bed.sandbox, ['serve', '--listen', '127.0.0.1:0', '--vm', `one=${guest}`]);
    });
    after(() => session?.close());

    const taken = /event=guest-unreachable .*another one may have taken it/;
    const lines = ({ log }) => log.match(/event=(spice-server-linked|guest-unreachable).*/g) ?? [];
    const links = ({ log }) => log.match(/event=spice-server-linked/g).length;

    test('say that somebody else takes the server, and soon are silent about it', async () => {
        const { daemon } = session.bed;
        await Promise.all([daemon, rival].map(({ child }) => child.says(taken)));
        const end = Date.now() + FIGHT_MS;
        await eventually('time has passed', () => Date.now() > end, { timeoutMs: 2 * FIGHT_MS });
        for (const each of [daemon, rival]) assert.ok(lines(each).length <= 5, lines(each).join('\n'));
        const { guest } = (await rival.get('/api/v1/vms/one')).json();
        assert.match(guest.problem, /another one may have taken it/);
    });

    test('are back within 2 s when QEMU is killed and started again', async () => {
        const { daemon } = session.bed;
        const before = [daemon, rival].map(links);
        await session.machine.kill();
        await eventually('one has seen it', () => [daemon, rival].some(({ log }) => /refused/i.test(log)));
        await session.machine.restart();
        const start = Date.now();
        await eventually('one is linked', () => [daemon, rival].some((each, at) => links(each) > before[at]));
        assert.ok(Date.now() - start < BACK_MS, `${Date.now() - start} ms`);
    });
});
