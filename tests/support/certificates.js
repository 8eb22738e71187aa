// Certificates for a test, made by the command `openssl` in its scratch directory and gone with it.

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A certificate that vouches for itself, with its key.
 *  @param {import('./sandbox.js').Sandbox} sandbox
 *  @param {string} name  of its files, and its subject's common name
 *  @param {{ subject?: string, names?: string }} [options]  subject: as OpenSSL writes it; names: what it is for
 *  @returns {Promise<{ certificate: string, key: string, pem: string }>} the paths, and what a client has to trust */
export async function makeCertificate(
    sandbox,
    name,
    { subject = `/CN=${name}`, names = 'DNS:localhost,IP:127.0.0.1' } = {},
) {
    const [certificate, key] = [sandbox.path(`${name}.crt`), sandbox.path(`${name}.key`)];
    await run('openssl', [
        'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
        '-subj', subject, '-addext', `subjectAltName=${names}`,
        '-keyout', key, '-out', certificate,
    ]);
    return { certificate, key, pem: readFileSync(certificate, 'utf8') };
}
