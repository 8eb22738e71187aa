// One process that a test started: its output, its end.

import { eventually, within } from './deadline.js';

const LOG_LIMIT = 4 * 1024 * 1024; // characters; a program that logs more is at fault

export class Child {
    /** @type {string} standard output and error, as they came */ log = '';
    /** @type {Promise<{ code: number | null, signal: NodeJS.Signals | null }>} */ exited;
    /** @type {Promise<{ code: number | null, signal: NodeJS.Signals | null }>} when all output has come, too */ closed;
    /** @type {{ code: number | null, signal: NodeJS.Signals | null } | undefined} */ exit;
    #process;

    /** @param {import('node:child_process').ChildProcess} process
     *  @param {{ capture?: boolean }} [options]  capture: false leaves the output to whoever reads the pipes */
    constructor(name, process, { capture = true } = {}) {
        this.name = name;
        this.#process = process;
        this.exited = new Promise((resolve) => {
            process.on('error', (error) => {
                this.#note(`${error}\n`);
                resolve({ code: 127, signal: null });
            });
            process.on('exit', (code, signal) => resolve({ code, signal }));
        });
        this.closed = new Promise((resolve) => process.on('close', (code, signal) => resolve({ code, signal })));
        this.exited.then((exit) => (this.exit = exit));
        for (const stream of [process.stdout, process.stderr]) {
            stream?.unref();
            if (capture) stream?.setEncoding('utf8').on('data', (text) => this.#note(text));
        }
        process.unref(); // a test that has nothing left to wait for ends; the janitor does the rest
    }

    get pid() {
        return this.#process.pid;
    }

    /** @returns {import('node:child_process').ChildProcess} for its further pipes */
    get process() {
        return this.#process;
    }

    get running() {
        return this.exit === undefined;
    }

    /** Waits until the output matches; fails at once when the process ends without having said it. */
    async says(pattern, timeoutMs = 10000) {
        return eventually(
            `${this.name} says ${pattern}`,
            () => {
                const match = this.log.match(pattern);
                if (!match && !this.running)
                    throw new Error(`${this.name} ended before saying ${pattern}:\n${this.log}`);
                return match;
            },
            { timeoutMs, fatal: () => !this.running },
        );
    }

    signal(signal) {
        if (this.running) this.#process.kill(signal);
    }

    /** Sends a signal and waits for the end. */
    async stop(signal = 'SIGTERM', timeoutMs = 10000) {
        this.signal(signal);
        return within(timeoutMs, this.exited, `${this.name} ends after ${signal}`);
    }

    #note(text) {
        this.log = (this.log + text).slice(-LOG_LIMIT);
    }
}
