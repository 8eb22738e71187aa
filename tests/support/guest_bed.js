// A real guest in QEMU, the bridge before it, and one client: the bed of the tests named qemu_*.

import { writeFile } from 'node:fs/promises';
import { Bed } from './bed.js';
import { bytesOf, sha256 } from './data.js';
import { eventually } from './deadline.js';
import { GuestVm } from './guest_vm.js';

/** What the agent in an emulated processor may take for anything. */
export const AGENT_MS = 60000;

const PASSWORD = 'of the machine';

export class GuestBed {
    /** @type {Bed} */ bed;
    /** @type {GuestVm} */ vm;
    /** @type {import('./client.js').Client} */ client;

    /** Boots the guest and waits until its agent is there.
     *  @param {{ spice: boolean }} options  whether QEMU's SPICE server has its agent's port, else a unix socket */
    static async start({ spice }) {
        const guest = new GuestBed();
        guest.bed = await Bed.start({
            vms: [],
            scripted: ['one'],
            // An emulated guest may take longer for an answer than a real one is given.
            sections: { server: { 'spice-listen': '127.0.0.1:0' }, limits: { 'request-deadline': '15s' } },
            prepare: (bed) => guest.#prepare(bed, spice),
        });
        try {
            await guest.bed.agentReady('one', AGENT_MS);
            guest.client = await guest.bed.client();
        } catch (error) {
            await guest.close();
            throw error;
        }
        return guest;
    }

    async #prepare(bed, spice) {
        this.bed = bed;
        this.vm = await GuestVm.start(bed.sandbox, spice ? { spice: { password: PASSWORD } } : {});
        bed.options.vms.one.guest = spice ? await this.withPassword(PASSWORD) : `unix:${this.vm.agentSocket}`;
    }

    get password() {
        return PASSWORD;
    }

    /** The configuration's line for the guest with this password, from a file of its own. */
    async withPassword(password) {
        const file = this.bed.sandbox.path(`password-${sha256(bytesOf(Buffer.from(password)))}`);
        await writeFile(file, `${password}\n`, { mode: 0o600 });
        return `spice:127.0.0.1:${this.vm.port}?password-file=${file}`;
    }

    /** Another line for the guest by a reload, after which the daemon says this. */
    async reload(line, pattern) {
        const { daemon, options } = this.bed;
        const before = daemon.log.length;
        options.vms.one.guest = line;
        await daemon.configure(options);
        daemon.child.signal('SIGHUP');
        await eventually(`${pattern} after the reload`, () => daemon.log.slice(before).match(pattern));
    }

    /** Waits for what the daemon tells its client of the agent. */
    agent({ connected }, timeoutMs = AGENT_MS) {
        return this.client.next('agent', (frame) => frame.connected === connected, timeoutMs);
    }

    /** What is copied in the guest, as a client of the bridge reads it.
     *  @param {{ target?: string, format?: string }} [options]  the same for X and for the client */
    async copyInGuest(content, { target, format = 'text/plain' } = {}) {
        this.client.inbox.clear();
        await this.vm.x11.copy(content, { target });
        await this.client.next('clipboard-grab', () => true, AGENT_MS);
        return this.client.read(format, { timeoutMs: AGENT_MS });
    }

    /** What is pasted in the guest once the client has offered this.
     *  @returns {Promise<Buffer>} */
    async copyInClient(offer, { target } = {}) {
        await this.vm.x11.newOwner(() => this.client.offer(offer));
        return this.vm.x11.paste({ target, timeoutMs: AGENT_MS });
    }

    /** Waits until an agent that is back has this client's offer, which stood meanwhile. A copy in the guest before
     *  that is older than the offer there, and loses to it. */
    standsAgain(text) {
        const pasted = async () => (await this.vm.x11.pasteText({ timeoutMs: 3000 })) === text;
        return eventually(`the guest pastes "${text}"`, pasted, { timeoutMs: AGENT_MS });
    }

    /** Asks for one monitor of this size.
     *  @param {string} size  such as 1024x768
     *  @returns {Promise<any>} what the client is told at last */
    layout(size) {
        const [width, height] = size.split('x').map(Number);
        const result = this.client.setMonitors([{ width, height }], AGENT_MS);
        result.catch(() => {}); // who cares awaits it
        return result;
    }

    /** Waits until X in the guest has this size. */
    resized(size) {
        const there = async () => (await this.vm.x11.size()) === size;
        return eventually(`the screen is ${size}`, there, { timeoutMs: AGENT_MS });
    }

    close() {
        return this.bed.close();
    }
}
