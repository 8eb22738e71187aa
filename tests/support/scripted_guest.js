// A guest that a test plays itself, for what the real agent never does: silence, rubbish, floods. It connects to the
// unix socket on which the bridge listens and announces itself as spice-vdagent does; everything else is the test's.

import { once } from 'node:events';
import net from 'node:net';
import { within } from './deadline.js';
import { Inbox } from './inbox.js';
import { chunk, Format, LINUX_AGENT, message, MessageReader, Port, Type, u32 } from './vdi.js';

export class ScriptedGuest {
    /** @type {Inbox} messages from the bridge: { port, type, payload } */ inbox = new Inbox();
    /** @type {boolean} */ closed = false;
    #socket;
    #serial = 0;

    /** @param {string} path
     *  @param {{ capabilities?: number, announce?: boolean }} [options] */
    static async connect(path, { capabilities = LINUX_AGENT, announce = true } = {}) {
        const guest = new ScriptedGuest();
        guest.#socket = net.connect(path);
        await within(5000, once(guest.#socket, 'connect'), `connection to ${path}`);
        guest.#listen(capabilities);
        if (announce) await guest.#handshake(capabilities);
        return guest;
    }

    /** As a real agent, it grabs nothing before the bridge has asked for its capabilities: that would end its grabs. */
    async #handshake(capabilities) {
        await this.send(Type.announce, u32(1, capabilities));
        const asks = (item) => item.type === Type.announce && item.payload.readUInt32LE(0) === 1;
        await this.inbox.next(asks, { what: 'the bridge asks for capabilities' });
    }

    #listen(capabilities) {
        const reader = new MessageReader();
        this.#socket.on('data', (bytes) => {
            try {
                for (const item of reader.push(bytes)) {
                    if (item.type === Type.announce && item.payload.readUInt32LE(0) === 1)
                        this.send(Type.announce, u32(0, capabilities));
                    this.inbox.push(item);
                }
            } catch (error) {
                this.inbox.fail(error);
            }
        });
        this.#socket.on('error', () => {});
        this.#socket.on('close', () => {
            this.closed = true;
            this.inbox.fail(new Error('the bridge closed the guest port'));
        });
    }

    /** Sends one message in one chunk, as the Linux agent does. Resolves when the kernel has taken it. */
    send(type, payload, port = Port.client) {
        return this.raw(chunk(port, message(type, payload)));
    }

    /** Sends these bytes. Resolves when the kernel has taken them; false when the connection is gone. */
    raw(bytes) {
        const taken = new Promise((resolve) => {
            if (!this.#socket.writable) return resolve(false);
            this.#socket.write(bytes, (error) => resolve(!error));
        });
        return within(10000, taken, `the bridge reads ${bytes.length} bytes of the guest`);
    }

    /** The next message of this type. */
    next(type, timeoutMs = 5000) {
        return this.inbox.next((item) => item.type === type, { what: `message ${type}`, timeoutMs });
    }

    /** Owns the clipboard with these formats. */
    grab(...formats) {
        return this.send(Type.grab, Buffer.concat([u32(0, this.#serial++), u32(...formats)]));
    }

    /** Answers a request for text. */
    giveText(text) {
        return this.send(Type.clipboard, Buffer.concat([u32(0, Format.text), Buffer.from(text)]));
    }

    /** Reads no more, as a guest that hangs. */
    pause() {
        this.#socket.pause();
    }

    resume() {
        this.#socket.resume();
    }

    async closedByPeer(timeoutMs = 5000) {
        if (!this.closed) await within(timeoutMs, once(this.#socket, 'close'), 'the bridge closes the guest port');
    }

    async close() {
        if (this.closed) return;
        const closed = once(this.#socket, 'close');
        this.#socket.destroy();
        await closed;
    }
}
