// Browsers move the pointer of a real agent, whose device is a pipe: what the guest's kernel would be told.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { Bed } from '../support/bed.js';
import { SpiceServer } from '../support/spice_server.js';

/** What sockets between the bridge and the agent hold, which nobody takes back: some hundred small messages each. */
const MOST_WAITING = 1500;

/** Each is a way to the agent; gives what the bed is started with. */
const WAYS = {
    'a unix socket': {},
    'a SPICE server': {
        prepare: async (bed) => {
            const server = await SpiceServer.start(bed.sandbox, bed.guestSocket());
            bed.options.vms.one.guest = `spice:127.0.0.1:${server.port}`;
        },
    },
};

for (const [name, way] of Object.entries(WAYS)) {
    describe(`the mouse through ${name}`, () => {
        /** @type {Bed} */ let bed;
        /** @type {import('../support/fake_input.js').FakeInput} */ let input;
        /** @type {import('../support/client.js').Client} */ let alice;
        /** @type {import('../support/client.js').Client} */ let bob;

        before(async () => {
            bed = await Bed.start(way);
            input = bed.desktop.input;
            [alice, bob] = [await bed.client(), await bed.client()];
        });
        after(() => bed?.close());

        /** Each test begins with the pointer at 0, 0. */
        beforeEach(async () => {
            mouse(alice, 1, 1);
            mouse(alice, 0, 0);
            await input.until({ x: 0, y: 0 }, 15000);
        });

        const mouse = (client, x, y, ...buttons) => client.send({ type: 'mouse', x, y, buttons });

        test('a position arrives as it is', async () => {
            mouse(alice, 799, 599);
            assert.deepEqual(await input.next(), { x: 799, y: 599 });
            mouse(bob, 799, 0);
            assert.deepEqual(await input.next(), { y: 0 });
        });

        test('each button goes down and up, alone and with others', async () => {
            for (const button of ['left', 'middle', 'right', 'side', 'extra']) {
                mouse(alice, 0, 0, button);
                assert.deepEqual(await input.next(), { [button]: 1 });
                mouse(alice, 0, 0);
                assert.deepEqual(await input.next(), { [button]: 0 });
            }
            mouse(alice, 5, 6, 'left', 'right');
            assert.deepEqual(await input.next(), { x: 5, y: 6, left: 1, right: 1 });
            mouse(alice, 7, 6, 'right');
            assert.deepEqual(await input.next(), { x: 7, left: 0 });
            mouse(alice, 7, 6);
            assert.deepEqual(await input.next(), { right: 0 });
        });

        test('the wheel turns by the steps that it was turned', async () => {
            for (const step of ['up', 'up', 'down', 'up']) {
                mouse(alice, 0, 0, step);
                mouse(alice, 0, 0);
            }
            mouse(alice, 1, 0);
            assert.deepEqual(await input.until({ x: 1 }), [
                { wheel: 1 }, { wheel: 1 }, { wheel: -1 }, { wheel: 1 }, { x: 1 },
            ]);
        });

        test('nobody ends what another one drags', async () => {
            mouse(alice, 10, 10, 'left');
            assert.deepEqual(await input.next(), { x: 10, y: 10, left: 1 });
            mouse(bob, 20, 10);
            assert.deepEqual(await input.next(), { x: 20 });
            mouse(alice, 30, 10, 'left');
            assert.deepEqual(await input.next(), { x: 30 });
            mouse(alice, 30, 10);
            assert.deepEqual(await input.next(), { left: 0 });
        });

        for (const [how, end] of Object.entries({
            closes: (client) => client.close(),
            'is cut off': (client) => client.cut(),
        })) {
            test(`of a client that ${how} with a button down the button comes up`, async () => {
                const carol = await bed.client();
                mouse(carol, 40, 50, 'left', 'right');
                assert.deepEqual(await input.next(), { x: 40, y: 50, left: 1, right: 1 });
                mouse(bob, 60, 50, 'right');
                assert.deepEqual(await input.next(), { x: 60 });
                await end(carol);
                assert.deepEqual(await input.next(), { left: 0 }, 'and bob still holds his');
                mouse(bob, 60, 50);
                assert.deepEqual(await input.next(), { right: 0 });
            });
        }

        test('while the agent does not read, presses and releases wait, each where it was', async () => {
            const CLICKS = 40;
            bed.desktop.vdagentd.child.signal('SIGSTOP');
            const expected = [];
            for (let click = 1; click <= CLICKS; ++click) {
                for (let x = 0; x < 250; ++x) mouse(alice, x, click);
                mouse(alice, 300, click, 'left');
                for (let x = 0; x < 250; ++x) mouse(alice, x, click, 'left');
                mouse(alice, 400, click);
                expected.push(`left at 300,${click}`, `up at 400,${click}`);
            }
            mouse(alice, 777, 555);
            await alice.barrier();
            bed.desktop.vdagentd.child.signal('SIGCONT');
            const reports = await input.until({ x: 777, y: 555 }, 20000);
            assert.ok(reports.length < MOST_WAITING, `${reports.length} reports of ${CLICKS * 502}`);
            let at = {};
            const seen = [];
            for (const report of reports) {
                at = { ...at, ...report };
                if ('left' in report) seen.push(`${report.left ? 'left' : 'up'} at ${at.x},${at.y}`);
            }
            assert.deepEqual(seen, expected);
        });

        test('an agent that goes amid a press and comes back has no button down', async () => {
            mouse(alice, 10, 10, 'left');
            assert.deepEqual(await input.next(), { x: 10, y: 10, left: 1 });
            alice.inbox.clear();
            await bed.desktop.reopened(async () => {
                await bed.desktop.stopAgent();
                await alice.next('agent', (frame) => !frame.connected);
                bed.desktop.startAgent();
            });
            await alice.next('agent', (frame) => frame.connected, 15000);
            mouse(bob, 20, 20);
            for (const report of await input.until({ x: 20, y: 20 }))
                assert.ok(!('left' in report), JSON.stringify(report));
            mouse(alice, 30, 20, 'left');
            assert.deepEqual(await input.next(), { x: 30, left: 1 });
            mouse(alice, 30, 20);
            assert.deepEqual(await input.next(), { left: 0 });
        });
    });
}
