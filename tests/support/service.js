// A supervised process: started again soon after it ended, until it is stopped on purpose.

import { rmSync } from 'node:fs';

const RESTART_AFTER_MS = 50;

export class Service {
    /** @type {import('./child.js').Child | undefined} the newest process */ child;
    /** @type {number} how often it ended without having been told to */ falls = 0;
    #earlier = '';
    #wanted = false;
    #start;
    #restart;

    /** @param {import('./sandbox.js').Sandbox} sandbox
     *  @param {{ env?: NodeJS.ProcessEnv, stdio?: any, restart?: boolean, clear?: string }} [options]
     *         clear: a file that a killed predecessor leaves and that would keep it from starting */
    constructor(sandbox, name, command, args, { env, stdio, restart = true, clear } = {}) {
        this.name = name;
        this.#restart = restart;
        this.#start = () => {
            if (sandbox.closed) return undefined;
            if (clear) rmSync(clear, { force: true });
            return sandbox.start(name, command, args, { env, stdio });
        };
    }

    get pid() {
        return this.child?.pid;
    }

    /** @returns {string} output of all its processes, in order */
    get log() {
        return this.#earlier + (this.child?.log ?? '');
    }

    /** @returns {import('./child.js').Child} */
    start() {
        this.#wanted = true;
        const child = this.#start();
        if (!child) return undefined;
        this.#earlier = this.log;
        this.child = child;
        child.exited.then(() => this.#fell(child));
        return child;
    }

    /** Ends it for good. */
    async stop(signal = 'SIGTERM') {
        this.#wanted = false;
        return this.child?.stop(signal);
    }

    /** Ends the process as an accident would; it is back soon. */
    async fall(signal = 'SIGKILL') {
        return this.child.stop(signal);
    }

    #fell(child) {
        if (!this.#wanted || child !== this.child) return;
        this.falls += 1;
        if (this.#restart)
            setTimeout(() => this.#wanted && child === this.child && this.start(), RESTART_AFTER_MS).unref();
    }
}
