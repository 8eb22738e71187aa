// A real guest: QEMU without KVM, Debian's kernel, X and agent in it (guest_image/).
//
//     xclip, xrandr ── X ── spice-vdagent ── spice-vdagentd ── com.redhat.spice.0 ──┬── QEMU's SPICE server ── TCP port
//     vm-shell ── vmcbridge.shell ── unix socket ── run()                           └── or a unix socket of QEMU's
//     qemu-ga ── org.qemu.guest_agent.0, where the machine has such a port
//
// The guest can't tell one of these hosts from the other, so one image serves both. Its disk is read only, what it
// writes stays in its memory: nothing is kept, and the next host of a migration needs no more than that.

import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import net from 'node:net';
import { eventually, within } from './deadline.js';
import { guestImage } from './guest_image.js';
import { freePort } from './net.js';
import { spiceArguments } from './qemu_spice.js';
import { Qmp } from './qmp.js';
import { X11 } from './x11.js';

const BOOT_MS = 240 * 1000; // 15 s on two idle cores, three times that where others have them
const AGENT_MS = 60 * 1000; // of the daemon in there, to be back
const COMMAND_MS = 30 * 1000;

const KERNEL_OPTIONS =
    'console=ttyS0 quiet loglevel=3 panic=-1 mitigations=off nokaslr tsc=reliable random.trust_cpu=on';

export class GuestVm {
    /** @type {import('./child.js').Child} QEMU; its log is the guest's console */ child;
    /** @type {number | undefined} port of QEMU's SPICE server, of loopback */ port;
    /** @type {string | undefined} unix socket of the agent's port, where there is no SPICE server */ agentSocket;
    /** @type {string} where the agent stores the files that it is sent, in the guest */ downloads =
        '/home/guest/Downloads';
    /** @type {GuestX11} what an application in the guest sees */ x11 = new GuestX11(this);
    #sandbox;
    #name;
    #path;
    #image;
    #options;
    #shell;
    #qmp;
    #hosts = 0;

    /** Boots it, and waits until its agent has opened its port.
     *  @param {import('./sandbox.js').Sandbox} sandbox
     *  @param {{ name?: string, spice?: { password?: string }, video?: string,
     *            libvirtd?: import('./libvirtd.js').Libvirtd, devices?: string }} [options]
     *         spice: QEMU's SPICE server holds the agent's port, else a unix socket; video: QEMU's device. The screens
     *         of `virtio-vga` (if none is named) and `qxl-vga` its SPICE server resizes, that of `VGA` the agent;
     *         libvirtd: starts it, in place of the test, with these devices, the agent's port among them */
    static async start(sandbox, { name = 'vm', ...options } = {}) {
        const vm = new GuestVm();
        vm.#sandbox = sandbox;
        vm.#name = name;
        vm.#options = options;
        await sandbox.folder(name);
        vm.#path = (file) => sandbox.path(name, file);
        vm.#image = await guestImage(sandbox);
        if (options.libvirtd) vm.#image = await options.libvirtd.lend(vm.#image);
        if (options.spice) vm.port = await freePort();
        else vm.agentSocket = vm.#path('agent.sock');
        if (options.spice?.password) await writeFile(vm.#path('secret'), options.spice.password, { mode: 0o600 });
        await vm.restart();
        return vm;
    }

    /** Boots it (again), at the same port or socket.
     *  @param {{ video?: string, devices?: string }} [options]  other ones from now on */
    async restart(options = {}) {
        this.#options = { ...this.#options, ...options };
        this.#shell?.close();
        await this.#launch();
        await this.#eventually('the guest has booted', () => this.#shell.ready);
        await this.#eventually('the agent opens its port', async () => (await this.#openings()) > 0);
    }

    /** Moves the running machine to another QEMU, whose SPICE server is at another port. */
    async migrate() {
        const [source, shell, qmp] = [this.child, this.#shell, this.#qmp];
        this.port = await freePort();
        const path = this.#path('incoming.sock');
        await this.#launch(['-incoming', `unix:${path}`]);
        await qmp.migrate({ path, spicePort: this.port });
        await within(COMMAND_MS, source.exited, 'the former QEMU ends');
        shell.close();
    }

    /** Ends the agent's daemon in the guest, and waits until it is back and has opened its port anew. */
    async restartAgent() {
        const before = await this.#openings();
        await this.run('killall -9 spice-vdagentd', { user: 'root' });
        await eventually('the agent opens its port anew', async () => (await this.#openings()) > before, {
            timeoutMs: AGENT_MS,
        });
    }

    /** Ends it as a crash of the host does. */
    async kill() {
        await this.child.stop('SIGKILL');
        this.#shell.close();
    }

    /** Runs a script in the guest, one at a time.
     *  @param {string} script  for sh
     *  @param {{ user?: string, timeoutMs?: number }} [options]  user: by default who sits at the screen
     *  @returns {Promise<{ code: number, output: Buffer }>} output: what it wrote to standard output */
    run(script, { user = 'guest', timeoutMs = COMMAND_MS } = {}) {
        return within(timeoutMs, this.#shell.run(user, script), `in the guest: ${script.slice(0, 200)}`);
    }

    /** @returns {Promise<string>} the digest of a file in the guest */
    async sha256(file) {
        const { output } = await this.run(`sha256sum ${quoted(file)}`);
        return output.toString().split(' ')[0];
    }

    /** Starts a QEMU; it boots the machine, or waits for one that comes. */
    async #launch(further = []) {
        const host = `${++this.#hosts}`;
        this.#shell = await Shell.listen(this.#path(`shell-${host}.sock`));
        if (this.#options.libvirtd) return this.#create();
        const monitor = this.#path(`monitor-${host}.sock`);
        const sockets = [
            ['-chardev', `socket,id=shell,path=${this.#shell.path},server=off`],
            ['-qmp', `unix:${monitor},server=on,wait=off`],
        ];
        const args = [...this.#arguments(), ...sockets.flat(), ...further];
        this.child = this.#sandbox.start('qemu', 'qemu-system-x86_64', args);
        this.#qmp = await Qmp.connect(monitor, this.child);
    }

    /** Has libvirt start it. */
    async #create() {
        const { libvirtd, devices } = this.#options;
        await libvirtd.letIn(this.#shell.path);
        const { kernel, initramfs, root } = this.#image;
        await libvirtd.create(this.#name, {
            memory: 512,
            cpus: 2,
            os: `<kernel>${kernel}</kernel><initrd>${initramfs}</initrd><cmdline>${KERNEL_OPTIONS}</cmdline>`,
            devices: `<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='${root}'/>
                    <target dev='vda' bus='virtio'/><readonly/></disk>
                <channel type='unix'><source mode='connect' path='${this.#shell.path}'/>
                    <target type='virtio' name='vmcbridge.shell'/></channel>
                ${devices}`,
        });
        this.child = libvirtd.child;
    }

    async #openings() {
        const { output } = await this.run("grep -c 'opening vdagent virtio channel' /run/log/spice-vdagentd");
        return Number(output);
    }

    async #eventually(what, check) {
        const fatal = () => !this.child.running;
        try {
            await eventually(
                what,
                () => {
                    if (fatal()) throw new Error('QEMU ended');
                    return check();
                },
                { timeoutMs: BOOT_MS, everyMs: 100, fatal },
            );
        } catch (error) {
            throw new Error(`${error.message}\n${this.child.log.slice(-4000)}`, { cause: error });
        }
    }

    #arguments() {
        const { kernel, initramfs, root } = this.#image;
        return [
            ['-nodefaults', '-no-user-config', '-no-reboot'],
            ['-accel', 'tcg,thread=multi', '-cpu', 'qemu64', '-smp', '2', '-m', '512'],
            ['-kernel', kernel, '-initrd', initramfs, '-append', KERNEL_OPTIONS, '-serial', 'stdio'],
            ['-drive', `file=${root},format=raw,if=virtio,readonly=on`],
            ['-display', 'none', '-device', this.#options.video ?? 'virtio-vga', '-device', 'virtio-serial-pci'],
            this.#agentPort(),
            ['-device', 'virtserialport,chardev=agent,name=com.redhat.spice.0'],
            ['-device', 'virtserialport,chardev=shell,name=vmcbridge.shell'],
        ].flat();
    }

    #agentPort() {
        const { spice } = this.#options;
        if (!spice) return ['-chardev', `socket,id=agent,path=${this.agentSocket},server=on,wait=off`];
        const passwordFile = spice.password && this.#path('secret');
        return [...spiceArguments({ port: this.port, passwordFile }), '-chardev', 'spicevmc,id=agent,name=vdagent'];
    }
}

/** The host's end of vm-shell: a user and a script go in, a line with exit code and output comes out. */
class Shell {
    /** @type {boolean} whether the guest has said that it answers, which it says once */ ready = false;
    /** @type {string} the socket */ path;
    #server;
    #socket;
    #rest = '';
    #last = Promise.resolve();
    #answer = (_line) => {};
    #fail = (_error) => {};

    static async listen(socketPath) {
        const shell = new Shell();
        shell.path = socketPath;
        shell.#server = net.createServer((socket) => shell.#connected(socket)).listen(socketPath);
        shell.#server.unref();
        await once(shell.#server, 'listening');
        return shell;
    }

    #connected(socket) {
        this.#socket = socket;
        socket.setEncoding('latin1').on('data', (text) => {
            const lines = (this.#rest + text).split('\n');
            this.#rest = lines.pop();
            for (const line of lines) {
                if (line === 'hello') this.ready = true;
                else this.#answer(line);
            }
        });
        socket.on('error', () => {}).on('close', () => this.#fail(new Error('the guest is gone')));
    }

    run(user, script) {
        const mine = this.#last.then(() => this.#exchange(user, script));
        this.#last = mine.catch(() => {});
        return mine;
    }

    async #exchange(user, script) {
        const line = await new Promise((resolve, reject) => {
            this.#answer = resolve;
            this.#fail = reject;
            if (!this.#socket || this.#socket.destroyed) reject(new Error('the guest is gone'));
            else this.#socket.write(`${user} ${Buffer.from(script).toString('base64')}\n`);
        });
        const [code, output] = line.split(' ');
        return { code: Number(code), output: Buffer.from(output, 'base64') };
    }

    close() {
        this.#server.close();
        this.#socket?.destroy();
    }
}

/** The same, seen from outside the machine. */
class GuestX11 extends X11 {
    #vm;

    constructor(vm) {
        super(undefined, { DISPLAY: 'the guest' });
        this.#vm = vm;
    }

    async copy(bytes, { target, selection = 'clipboard' } = {}) {
        const content = Buffer.from(bytes).toString('base64');
        const xclip = `xclip -selection ${selection} -i ${target ? `-target ${target}` : ''}`;
        const { code } = await this.#vm.run(`base64 -d <<'END' | ${xclip} >/dev/null 2>&1\n${content}\nEND\n`);
        if (code !== 0) throw new Error(`xclip -i in the guest: exit ${code}`);
    }

    async paste({ target, selection = 'clipboard', timeoutMs = 10000 } = {}) {
        const xclip = `xclip -selection ${selection} -o ${target ? `-target ${target}` : ''}`;
        const limit = Math.ceil(timeoutMs / 1000);
        return (await this.#vm.run(`timeout ${limit} ${xclip}`, { timeoutMs: timeoutMs + COMMAND_MS })).output;
    }

    newOwner(action, selection = 'clipboard') {
        return super.newOwner(action, selection, COMMAND_MS);
    }

    async size() {
        const { output } = await this.#vm.run('xrandr --current');
        const [, width, height] = output.toString().match(/current (\d+) x (\d+)/) ?? [];
        return `${width}x${height}`;
    }
}

function quoted(word) {
    return `'${word.replaceAll("'", `'\\''`)}'`;
}
