// A plain client of the subprotocol vmcbridge.v1, written from its specification alone: it shares no code with web/lib,
// so that each checks the other. Every frame that comes is held against the schema, the credit and the announced sizes;
// a breach fails the test.
//
//     text frame   -> schema -> streams and credit -> answers to requests -> inbox, where next() waits
//     binary frame -> stream: counted, hashed, kept -> credit back

import { once } from 'node:events';
import WebSocket from 'ws';
import { within } from './deadline.js';
import { Inbox } from './inbox.js';
import { bytesOf } from './data.js';
import { checkFrame } from './schema.js';
import { IncomingStreams, OutgoingStreams } from './streams.js';

const WHOLE_TEXT_LIMIT = 64 * 1024; // bytes of UTF-8 that travel inside clipboard-data itself

export class Client {
    /** @type {any} the first frame */ welcome;
    /** @type {Inbox} text frames */ inbox = new Inbox();
    /** @type {{ code: number, reason: string } | undefined} */ closed;
    /** @type {boolean} whether requests for what offer() offered are answered */ answers = true;
    #socket;
    #incoming;
    #outgoing;
    #offers = new Map();
    #nextId = 1;

    /** Connects and waits for the welcome. A refusal at the door rejects with the HTTP status in the message.
     *  @param {string} url
     *  @param {{ protocols?: string[], headers?: Record<string, string>, autoCredit?: boolean, keep?: boolean }}
     *         [options]  autoCredit: grant more as bytes come; keep: hold bytes, not only their digest */
    static async connect(
        url,
        { protocols = ['vmcbridge.v1'], headers = {}, autoCredit = true, keep = true, ...rest } = {},
    ) {
        const client = new Client();
        client.#socket = new WebSocket(url, protocols, {
            headers,
            perMessageDeflate: false,
            maxPayload: 1024 * 1024,
            ...rest,
        });
        client.#incoming = new IncomingStreams({
            autoCredit,
            keep,
            grant: (stream, bytes) => client.send({ type: 'credit', stream, bytes }),
        });
        client.#outgoing = new OutgoingStreams(
            (frame) => client.#socket.send(frame),
            () => client.#socket.bufferedAmount,
        );
        client.#listen();
        await within(5000, once(client.#socket, 'open'), `connection to ${url}`);
        client.welcome = await client.next('welcome');
        return client;
    }

    #listen() {
        this.#socket.on('message', (data, isBinary) => {
            try {
                if (isBinary) this.#incoming.bytes(data);
                else this.#frame(JSON.parse(data.toString()));
            } catch (error) {
                this.inbox.fail(error);
            }
        });
        this.#socket.on('error', (error) => this.inbox.fail(error));
        this.#socket.on('close', (code, reason) => {
            this.closed = { code, reason: reason.toString() };
            this.#outgoing.abandon(new Error(`connection closed: ${code} ${reason}`));
            this.inbox.fail(new Error(`connection closed: ${code} ${reason}`));
        });
    }

    #frame(frame) {
        checkFrame(frame);
        if (this.inbox.all.length === 0 && frame.type !== 'welcome')
            throw new Error(`the first frame is ${frame.type}, not welcome`);
        if (frame.limits) this.#incoming.limits = this.#outgoing.limits = frame.limits;
        if (frame.type === 'credit') this.#outgoing.credit(frame.stream, frame.bytes);
        if (frame.type === 'clipboard-data' && frame.stream !== undefined)
            this.#incoming.open(frame.stream, frame.size, frame.id);
        if (frame.type === 'clipboard-error') this.#incoming.breakOff(frame.id, frame);
        const reply = this.#replyTo(frame);
        if (!reply) return this.inbox.push(frame);
        this.inbox.note(frame);
        reply();
    }

    /** What this client does about a frame by itself, so that no test waits for it. */
    #replyTo(frame) {
        if (frame.type === 'clipboard-request' && this.answers) return () => this.#answer(frame);
        if (frame.type === 'ping') return () => this.send({ type: 'pong', id: frame.id });
        return undefined;
    }

    /** Sends a JSON frame as it is. */
    send(frame) {
        this.#socket.send(JSON.stringify(frame));
    }

    /** Sends any frame, malformed ones too. */
    sendRaw(data, options) {
        this.#socket.send(data, options);
    }

    /** The next frame of this type that nobody has taken yet.
     *  @param {(frame: any) => boolean} [where] */
    next(type, where = () => true, timeoutMs = 5000) {
        return this.inbox.next((frame) => frame.type === type && where(frame), { what: `${type} ${where}`, timeoutMs });
    }

    /** @returns {any[]} every frame of this type that ever came */
    seen(type) {
        return this.inbox.all.filter((frame) => frame.type === type);
    }

    /** When this resolves, everything that the daemon sent before the pong has come. */
    async barrier() {
        const id = this.newId();
        this.send({ type: 'ping', id });
        await this.next('pong', (frame) => frame.id === id);
    }

    newId() {
        return this.#nextId++;
    }

    get limits() {
        return this.welcome.limits;
    }

    get outgoing() {
        return this.#outgoing;
    }

    get incoming() {
        return this.#incoming;
    }

    /** Waits for a connected agent. */
    async agent(timeoutMs = 10000) {
        if (this.welcome.agent.connected && this.seen('agent').length === 0) return this.welcome.agent;
        if (this.seen('agent').at(-1)?.connected) return this.seen('agent').at(-1);
        return this.next('agent', (frame) => frame.connected, timeoutMs);
    }

    /** Offers these contents, as a copy in the browser does; requests for them are answered while `answers` is true.
     *  @param {Record<string, string | Buffer>} contents  by MIME type */
    offer(contents, selection = 'clipboard') {
        this.#offers.set(selection, contents);
        this.send({ type: 'clipboard-grab', selection, formats: Object.keys(contents) });
    }

    #answer({ id, selection = 'clipboard', format }) {
        const content = this.#offers.get(selection)?.[format];
        if (content === undefined)
            return this.send({ type: 'clipboard-error', id, code: 'not-offered', message: 'not offered' });
        this.answerWith(id, format, content).catch((error) => this.inbox.fail(error));
    }

    /** Answers a request with this content: whole where it is a short text, as a stream otherwise. */
    async answerWith(id, format, content) {
        const bytes = Buffer.from(content);
        if (format === 'text/plain' && bytes.length <= WHOLE_TEXT_LIMIT) {
            return this.send({ type: 'clipboard-data', id, format, text: bytes.toString() });
        }
        const stream = this.newId();
        this.send({ type: 'clipboard-data', id, format, stream, size: bytes.length });
        return this.#outgoing.send(stream, bytesOf(bytes));
    }

    /** Asks for the clipboard's contents.
     *  @returns {Promise<{ bytes?: Buffer, text?: string, sha256?: string, size?: number, code?: string }>} */
    async read(format = 'text/plain', { selection, timeoutMs = 15000 } = {}) {
        const id = this.newId();
        this.send({ type: 'clipboard-request', id, selection, format });
        const mine = (frame) =>
            frame.id === id && (frame.type === 'clipboard-data' || frame.type === 'clipboard-error');
        const answer = await this.inbox.next(mine, { what: `an answer to clipboard-request ${id}`, timeoutMs });
        if (answer.type === 'clipboard-error') return answer;
        if (answer.text !== undefined)
            return { text: answer.text, bytes: Buffer.from(answer.text), size: Buffer.byteLength(answer.text) };
        return within(
            timeoutMs,
            this.#incoming.finished(answer.stream),
            `${answer.size} bytes of stream ${answer.stream}`,
        );
    }

    /** Asks for a screen layout.
     *  @param {{ width: number, height: number, x?: number, y?: number }[]} monitors
     *  @returns {Promise<any>} the monitors-result */
    async setMonitors(monitors, timeoutMs = 8000) {
        const id = this.newId();
        this.send({ type: 'monitors', id, monitors });
        return this.next('monitors-result', (frame) => frame.id === id, timeoutMs);
    }

    /** Sends a file; resolves with its last status.
     *  @param {{ size: number, slice: (from: number, to: number) => Buffer }} content
     *  @param {{ id?: number, stream?: number, timeoutMs?: number }} [options] */
    async sendFile(name, content, { id = this.newId(), stream = this.newId(), timeoutMs = 30000 } = {}) {
        this.send({ type: 'file-start', id, name, size: content.size, stream });
        const sent = this.#outgoing.send(stream, content).catch(() => {});
        const last = (frame) => frame.id === id && ['done', 'cancelled', 'error'].includes(frame.status);
        try {
            return await this.next('file-status', last, timeoutMs);
        } finally {
            this.#outgoing.drop(stream);
            await sent;
        }
    }

    /** Ends the connection in order, and fails where a breach of the protocol was noted meanwhile. */
    async close() {
        const { fault } = this.inbox;
        if (!this.closed) {
            this.#socket.close(1000);
            await within(3000, once(this.#socket, 'close'), 'the connection closes');
        }
        if (fault && !/^connection closed/.test(fault.message)) throw fault;
    }

    /** Reads no more, as a browser's tab that hangs. */
    pause() {
        this.#socket.pause();
    }

    /** Cuts the connection as a lost network does. */
    cut() {
        this.#socket.terminate();
    }

    /** Waits until the daemon has closed the connection. */
    async closedByPeer(timeoutMs = 5000) {
        if (!this.closed) await within(timeoutMs, once(this.#socket, 'close'), 'the daemon closes the connection');
        return this.closed;
    }
}
