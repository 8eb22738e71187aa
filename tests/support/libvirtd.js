// libvirt's daemon, as a session of an ordinary user: its files, its sockets and its machines are the sandbox's own.

import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { eventually } from './deadline.js';

const run = promisify(execFile);

/** libvirtd of root is the system's: for root it runs as nobody. */
const NOBODY = 65534;
const isRoot = process.getuid?.() === 0;

/** Carries bytes between its standard input and output, and the daemon's socket beside it. */
const WAY = `import os, socket, sys, threading
daemon = socket.socket(socket.AF_UNIX)
daemon.connect(os.path.join(os.path.dirname(sys.argv[0]), 'libvirt-sock'))
def carry(read, write):
    while data := read(65536):
        write(data)
    os._exit(0)
def send(data):
    while data:
        data = data[os.write(1, data):]
threading.Thread(target=carry, args=(daemon.recv, send)).start()
carry(lambda size: os.read(0, size), daemon.sendall)
`;

export class Libvirtd {
    /** @type {import('./sandbox.js').Sandbox} */ #sandbox;
    /** @type {import('./child.js').Child} */ child;
    /** @type {string} for --libvirt and virsh */ uri;
    /** @type {string} the same daemon, as one of another host is reached: by way of a program */ remoteUri;

    static async start(sandbox) {
        const daemon = new Libvirtd();
        daemon.#sandbox = sandbox;
        await daemon.#prepare();
        await daemon.restart();
        return daemon;
    }

    /** Paths are short: those of sockets have 107 bytes. */
    path(...names) {
        return this.#sandbox.path('lv', ...names);
    }

    async #prepare() {
        await mkdir(this.path('libvirt'), { recursive: true });
        await writeFile(
            this.path('d.conf'),
            `unix_sock_dir = "${this.path()}"\nauth_unix_rw = "none"\nauth_unix_ro = "none"\n`,
        );
        await writeFile(this.path('libvirt', 'qemu.conf'), 'security_driver = "none"\nstdio_handler = "file"\n');
        this.uri = `qemu+unix:///session?socket=${this.path('libvirt-sock')}`;
        const way = this.path('way.py');
        await writeFile(way, `#!/usr/bin/python3\n${WAY}`, { mode: 0o755 });
        this.remoteUri = `qemu+ext:///session?command=${way}`;
        if (!isRoot) return;
        await chmod(this.#sandbox.dir, 0o711);
        for (const folder of [this.path(), this.path('libvirt')]) await chown(folder, NOBODY, NOBODY);
    }

    /** Starts it (again); its machines have gone on meanwhile. */
    async restart() {
        const asUser = isRoot ? ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'] : [];
        const [program, ...args] = [...asUser, 'libvirtd', '-f', this.path('d.conf')];
        const here = this.path();
        const env = { PATH: process.env.PATH, HOME: here, XDG_RUNTIME_DIR: here, XDG_CONFIG_HOME: here };
        Object.assign(env, { XDG_CACHE_HOME: here, XDG_DATA_HOME: here });
        this.child = this.#sandbox.start('libvirtd', program, args, { env });
        await eventually('libvirtd answers', () => this.virsh('uri'), {
            timeoutMs: 20000,
            fatal: () => !this.child.running,
        });
    }

    stop(signal = 'SIGTERM') {
        return this.child.stop(signal);
    }

    /** @returns {Promise<string>} what it prints */
    async virsh(...args) {
        return (await run('virsh', ['-q', '-c', this.uri, ...args], { timeout: 30000 })).stdout;
    }

    /** Starts a machine, without an operating system unless `os` brings one. Its XML isn't kept.
     *  @param {string} name
     *  @param {{ devices?: string, metadata?: string, os?: string, memory?: number, cpus?: number }} [parts]  memory: MiB */
    async create(name, { devices = '', metadata = '', os = '', memory = 32, cpus = 1 } = {}) {
        const file = this.#sandbox.path(`${name}.xml`);
        await writeFile(
            file,
            `<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>${name}</name>
  <memory unit='MiB'>${memory}</memory>
  <vcpu>${cpus}</vcpu>
  <metadata>${metadata}</metadata>
  <os><type arch='x86_64' machine='pc'>hvm</type>${os}</os>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    ${devices}
  </devices>
</domain>`,
        );
        await this.virsh('create', file);
    }

    /** Copies of files that its machines may read.
     *  @template {Record<string, string>} Files  @param {Files} files  @returns {Promise<Files>} */
    async lend(files) {
        const entries = Object.entries(files).map(async ([name, file]) => {
            await run('cp', ['--sparse=always', '--reflink=auto', file, this.path(name)]);
            await chmod(this.path(name), 0o644);
            return [name, this.path(name)];
        });
        return Object.fromEntries(await Promise.all(entries));
    }

    /** Its machines may connect to this socket. */
    async letIn(socket) {
        if (!isRoot) return;
        await chmod(path.dirname(socket), 0o711);
        await chmod(socket, 0o666);
    }

    /** Plugs a device into a running machine. */
    async plugIn(name, device) {
        const file = this.#sandbox.path('device.xml');
        await writeFile(file, device);
        await this.virsh('attach-device', name, file, '--live');
    }
}
