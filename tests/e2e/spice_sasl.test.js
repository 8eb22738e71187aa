// SPICE clients that log in by name, through libsasl2: as spice-gtk does it, and as nobody should.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Bed } from '../support/bed.js';
import { makeCertificate } from '../support/certificates.js';
import { eventually } from '../support/deadline.js';
import { SpiceGtk } from '../support/spice_gtk.js';
import { LinkError, LinkRefused, Mechanism } from '../support/spice_link.js';
import { SaslTalk, makeAccounts, plain } from '../support/spice_sasl.js';

const PASSWORD = 'down the rabbit hole';
const refusedWith = (stage, code) => (error) =>
    error instanceof LinkRefused && error.stage === stage && error.code === code;

/** A bridge with TLS, the account of alice, and a port for machine `one`. */
async function bridge({ mechanisms, scripted = ['one'] } = {}) {
    let shown;
    const prepare = async ({ sandbox, options }) => {
        shown = await makeCertificate(sandbox, 'bridge');
        const server = { 'tls-certificate': shown.certificate, 'tls-key': shown.key, 'spice-sasl': 'on' };
        const env = await makeAccounts(sandbox, { alice: PASSWORD }, mechanisms);
        Object.assign(options, { sections: { server }, ca: shown.pem, env, verbose: true });
        server['spice-listen'] = '127.0.0.1:0';
        options.vms.one['spice-listen'] = `127.0.0.1:0;unix:${sandbox.path('one.spice')}`;
    };
    const bed = await Bed.start({ vms: [], scripted, prepare });
    return { bed, shown, port: await bed.daemon.spicePort('one') };
}

/** A session of spice-gtk, for as long as `use` takes. */
async function withGtk(bed, where, use = async () => {}) {
    const peer = await SpiceGtk.start(bed.sandbox);
    try {
        await peer.connect({ host: '127.0.0.1', ...where });
        assert.equal((await peer.next('name')).value, 'one');
        await use(peer);
    } finally {
        await peer.close();
    }
}

for (const mechanism of ['SCRAM-SHA-256', 'PLAIN']) {
    describe(`spice-gtk and ${mechanism}`, () => {
        /** @type {Bed} */ let bed;
        let where;

        before(async () => {
            const made = await bridge({ mechanisms: [mechanism] });
            bed = made.bed;
            where = { 'tls-port': made.port, 'ca-file': made.shown.certificate };
        });
        after(() => bed?.close());

        test('the right password lets in by name', async () => {
            await withGtk(bed, { ...where, username: 'alice', password: PASSWORD }, async () => {
                const [client] = (await bed.daemon.vm('one')).clients;
                assert.deepEqual([client.kind, client.user], ['spice', 'alice']);
            });
        });

        test('without TLS spice-gtk does not log in at all', async () => {
            const open = { port: where['tls-port'], username: 'alice', password: PASSWORD };
            await assert.rejects(withGtk(bed, open), { event: 'channel' });
        });

        test('a wrong password and an unknown user do not', async () => {
            const wrong = [{ username: 'alice', password: 'x' }, { username: 'mallory', password: PASSWORD }];
            for (const login of wrong)
                await assert.rejects(withGtk(bed, { ...where, ...login }), { state: 'error-auth' });
            await withGtk(bed, { ...where, username: 'alice', password: PASSWORD });
        });

        test('no password is in the log', () => {
            assert.match(bed.daemon.log, /event=login-failed/);
            assert.ok(!bed.daemon.log.includes(PASSWORD));
        });
    });
}

describe('SASL at the SPICE ports', () => {
    /** @type {Bed} */ let bed;
    /** @type {number} */ let port;
    const talks = new Set();
    let addresses = 1;

    before(async () => void ({ bed, port } = await bridge({ scripted: ['one', 'two'] })));
    after(async () => {
        for (const talk of talks) talk.close();
        await bed?.close();
    });

    const fresh = () => `127.0.1.${addresses++}`;

    /** @param {{ at?: any, from?: string, secure?: boolean }} [how] */
    async function talk({ at = { port }, from = fresh(), secure = true, ...options } = {}) {
        const where = 'path' in at ? at : { ...at, localAddress: from, ...(secure && { tls: { ca: bed.daemon.ca } }) };
        const opened = await SaslTalk.open(where, options);
        talks.add(opened);
        return opened;
    }

    const guess = async (from) => (await talk({ from })).start('PLAIN', plain('alice', 'a guess'));
    const logged = (event, what) =>
        bed.daemon.log.split('\n').filter((line) => line.includes(`event=${event} `) && line.includes(what));

    async function assertRefused(answer) {
        assert.deepEqual(await answer, { refused: true, sentence: 'Authentication failed' });
    }

    /** Whoever is silent is gone after a while: begun first, awaited last. */
    let silent;
    test('a connection that falls silent is begun', async () => {
        silent = { link: await talk(), name: await talk(), data: await talk() };
        silent.name.stream.write(Buffer.from([5, 0, 0, 0]));
        silent.data.start('PLAIN', undefined).catch(() => {});
    });

    test('PLAIN is offered where nobody reads along, and only there', async () => {
        assert.ok((await talk()).mechanisms.includes('PLAIN'), 'over TLS');
        assert.ok((await talk({ at: { path: bed.sandbox.path('one.spice') } })).mechanisms.includes('PLAIN'), 'local');
        const open = await talk({ secure: false });
        assert.ok(open.mechanisms.includes('SCRAM-SHA-256'), String(open.mechanisms));
        for (const name of ['PLAIN', 'LOGIN', 'ANONYMOUS', 'EXTERNAL'])
            assert.ok(!open.mechanisms.includes(name), name);
        await assertRefused(open.start('PLAIN', plain('alice', PASSWORD)));
    });

    test('the right password lets in, also where it is asked for first', async () => {
        const first = await talk();
        const answer = await first.start('PLAIN', plain('alice', PASSWORD));
        assert.equal(answer.complete, true);
        assert.deepEqual(await first.verdict(), { sasl: 0, link: LinkError.ok });
        const second = await talk();
        assert.equal((await second.start('PLAIN', undefined)).complete, false);
        assert.equal((await second.step(plain('alice', PASSWORD))).complete, true);
        assert.deepEqual(await second.verdict(), { sasl: 0, link: LinkError.ok });
    });

    test('a port of all machines leads nowhere while there are two', async () => {
        const shared = await talk({ at: { port: await bed.daemon.spicePort() } });
        assert.equal((await shared.start('PLAIN', plain('alice', PASSWORD))).complete, true);
        assert.equal((await shared.reader.take(4)).readUInt32LE(0), 1);
        const why = 'the port belongs to no machine';
        await eventually('the log says why', () => logged('login-failed', why).length === 1);
    });

    test('whoever comes with a ticket is told that it takes SASL', async () => {
        await assert.rejects(talk({ mechanism: Mechanism.ticket }), refusedWith('result', LinkError.invalidData));
    });

    test('a mechanism that was not offered is refused', async () => {
        for (const name of ['NOTHING', 'ANONYMOUS', 'plain', 'PLAIN ', 'PLAIN,LOGIN', 'PLAIN\0'])
            await assertRefused((await talk()).start(name, plain('alice', PASSWORD)));
    });

    test('so are lengths that nobody needs, before anything is kept', async () => {
        for (const nameSize of [0, 21, 0xffffffff])
            await assertRefused((await talk()).start('PLAIN', undefined, { nameSize }));
        for (const dataSize of [64 * 1024 + 1, 0x7fffffff, 0xffffffff]) {
            await assertRefused((await talk()).start('PLAIN', undefined, { dataSize }));
            const later = await talk();
            assert.equal((await later.start('PLAIN', undefined)).complete, false);
            await assertRefused(later.step(undefined, { dataSize }));
        }
    });

    test('a long message that is none of the mechanism is refused', async () => {
        await assertRefused((await talk()).start('PLAIN', Buffer.alloc(60 * 1024)));
        await assertRefused((await talk()).start('SCRAM-SHA-256', Buffer.from('n,,n=alice')));
    });

    test('who fails again and again is slowed before a word is said, then refused', async () => {
        const from = fresh();
        for (let attempt = 0; attempt < 4; ++attempt) await assertRefused(guess(from));
        const begun = performance.now();
        await talk({ from });
        assert.ok(performance.now() - begun > 245, 'the mechanisms come late');
        const first = await talk({ from });
        const after = performance.now();
        assert.equal((await first.start('PLAIN', plain('alice', PASSWORD))).complete, true);
        assert.ok(performance.now() - after < 240, 'a right password is not told from a wrong one by its time');
    });

    test('a crowd of guesses at once gains nothing', async () => {
        const from = fresh();
        const crowd = await Promise.all(Array.from({ length: 30 }, () => talk({ from })));
        const answers = crowd.map((each) => each.start('PLAIN', plain('alice', 'a guess')));
        for (const answer of answers) await assertRefused(answer);
        const [looked, unheard] = ['login-failed', 'link-refused'].map((event) => () => logged(event, `peer=${from}:`));
        await eventually('all of them are told', () => looked().length + unheard().length === crowd.length);
        assert.equal(looked().length, 10, 'passwords that were looked at');
        await assert.rejects(talk({ from }), refusedWith('reply', LinkError.permissionDenied));
        await talk({ from: '127.0.0.2' });
    });

    test('a right password that is sent in time to a refused address is not heard', async () => {
        const from = fresh();
        const waiting = await talk({ from });
        const crowd = await Promise.all(Array.from({ length: 10 }, () => talk({ from })));
        for (const each of crowd) await assertRefused(each.start('PLAIN', plain('alice', 'a guess')));
        await assertRefused(waiting.start('PLAIN', plain('alice', PASSWORD)));
    });

    test('who goes in the middle has not failed', async () => {
        const from = fresh();
        for (let attempt = 0; attempt < 12; ++attempt) {
            const gone = await talk({ from });
            await gone.start('PLAIN', undefined);
            gone.close();
        }
        assert.equal((await (await talk({ from })).start('PLAIN', plain('alice', PASSWORD))).complete, true);
        assert.equal(logged('login-failed', `peer=${from}:`).length, 0);
    });

    test('a connection that falls silent has ended within 10 s', async () => {
        for (const each of Object.values(silent)) await each.ended(10000);
    });

    test('no password is in the log', () => {
        for (const secret of [PASSWORD, 'a guess']) assert.ok(!bed.daemon.log.includes(secret), secret);
    });
});
