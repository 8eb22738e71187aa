// The daemon under test: `vmcbridge serve` with a configuration file of its own, on ports that it chooses itself.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from './deadline.js';
import { request } from './net.js';

/** The executable: $VMCBRIDGE, or the development build. */
export const VMCBRIDGE = path.resolve(
    process.env.VMCBRIDGE ?? fileURLToPath(new URL('../../build/dev/src/vmcbridge', import.meta.url)),
);

const MIB = 1024 * 1024;

/** @typedef {Record<string, Record<string, string>>} Groups  keys and values by the group's name */

export class Daemon {
    /** @type {import('./child.js').Child} */ child;
    /** @type {number} the HTTP port */ port;
    /** @type {string | undefined} the certificate that clients trust, where TCP speaks TLS */ ca;
    /** @type {string} the admin socket's path */ admin;
    /** @type {string} the configuration file's path */ config;
    /** @type {boolean} whether the test has ended it, so that its end is no fault */ ended = false;
    #sandbox;
    #env;

    /** Starts it and waits until it is ready.
     *  @param {import('./sandbox.js').Sandbox} sandbox
     *  @param {{ vms?: Groups, sections?: Groups, domains?: string[], ca?: string, env?: NodeJS.ProcessEnv,
     *            verbose?: boolean }} [options]
     *         vms: keys of each [vm NAME]; sections: keys of the other groups; domains: files with libvirt's XML of
     *         machines; ca: what `sections` make it show;
     *         env: variables besides those of the test; verbose: it logs all that it can */
    static async start(sandbox, options = {}) {
        const daemon = new Daemon();
        daemon.#sandbox = sandbox;
        daemon.admin = sandbox.path('admin.sock');
        daemon.config = sandbox.path('vmcbridge.conf');
        daemon.ca = options.ca;
        daemon.#env = { ...process.env, ...options.env };
        await daemon.configure(options);
        const domains = (options.domains ?? []).flatMap((file) => ['--domain', file]);
        return daemon.run(['serve', ...(options.verbose ? ['--verbose'] : []), '--config', daemon.config, ...domains]);
    }

    /** Starts it with these arguments alone; asAdmin() works where they name `sandbox.path('admin.sock')`.
     *  @param {{ descriptors?: number }} [options]  how many it may have open, and not raise */
    static async startWith(sandbox, args, options) {
        const daemon = new Daemon();
        daemon.#sandbox = sandbox;
        daemon.admin = sandbox.path('admin.sock');
        return daemon.run(args, options);
    }

    /** Writes the configuration file; a running daemon reads it at SIGHUP. */
    async configure({ vms = {}, sections = {} } = {}) {
        const server = { listen: '127.0.0.1:0', admin: `unix:${this.admin}`, ...sections.server };
        const groups = {
            ...sections,
            server,
            ...Object.fromEntries(Object.entries(vms).map(([name, keys]) => [`vm ${name}`, keys])),
        };
        const lines = Object.entries(groups).flatMap(([group, keys]) => [
            `[${group}]`,
            ...Object.entries(keys).map(([key, value]) => `${key} = ${value}`),
            '',
        ]);
        await writeFile(this.config, lines.join('\n'));
    }

    async run(args, { descriptors } = {}) {
        this.ended = false;
        const limited = descriptors ? ['prlimit', `--nofile=${descriptors}:${descriptors}`] : [];
        const [program, ...rest] = [...limited, VMCBRIDGE, ...args];
        this.child = this.#sandbox.start('vmcbridge', program, rest, { env: this.#env });
        this.port = Number((await this.child.says(/event=listening service=https? address=127\.0\.0\.1:(\d+)/))[1]);
        await eventually('the daemon is ready', async () => (await this.get('/readyz')).status === 200, {
            timeoutMs: 10000,
        });
        return this;
    }

    /** The port that SPICE clients of all machines, or of `vm` alone, connect to. */
    async spicePort(vm) {
        const of = vm ? ` vm=${vm}\\b` : '$';
        const line = new RegExp(`event=listening service=spice address=127\\.0\\.0\\.1:(\\d+)${of}`, 'm');
        return Number((await this.child.says(line))[1]);
    }

    /** Reads its configuration again, as SIGHUP makes it.  @returns {Promise<string>} what it logs of that */
    async reload() {
        const seen = this.log.length;
        this.child.signal('SIGHUP');
        return eventually('the configuration is read', () => this.log.slice(seen).match(/event=reload.*/)?.[0]);
    }

    get pid() {
        return this.child.pid;
    }

    get log() {
        return this.child.log;
    }

    /** The address of a WebSocket of a VM. */
    url(vm, service = 'agent') {
        return `${this.ca ? 'wss' : 'ws'}://127.0.0.1:${this.port}/vms/${vm}/${service}`;
    }

    /** An HTTP request over TCP. */
    get(pathname, options) {
        return request({ host: '127.0.0.1', port: this.port, ca: this.ca }, pathname, options);
    }

    /** An HTTP request over the admin socket. */
    asAdmin(pathname, options) {
        return request({ socketPath: this.admin }, pathname, options);
    }

    /** @returns {Promise<any>} what the interface for programs says about a VM */
    async vm(name) {
        return (await this.asAdmin(`/api/v1/vms/${name}`)).json();
    }

    /** @returns {number} resident memory, bytes */
    rss() {
        const [, kib] = readFileSync(`/proc/${this.pid}/status`, 'latin1').match(/VmRSS:\s+(\d+) kB/);
        return Number(kib) * 1024;
    }

    /** Fails where resident memory is more than `marginMiB` above `idle` bytes. Not measured under AddressSanitizer,
     *  which keeps what is freed. */
    assertMemoryFlat(idle, marginMiB = 16) {
        if (readFileSync(`/proc/${this.pid}/maps`, 'latin1').includes('libasan')) return;
        const growth = (this.rss() - idle) / MIB;
        assert.ok(growth <= marginMiB, `memory rose by ${growth.toFixed(1)} MiB`);
    }

    /** Kills it, as a crash does. */
    async kill() {
        this.ended = true;
        await this.child.stop('SIGKILL');
    }

    /** Fails where it ended by itself, with its last words. */
    assertRunning() {
        if (!this.ended && !this.child.running) {
            assert.fail(`the daemon ended by itself: ${JSON.stringify(this.child.exit)}\n${this.log.slice(-4000)}`);
        }
    }

    /** Stops it as an operator does, and checks that it ended in order. */
    async stop(signal = 'SIGTERM') {
        this.ended = true;
        const exit = await this.child.stop(signal);
        assert.deepEqual(
            exit,
            { code: 0, signal: null },
            `the daemon ends in order after ${signal}:\n${this.log.slice(-4000)}`,
        );
    }
}
