// A supervised process: started again soon after it ended, until it is stopped on purpose.

const RESTART_AFTER_MS = 50;

export class Service {
    /** @type {import('./child.js').Child | undefined} the newest process */ child;
    /** @type {number} how often it ended without having been told to */ falls = 0;
    #wanted = false;
    #start;
    #restart;

    /** @param {import('./sandbox.js').Sandbox} sandbox
     *  @param {{ env?: NodeJS.ProcessEnv, stdio?: any, restart?: boolean }} [options] */
    constructor(sandbox, name, command, args, { env, stdio, restart = true } = {}) {
        this.name = name;
        this.#restart = restart;
        this.#start = () => sandbox.closed ? undefined : sandbox.start(name, command, args, { env, stdio });
    }

    get pid() {
        return this.child?.pid;
    }

    get log() {
        return this.child?.log ?? '';
    }

    /** @returns {import('./child.js').Child} */
    start() {
        this.#wanted = true;
        const child = this.#start();
        if (!child) return undefined;
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
        if (this.#restart) setTimeout(() => this.#wanted && child === this.child && this.start(), RESTART_AFTER_MS).unref();
    }
}
