// A real desktop without a virtual machine: TigerVNC's Xvnc, openbox, a D-Bus session, spice-vdagentd and
// spice-vdagent.
//
//     spice-vdagent ── session.sock ── spice-vdagentd ── agent.sock ── (listening there: the bridge)
//           └─────────── X display :N of Xvnc ── VNC on a TCP port of loopback
//
// spice-vdagentd connects to the bridge only once the session agent has reported its screen, and ends when the bridge's
// socket refuses it; so the bridge comes first, and each part is supervised: started again soon after it ended, until
// stopped on purpose.

import { mkdir } from 'node:fs/promises';
import { freePort } from './net.js';
import { FakeInput } from './fake_input.js';
import { Service } from './service.js';
import { X11 } from './x11.js';
import { eventually } from './deadline.js';

export class Desktop {
    /** @type {string} the unix socket to which spice-vdagentd connects; the bridge listens there */ agentSocket;
    /** @type {string} where the agent stores the files that it is sent */ downloads;
    /** @type {number} TCP port of the VNC display */ vncPort;
    /** @type {X11} what an application on this desktop sees */ x11;
    /** @type {FakeInput} what the agent does with the mouse */ input;
    /** @type {Service} */ display;
    /** @type {Service} */ windowManager;
    /** @type {Service} */ bus;
    /** @type {Service} */ vdagentd;
    /** @type {Service} the session agent, spice-vdagent */ agent;
    #env;

    /** Starts the display and the session; startAgent() follows when the bridge listens on `agentSocket`.
     *  @param {import('./sandbox.js').Sandbox} sandbox
     *  @param {{ name?: string, geometry?: string }} [options] */
    static async start(sandbox, { name = 'desktop', geometry = '800x600' } = {}) {
        const desktop = new Desktop();
        await desktop.#prepare(sandbox, name);
        desktop.input = await FakeInput.start(sandbox, sandbox.path(name, 'uinput'));
        await desktop.#startDisplay(sandbox, name, geometry);
        desktop.#startSession(sandbox, name);
        return desktop;
    }

    startAgent() {
        this.vdagentd.start();
        this.agent.start();
    }

    /** Stops session agent and daemon, as a guest that shuts down. */
    async stopAgent() {
        await this.agent.stop();
        await this.vdagentd.stop();
    }

    /** Runs `action`, after which the agent opens its port anew, and waits until it has. */
    async reopened(action) {
        const openings = () => this.vdagentd.log.split('opening vdagent virtio channel').length;
        const before = openings();
        await action();
        await eventually('the agent opens its port', () => openings() > before, { timeoutMs: 10000 });
    }

    async #prepare(sandbox, name) {
        const home = await sandbox.folder(name, 'home');
        this.agentSocket = sandbox.path(name, 'agent.sock');
        this.downloads = sandbox.path(name, 'Downloads');
        await mkdir(this.downloads, { recursive: true });
        this.#env = {
            PATH: process.env.PATH + ':/usr/sbin:/usr/local/sbin:/sbin',
            LANG: 'C.UTF-8',
            HOME: home,
            XDG_RUNTIME_DIR: await sandbox.folder(name, 'runtime'),
            DBUS_SESSION_BUS_ADDRESS: `unix:path=${sandbox.path(name, 'bus.sock')}`,
            NO_AT_BRIDGE: '1',
        };
    }

    async #startDisplay(sandbox, name, geometry) {
        this.vncPort = await freePort();
        // The display's number is its own choice, told through file descriptor 3.
        this.display = new Service(
            sandbox,
            `${name}: Xvnc`,
            'Xvnc',
            [
                '-displayfd',
                '3',
                '-geometry',
                geometry,
                '-depth',
                '24',
                '-SecurityTypes',
                'None',
                '-localhost',
                '-rfbport',
                String(this.vncPort),
                '-AlwaysShared',
                '-nolisten',
                'tcp',
            ],
            { env: this.#env, stdio: ['ignore', 'pipe', 'pipe', 'pipe'], restart: false },
        );
        const child = this.display.start();
        let number = '';
        child.process.stdio[3].setEncoding('utf8').on('data', (text) => (number += text));
        await eventually(
            'Xvnc tells its display number',
            () => {
                if (!child.running) throw new Error(`Xvnc ended: ${child.log}`);
                return number.endsWith('\n');
            },
            { timeoutMs: 10000, fatal: () => !child.running },
        );
        this.#env.DISPLAY = `:${number.trim()}`;
        this.x11 = new X11(sandbox, this.#env);
    }

    #startSession(sandbox, name) {
        const service = (program, args, options) =>
            new Service(sandbox, `${name}: ${program}`, program, args, { env: this.#env, ...options });
        const sessionSocket = sandbox.path(name, 'session.sock');
        const sockets = ['-s', this.agentSocket, '-S', sessionSocket];
        this.bus = service('dbus-daemon', [
            '--session',
            '--nofork',
            '--nopidfile',
            `--address=${this.#env.DBUS_SESSION_BUS_ADDRESS}`,
        ]);
        this.windowManager = service('openbox', ['--sm-disable']);
        this.vdagentd = service('spice-vdagentd', ['-x', '-X', '-d', '-f', '-u', sandbox.path(name, 'uinput'), ...sockets], {
            clear: sessionSocket,
        });
        this.agent = service('spice-vdagent', ['-x', '-d', '-o', '0', '-f', this.downloads, ...sockets]);
        this.bus.start();
        this.windowManager.start();
    }
}
