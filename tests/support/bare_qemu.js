// A machine without an operating system, there within a second: QEMU, its SPICE server, and a boot sector that paints
// (bare_qemu/screen.s). Each key's picture, and each mouse button's, is another one, and stands until the next; the key
// "b" is a burst of them.
//
//     const machine = await BareQemu.start(sandbox);
//     await machine.picture('a');                // the digest of that key's picture, by QEMU's own means

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { eventually, within } from './deadline.js';
import { freePort } from './net.js';
import { Qmp } from './qmp.js';
import { spiceArguments } from './qemu_spice.js';

const SOURCE = fileURLToPath(new URL('bare_qemu/screen.s', import.meta.url));
const START_MS = 30000; // a second on idle cores
const [WIDTH, HEIGHT] = [640, 400]; // mode 13h, each pixel four times; the BIOS begins with another one

const run = promisify(execFile);

/** @typedef {{ password?: string, tls?: { certificate: string, key: string }, display?: string,
 *              args?: string[] }} Options
 *  tls: its SPICE server has a port of TLS alone; display: QEMU's device; args: further ones of QEMU */

export class BareQemu {
    /** @type {import('./child.js').Child} */ child;
    /** @type {Qmp} */ qmp;
    /** @type {number} of its SPICE server, of loopback; the same after restart() */ port;
    #sandbox;
    #path;
    #options;
    #starts = 0;

    /** @param {import('./sandbox.js').Sandbox} sandbox
     *  @param {Options & { name?: string }} [options]  name: its folder's, and the machine's own */
    static async start(sandbox, { name = 'bare', ...options } = {}) {
        const machine = new BareQemu();
        machine.name = name;
        machine.#sandbox = sandbox;
        machine.#options = options;
        await sandbox.folder(name);
        machine.#path = (file) => sandbox.path(name, file);
        machine.port = await freePort();
        await assemble(machine.#path('screen'));
        await machine.restart();
        return machine;
    }

    /** Starts it (again), on the port that it had, and waits until it paints.
     *  @param {Options} [options]  others from now on */
    async restart(options = {}) {
        this.#options = { ...this.#options, ...options };
        const { password } = this.#options;
        if (password) await writeFile(this.#path('secret'), password, { mode: 0o600 });
        await this.#launch();
        const booted = async () => {
            const { width, height } = await this.screen();
            return width === WIDTH && height === HEIGHT;
        };
        await eventually('the machine has booted', booted, { timeoutMs: START_MS });
    }

    /** Moves the running machine to another QEMU, whose SPICE server is at another port. */
    async migrate() {
        const [source, qmp] = [this.child, this.qmp];
        this.port = await freePort();
        const path = this.#path('incoming.sock');
        await this.#launch(['-incoming', `unix:${path}`]);
        await qmp.migrate({ path, spicePort: this.port });
        await within(START_MS, source.exited, 'the former QEMU ends');
    }

    /** Ends it as a crash of the host does. */
    async kill() {
        this.qmp.close();
        await this.child.stop('SIGKILL');
    }

    /** Presses a key and lets it go, not by SPICE. @param {string} key  QEMU's name of it, here and below */
    press(key) {
        return this.qmp.execute('send-key', { keys: [{ type: 'qcode', data: key }] });
    }

    /** What its screen shows, not by SPICE.
     *  @returns {Promise<{ width: number, height: number, sha256: string, whole: boolean }>}
     *           the digest of the RGB pixels; whole: one picture, all of it painted */
    async screen() {
        const filename = this.#path('screen.ppm');
        await this.qmp.execute('screendump', { filename });
        const file = await readFile(filename);
        const [head, width, height] = /^P6\n(\d+) (\d+)\n255\n/.exec(file.toString('latin1', 0, 64));
        const size = { width: Number(width), height: Number(height) };
        const pixels = file.subarray(head.length);
        return { ...size, sha256: createHash('sha256').update(pixels).digest('hex'), whole: isWhole(size, pixels) };
    }

    /** Presses a key, whose picture is not there yet, and gives that picture. Not within a burst.
     *  @returns {Promise<string>} its digest */
    picture(key) {
        return this.#painted(key, () => this.press(key));
    }

    /** Clicks, and gives the picture of that. @param {'left' | 'middle' | 'right'} button */
    pictureOfClick(button) {
        return this.#painted(button, async () => {
            for (const down of [true, false]) {
                const event = { type: 'btn', data: { button, down } };
                await this.qmp.execute('input-send-event', { events: [event] });
            }
        });
    }

    /** Waits until a burst has changed the picture so many times more. */
    async paints(count) {
        for (let left = count; left > 0; --left) {
            const { sha256 } = await this.screen();
            const changed = async () => (await this.screen()).sha256 !== sha256;
            await eventually(`the burst goes on, ${left} times`, changed, { timeoutMs: START_MS });
        }
    }

    async #painted(what, action) {
        const before = await this.screen();
        await action();
        const painted = async () => {
            const now = await this.screen();
            return now.whole && now.sha256 !== before.sha256 && now.sha256;
        };
        return eventually(`the machine paints for ${what}`, painted, { timeoutMs: START_MS });
    }

    /** Makes the tablet among its devices what moves the pointer, as a driver in a guest does. */
    async useTablet() {
        const { index } = (await this.qmp.execute('query-mice')).find((mouse) => mouse.absolute);
        await this.qmp.execute('human-monitor-command', { 'command-line': `mouse_set ${index}` });
    }

    async #launch(further = []) {
        const monitor = this.#path(`monitor-${++this.#starts}.sock`);
        this.child = this.#sandbox.start('qemu', 'qemu-system-x86_64', [...this.#arguments(monitor), ...further]);
        this.qmp = await Qmp.connect(monitor, this.child, START_MS);
    }

    #arguments(monitor) {
        const { password, tls, display = 'qxl-vga', args = [] } = this.#options;
        const at = tls ? { tlsPort: this.port, ...tls } : { port: this.port };
        return [
            ['-nodefaults', '-no-user-config', '-accel', 'tcg', '-m', '16', '-name', this.name],
            ['-drive', `file=${this.#path('screen')},format=raw,if=floppy,readonly=on`],
            ['-display', 'none', '-device', display, '-qmp', `unix:${monitor},server=on,wait=off`],
            spiceArguments({ ...at, passwordFile: password && this.#path('secret') }),
            args,
        ].flat();
    }
}

/** Makes the boot sector, by the assembler and the linker that the compiler brings. */
async function assemble(image) {
    await run('as', ['--32', '-o', `${image}.o`, SOURCE]);
    const sector = ['-m', 'elf_i386', '-Ttext', '0x7c00', '-e', 'start', '--oformat', 'binary'];
    await run('ld', [...sector, '-o', image, `${image}.o`]);
}

/** In one picture a pixel's colour depends on the low byte of a sum of its place's bytes alone, as screen.s has it. */
function isWhole({ width, height }, pixels) {
    if (width !== WIDTH || height !== HEIGHT) return false;
    const colours = new Array(256);
    for (let place = 0; place < (WIDTH / 2) * (HEIGHT / 2); ++place) {
        const at = 3 * (2 * Math.floor(place / (WIDTH / 2)) * WIDTH + 2 * (place % (WIDTH / 2)));
        const colour = pixels.readUIntBE(at, 3);
        if ((colours[((place & 255) + (place >> 8)) & 255] ??= colour) !== colour) return false;
    }
    return true;
}
