// A folder of files over HTTP on loopback, as the web server that somebody else runs: an origin of its own.

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';

const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };

export class StaticFiles {
    /** @type {string} such as http://127.0.0.1:4711 */ origin;
    #server;

    /** @param {string} folder */
    static async serve(folder) {
        const files = new StaticFiles();
        files.#server = http.createServer((request, response) => answer(folder, request.url, response));
        files.#server.listen(0, '127.0.0.1');
        await once(files.#server, 'listening');
        const { port } = /** @type {import('node:net').AddressInfo} */ (files.#server.address());
        files.origin = `http://127.0.0.1:${port}`;
        return files;
    }

    async close() {
        const closed = once(this.#server, 'close');
        this.#server.close();
        this.#server.closeAllConnections();
        await closed;
    }
}

async function answer(folder, url, response) {
    const { pathname } = new URL(url, 'http://localhost'); // has no .. left
    if (pathname === '/favicon.ico') return response.writeHead(204).end();
    try {
        const bytes = await readFile(path.join(folder, decodeURIComponent(pathname)));
        const type = TYPES[path.extname(pathname)] ?? 'application/octet-stream';
        response.writeHead(200, { 'content-type': type }).end(bytes);
    } catch {
        response.writeHead(404).end();
    }
}
