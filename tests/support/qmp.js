// QEMU's monitor for programs: commands and their answers, one JSON object a line, over a unix socket.

import { once } from 'node:events';
import net from 'node:net';
import { eventually, within } from './deadline.js';
import { Inbox } from './inbox.js';

export class Qmp {
    /** @type {Inbox} what QEMU says unasked: { event, data, ... } */ inbox = new Inbox();
    #socket;
    #answers = [];

    /** @param {string} path  of the socket, which QEMU makes as it starts
     *  @param {import('./child.js').Child} qemu */
    static async connect(path, qemu, timeoutMs = 30000) {
        const qmp = new Qmp();
        const fatal = () => !qemu.running;
        const open = async () => {
            if (fatal()) throw new Error(`QEMU ended:\n${qemu.log.slice(-4000)}`);
            const socket = net.connect(path);
            await once(socket, 'connect');
            return socket;
        };
        qmp.#listen(await eventually(`QEMU opens ${path}`, open, { timeoutMs, fatal }));
        await qmp.execute('qmp_capabilities');
        return qmp;
    }

    #listen(socket) {
        this.#socket = socket;
        let rest = '';
        socket.setEncoding('utf8').on('data', (text) => {
            const lines = (rest + text).split('\n');
            rest = lines.pop();
            for (const line of lines) this.#take(JSON.parse(line));
        });
        socket.on('error', () => {}).on('close', () => this.#ended(new Error('QEMU has closed its monitor')));
        socket.unref();
    }

    #take(message) {
        if (message.event) this.inbox.push(message);
        else if ('return' in message) this.#answers.shift()?.resolve(message.return);
        else if (message.error) this.#answers.shift()?.reject(new Error(message.error.desc));
    }

    #ended(error) {
        this.inbox.fail(error);
        for (const answer of this.#answers.splice(0)) answer.reject(error);
    }

    /** @returns {Promise<any>} what the command returns; rejects with QEMU's own words */
    execute(command, args = {}, timeoutMs = 20000) {
        const answer = new Promise((resolve, reject) => this.#answers.push({ resolve, reject }));
        this.#socket.write(`${JSON.stringify({ execute: command, arguments: args })}\n`);
        return within(timeoutMs, answer, `QEMU's answer to ${command}`);
    }

    /** The next event of this name that nobody has taken yet. */
    next(event, timeoutMs = 20000) {
        return this.inbox.next((message) => message.event === event, { what: `${event} of QEMU`, timeoutMs });
    }

    /** Moves the running machine, as libvirt does it: when it runs in the other QEMU and the clients of the SPICE
     *  server here have gone there, this one ends.
     *  @param {{ path: string, spicePort: number }} target  the socket where the other one waits for the machine, and
     *         where its SPICE server listens */
    async migrate({ path, spicePort }, timeoutMs = 60000) {
        await this.execute('client_migrate_info', { protocol: 'spice', hostname: '127.0.0.1', port: spicePort });
        await this.execute('migrate', { uri: `unix:${path}` });
        const done = async () => {
            const { status, 'error-desc': why = '' } = await this.execute('query-migrate');
            return ['completed', 'failed'].includes(status) && { status, why };
        };
        const { status, why } = await eventually('the machine has moved', done, { timeoutMs, everyMs: 50 });
        if (status === 'failed') throw new Error(`the migration failed: ${why}`);
        await this.next('SPICE_MIGRATE_COMPLETED');
        await this.execute('quit');
    }

    close() {
        this.#socket.destroy();
    }
}
