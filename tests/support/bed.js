// The bed of the end-to-end tests: the real daemon, and for each machine a real desktop with the real agent.

import { Client } from './client.js';
import { Daemon } from './daemon.js';
import { Desktop } from './desktop.js';
import { eventually } from './deadline.js';
import { Sandbox } from './sandbox.js';
import { ScriptedGuest } from './scripted_guest.js';

export class Bed {
    /** @type {Sandbox} */ sandbox;
    /** @type {Daemon} */ daemon;
    /** @type {Record<string, Desktop>} by the machine's name */ desktops = {};
    /** @type {Parameters<typeof Daemon.start>[1]} what the configuration file says, and how it is started */ options;
    #clients = new Set();
    #guests = new Map();

    /** Starts everything and waits until the capabilities of each agent have come through the bridge.
     *  @param {{ vms?: string[], scripted?: string[], sections?: Record<string, Record<string, string>>,
     *           keys?: Record<string, Record<string, string>>,
     *           prepare?: (bed: Bed) => void | Promise<void> }} [options]
     *         vms: machines with a desktop; scripted: machines whose guest the test plays;
     *         keys: further keys of a machine; prepare: called before the daemon, may change `options` */
    static async start({ vms = ['one'], scripted = [], sections = {}, keys = {}, prepare = () => {} } = {}) {
        const bed = new Bed();
        bed.sandbox = await Sandbox.open();
        try {
            await bed.#start(vms, scripted, sections, keys, prepare);
        } catch (error) {
            await bed.sandbox.close();
            throw error;
        }
        return bed;
    }

    async #start(vms, scripted, sections, keys, prepare) {
        const desktops = await Promise.all(vms.map((name) => Desktop.start(this.sandbox, { name })));
        vms.forEach((name, index) => (this.desktops[name] = desktops[index]));
        for (const name of scripted) await this.sandbox.folder(name);
        const machines = [...vms, ...scripted].map((name) => [name, { ...this.#keysOf(name), ...keys[name] }]);
        this.options = { vms: Object.fromEntries(machines), sections };
        await prepare(this);
        this.daemon = await Daemon.start(this.sandbox, this.options);
        for (const desktop of desktops) desktop.startAgent();
        await Promise.all(vms.map((name) => this.agentReady(name)));
    }

    #keysOf(name) {
        const guest = { guest: `unix-listen:${this.guestSocket(name)}` };
        const desktop = this.desktops[name];
        return desktop ? { ...guest, display: `vnc:127.0.0.1:${desktop.vncPort}` } : guest;
    }

    /** The daemon's socket for a machine's guest. */
    guestSocket(name = 'one') {
        return this.sandbox.path(name, 'agent.sock');
    }

    /** @returns {Desktop} the only machine's desktop */
    get desktop() {
        return Object.values(this.desktops)[0];
    }

    /** Waits until the bridge says that this machine's agent is there. */
    agentReady(name = 'one', timeoutMs = 15000) {
        return eventually(
            `the agent of ${name} is connected`,
            async () => (await this.daemon.vm(name)).agent.connected,
            { timeoutMs },
        );
    }

    /** A client of a machine whose agent is there; the bed closes it. */
    async client(name = 'one', options) {
        const client = await Client.connect(this.daemon.url(name), { ca: this.daemon.ca, ...options });
        this.#clients.add(client);
        return client;
    }

    /** Plays the guest of a machine. A machine has one guest at a time: the former one is closed first.
     *  @param {Parameters<typeof ScriptedGuest.connect>[1]} [options] */
    async guest(name = 'one', options) {
        await this.#guests.get(name)?.close();
        const guest = await ScriptedGuest.connect(this.guestSocket(name), options);
        this.#guests.set(name, guest);
        return guest;
    }

    /** Stops the daemon in order and cleans up. Fails where a client noted a breach or the daemon did not end well. */
    async close() {
        try {
            this.daemon.assertRunning();
            for (const client of this.#clients) await client.close();
            if (this.daemon.child.running) await this.daemon.stop();
        } finally {
            await this.sandbox.close();
        }
    }
}
