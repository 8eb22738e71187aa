// Ten SPICE clients and ten browsers on one machine: all hear of a copy, nobody suffers from one that misbehaves.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Bed } from '../support/bed.js';
import { textOfBytes } from '../support/data.js';
import { eventually, within } from '../support/deadline.js';
import { SpiceClient } from '../support/spice.js';
import { LinkRefused } from '../support/spice_link.js';
import { ToServer } from '../support/spice_main.js';
import { Format, Type } from '../support/vdi.js';

const EACH = 10;
const ANSWER_MS = 1000;
const FLOOD_MS = 1500;
const MEMORY_MARGIN_MIB = 48;
const SPICE = { server: { 'spice-listen': '127.0.0.1:0' } };

/** Does `work` again and again, as fast as others let it, until `end()`. */
function flood(work) {
    let ended = false;
    let rounds = 0;
    const done = (async () => {
        while (!ended) {
            await work();
            rounds += 1;
            await new Promise(setImmediate);
        }
    })();
    done.catch(() => {}); // end() tells
    return {
        get rounds() {
            return rounds;
        },
        end: async () => {
            ended = true;
            await done;
        },
    };
}

describe('ten SPICE clients and ten browsers', () => {
    /** @type {Bed} */ let bed;
    /** @type {SpiceClient[]} */ let spice;
    /** @type {import('../support/client.js').Client[]} */ let web;
    let port;
    let idle;

    const range = Array.from({ length: EACH });
    const connect = async (options) => {
        const client = await SpiceClient.connect({ port }, options);
        client.stream.on('error', () => {});
        return client;
    };

    before(async () => {
        // Who does not read holds up what the guest copies, for one deadline in all.
        bed = await Bed.start({ sections: { ...SPICE, limits: { 'request-deadline': '2s' } } });
        port = await bed.daemon.spicePort();
        spice = await Promise.all(range.map(() => connect()));
        web = await Promise.all(range.map(() => bed.client()));
        await Promise.all(spice.map((client) => client.agent()));
        await assertCopyIsRead('warmed up');
        idle = bed.daemon.rss();
    });
    after(async () => {
        await Promise.all((spice ?? []).map((client) => client.close()));
        await bed?.close();
    });

    function forget() {
        for (const client of spice) client.agentInbox.clear();
        for (const client of web) client.inbox.clear();
    }

    const seenData = (client) => client.agentInbox.all.filter((item) => item.type === Type.clipboard).length;

    /** What is copied in the guest is read by these. The agent may offer a copy twice: what is asked of it between the
     *  two is not answered, and asked again.
     *  @param {number} [timeoutMs]  for each answer, once the offer has come */
    async function assertCopyIsRead(text, { timeoutMs = 10_000, spices = spice, webs = web } = {}) {
        forget();
        await bed.desktop.x11.copy(text);
        const bytes = Buffer.from(text);
        const bySpice = spices.map(async (client) => {
            for (let answer; !answer?.bytes.equals(bytes); ) {
                await client.nextAgent(Type.grab);
                answer = await within(timeoutMs, client.read(), 'a SPICE client reads');
            }
        });
        const byWeb = webs.map(async (client) => {
            for (let answer; !answer?.bytes?.equals(bytes); ) {
                await client.next('clipboard-grab');
                answer = await within(timeoutMs, client.read(), 'a browser reads');
            }
        });
        await Promise.all([...bySpice, ...byWeb]);
    }

    /** All are answered in time, whatever goes on beside them. */
    async function assertAnswered() {
        const answers = [...spice, ...web].map((client) => client.barrier());
        await within(ANSWER_MS, Promise.all(answers), 'everybody is answered');
        bed.daemon.assertMemoryFlat(idle, MEMORY_MARGIN_MIB);
    }

    const assertServed = async () => {
        await assertAnswered();
        await assertCopyIsRead(`untouched ${Math.random()}`, { timeoutMs: ANSWER_MS });
    };

    test('all read what is copied in the guest, each its own answer', async () => {
        await assertCopyIsRead('for everybody');
        await assertCopyIsRead(textOfBytes(300_000));
    });

    test('one SPICE client copies: the paste in the guest is right, and it alone was asked', async () => {
        forget();
        await bed.desktop.x11.newOwner(() => spice[3].offer({ text: 'from SPICE client three' }));
        assert.equal(await bed.desktop.x11.pasteText(), 'from SPICE client three');
        await assertAnswered();
        const asked = (client) => client.agentInbox.all.filter((item) => item.type === Type.request).length;
        assert.deepEqual(spice.filter((client) => asked(client) > 0), [spice[3]]);
        for (const client of web) assert.deepEqual(client.seen('clipboard-request'), []);
    });

    test('a browser copies: the former owner is told, and the paste in the guest is right', async () => {
        forget();
        await bed.desktop.x11.newOwner(() => web[5].offer({ 'text/plain': 'from browser five' }));
        assert.equal(await bed.desktop.x11.pasteText(), 'from browser five');
        await assertAnswered();
        for (const client of web) assert.equal(client.seen('clipboard-request').length, client === web[5] ? 1 : 0);
    });

    test('what one copied, no other reads', async () => {
        const before = spice.map(seenData);
        await Promise.all(spice.map(async (client) => assert.equal((await client.read()).size, 0)));
        assert.deepEqual(spice.map(seenData), before.map((count) => count + 1));
        assert.equal((await web[1].read()).code, 'not-owner');
    });

    test('one that never grants tokens: the others are served, and it is once it grants', async () => {
        const miser = await connect({ tokens: 0, refund: 0 });
        for (let round = 0; round < 20; ++round) miser.request();
        await assertServed();
        assert.equal(miser.agentInbox.all.length, 0);
        // As much as it may say waits for its tokens: what makes them come is heard nevertheless.
        while (miser.tokens > 0) {
            for (let left = miser.tokens; left > 0; --left) await miser.announce(true);
            miser.attachChannels();
            await miser.next('channels-list'); // and what tokens there were before
        }
        await assertServed();
        miser.grant(100_000);
        await miser.agent();
        await miser.barrier();
        await miser.close();
    });

    test('one that never reads: the others are served', async () => {
        const deaf = await connect();
        await deaf.agent();
        const text = textOfBytes(8_000_000);
        await assertCopyIsRead(text, { spices: spice.slice(0, 1), webs: [] });
        deaf.pause();
        for (let round = 0; round < 20; ++round) deaf.request();
        for (let round = 0; round < 2000; ++round) deaf.attachChannels();
        await assertServed();
        await deaf.close();
        await assertServed();
    });

    test('one that announces and asks as fast as it can: the others are served', async () => {
        const eager = await connect();
        await eager.agent();
        const floods = flood(async () => {
            await eager.announce(true);
            await eager.request();
            await eager.request('png', 'primary');
        });
        const end = Date.now() + FLOOD_MS;
        while (Date.now() < end) await assertServed();
        await floods.end();
        assert.ok(floods.rounds > 100, `${floods.rounds} rounds`);
        assert.equal(eager.stream.closed, false);
        await eager.close();
        await assertServed();
    });

    test('one that asks for everything that it can on the channel itself: closed at most', async () => {
        const eager = await connect();
        const floods = flood(async () => {
            for (let count = 0; count < 100 && !eager.stream.closed; ++count) {
                eager.attachChannels();
                eager.requestMouseMode(2);
                eager.send(ToServer.clientInfo, Buffer.alloc(8));
            }
        });
        const end = Date.now() + FLOOD_MS;
        while (Date.now() < end) await assertServed();
        await floods.end();
        await eager.close();
        await assertServed();
    });

    test('one that grabs as fast as it can: the others are answered, and served when it is over', async () => {
        const greedy = await connect();
        await greedy.agent();
        const floods = flood(() => greedy.offer({ text: 'mine', png: 'mine' }));
        const end = Date.now() + FLOOD_MS;
        while (Date.now() < end) await assertAnswered();
        await floods.end();
        assert.ok(floods.rounds > 100, `${floods.rounds} rounds`);
        await greedy.barrier();
        await greedy.close();
        // The guest takes offers one after the other: when it has this one, the flood is behind it.
        web[0].offer({ 'text/plain': 'after the flood' });
        const pasted = () => bed.desktop.x11.pasteText();
        await eventually('the guest has taken all of it', async () => (await pasted()) === 'after the flood');
        await assertServed();
    });

    test('many that link and leave, again and again: the others are served', async () => {
        const floods = range.map(() => flood(async () => (await connect({ start: false })).close()));
        const end = Date.now() + FLOOD_MS;
        while (Date.now() < end) await assertServed();
        await Promise.all(floods.map((each) => each.end()));
        assert.ok(floods.every((each) => each.rounds > 5), `${floods.map((each) => each.rounds)} rounds`);
        await assertServed();
        await eventually('they are all gone', async () => (await bed.daemon.vm('one')).clients.length === 2 * EACH);
    });
});

describe('a second client where one is enough', () => {
    const start = (rule) => Bed.start({
        vms: [], scripted: ['one'], sections: { ...SPICE, policy: { 'several-clients': rule } },
    });

    async function withBed(rule, check) {
        const bed = await start(rule);
        try {
            const port = await bed.daemon.spicePort();
            const guest = await bed.guest();
            await check({ bed, guest, spice: () => SpiceClient.connect({ port }) });
        } finally {
            await bed.close();
        }
    }

    /** The guest's copy reaches this one. */
    async function assertServed(guest, client) {
        await client.agent();
        await guest.grab(Format.text);
        const reading = client instanceof SpiceClient
            ? client.nextAgent(Type.grab).then(() => client.read())
            : client.next('clipboard-grab').then(() => client.read());
        await guest.next(Type.request);
        await guest.giveText('yours');
        assert.equal((await reading).text, 'yours');
    }

    test('take-over: whoever comes replaces the other, whatever they speak', () =>
        withBed('take-over', async ({ bed, guest, spice }) => {
            const first = await spice();
            await assertServed(guest, first);
            const second = await spice();
            assert.match((await first.next('notify')).text, /took over/);
            assert.equal((await first.next('disconnecting')).reason, 0);
            await first.closedByPeer();
            await assertServed(guest, second);
            const browser = await bed.client();
            await second.next('disconnecting');
            await second.closedByPeer();
            await assertServed(guest, browser);
            const third = await spice();
            assert.equal((await browser.closedByPeer()).code, 4000);
            await assertServed(guest, third);
            assert.match(bed.daemon.log, /event=client-disconnected vm=one client=1 reason="another client took over"/);
            await third.close();
        }));

    test('refuse: who is there stays, whatever they speak', () =>
        withBed('refuse', async ({ bed, guest, spice }) => {
            const first = await spice();
            await assertServed(guest, first);
            await assert.rejects(spice(), (error) => error instanceof LinkRefused && error.stage === 'result');
            await assert.rejects(bed.client(), /busy|1008|1006/);
            await assertServed(guest, first);
            await first.close();
            const gone = async () => (await bed.daemon.vm('one')).clients.length === 0;
            await eventually('the first is gone', gone);
            const browser = await bed.client();
            await assertServed(guest, browser);
            await assert.rejects(spice(), LinkRefused);
            await assertServed(guest, browser);
            assert.match(bed.daemon.log, /event=client-refused vm=one .*reason=busy/);
        }));
});
