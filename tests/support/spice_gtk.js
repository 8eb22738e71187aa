// A real SPICE client: spice-client-glib in a process of its own (spice_gtk_peer.py), seen from a test. What it does is
// that library's alone; this file only speaks to the process.
//
//     const peer = await SpiceGtk.connect(sandbox, { host: '127.0.0.1', port });
//     await peer.agent();
//     await peer.grab({ text: 'copied on the client' });          // answers the guest's requests by itself
//     (await peer.request('text')).text;                          // what the guest holds

import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually, within } from './deadline.js';
import { Inbox } from './inbox.js';

const PEER = fileURLToPath(new URL('spice_gtk_peer.py', import.meta.url));
const PYTHON = '/usr/bin/python3'; // Debian's own, to which its typelibs belong

/** The channels of a person at a machine: what connect() opens for one. */
export const SESSION = ['main', 'display', 'inputs', 'cursor'];

/** @typedef {{ text: string } | { base64: string } | { path: string }} Source */

export class SpiceGtk {
    /** @type {Inbox} events of the session: { event, ... } */ inbox = new Inbox();
    /** @type {import('./child.js').Child} its log has what the library says */ child;
    #answers = new Map();
    #nextId = 1;

    /** Starts the process; connect() follows.
     *  @param {import('./sandbox.js').Sandbox} sandbox
     *  @param {{ debug?: boolean, env?: NodeJS.ProcessEnv }} [options]  debug: the library tells all to the log */
    static async start(sandbox, { debug = false, env = {} } = {}) {
        const peer = new SpiceGtk();
        const home = await sandbox.folder('spice-gtk');
        peer.child = sandbox.start('spice-gtk', PYTHON, [PEER], {
            stdio: ['pipe', 'pipe', 'pipe'],
            env: { PATH: process.env.PATH, LANG: 'C.UTF-8', HOME: home, ...(debug && { SPICE_DEBUG: '1' }), ...env },
        });
        peer.#listen();
        await peer.next('ready', () => true, 15000);
        return peer;
    }

    /** A process with a session whose main channel is open. Rejects with the library's error, `state` in it.
     *  @param {Parameters<SpiceGtk['connect']>[0]} where
     *  @param {Parameters<typeof SpiceGtk.start>[1]} [options] */
    static async connect(sandbox, where, options) {
        const peer = await SpiceGtk.start(sandbox, options);
        await peer.connect(where);
        return peer;
    }

    #listen() {
        let rest = '';
        this.child.process.stdout.on('data', (text) => {
            const lines = (rest + text).split('\n');
            rest = lines.pop();
            for (const line of lines) this.#event(JSON.parse(line));
        });
        this.child.process.stdin.on('error', () => {});
        this.child.closed.then(() => {
            const error = new Error(`the spice-gtk peer ended:\n${this.child.log.slice(-2000)}`);
            this.inbox.fail(error);
            for (const { fail } of this.#answers.values()) fail(error);
        });
    }

    #event(event) {
        const waiter = this.#answers.get(event.id);
        if (waiter && event.event === 'done') return waiter.done(event);
        if (waiter && event.event === 'failed') return waiter.fail(Object.assign(new Error(event.message), event));
        return event.event === 'failed' ? this.inbox.fail(new Error(event.message)) : this.inbox.push(event);
    }

    /** Waits for a NOTIFY with such a text. The library only logs it: start() with `debug`. @param {RegExp} pattern */
    notified(pattern) {
        return this.child.says(new RegExp(`spice_channel_handle_notify -- .*${pattern.source}`, pattern.flags));
    }

    /** Sends a command.
     *  @returns {{ id: number, answer: Promise<any> }} answer: fields of `done`, or an Error with those of `failed` */
    command(command, fields = {}, timeoutMs = 10000) {
        const id = this.#nextId++;
        const come = new Promise((done, fail) => this.#answers.set(id, { done, fail }));
        this.child.process.stdin.write(JSON.stringify({ id, command, ...fields }) + '\n');
        const answer = within(timeoutMs, come, `${command} of spice-gtk`).finally(() => this.#answers.delete(id));
        answer.catch(() => {}); // who cares awaits it
        return { id, answer };
    }

    /** The next event of this name that nobody has taken yet.
     *  @param {(event: any) => boolean} [where] */
    next(event, where = () => true, timeoutMs = 5000) {
        return this.inbox.next((item) => item.event === event && where(item), { what: `${event} ${where}`, timeoutMs });
    }

    /** @returns {any[]} every event of this name that ever came */
    seen(event) {
        return this.inbox.all.filter((item) => item.event === event);
    }

    /** Connects and waits until the main channel is open.
     *  @param {{ host?: string, port?: number, 'tls-port'?: number, unix?: string, password?: string,
     *           username?: string, 'ca-file'?: string, 'cert-subject'?: string, channels?: string[] }} where
     *         channels: types that are opened when the server lists them; main always is */
    async connect(where) {
        await this.command('connect', where).answer;
        const main = await this.next('channel', (one) => one.type === 'main' && one.state !== 'new', 15000);
        if (main.state === 'opened') return;
        throw Object.assign(new Error(main.state), main); // `message` where the library has one
    }

    /** Ends the session, and waits until the main channel is closed. */
    async disconnect() {
        await this.command('disconnect').answer;
        await this.next('channel', (one) => one.type === 'main' && one.state === 'closed');
    }

    /** Waits until the agent's capabilities are known, without which the library drops what its user copies. */
    async agent(timeoutMs = 10000) {
        const last = this.seen('agent').at(-1);
        if (last?.connected && last.capabilities) return last;
        return this.next('agent', (event) => event.connected && event.capabilities !== 0, timeoutMs);
    }

    /** Offers contents, as a copy on the client's desktop does.
     *  @param {Partial<Record<'text' | 'png' | 'bmp' | 'tiff' | 'jpeg', string | Buffer | Source>>} contents
     *  @param {{ selection?: string, answers?: boolean }} [options]  answers: false leaves the answer to give() */
    grab(contents, options = {}) {
        const sources = Object.entries(contents).map(([format, content]) => [format, sourceOf(content)]);
        return this.command('grab', { contents: Object.fromEntries(sources), ...options }).answer;
    }

    release(selection = 'clipboard') {
        return this.command('release', { selection }).answer;
    }

    /** Sends contents, asked or unasked. @param {string | Buffer | Source} content */
    give(format, content, selection = 'clipboard') {
        return this.command('give', { format, selection, ...sourceOf(content) }).answer;
    }

    /** Asks for what the guest holds.
     *  @param {{ selection?: string, save?: string, timeoutMs?: number }} [options]  save: a file that gets it
     *  @returns {Promise<{ format: string, size: number, sha256: string, text?: string, base64?: string }>}
     *           text or base64 up to 64 KiB */
    request(format = 'text', { timeoutMs = 10000, ...options } = {}) {
        return this.command('request', { format, ...options }, timeoutMs).answer;
    }

    /** Sends files to the guest. `progress` events { id, name, percent } tell how far each is, `copied` { id, name }
     *  that it ended, with `code` and `message` where it failed.
     *  @param {string[]} paths
     *  @returns {{ id: number, answer: Promise<any> }} answer rejects with `code` and `message` of the library */
    copyFiles(paths, timeoutMs = 30000) {
        return this.command('copy-files', { paths: paths.map((one) => path.resolve(one)) }, timeoutMs);
    }

    cancel(id) {
        return this.command('cancel', { of: id }).answer;
    }

    /** @param {{ id?: number, width?: number, height?: number, x?: number, y?: number, enabled?: boolean }[]} displays
     *  @returns {Promise<boolean>} whether the library has sent it */
    async monitors(displays) {
        return (await this.command('monitors', { displays }).answer).sent;
    }

    /** Waits until the newest channel of each type is open, and `display` has a screen. */
    async opened(...types) {
        const newest = (type) => this.inbox.all.findLastIndex((one) => one.event === 'channel' && one.type === type);
        for (const type of types) {
            const open = () => this.inbox.all[newest(type)]?.state === 'opened';
            await eventually(`${type} is open`, open, { timeoutMs: 15000 });
        }
        if (!types.includes('display')) return;
        const screen = () => this.inbox.all.slice(newest('display')).findLast((one) => one.event === 'display');
        await eventually('there is a screen', () => screen()?.state === 'created', { timeoutMs: 15000 });
    }

    /** The pixels of a display as the library has them now.
     *  @returns {Promise<{ width?: number, height?: number, sha256?: string, updates: number }>} sha256: of the RGB;
     *           none: there is no screen; updates: how many rectangles have been drawn */
    screen(number = 0) {
        return this.command('screen', { number }).answer;
    }

    /** Waits until a display shows these pixels. @param {string} sha256 */
    shows(sha256, { timeoutMs = 15000, number = 0 } = {}) {
        const same = async () => (await this.screen(number)).sha256 === sha256;
        return eventually(`spice-gtk shows ${sha256}`, same, { timeoutMs, everyMs: 50 });
    }

    /** Waits until a display has drawn so many rectangles more. */
    async draws(count, { timeoutMs = 15000, number = 0 } = {}) {
        const { updates } = await this.screen(number);
        const drawn = async () => (await this.screen(number)).updates >= updates + count;
        await eventually(`spice-gtk draws ${count} rectangles`, drawn, { timeoutMs, everyMs: 50 });
    }

    /** Presses a key and lets it go. @param {number} code  a scan code of the PC's keyboard, plus 0x100 for E0 */
    async press(code) {
        await this.command('key', { code, down: true }).answer;
        await this.command('key', { code, down: false }).answer;
    }

    /** Moves the mouse, in the server's mode. @param {number} buttons  here and below: the mask of those down */
    motion(dx, dy, buttons = 0) {
        return this.command('motion', { dx, dy, buttons }).answer;
    }

    /** Moves the mouse, in the client's mode. */
    position(x, y, { display = 0, buttons = 0 } = {}) {
        return this.command('position', { x, y, display, buttons }).answer;
    }

    /** Presses a button of the mouse and lets it go. @param {number} button  1 left, 2 middle, 3 right */
    async click(button) {
        await this.command('button', { button, down: true, buttons: 1 << (button - 1) }).answer;
        await this.command('button', { button, down: false }).answer;
    }

    /** @returns {Promise<{ agentConnected: boolean, capabilities: number, mouseMode: number, name: string | null,
     *           uuid: string | null, channels: { type: string, number: number }[] }>} */
    state() {
        return this.command('state').answer;
    }

    /** Ends the process, and with it the connection. */
    async close() {
        if (!this.child.running) return;
        this.child.process.stdin.end();
        await within(5000, this.child.exited, 'the spice-gtk peer ends');
    }
}

/** @param {string | Buffer | Source} content  @returns {Source} */
function sourceOf(content) {
    if (Buffer.isBuffer(content)) return { base64: content.toString('base64') };
    return typeof content === 'string' ? { text: content } : content;
}
