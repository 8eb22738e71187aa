// What an application on a desktop sees: its clipboard through xclip, its screen through xrandr.

import { once } from 'node:events';
import { eventually, within } from './deadline.js';

export class X11 {
    #sandbox;
    #env;

    constructor(sandbox, env) {
        this.#sandbox = sandbox;
        this.#env = env;
    }

    get display() {
        return this.#env.DISPLAY;
    }

    /** Makes these bytes the clipboard, as a copy in an application does. xclip stays and serves them.
     *  @param {string | Buffer} bytes
     *  @param {{ target?: string, selection?: string }} [options]  target: an X11 target such as image/png */
    async copy(bytes, { target, selection = 'clipboard' } = {}) {
        const args = ['-selection', selection, '-i', ...(target ? ['-target', target] : [])];
        // xclip's background process keeps the outputs open, so they are not pipes.
        const child = this.#sandbox.start('xclip -i', 'xclip', args, {
            env: this.#env,
            stdio: ['pipe', 'ignore', 'ignore'],
        });
        child.process.stdin.on('error', () => {});
        child.process.stdin.end(bytes);
        const { code } = await within(10000, child.exited, 'xclip takes the copy');
        if (code !== 0) throw new Error(`xclip -i: exit ${code}`);
    }

    /** What a paste in an application gives. `xclip -o` never returns when the owner goes between question and answer:
     *  hence the limit.
     *  @param {{ target?: string, selection?: string, timeoutMs?: number }} [options]
     *  @returns {Promise<Buffer>} empty where nobody owns the selection or the target is not offered */
    async paste({ target, selection = 'clipboard', timeoutMs = 10000 } = {}) {
        const args = ['-selection', selection, '-o', ...(target ? ['-target', target] : [])];
        const child = this.#sandbox.start('xclip -o', 'xclip', args, {
            env: this.#env,
            stdio: ['ignore', 'pipe', 'ignore'],
            capture: false,
        });
        const { stdout } = child.process;
        const parts = [];
        stdout.on('data', (part) => parts.push(part));
        try {
            await within(timeoutMs, once(stdout, 'close'), `xclip -o ${args.join(' ')}`);
        } finally {
            child.signal('SIGKILL');
        }
        return Buffer.concat(parts);
    }

    async pasteText(options) {
        return (await this.paste(options)).toString();
    }

    /** @returns {Promise<string[]>} the targets that the clipboard's owner offers, such as UTF8_STRING */
    async targets(selection = 'clipboard') {
        return (await this.pasteText({ target: 'TARGETS', selection })).split('\n').filter(Boolean);
    }

    /** Runs `action` and waits until the selection has another owner than before, or the same one anew. */
    async newOwner(action, selection = 'clipboard', timeoutMs = 5000) {
        const stamp = async () => (await this.paste({ target: 'TIMESTAMP', selection })).toString('hex');
        const before = await stamp();
        await action();
        const changed = async () => {
            const now = await stamp();
            return now !== '' && now !== before;
        };
        await eventually(`the ${selection} of ${this.display} changes hands`, changed, { timeoutMs });
    }

    /** @returns {Promise<string>} the screen's size as WIDTHxHEIGHT */
    async size() {
        const text = await this.#run('xrandr', ['--current']);
        const [, width, height] = text.match(/current (\d+) x (\d+)/) ?? [];
        return `${width}x${height}`;
    }

    /** Starts an X application and leaves it running. */
    start(program, ...args) {
        return this.#sandbox.start(program, program, args, { env: this.#env });
    }

    async #run(program, args) {
        const child = this.#sandbox.start(program, program, args, { env: this.#env });
        await within(10000, child.closed, program);
        return child.log;
    }
}
