// A QEMU guest agent that a test plays itself, on a unix socket where it listens as QEMU does: for commands that must
// not reach a real one, and for what the real one never does.

import { once } from 'node:events';
import net from 'node:net';
import { eventually } from './deadline.js';

/** What guest-info says of an agent that has these commands. */
export const supports = (...names) => ({
    version: '7.2.0',
    supported_commands: names.map((name) => ({ name, enabled: true, 'success-response': true })),
});

export class ScriptedQga {
    /** @type {{ execute: string, arguments?: any }[]} commands that came, syncs left out */ heard = [];
    /** What each command returns; a function gives it, or undefined: no answer. `error`: `[class, desc]`.
     *  @type {Record<string, any>} */
    answers = {};
    /** What becomes of a sync; by default it is answered. @type {(id: number) => void} */
    onSync = (id) => this.raw(`\xff${JSON.stringify({ return: id })}\n`);
    /** @type {net.Socket | undefined} */ socket;
    connections = 0;
    #rest = '';

    static async listen(path, answers = {}) {
        const agent = new ScriptedQga();
        agent.answers = { ...answers };
        agent.server = net.createServer((socket) => {
            agent.socket = socket;
            agent.connections += 1;
            agent.#rest = '';
            socket.on('data', (data) => agent.#hear(data.toString('latin1')));
            socket.on('error', () => {});
        });
        agent.server.listen(path);
        await once(agent.server, 'listening');
        return agent;
    }

    #hear(text) {
        const lines = (this.#rest + text).split('\n');
        this.#rest = lines.pop() ?? '';
        for (const line of lines) this.#answer(JSON.parse(line.slice(line.lastIndexOf('\xff') + 1)));
    }

    #answer(command) {
        if (command.execute === 'guest-sync-delimited') return this.onSync(command.arguments.id);
        this.heard.push(command);
        const known = this.answers[command.execute];
        const answer = typeof known === 'function' ? known(command.arguments) : known;
        if (answer === undefined) return;
        const [kind, desc] = answer?.error ?? [];
        this.raw(`${JSON.stringify(kind ? { error: { class: kind, desc } } : { return: answer })}\n`);
    }

    /** Writes these bytes, a character each. */
    raw(text) {
        this.socket?.write(Buffer.from(text, 'latin1'));
    }

    /** Waits for a command that was not there before, and gives it. */
    async hears(name) {
        const count = this.heard.length;
        return eventually(`the agent hears ${name}`, () =>
            this.heard.slice(count).find((each) => each.execute === name));
    }

    close() {
        this.socket?.destroy();
        this.server.close();
    }
}
