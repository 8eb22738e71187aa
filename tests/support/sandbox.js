// A sandbox owns a scratch directory and every process started in it.
//
// Each process carries the directory's path in its environment, and so do the processes that it starts. A janitor, one
// more process, ends whatever carries it and removes the directory as soon as its standard input closes: on close(),
// and just as well when the test fails, is interrupted or is killed. There is no other way of cleaning up, so the one
// for bad days is always tested.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Child } from './child.js';
import { MARK, marked } from './marked.js';

const JANITOR = fileURLToPath(new URL('janitor.js', import.meta.url));

export class Sandbox {
    /** @type {string} scratch directory, gone after close(); its path is the mark of the processes here */ dir;
    /** @type {import('node:child_process').ChildProcess} */ #janitor;
    #closed = false;

    static async open() {
        const sandbox = new Sandbox();
        sandbox.dir = await mkdtemp(path.join(tmpdir(), 'vmcbridge-'));
        sandbox.#janitor = spawn(process.execPath, [JANITOR, sandbox.dir], {
            detached: true,
            stdio: ['pipe', 'ignore', 'inherit'],
        });
        sandbox.#janitor.stdin.on('error', () => {});
        sandbox.#janitor.stdin.unref();
        sandbox.#janitor.unref();
        return sandbox;
    }

    /** @returns {boolean} whether close() has begun: supervisors start nothing any more */
    get closed() {
        return this.#closed;
    }

    path(...names) {
        return path.join(this.dir, ...names);
    }

    /** Makes a directory for one user alone, as XDG_RUNTIME_DIR has to be. */
    async folder(...names) {
        await mkdir(this.path(...names), { recursive: true, mode: 0o700 });
        return this.path(...names);
    }

    /** @param {string} name  in messages
     *  @param {{ env?: NodeJS.ProcessEnv, stdio?: import('node:child_process').StdioOptions, cwd?: string,
     *           capture?: boolean }} [options] */
    start(name, command, args = [], { env = process.env, stdio, cwd, capture } = {}) {
        return new Child(
            name,
            spawn(command, args, {
                detached: true,
                cwd: cwd ?? this.dir,
                stdio: stdio ?? ['ignore', 'pipe', 'pipe'],
                env: { ...env, [MARK]: this.dir },
            }),
            { capture },
        );
    }

    /** @returns {number[]} those of its processes that run now and have this word in their command line */
    processes(word) {
        return marked(this.dir)
            .filter(({ command }) => command.split(' ').includes(word))
            .map(({ pid }) => pid);
    }

    /** Ends every process of this sandbox and removes the directory. */
    async close() {
        if (this.#closed) return;
        this.#closed = true;
        const exited = once(this.#janitor, 'exit');
        this.#janitor.ref();
        this.#janitor.stdin.end();
        await exited;
    }
}
