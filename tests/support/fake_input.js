// What spice-vdagentd does with the guest's mouse, where it is told to write to a pipe in place of /dev/uinput: a
// kernel's input events, as values.
//
//     spice-vdagentd -f -u PIPE ── PIPE ── cat ── struct input_event, 24 bytes each ── here

import { existsSync } from 'node:fs';
import { eventually } from './deadline.js';
import { Inbox } from './inbox.js';

const RECORD = 24; // two times 8 bytes of time; type u16, code u16, value i32
const SYNC = 0;
const NAMES = {
    0: {},
    1: { 0x110: 'left', 0x111: 'right', 0x112: 'middle', 0x113: 'side', 0x114: 'extra' },
    2: { 8: 'wheel' },
    3: { 0: 'x', 1: 'y' },
};

/** What changed with one report of the device: `{ x: 100, left: 1 }`. Nothing at all where nothing did.
 *  @typedef {Record<string, number>} Report */

export class FakeInput {
    inbox = new Inbox();
    /** @type {Report} */ #report = {};
    #rest = Buffer.alloc(0);

    /** @param {import('./sandbox.js').Sandbox} sandbox  @param {string} path  of the pipe, which it makes */
    static async start(sandbox, path) {
        const input = new FakeInput();
        // Open for both ways: it waits for no writer, and goes on where one has gone.
        const child = sandbox.start('uinput', 'sh', ['-c', 'mkfifo "$1" && exec cat <>"$1"', 'sh', path], {
            capture: false,
        });
        child.process.stdout.on('data', (bytes) => input.#take(bytes));
        await eventually('the pipe is there', () => existsSync(path));
        return input;
    }

    /** The next report that changed anything.  @returns {Promise<Report>} */
    next(timeoutMs = 5000) {
        return this.inbox.next(() => true, { what: 'a report of the mouse', timeoutMs });
    }

    /** The next ones, up to the first that is `last`.  @param {Report} last  @returns {Promise<Report[]>} */
    async until(last, timeoutMs) {
        const reports = [];
        do reports.push(await this.next(timeoutMs));
        while (JSON.stringify(reports.at(-1)) !== JSON.stringify(last));
        return reports;
    }

    #take(bytes) {
        this.#rest = Buffer.concat([this.#rest, bytes]);
        const whole = this.#rest.length - (this.#rest.length % RECORD);
        for (let at = 0; at < whole; at += RECORD) this.#event(this.#rest.subarray(at, at + RECORD));
        this.#rest = this.#rest.subarray(whole);
    }

    #event(record) {
        const [type, code, value] = [record.readUInt16LE(16), record.readUInt16LE(18), record.readInt32LE(20)];
        if (type !== SYNC) return void (this.#report[NAMES[type]?.[code] ?? `${type}/${code}`] = value);
        if (Object.keys(this.#report).length > 0) this.inbox.push(this.#report);
        this.#report = {};
    }
}
