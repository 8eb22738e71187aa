// A SPICE server that asks for a name: the bridge logs in through SASL, and the real agent is behind it.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { Bed } from '../support/bed.js';
import { makeCertificate } from '../support/certificates.js';
import { eventually } from '../support/deadline.js';
import { SpiceServer } from '../support/spice_server.js';
import { makeAccounts } from '../support/spice_sasl.js';

const PASSWORD = 'off with their heads';

/** A bed whose machine `one` is behind a server with an account for alice. */
class SaslBed {
    /** @type {Bed} */ bed;
    /** @type {SpiceServer} */ server;
    /** @type {string} */ passwordFile;
    /** @type {Awaited<ReturnType<typeof makeCertificate>>} */ shown;

    /** @param {{ mechanisms?: string[], options: object }} how  options: of the bed */
    static async start({ mechanisms, options }) {
        const made = new SaslBed();
        const prepare = async (bed) => {
            made.passwordFile = bed.sandbox.path('password');
            await writeFile(made.passwordFile, `${PASSWORD}\n`, { mode: 0o600 });
            const env = await makeAccounts(bed.sandbox, { alice: PASSWORD }, mechanisms);
            made.shown = await makeCertificate(bed.sandbox, 'vmhost');
            made.server = await SpiceServer.start(bed.sandbox, bed.guestSocket(), made.secure, env);
            bed.options.verbose = true;
            bed.options.vms.one.guest = made.guest('spice+tls', 'user=alice');
        };
        made.bed = await Bed.start({ ...options, prepare });
        return made;
    }

    /** Options of the server: TLS and SASL. */
    get secure() {
        return { sasl: 'vmcbridge', certificate: this.shown.certificate, key: this.shown.key };
    }

    guest(scheme, ...more) {
        const authority = scheme === 'spice+tls' ? [`ca-file=${this.shown.certificate}`] : [];
        const options = [`password-file=${this.passwordFile}`, ...authority, ...more];
        return `${scheme}:127.0.0.1:${this.server.port}?${options.join('&')}`;
    }

    /** Another guest by a reload; waits until the daemon says this. */
    async reload(guest, pattern) {
        const before = this.log.length;
        this.bed.options.vms.one.guest = guest;
        await this.bed.daemon.configure(this.bed.options);
        this.bed.daemon.child.signal('SIGHUP');
        await eventually(`${pattern} after the reload`, () => pattern.test(this.log.slice(before)));
    }

    get log() {
        return this.bed.daemon.child.log;
    }
}

for (const mechanism of ['SCRAM-SHA-256', 'PLAIN']) {
    describe(`a SPICE server with ${mechanism} over TLS`, () => {
        /** @type {SaslBed} */ let sasl;
        /** @type {import('../support/client.js').Client} */ let client;

        before(async () => {
            sasl = await SaslBed.start({ mechanisms: [mechanism], options: {} });
            client = await sasl.bed.client();
        });
        after(() => sasl?.bed.close());

        test('text of the agent behind it goes both ways', async () => {
            const { x11 } = sasl.bed.desktop;
            client.inbox.clear();
            await x11.copy('from behind SASL');
            await client.next('clipboard-grab', () => true, 15000);
            assert.equal((await client.read('text/plain')).text, 'from behind SASL');
            await x11.newOwner(() => client.offer({ 'text/plain': 'through SASL' }));
            assert.equal(await x11.pasteText(), 'through SASL');
        });

        test('a wrong password is a named error, and the right one is taken without a restart', async () => {
            await writeFile(sasl.passwordFile, 'a guess\n');
            client.inbox.clear();
            await sasl.server.kill();
            await client.next('agent', (frame) => !frame.connected);
            await sasl.server.restart();
            await sasl.bed.daemon.child.says(
                /event=guest-unreachable .*reason="the server refuses the user or the password/);
            await writeFile(sasl.passwordFile, `${PASSWORD}\n`);
            await client.next('agent', (frame) => frame.connected, 15000);
        });

        test('no password is in the log', () => {
            for (const secret of [PASSWORD, 'a guess']) assert.ok(!sasl.log.includes(secret), secret);
        });
    });
}

describe('a SPICE server with SASL', () => {
    /** @type {SaslBed} */ let sasl;

    before(async () => {
        sasl = await SaslBed.start({ options: { vms: [], scripted: ['one'] } });
    });
    after(() => sasl?.bed.close());

    test('with all mechanisms, Kerberos without a ticket among them, lets in', () =>
        sasl.bed.daemon.child.says(/event=spice-server-linked/));
    test('an unknown user is a named error', () =>
        sasl.reload(sasl.guest('spice+tls', 'user=mallory'), /reason="the server refuses the user or the password/));
    test('no user is a named error, which says what to write', () =>
        sasl.reload(sasl.guest('spice+tls'), /reason="the server asks for SASL; name a user .*\?user=NAME/));

    test('without TLS the password is not shown, and that is a named error', async () => {
        await sasl.server.kill();
        await sasl.server.restart({ sasl: 'vmcbridge' });
        await sasl.reload(sasl.guest('spice', 'user=alice'), /reason=".*; for SASL connect by TLS, as in spice\+tls:/);
    });

    test('a user at a server of tickets is a named error', async () => {
        await sasl.server.kill();
        await sasl.server.restart({ password: PASSWORD });
        await sasl.reload(sasl.guest('spice', 'user=alice'), /reason="a user is given, and the server has no SASL/);
        await sasl.reload(sasl.guest('spice'), /event=spice-server-linked/);
    });

    test('no password is in the log', () => assert.ok(!sasl.log.includes(PASSWORD)));
});
