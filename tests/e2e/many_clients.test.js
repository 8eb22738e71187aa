// Ten clients on one machine: everybody hears of a copy, nobody receives what another asked for.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Bed } from '../support/bed.js';
import { textOfBytes } from '../support/data.js';

const CLIENTS = 10;

describe('ten clients of one machine', () => {
    /** @type {Bed} */ let bed;
    /** @type {import('../support/client.js').Client[]} */ let clients;

    before(async () => {
        bed = await Bed.start();
        clients = await Promise.all(Array.from({ length: CLIENTS }, () => bed.client()));
    });
    after(() => bed?.close());

    const all = (work) => Promise.all(clients.map(work));
    const forget = () => clients.forEach((client) => client.inbox.clear());

    test('have ids of their own, and one of them the lead', async () => {
        assert.equal(new Set(clients.map((client) => client.welcome.client)).size, CLIENTS);
        const list = await clients[0].next('clients', (frame) => frame.clients.length === CLIENTS);
        assert.deepEqual(
            list.clients.map(({ id }) => id).sort(),
            clients.map((client) => client.welcome.client).sort(),
        );
        assert.equal(list.clients.filter(({ lead }) => lead).length, 1);
    });

    test('all hear of a copy in the guest', async () => {
        forget();
        await bed.desktop.x11.copy('for everybody');
        const grabs = await all((client) => client.next('clipboard-grab'));
        for (const grab of grabs) assert.ok(grab.formats.includes('text/plain'));
    });

    test('one asks, and it alone receives', async () => {
        const asker = clients[3];
        assert.equal((await asker.read()).text, 'for everybody');
        await all((client) => client.barrier());
        for (const client of clients.filter((each) => each !== asker))
            assert.deepEqual(client.seen('clipboard-data'), []);
        assert.equal(asker.seen('clipboard-data').length, 1);
    });

    test('all ask at once, and each receives its own answer', async () => {
        const text = textOfBytes(300_000);
        forget();
        await bed.desktop.x11.copy(text);
        await all((client) => client.next('clipboard-grab'));
        for (const answer of await all((client) => client.read())) assert.ok(answer.bytes.equals(text));
    });

    test('one grabs, the guest asks, and the owner alone is asked', async () => {
        const owner = clients[7];
        await bed.desktop.x11.newOwner(() => owner.offer({ 'text/plain': 'from number seven' }));
        assert.equal(await bed.desktop.x11.pasteText(), 'from number seven');
        await all((client) => client.barrier());
        for (const client of clients) assert.equal(client.seen('clipboard-request').length, client === owner ? 1 : 0);
    });

    test('another grabs: the former owner is told, and the newest answers', async () => {
        const [former, newest] = [clients[7], clients[2]];
        forget();
        await bed.desktop.x11.newOwner(() => newest.offer({ 'text/plain': 'from number two' }));
        await former.next('clipboard-release');
        assert.equal(await bed.desktop.x11.pasteText(), 'from number two');
        assert.equal(former.seen('clipboard-request').length, 1, 'only the one from before');
    });

    test('what one client copied, another may not read', async () => {
        assert.equal((await clients[5].read()).code, 'not-owner');
        await all((client) => client.barrier());
        const others = clients.filter((client) => client !== clients[2]);
        for (const client of others)
            assert.deepEqual(
                client.inbox.all.filter((frame) => frame.text === 'from number two'),
                [],
            );
    });

    test('an answer from one that was not asked goes nowhere', async () => {
        const [owner, intruder] = [clients[2], clients[8]];
        owner.answers = false;
        const paste = bed.desktop.x11.pasteText();
        const { id } = await owner.next('clipboard-request');
        intruder.send({ type: 'clipboard-data', id, format: 'text/plain', text: 'forged' });
        await intruder.barrier();
        await owner.answerWith(id, 'text/plain', 'genuine');
        assert.equal(await paste, 'genuine');
        owner.answers = true;
    });

    test('the others are served on when one of them leaves', async () => {
        forget();
        const leaver = clients.pop();
        await leaver.close();
        for (const list of await all((client) => client.next('clients')))
            assert.equal(list.clients.length, CLIENTS - 1);
        await bed.desktop.x11.copy('still here');
        await all((client) => client.next('clipboard-grab'));
        for (const answer of await all((client) => client.read())) assert.equal(answer.text, 'still here');
    });
});

describe('a second client', () => {
    /** @type {Bed} */ let bed;

    before(async () => (bed = await Bed.start()));
    after(() => bed?.close());

    test('is offered what was copied in the guest before it came', async () => {
        const first = await bed.client();
        await bed.desktop.x11.copy('copied before');
        await first.next('clipboard-grab');
        const second = await bed.client();
        await second.next('clipboard-grab');
        assert.equal((await second.read()).text, 'copied before');
    });

    test('that stalls in the middle of a large paste does not hold up the first', async () => {
        const text = textOfBytes(8_000_000);
        const [quick, stalled] = [await bed.client(), await bed.client('one', { autoCredit: false })];
        await Promise.all(
            [quick, stalled].map(async (client) => {
                await client.barrier();
                client.inbox.clear(); // what was copied before they came is not meant
            }),
        );
        await bed.desktop.x11.copy(text);
        await Promise.all([quick, stalled].map((client) => client.next('clipboard-grab')));
        stalled.send({ type: 'clipboard-request', id: 1, format: 'text/plain' });
        await stalled.next('clipboard-data');
        assert.ok((await quick.read()).bytes.equals(text));
        stalled.cut();
    });
});
