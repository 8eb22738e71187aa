// Small helpers around sockets and HTTP, loopback and unix sockets only.

import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';

/** @returns {Promise<number>} a TCP port of loopback that nobody holds at this moment */
export async function freePort() {
    const server = net.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = /** @type {net.AddressInfo} */ (server.address());
    server.close();
    await once(server, 'close');
    return port;
}

/** One HTTP request, a connection of its own.
 *  @param {{ host?: string, port?: number, socketPath?: string, ca?: string }} where  ca: over TLS, trusting this one
 *  @param {{ method?: string, headers?: Record<string, string>, body?: string | Buffer, timeoutMs?: number }} [options]
 *  @returns {Promise<{ status: number, headers: http.IncomingHttpHeaders, body: Buffer, text: string,
 *           json: () => any }>} */
export function request(where, path, { method = 'GET', headers = {}, body, timeoutMs = 5000 } = {}) {
    return new Promise((resolve, reject) => {
        const options = { ...where, path, method, headers, agent: false, timeout: timeoutMs };
        const asked = (where.ca ? https : http).request(options, (answer) => {
            const parts = [];
            answer
                .on('data', (part) => parts.push(part))
                .on('error', reject)
                .on('end', () => {
                    const whole = Buffer.concat(parts);
                    resolve({
                        status: answer.statusCode,
                        headers: answer.headers,
                        body: whole,
                        text: whole.toString(),
                        json: () => JSON.parse(whole.toString()),
                    });
                });
        });
        asked.on('timeout', () => asked.destroy(new Error(`no answer within ${timeoutMs} ms: ${method} ${path}`)));
        asked.on('error', reject).end(body);
    });
}
