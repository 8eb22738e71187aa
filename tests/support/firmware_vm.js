// A machine without a guest's system: QEMU with a SPICE server, whose firmware shows a picture and waits for a key.
//
//     browser ── bridge ── QEMU's SPICE server ── VGA, keyboard, mouse, tablet, a port of the agent
//     test ── QMP ── screendump, and what the machine's devices were told (QEMU's trace of its input)

import { readFile, rm, writeFile } from 'node:fs/promises';
import { freePort } from './net.js';
import { Qmp } from './qmp.js';

/** The firmware waits as long for a key, milliseconds; QEMU takes no more. */
const SPLASH_MS = 65535;

export class FirmwareVm {
    /** @type {import('./child.js').Child} */ child;
    /** @type {number} of its SPICE server, of loopback */ port;
    #sandbox;
    #path;
    #options;
    #qmp;

    /** @param {import('./sandbox.js').Sandbox} sandbox
     *  @param {{ name?: string, video?: string, compression?: string, lossy?: boolean,
     *           splash?: { width: number, height: number } }} [options]
     *         video: QEMU's device; compression: of pictures, as its SPICE server names them; lossy: they come as JPEG
     *         too, as to clients that are far away; splash: the firmware shows a picture of many colours, of this size,
     *         which is a mode that it knows; else text */
    static async start(sandbox, { name = 'firmware', ...options } = {}) {
        const vm = new FirmwareVm();
        vm.#sandbox = sandbox;
        vm.#options = options;
        await sandbox.folder(name);
        vm.#path = (file) => sandbox.path(name, file);
        vm.port = await freePort();
        if (options.splash) await writeFile(vm.#path('splash.bmp'), bitmap(options.splash));
        await vm.restart();
        return vm;
    }

    /** Starts it (again), at the same port. */
    async restart() {
        await rm(this.#path('qmp.sock'), { force: true });
        this.child = this.#sandbox.start('qemu', 'qemu-system-x86_64', this.#arguments());
        this.#qmp = await Qmp.connect(this.#path('qmp.sock'), this.child);
    }

    /** Switches it off and on: its firmware shows its picture again. */
    reset() {
        return this.#qmp.execute('system_reset');
    }

    /** Ends it as a crash of the host does. */
    async kill() {
        this.#qmp.close();
        await this.child.stop('SIGKILL');
    }

    /** What is on its screen, as QEMU sees it.
     *  @returns {Promise<{ width: number, height: number, rgb: Buffer }>} */
    async screen() {
        const file = this.#path('screen.ppm');
        await this.#qmp.execute('screendump', { filename: file });
        return portablePixmap(await readFile(file));
    }

    /** Gives the pointer's events to the device of this name, as a guest's driver does: `tablet` takes positions. */
    async usePointer(name) {
        const list = await this.monitor('info mice');
        const [, index] = list.match(new RegExp(`Mouse #(\\d+): [^\\n]*${name}`, 'i')) ?? [];
        if (!index) throw new Error(`no ${name} among:\n${list}`);
        await this.monitor(`mouse_set ${index}`);
    }

    /** @returns {Promise<string>} what QEMU's monitor answers */
    monitor(line) {
        return this.#qmp.execute('human-monitor-command', { 'command-line': line });
    }

    /** What its devices were told since `from`, one an event: `+a`, `-a`, `x 1000`, `dx 5`, `+left`, `-left`. */
    input(from = 0) {
        return [...this.child.log.slice(from).matchAll(TRACED)].map(({ groups: event }) => {
            if (event.key) return `${event.keyDown === '1' ? '+' : '-'}${event.key}`;
            if (event.button) return `${event.buttonDown === '1' ? '+' : '-'}${event.button}`;
            return `${event.motion === 'rel' ? 'd' : ''}${event.axis} ${Number(event.value)}`;
        });
    }

    /** For `input(from)`: what has come until now. */
    get now() {
        return this.child.log.length;
    }

    #arguments() {
        const { video = 'VGA', compression = 'auto_glz', lossy = false, splash } = this.#options;
        const far = lossy ? 'always' : 'never';
        const picture = splash ? `,splash=${this.#path('splash.bmp')}` : '';
        return [
            ['-nodefaults', '-no-user-config', '-accel', 'tcg', '-m', '64', '-display', 'none', '-device', video],
            ['-boot', `menu=on,splash-time=${SPLASH_MS}${picture}`],
            ['-qmp', `unix:${this.#path('qmp.sock')},server=on,wait=off`],
            ['-spice', `addr=127.0.0.1,port=${this.port},disable-ticketing=on,image-compression=${compression},` +
                `jpeg-wan-compression=${far},zlib-glz-wan-compression=${far}`],
            ['-device', 'qemu-xhci', '-device', 'usb-tablet'],
            ['-device', 'virtio-serial-pci', '-chardev', 'spicevmc,id=agent,name=vdagent'],
            ['-device', 'virtserialport,chardev=agent,name=com.redhat.spice.0'],
            ['-trace', 'input_event_key_qcode', '-trace', 'input_event_rel', '-trace', 'input_event_abs'],
            ['-trace', 'input_event_btn'],
        ].flat();
    }
}

/** What QEMU's trace says of keys, motions and buttons. */
const TRACED = new RegExp(
    [
        /input_event_key_qcode .*key qcode (?<key>\S+), down (?<keyDown>\d)/,
        /input_event_(?<motion>rel|abs) .*axis (?<axis>\S+), value (?<value>\S+)/,
        /input_event_btn .*button (?<button>\S+), down (?<buttonDown>\d)/,
    ]
        .map(({ source }) => source)
        .join('|'),
    'g',
);

/** @param {Buffer} file  P6, as QEMU writes it */
function portablePixmap(file) {
    const [head, width, height] = file.toString('latin1', 0, 64).match(/^P6\s+(\d+)\s+(\d+)\s+255\s/);
    return { width: Number(width), height: Number(height), rgb: file.subarray(head.length) };
}

/** A picture of 24 bits whose colours run from corner to corner, as firmwares read it. */
function bitmap({ width, height }) {
    const [header, row] = [54, Math.ceil((width * 3) / 4) * 4];
    const file = Buffer.alloc(header + row * height);
    file.write('BM');
    file.writeUInt32LE(file.length, 2);
    file.writeUInt32LE(header, 10);
    file.writeUInt32LE(40, 14);
    file.writeInt32LE(width, 18);
    file.writeInt32LE(height, 22);
    file.writeUInt16LE(1, 26);
    file.writeUInt16LE(24, 28);
    for (let y = 0; y < height; ++y) {
        for (let x = 0; x < width; ++x) {
            const blue = Math.floor(((x + y) * 255) / (width + height));
            file.set([blue, Math.floor((y * 255) / height), Math.floor((x * 255) / width)], header + y * row + x * 3);
        }
    }
    return file;
}
