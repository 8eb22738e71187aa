// What one SPICE client must not take from the others: the thread of its context, and the end of the program.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Bed } from '../support/bed.js';
import { makeCertificate } from '../support/certificates.js';
import { SpiceClient } from '../support/spice.js';
import { open } from '../support/spice_link.js';

const ACK = Buffer.from('020000000000', 'hex'); // legal, and of no consequence
const FLOOD_MS = 1500;
const ANSWER_MS = 1000;

describe('turns', () => {
    /** @type {Bed} */ let bed;
    let ca;

    before(async () => {
        bed = await Bed.start({
            vms: [],
            scripted: ['one'],
            prepare: async (bed) => {
                const { certificate, key, pem } = await makeCertificate(bed.sandbox, 'localhost');
                ca = pem;
                const tls = { 'tls-certificate': certificate, 'tls-key': key };
                bed.options.sections = { server: { 'spice-listen': '127.0.0.1:0', threads: '1', ...tls } };
                bed.options.ca = pem;
            },
        });
    });
    after(() => bed?.close());

    test('a client that floods over TLS leaves the only thread to others', async () => {
        const client = await SpiceClient.connect({ port: await bed.daemon.spicePort(), tls: { ca } });
        // Records of a size that the daemon's buffers are no multiple of: there is always a rest of one.
        const flood = Buffer.concat(Array(1000).fill(ACK));
        const end = Date.now() + FLOOD_MS;
        let flooding = true;
        const pour = () => {
            while (flooding && client.stream.write(flood)) if (Date.now() > end) return;
            if (flooding) client.stream.once('drain', () => setImmediate(pour));
        };
        pour();
        while (Date.now() < end) {
            const start = Date.now();
            assert.equal((await bed.daemon.asAdmin('/healthz')).status, 200);
            assert.ok(Date.now() - start < ANSWER_MS, `answered after ${Date.now() - start} ms`);
        }
        flooding = false;
        client.stream.destroy();
    });

    test('a silent link in a WebSocket does not hold up the end', async () => {
        const url = `wss://127.0.0.1:${bed.daemon.port}/vms/one/spice`;
        const silent = await open({ url, options: { ca } });
        silent.on('error', () => {});
        const start = Date.now();
        await bed.daemon.stop();
        assert.ok(Date.now() - start < 2000, `stopped after ${Date.now() - start} ms`);
        assert.ok(!bed.daemon.child.log.includes('stop-cut'), bed.daemon.child.log.slice(-500));
    });
});
