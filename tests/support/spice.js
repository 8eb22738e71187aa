// A scripted SPICE client: the main channel alone, each byte of it in the test's hands. What it shares with the daemon
// is the specification; for a client as it is, see spice_gtk.js.
//
//     bytes -> link (spice_link.js) -> main messages (spice_main.js) -> inbox
//                                            agent-data -> AgentReader -> agentInbox, where nextAgent() waits
//     helpers -> AgentWriter (tokens) -> agent-data -> bytes

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { within } from './deadline.js';
import { Inbox } from './inbox.js';
import { bytesOf } from './data.js';
import { AgentReader, AgentWriter, fill } from './spice_agent.js';
import { ByteReader, link, open } from './spice_link.js';
import {
    decodeMain, fullMessage, miniMessage, mouseModeBody, pongBody, readMessage, ToServer,
} from './spice_main.js';
import { Type, u32 } from './vdi.js';
import { decodePayload, FORMATS, SELECTIONS, TYPE_NAMES } from './vdi_payload.js';

/** What spice-gtk 0.42 announces. */
export const SPICE_GTK = 0x35077;
export const UNLIMITED = 0xffffffff;

const SELECTION_BIT = 1 << 6;
const SERIAL_BIT = 1 << 17;
const FILE_PART = 64 * 1024;

/** @typedef {import('./spice_link.js').LinkFields & {
 *      password?: string, mechanism?: number, ticket?: Buffer, replyLimit?: number,
 *      capabilities?: number, tokens?: number, refund?: number, cut?: (whole: Buffer) => Buffer[],
 *      start?: boolean, pong?: boolean, ack?: boolean }} Options
 *  capabilities: announced to the agent; tokens: granted with AGENT_START; refund: pieces after which a finite grant is
 *  renewed (0: by the test alone); start: AGENT_START and ANNOUNCE when there is an agent, and answers to its own */

export class SpiceClient {
    /** @type {Inbox} messages of the main channel: { type, number, body, ... } */ inbox = new Inbox();
    /** @type {Inbox} messages of the agent: { type, name, payload, value } */ agentInbox = new Inbox();
    /** @type {Awaited<ReturnType<typeof link>>} what the server linked with */ link;
    /** @type {any} the first message */ init;
    /** @type {boolean} */ closed = false;
    /** @type {boolean} whether the server says that there is an agent */ agentConnected = false;
    /** @type {number} what the agent announced last; 0 before */ agentCapabilities = 0;
    /** @type {boolean} whether requests for what offer() offered are answered */ answers = true;
    #options;
    #stream;
    #reader;
    #serial = 1;
    #agentReader = new AgentReader();
    #agentWriter;
    #granted = 0; // pieces that the server may still send
    #owed = 0;
    #acks = { window: 0, left: 0 };
    #grabSerial = 0;
    #offers = new Map();
    #nextFile = 1;

    /** Links and waits for INIT. A refusal rejects with LinkRefused.
     *  @param {import('./spice_link.js').Where} where
     *  @param {Options} [options] */
    static async connect(where, options = {}) {
        const client = new SpiceClient();
        await client.#connect(where, options);
        client.#run();
        client.init = await client.next('init');
        return client;
    }

    async #connect(where, options) {
        const defaults = { capabilities: SPICE_GTK, tokens: UNLIMITED, refund: 5, cut: fill };
        this.#options = { ...defaults, start: true, pong: true, ack: true, ...options };
        this.#stream = await open(where);
        this.#reader = new ByteReader(this.#stream);
        this.#agentWriter = new AgentWriter((piece) => this.#sendPiece(piece), this.#options.cut);
        try {
            this.link = await within(5000, link(this.#stream, this.#reader, this.#options), 'the link');
        } catch (error) {
            this.#stream.destroy();
            throw error;
        }
    }

    async #run() {
        try {
            for (;;) this.#handle(decodeMain(await readMessage(this.#reader, this.link.mini)));
        } catch (error) {
            this.closed = this.#reader.ended !== undefined;
            this.#agentWriter.stop(error);
            this.inbox.fail(error);
            this.agentInbox.fail(error);
        }
    }

    #handle(item) {
        if (this.inbox.all.length === 0 && item.type !== 'init') throw new Error(`the first message is ${item.type}`);
        this.#acknowledge(item);
        if (item.type === 'agent-data') return this.#agentData(item.bytes);
        if (item.type === 'ping' && this.#options.pong) this.send(ToServer.pong, pongBody(item));
        if (item.type === 'agent-token') this.#agentWriter.add(item.tokens);
        if (item.type === 'init') this.#agentChanged(item.agentConnected !== 0, item.agentTokens);
        if (item.type === 'agent-connected-tokens') this.#agentChanged(true, item.tokens);
        if (item.type === 'agent-disconnected') this.#agentChanged(false);
        this.inbox.push(item);
    }

    #acknowledge(item) {
        if (!this.#options.ack) return;
        if (item.type === 'set-ack') {
            this.#acks = { window: item.window, left: item.window };
            return this.send(ToServer.ackSync, u32(item.generation));
        }
        if (this.#acks.window === 0 || --this.#acks.left > 0) return;
        this.#acks.left = this.#acks.window;
        this.send(ToServer.ack);
    }

    #agentChanged(connected, tokens) {
        this.agentConnected = connected;
        this.agentCapabilities = 0;
        this.#grabSerial = 0;
        this.#agentReader.reset();
        if (tokens !== undefined) this.#agentWriter.set(tokens);
        if (!connected || !this.#options.start) return;
        this.startAgent();
        this.announce(true);
    }

    #agentData(bytes) {
        this.inbox.note({ type: 'agent-data', bytes: bytes.length });
        if (--this.#granted < 0) throw new Error('the server sent more AGENT_DATA than it was granted');
        this.#refund();
        const whole = this.#agentReader.push(bytes);
        if (whole) this.#agentMessage(whole);
    }

    #refund() {
        const { tokens, refund } = this.#options;
        if (tokens === UNLIMITED || refund === 0 || ++this.#owed < refund) return;
        this.grant(this.#owed);
        this.#owed = 0;
    }

    #agentMessage({ type, payload }) {
        const item = { type, name: TYPE_NAMES[type], payload, value: decodePayload(type, payload, this.dialect) };
        if (type === Type.announce) this.#announced(item.value, payload);
        if (type === Type.grab && this.dialect.grabSerial) this.#grabSerial = item.value.serial + 1;
        const answer = type === Type.request && this.answers && this.#answerTo(item.value);
        if (!answer) return this.agentInbox.push(item);
        this.agentInbox.note(item);
        answer();
    }

    #announced({ request }, payload) {
        this.agentCapabilities = payload.length >= 8 ? payload.readUInt32LE(4) : 0;
        if (request && this.#options.start) this.announce(false);
    }

    #answerTo({ selection, format }) {
        const content = this.#offers.get(selection)?.[format];
        return content === undefined ? undefined : () => this.data(format, content, selection);
    }

    /** @returns {{ selection: boolean, grabSerial: boolean }} how clipboard messages look: what both ends announced */
    get dialect() {
        const shared = this.agentCapabilities & this.#options.capabilities;
        return { selection: (shared & SELECTION_BIT) !== 0, grabSerial: (shared & SERIAL_BIT) !== 0 };
    }

    /** @returns {number} pieces that the server takes now */
    get tokens() {
        return this.#agentWriter.tokens;
    }

    /** @returns {import('node:stream').Duplex} the connection, for whatever no helper does */
    get stream() {
        return this.#stream;
    }

    /** Sends a main message, of any type and with any body.
     *  @param {{ size?: number, subList?: number }} [lies] */
    send(number, body = Buffer.alloc(0), lies) {
        return this.raw(this.link.mini ? miniMessage(number, body, lies) : this.#full(number, body, lies));
    }

    #full(number, body, lies) {
        return fullMessage(this.#serial++, number, body, lies);
    }

    /** Sends these bytes.  @returns {boolean} false when the socket's buffer is full */
    raw(bytes) {
        return this.#stream.destroyed || this.#stream.write(bytes);
    }

    async #sendPiece(piece) {
        if (!this.send(ToServer.agentData, piece)) {
            await Promise.race([once(this.#stream, 'drain'), once(this.#stream, 'close')]);
        }
    }

    /** The next message of the main channel of this type. AGENT_DATA never comes here.
     *  @param {(item: any) => boolean} [where] */
    next(type, where = () => true, timeoutMs = 5000) {
        return this.inbox.next((item) => item.type === type && where(item), { what: `${type} ${where}`, timeoutMs });
    }

    /** The next message of the agent of this type (a number of vdi.js).
     *  @param {(value: any) => boolean} [where]  over the decoded body */
    nextAgent(type, where = () => true, timeoutMs = 5000) {
        const wants = (item) => item.type === type && where(item.value);
        return this.agentInbox.next(wants, { what: `the agent's ${TYPE_NAMES[type]} ${where}`, timeoutMs });
    }

    /** Waits for the agent's capabilities.  @returns {Promise<number>} them */
    async agent(timeoutMs = 10000) {
        while (this.agentCapabilities === 0) await this.nextAgent(Type.announce, () => true, timeoutMs);
        return this.agentCapabilities;
    }

    /** AGENT_START: the server may send so many pieces. */
    startAgent(tokens = this.#options.tokens) {
        this.#granted = tokens === UNLIMITED ? Infinity : tokens;
        this.#owed = 0;
        this.send(ToServer.agentStart, u32(tokens));
    }

    /** AGENT_TOKEN: so many more. */
    grant(tokens) {
        this.#granted += tokens;
        this.send(ToServer.agentToken, u32(tokens));
    }

    requestMouseMode(mode) {
        this.send(ToServer.mouseModeRequest, mouseModeBody(mode));
    }

    attachChannels() {
        this.send(ToServer.attachChannels);
    }

    /** Sends one message to the agent, in pieces, as tokens allow. Resolves when its last piece is sent. */
    sendAgent(type, payload = Buffer.alloc(0)) {
        const sent = this.#agentWriter.send(type, payload);
        sent.catch(() => {}); // who cares awaits it
        return sent;
    }

    /** Sends these bytes as one AGENT_DATA, whatever they are and whatever the tokens say. */
    sendAgentData(bytes) {
        return this.send(ToServer.agentData, bytes);
    }

    announce(request, capabilities = this.#options.capabilities) {
        return this.sendAgent(Type.announce, u32(request ? 1 : 0, capabilities));
    }

    /** When this resolves, whoever answers announcements (a bridge itself; behind other servers the agent) has taken
     *  all that was sent before. */
    async barrier(timeoutMs = 5000) {
        this.announce(true);
        await this.nextAgent(Type.announce, (value) => !value.request, timeoutMs);
    }

    #head(selection) {
        return this.dialect.selection ? u32(SELECTIONS.indexOf(selection)) : Buffer.alloc(0);
    }

    /** @param {string[]} formats  names of vdi_payload.js: text, png, bmp, tiff, jpeg */
    grab(formats, selection = 'clipboard', serial = this.#grabSerial++) {
        const order = this.dialect.grabSerial ? u32(serial) : Buffer.alloc(0);
        return this.sendAgent(Type.grab, Buffer.concat([this.#head(selection), order, u32(...formats.map(numberOf))]));
    }

    /** Grabs with these contents; requests for them are answered while `answers` is true.
     *  @param {Record<string, string | Buffer>} contents  by the format's name */
    offer(contents, selection = 'clipboard') {
        this.#offers.set(selection, contents);
        return this.grab(Object.keys(contents), selection);
    }

    release(selection = 'clipboard') {
        this.#offers.delete(selection);
        return this.sendAgent(Type.release, this.#head(selection));
    }

    request(format = 'text', selection = 'clipboard') {
        return this.sendAgent(Type.request, Buffer.concat([this.#head(selection), u32(numberOf(format))]));
    }

    /** Sends contents, asked or unasked.  @param {string | Buffer} content */
    data(format, content, selection = 'clipboard') {
        const head = Buffer.concat([this.#head(selection), u32(numberOf(format))]);
        return this.sendAgent(Type.clipboard, Buffer.concat([head, Buffer.from(content)]));
    }

    /** Asks for the clipboard and waits for what comes.
     *  @returns {Promise<{ format: string, bytes: Buffer, size: number, sha256: string, text: string }>} */
    async read(format = 'text', { selection = 'clipboard', timeoutMs = 15000 } = {}) {
        this.request(format, selection);
        const { value } = await this.nextAgent(Type.clipboard, (it) => it.selection === selection, timeoutMs);
        const bytes = value.data;
        const sha256 = createHash('sha256').update(bytes).digest('hex');
        return { format: value.format, bytes, size: bytes.length, sha256, text: bytes.toString() };
    }

    maxClipboard(bytes) {
        return this.sendAgent(Type.maxClipboard, u32(bytes));
    }

    fileStart(id, name, size) {
        const text = `[vdagent-file-xfer]\nname=${name}\nsize=${size}\n\0`;
        return this.sendAgent(Type.fileStart, Buffer.concat([u32(id), Buffer.from(text)]));
    }

    fileData(id, bytes) {
        return this.sendAgent(Type.fileData, Buffer.concat([u32(id, bytes.length, 0), bytes]));
    }

    fileStatus(id, status) {
        return this.sendAgent(Type.fileStatus, u32(id, status));
    }

    /** Sends a file in messages of 64 KiB; resolves with the agent's last status: { id, status, ... }.
     *  @param {Buffer | { size: number, slice: (from: number, to: number) => Buffer }} content */
    async sendFile(name, content, { id = this.#nextFile++, timeoutMs = 30000 } = {}) {
        const { size, slice } = Buffer.isBuffer(content) ? bytesOf(content) : content;
        const status = () => this.nextAgent(Type.fileStatus, (value) => value.id === id, timeoutMs);
        this.fileStart(id, name, size);
        const first = (await status()).value;
        if (first.status !== 'can-send-data') return first;
        const last = status().then((item) => item.value);
        let ended = false;
        last.then(() => (ended = true), () => (ended = true));
        for (let at = 0; (at < size || at === 0) && !ended; at += FILE_PART) {
            await this.fileData(id, slice(at, Math.min(size, at + FILE_PART)));
        }
        return last;
    }

    /** @param {{ width: number, height: number, x?: number, y?: number, depth?: number }[]} monitors */
    monitors(monitors, { positions = false } = {}) {
        const entry = ({ width, height, depth = 32, x = 0, y = 0 }) => u32(height, width, depth, x, y);
        const head = u32(monitors.length, positions ? 1 : 0);
        return this.sendAgent(Type.monitorsConfig, Buffer.concat([head, ...monitors.map(entry)]));
    }

    /** Reads no more, as a client that hangs. */
    pause() {
        this.#stream.pause();
    }

    resume() {
        this.#stream.resume();
    }

    async closedByPeer(timeoutMs = 5000) {
        if (this.#stream.closed) return;
        await within(timeoutMs, once(this.#stream, 'close'), 'the server closes the connection');
    }

    /** Ends the connection. Fails where the server broke a rule meanwhile. */
    async close() {
        const { fault } = this.inbox;
        if (!this.#stream.closed) {
            const closed = once(this.#stream, 'close');
            this.#stream.destroy();
            await closed;
        }
        if (fault && !this.closed) throw fault;
    }
}

function numberOf(format) {
    const number = FORMATS.indexOf(format);
    if (number < 0) throw new Error(`no format ${format}`);
    return number;
}
