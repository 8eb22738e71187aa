// SASL at a SPICE link: accounts for the daemon's libsasl2, and the client's side of the conversation with every
// length open to a test.
//
//     link, mechanism "SASL" ->  <- u32 length, names;  u32 length, name; u32 length, data ->
//     <- u32 length, data, u8 complete;  u32 length, data ->  ...  <- u32 0, or u32 1 and a sentence

import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { within } from './deadline.js';
import { ByteReader, LinkError, LinkRefused, Mechanism, linkMessage, open, readReply } from './spice_link.js';
import { u32 } from './vdi.js';

/** Makes a folder of configuration with these accounts.
 *  @param {import('./sandbox.js').Sandbox} sandbox
 *  @param {Record<string, string>} users  passwords by name
 *  @param {string[]} [mechanisms]  those that are offered; all that there are where it is left out
 *  @returns {Promise<NodeJS.ProcessEnv>} what leads the daemon there */
export async function makeAccounts(sandbox, users, mechanisms) {
    const folder = await sandbox.folder('sasl');
    const database = sandbox.path('sasl', 'sasldb2');
    const lines = ['pwcheck_method: auxprop', 'auxprop_plugin: sasldb', `sasldb_path: ${database}`];
    if (mechanisms) lines.push(`mech_list: ${mechanisms.join(' ')}`);
    await writeFile(sandbox.path('sasl', 'vmcbridge.conf'), lines.join('\n') + '\n');
    for (const [user, password] of Object.entries(users)) {
        const child = sandbox.start('saslpasswd2', 'saslpasswd2', ['-p', '-c', '-f', database, user], {
            stdio: ['pipe', 'pipe', 'pipe'],
            env: { PATH: `${process.env.PATH}:/usr/sbin` },
        });
        child.process.stdin.end(password);
        const { code } = await within(5000, child.closed, 'saslpasswd2 ends');
        if (code !== 0) throw new Error(`saslpasswd2 makes no account (package sasl2-bin): ${child.log}`);
    }
    return { SASL_CONF_PATH: folder };
}

/** The first message of PLAIN. */
export const plain = (user, password) => Buffer.from(`\0${user}\0${password}`);

/** @typedef {{ refused: false, complete: boolean, data: Buffer | undefined } | { refused: true, sentence: string }}
 *           Answer */

export class SaslTalk {
    /** @type {string[]} what the server offers */ mechanisms;
    /** @type {import('node:stream').Duplex} */ stream;
    /** @type {ByteReader} */ reader;

    /** Links, chooses SASL and reads the list. Errors: LinkRefused, or the end of the connection.
     *  @param {import('./spice_link.js').Where} where
     *  @param {{ mechanism?: number }} [options]  of the link */
    static async open(where, { mechanism = Mechanism.sasl } = {}) {
        const talk = new SaslTalk();
        talk.stream = await open(where);
        talk.reader = new ByteReader(talk.stream);
        talk.stream.write(linkMessage());
        const reply = await talk.#within(readReply(talk.reader), 'a link reply');
        if (reply.error !== LinkError.ok) throw new LinkRefused('reply', reply.error);
        talk.stream.write(u32(mechanism));
        const size = await talk.#u32('the list of mechanisms');
        if (size > 300) throw new LinkRefused('result', (await readReply(talk.reader, u32(size))).error);
        talk.mechanisms = (await talk.reader.take(size)).toString().split(',');
        return talk;
    }

    /** Chooses a mechanism.  @param {Buffer} [data]  undefined: none
     *  @param {{ nameSize?: number, dataSize?: number }} [lies]  @returns {Promise<Answer>} */
    start(mechanism, data, { nameSize = Buffer.byteLength(mechanism), dataSize } = {}) {
        this.stream.write(Buffer.concat([u32(nameSize), Buffer.from(mechanism)]));
        return this.step(data, { dataSize });
    }

    /** @param {Buffer} [data]  undefined: none
     *  @param {{ dataSize?: number }} [lies]  @returns {Promise<Answer>} */
    async step(data, { dataSize = data ? data.length + 1 : 0 } = {}) {
        this.stream.write(data ? Buffer.concat([u32(dataSize), data, Buffer.alloc(1)]) : u32(dataSize));
        const size = await this.#u32('an answer');
        const first = await this.reader.take(size + 1);
        // A rejection is the number 1 and a sentence, which is not empty; as a length it would mean empty data.
        if (size === 1 && first[0] !== 0) return this.#rejection(first);
        const answer = size > 0 ? first.subarray(0, size - 1) : undefined;
        return { refused: false, complete: first[size] === 1, data: answer };
    }

    async #rejection(begun) {
        const length = Buffer.concat([begun, await this.reader.take(4 - begun.length)]).readUInt32LE(0);
        return { refused: true, sentence: (await this.reader.take(length)).toString('latin1', 0, length - 1) };
    }

    /** After the last step: SASL's verdict, then the link's.  @returns {Promise<{ sasl: number, link: number }>} */
    async verdict() {
        return { sasl: await this.#u32('the verdict'), link: await this.#u32('the result of the link') };
    }

    /** Waits until the server has closed the connection. */
    async ended(timeoutMs = 5000) {
        if (!this.reader.ended) await within(timeoutMs, once(this.stream, 'close'), 'the server closes the connection');
    }

    close() {
        this.stream.destroy();
    }

    async #u32(what) {
        return (await this.#within(this.reader.take(4), what)).readUInt32LE(0);
    }

    #within(promise, what) {
        return within(8000, promise, what);
    }
}
