// Tickets at the door of the SPICE ports: whom they let in, once, for how long, and what a guess costs.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { Bed } from '../support/bed.js';
import { eventually, within } from '../support/deadline.js';
import { SpiceClient } from '../support/spice.js';
import { SpiceGtk } from '../support/spice_gtk.js';
import { LinkError, LinkRefused } from '../support/spice_link.js';

const LASTING = 'a password that lasts';
const denied = (stage) => (error) =>
    error instanceof LinkRefused && error.stage === stage && error.code === LinkError.permissionDenied;

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

describe('tickets at the SPICE ports', () => {
    /** @type {Bed} */ let bed;
    /** @type {number} */ let port;
    const secrets = new Set([LASTING]);
    const clients = new Set();
    let addresses = 1;

    before(async () => {
        const listen = { 'spice-listen': '127.0.0.1:0' };
        const prepare = async ({ sandbox, options }) => {
            const file = sandbox.path('one.ticket');
            await writeFile(file, `${LASTING}\n`, { mode: 0o600 });
            options.vms.one['spice-ticket-file'] = file;
            options.verbose = true; // whatever it can tell of passwords, it does
        };
        const keys = { one: listen, two: listen };
        bed = await Bed.start({ vms: [], scripted: ['one', 'two'], sections: { server: listen }, keys, prepare });
        port = await bed.daemon.spicePort();
    });
    after(async () => {
        for (const client of clients) client.stream.destroy();
        await bed?.close();
    });

    /** An address of loopback that has failed in nothing yet. */
    const fresh = () => `127.0.1.${addresses++}`;

    /** Links with a password; from an address of its own where none is given. */
    async function enter(password, { at = port, from = fresh() } = {}) {
        const client = await SpiceClient.connect({ port: at, localAddress: from }, { password });
        clients.add(client);
        return client;
    }

    /** The name of the machine that the client was let in to. */
    const machineOf = async (client) => (await client.next('name')).name;

    async function ticket(vm, wish = {}) {
        const body = JSON.stringify(wish);
        const headers = { 'Content-Type': 'application/json' };
        const answer = await bed.daemon.get(`/api/v1/vms/${vm}/tickets`, { method: 'POST', headers, body });
        assert.equal(answer.status, 201, answer.text);
        secrets.add(answer.json().ticket);
        return answer.json();
    }

    async function gtk(password) {
        const peer = await SpiceGtk.start(bed.sandbox);
        const connected = peer.connect({ host: '127.0.0.1', port, password });
        return connected.then(() => peer, async (error) => {
            await peer.close();
            throw error;
        });
    }

    /** Lines of the log, which comes later than the answer. */
    const logged = (event, what) =>
        bed.daemon.log.split('\n').filter((line) => line.includes(`event=${event} `) && line.includes(what));
    const told = (reason) =>
        eventually(`the log tells of ${reason}`, () => logged('login-failed', reason).length === 1);

    test('spice-gtk comes in with the password of the ticket file, and not with another one', async () => {
        await assert.rejects(gtk('a password that never was'), { state: 'error-auth' });
        const peer = await gtk(LASTING);
        assert.equal((await peer.next('name')).value, 'one');
        await peer.close();
    });

    test('spice-gtk comes in once with a one-use ticket, and stays', async () => {
        const { ticket: once } = await ticket('two');
        const peer = await gtk(once);
        assert.equal((await peer.next('name')).value, 'two');
        await assert.rejects(gtk(once), { state: 'error-auth' });
        await told('token-used');
        const [only] = (await bed.daemon.vm('two')).clients;
        assert.equal(only.kind, 'spice');
        assert.equal(peer.seen('channel').some((one) => one.state === 'closed'), false);
        await peer.close();
    });

    test('a port of all machines lets in where the ticket says', async () => {
        assert.equal(await machineOf(await enter((await ticket('one')).ticket)), 'one');
        assert.equal(await machineOf(await enter((await ticket('two')).ticket)), 'two');
        assert.equal(await machineOf(await enter(LASTING)), 'one');
    });

    test("a machine's own port refuses the ticket of another, which stays good", async () => {
        const [own, other] = [await bed.daemon.spicePort('two'), await bed.daemon.spicePort('one')];
        const { ticket: once } = await ticket('one');
        await assert.rejects(enter(once, { at: own }), denied('result'));
        await assert.rejects(enter(LASTING, { at: own }), denied('result'));
        assert.equal(await machineOf(await enter(once, { at: other })), 'one');
    });

    test('an empty password opens the machine without a ticket file alone', async () => {
        assert.equal(await machineOf(await enter('', { at: await bed.daemon.spicePort('two') })), 'two');
        assert.equal(await machineOf(await enter('')), 'two');
        await assert.rejects(enter('', { at: await bed.daemon.spicePort('one') }), denied('result'));
    });

    test('a ticket is of no use after its time', async () => {
        const { ticket: late, expires } = await ticket('one', { seconds: 1 });
        await eventually('its time is over', () => Date.now() > Date.parse(expires));
        await assert.rejects(enter(late), denied('result'));
        await told('token-expired');
    });

    test('more tickets than are kept: the oldest goes, all others hold', async () => {
        const wanted = Array.from({ length: 65 }, () => ticket('one'));
        const all = (await Promise.all(wanted)).map((each) => each.ticket);
        assert.equal(new Set(all).size, all.length);
        const outcomes = await Promise.all(all.map((each) => enter(each).then(() => 'in', () => 'out')));
        assert.equal(outcomes.filter((each) => each === 'out').length, 1);
        assert.equal(await machineOf(await enter((await ticket('two')).ticket)), 'two', 'each machine has its own');
    });

    test('whatever is wrong with a ticket: the same answer, and as soon', async () => {
        const { ticket: used } = await ticket('one');
        await enter(used);
        const elsewhere = await bed.daemon.spicePort('two');
        const wrongs = {
            unknown: () => enter('x'.repeat(22)),
            long: () => enter('x'.repeat(60)),
            used: () => enter(used),
            'of another machine': () => enter(LASTING, { at: elsewhere }),
        };
        const times = Object.fromEntries(Object.keys(wrongs).map((what) => [what, []]));
        for (let turn = 0; turn < 15; ++turn) {
            for (const [what, attempt] of Object.entries(wrongs)) {
                const begun = performance.now();
                await assert.rejects(attempt(), denied('result'), what);
                times[what].push(performance.now() - begun);
            }
        }
        const medians = Object.values(times).map(median);
        const spread = Math.max(...medians) - Math.min(...medians);
        assert.ok(spread < 25, `${spread} ms between the medians ${JSON.stringify(medians)} of ${Object.keys(times)}`);
    });

    test('who fails again and again is slowed, then refused for a while; others are not', async () => {
        const from = fresh();
        const timeOf = async () => {
            const begun = performance.now();
            await assert.rejects(enter('a guess', { from }), denied('result'));
            return performance.now() - begun;
        };
        const times = [];
        for (let attempt = 0; attempt < 7; ++attempt) times.push(await timeOf());
        assert.ok(median(times.slice(0, 4)) < 200, `people may mistype: ${times}`);
        for (const [index, delay] of [250, 500, 1000].entries())
            assert.ok(times[4 + index] > delay - 5, `slower each time: ${times}`);
        await Promise.all([timeOf(), timeOf(), timeOf()]);
        await assert.rejects(enter('a guess', { from }), denied('reply'));
        await assert.rejects(enter(LASTING, { from }), denied('reply'), 'the right one is not heard either');
        assert.equal(await machineOf(await enter(LASTING, { from: '127.0.0.2' })), 'one');
    });

    test('a crowd of guesses at once gains nothing', async () => {
        const from = fresh();
        const crowd = Array.from({ length: 40 }, () => assert.rejects(enter('a guess', { from }), LinkRefused));
        await Promise.all(crowd);
        const [looked, unheard] = ['login-failed', 'link-refused'].map((event) => () => logged(event, `peer=${from}:`));
        await eventually('all of them are told', () => looked().length + unheard().length === crowd.length);
        assert.equal(looked().length, 10, 'passwords that were looked at');
    });

    test('a refused address is still served where it has logged in already', async () => {
        const from = fresh();
        const guesses = Array.from({ length: 12 }, () => assert.rejects(enter('a guess', { from }), LinkRefused));
        await Promise.all(guesses);
        await assert.rejects(enter(LASTING, { from }), denied('reply'));
        const options = { localAddress: from };
        const client = await SpiceClient.connect({ url: bed.daemon.url('one', 'spice'), options });
        clients.add(client);
        assert.equal(await machineOf(client), 'one');
    });

    test('no password at all is no guess: stock clients try it before they ask their user', async () => {
        const [at, from] = [await bed.daemon.spicePort('one'), fresh()];
        for (let attempt = 0; attempt < 12; ++attempt) await assert.rejects(enter('', { at, from }), denied('result'));
        await enter(LASTING, { at, from });
    });

    test('a right password buys no more guesses', async () => {
        const from = fresh();
        const mistype = () => assert.rejects(enter('mistyped', { from }), denied('result'));
        const timed = async () => {
            const begun = performance.now();
            await mistype();
            return performance.now() - begun;
        };
        for (let attempt = 0; attempt < 4; ++attempt) {
            await mistype();
            await enter(LASTING, { from });
        }
        assert.ok((await timed()) >= 250, 'the fifth one is held back');
    });

    test('a ticket that is rubbish is refused as a wrong one', async () => {
        for (const bytes of [Buffer.alloc(128), Buffer.alloc(128, 0xff)]) {
            const where = { port, localAddress: fresh() };
            await assert.rejects(SpiceClient.connect(where, { ticket: bytes }), denied('result'));
        }
    });

    test('a changed ticket file holds after a reload, and who is in stays', async () => {
        const inside = await enter(LASTING);
        await machineOf(inside);
        const { ticket: issued } = await ticket('one');
        const renewed = 'a renewed password';
        secrets.add(renewed);
        await writeFile(bed.sandbox.path('one.ticket'), renewed);
        await assert.rejects(enter(renewed), denied('result'), 'before the reload');
        assert.match(await bed.daemon.reload(), /event=reloaded/);
        const client = await eventually('the new password holds', () => enter(renewed));
        assert.equal(await machineOf(client), 'one');
        await assert.rejects(enter(LASTING), denied('result'));
        assert.equal(await machineOf(await enter(issued)), 'one', 'one-use tickets live on');
        inside.attachChannels();
        await within(2000, inside.next('channels-list'), 'an answer to who was in before');
    });

    test('nothing of a password is in the log', () => {
        assert.ok(secrets.size > 60);
        for (const secret of secrets) assert.ok(!bed.daemon.log.includes(secret), 'a password is in the log');
        for (const guess of ['a guess', 'mistyped', 'never was']) assert.ok(!bed.daemon.log.includes(guess), guess);
    });
});
