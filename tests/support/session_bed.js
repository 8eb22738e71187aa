// A machine without an operating system behind a SPICE server, the bridge before it, and viewers of that.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { BareQemu } from './bare_qemu.js';
import { Bed } from './bed.js';
import { makeCertificate } from './certificates.js';
import { within } from './deadline.js';
import { SpiceClient } from './spice.js';
import { SESSION, SpiceGtk } from './spice_gtk.js';
import { ByteReader, link, open } from './spice_link.js';

/** Password of the machine's server, which no viewer learns. */
export const UPSTREAM = 'of the machine';
/** Password of the bridge for that machine. */
export const LASTING = 'of the bridge';
export const Channel = Object.freeze({ main: 1, display: 2, inputs: 3, cursor: 4 });
const TABLET = ['-device', 'piix3-usb-uhci', '-device', 'usb-tablet'];

/** A machine, the bridge before it, and clients of that. */
export class SessionBed {
    /** @type {Bed} */ bed;
    /** @type {BareQemu} */ machine;
    /** @type {number} */ port;
    /** @type {string} the bridge's certificate, for viewers */ certificate;
    #passwordFile;
    #args;

    /** @param {Record<string, string>} [policy]
     *  @param {{ args?: string[], server?: Record<string, string>, tls?: boolean }} [options]
     *         args: of QEMU; server: keys of the bridge; tls: the bridge has a certificate */
    static async start(policy = {}, { args = [], server = {}, tls = false } = {}) {
        const session = new SessionBed();
        session.#args = args;
        session.bed = await Bed.start({
            vms: [],
            scripted: ['one'],
            sections: { server: { 'spice-listen': '127.0.0.1:0', ...server }, policy },
            prepare: async (bed) => {
                if (tls) await session.#secure(bed);
                await session.#prepare(bed);
            },
        });
        session.port = await session.bed.daemon.spicePort();
        await session.bed.daemon.child.says(/event=spice-server-linked/);
        return session;
    }

    async #secure({ sandbox, options }) {
        const { certificate, key, pem } = await makeCertificate(sandbox, 'bridge');
        this.certificate = certificate;
        Object.assign(options.sections.server, { 'tls-certificate': certificate, 'tls-key': key });
        options.ca = pem;
    }

    async #prepare({ sandbox, options }) {
        this.machine = await BareQemu.start(sandbox, { password: UPSTREAM, args: [...TABLET, ...this.#args] });
        this.#passwordFile = sandbox.path('upstream');
        await this.password(UPSTREAM);
        await writeFile(sandbox.path('ticket'), `${LASTING}\n`, { mode: 0o600 });
        options.vms.one.guest = `spice:127.0.0.1:${this.machine.port}?password-file=${this.#passwordFile}`;
        options.vms.one['spice-ticket-file'] = sandbox.path('ticket');
        options.verbose = true; // whatever it can tell of passwords, it does
    }

    /** What the bridge shows to the machine's server from now on. */
    password(text) {
        return writeFile(this.#passwordFile, `${text}\n`, { mode: 0o600 });
    }

    /** The way in, for a user's client. */
    where(options = {}) {
        return { host: '127.0.0.1', port: this.port, password: LASTING, channels: SESSION, ...options };
    }

    /** A user's client, with these channels open.
     *  @param {{ password?: string, channels?: string[], debug?: boolean }} [options] */
    async user({ password = LASTING, channels = SESSION, debug } = {}) {
        const peer = await SpiceGtk.connect(this.bed.sandbox, this.where({ password, channels }), { debug });
        await peer.opened(...channels);
        return peer;
    }

    /** The main channel alone, byte by byte. */
    watcher() {
        return SpiceClient.connect({ port: this.port }, { password: LASTING });
    }

    /** Links one more channel of a session, and leaves it. Rejects with LinkRefused. */
    async channel(type, fields) {
        const { stream } = await this.openChannel(type, fields);
        stream.destroy();
    }

    /** The same, to be spoken on byte by byte. */
    async openChannel(type, { connectionId, password = LASTING, channelId = 0, from = '127.0.0.1' }) {
        const stream = await open({ port: this.port, localAddress: from });
        const reader = new ByteReader(stream);
        const fields = { connectionId, channelType: type, channelId, channelCaps: [0], password };
        try {
            const { mini } = await within(5000, link(stream, reader, fields), 'the link of a channel');
            return { stream, reader, mini };
        } catch (error) {
            stream.destroy();
            throw error;
        }
    }

    /** Ends the bed; the log must be free of what is secret. */
    async close() {
        const { log } = this.bed.daemon;
        await this.bed.close();
        for (const secret of [UPSTREAM, LASTING]) assert.ok(!log.includes(secret), 'no password in the log');
    }
}
