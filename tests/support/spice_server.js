// SPICE's own server, as QEMU has it: it holds the port of a guest's agent, and the bridge is its client.

import path from 'node:path';
import { VMCBRIDGE } from './daemon.js';

/** Beside the daemon under test: built with it where libspice-server is there. */
const PROGRAM = path.join(path.dirname(VMCBRIDGE), '..', 'tests', 'vmcbridge_spice_server');

export class SpiceServer {
    /** @type {number} */ port;
    /** @type {import('./child.js').Child} */ child;
    #sandbox;
    #guest;
    #options;
    #env;

    /** @param {import('./sandbox.js').Sandbox} sandbox
     *  @param {string} guest  the socket that it makes for the agent
     *  @param {{ password?: string, sasl?: string, certificate?: string, key?: string }} [options]  with a certificate:
     *         TLS alone; sasl: the name of the configuration, without .conf
     *  @param {NodeJS.ProcessEnv} [env]  further variables, such as SASL_CONF_PATH */
    static async start(sandbox, guest, options = {}, env = {}) {
        const server = new SpiceServer();
        server.#sandbox = sandbox;
        server.#guest = guest;
        server.#options = options;
        server.#env = env;
        await server.restart();
        return server;
    }

    /** Starts it (again), on the port that it had. */
    async restart(options = this.#options) {
        const known = this.port ? { port: this.port } : {};
        const words = Object.entries({ ...options, ...known }).filter(([, value]) => value !== undefined).map(([name, value]) => `${name}=${value}`);
        this.child = this.#sandbox.start('spice-server', PROGRAM, [this.#guest, ...words], {
            env: { ...process.env, ...this.#env },
        });
        this.port = Number((await this.child.says(/event=listening address=127\.0\.0\.1:(\d+)/))[1]);
    }

    kill() {
        return this.child.stop('SIGKILL');
    }
}
