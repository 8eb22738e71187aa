// Certificates for a test, made by the command `openssl` in its scratch directory and gone with it.

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A certificate for 127.0.0.1 and localhost that vouches for itself, with its key.
 *  @param {import('./sandbox.js').Sandbox} sandbox
 *  @param {string} name  of its files, and its subject's common name
 *  @returns {Promise<{ certificate: string, key: string, pem: string }>} the paths, and what a client has to trust */
export async function makeCertificate(sandbox, name) {
    const [certificate, key] = [sandbox.path(`${name}.crt`), sandbox.path(`${name}.key`)];
    await run('openssl', [
        'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
        '-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1',
        '-keyout', key, '-out', certificate,
    ]);
    return { certificate, key, pem: readFileSync(certificate, 'utf8') };
}
