// Layouts that a client asks for really change the guest's screen.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Bed } from '../support/bed.js';
import { eventually } from '../support/deadline.js';

const BURST = 50;
const LAST_OF_BURST = `${800 + 8 * (BURST - 1)}x${600 + BURST - 1}`;

describe('monitors', () => {
    /** @type {Bed} */ let bed;
    /** @type {import('../support/client.js').Client} */ let lead;

    before(async () => {
        bed = await Bed.start();
        lead = await bed.client();
    });
    after(() => bed?.close());

    const screenIs = (size) => eventually(`the screen is ${size}`, async () => (await bed.desktop.x11.size()) === size);

    test('the first client has the lead', () => assert.equal(lead.welcome.lead, true));

    for (const [width, height] of [
        [1280, 720],
        [1000, 700],
        [1920, 1080],
        [640, 480],
    ]) {
        test(`a layout of ${width}x${height} is applied and said to be`, async () => {
            const result = await lead.setMonitors([{ width, height }]);
            assert.equal(result.status, 'applied', JSON.stringify(result));
            await screenIs(`${width}x${height}`);
        });
    }

    test('a physical size does not keep the agent from applying it', async () => {
        const result = await lead.setMonitors([
            { width: 1024, height: 768, x: 0, y: 0, depth: 32, widthMm: 340, heightMm: 190 },
        ]);
        assert.equal(result.status, 'applied');
        await screenIs('1024x768');
    });

    test('a burst ends at the last layout, and each of it gets one result', async () => {
        const ids = Array.from({ length: BURST }, () => lead.newId());
        ids.forEach((id, step) =>
            lead.send({ type: 'monitors', id, monitors: [{ width: 800 + 8 * step, height: 600 + step }] }),
        );
        const results = await Promise.all(
            ids.map((id) => lead.next('monitors-result', (frame) => frame.id === id, 10000)),
        );
        assert.equal(results.at(-1).status, 'applied');
        for (const { status } of results) assert.match(status, /^(applied|superseded)$/);
        assert.ok(
            results.some(({ status }) => status === 'superseded'),
            'not every step is carried out',
        );
        await screenIs(LAST_OF_BURST);
        await lead.barrier();
        assert.equal(lead.seen('monitors-result').filter(({ id }) => ids.includes(id)).length, BURST);
    });

    test('a client without the lead is told so, and its layout is applied while it has the lead', async () => {
        const second = await bed.client();
        assert.equal(second.welcome.lead, false);
        const refused = await second.setMonitors([{ width: 1152, height: 864 }]);
        assert.deepEqual([refused.status, refused.code], ['refused', 'not-lead']);
        second.send({ type: 'lead' });
        await second.next('lead', (frame) => frame.you);
        await lead.next('lead', (frame) => !frame.you && frame.client === second.welcome.client);
        await screenIs('1152x864');
        await second.close();
        await lead.next('lead', (frame) => frame.you);
        await screenIs(LAST_OF_BURST);
    });

    test('what is no layout is refused and changes nothing', async () => {
        const before = await bed.desktop.x11.size();
        for (const monitors of [
            [],
            'all',
            [{ width: -1, height: 600 }],
            [{ width: 0, height: 0 }],
            [{ width: 70000, height: 1 }],
        ]) {
            lead.send({ type: 'monitors', id: lead.newId(), monitors });
            const answer = await lead.inbox.next((frame) => ['error', 'monitors-result'].includes(frame.type), {
                what: 'a refusal',
            });
            assert.equal(answer.code, 'bad-frame', JSON.stringify({ monitors, answer }));
        }
        await lead.barrier();
        assert.equal(await bed.desktop.x11.size(), before);
    });
});
