/**
 * A SPICE server for the viewer, played by the test: links, and on each channel what the test says. Around the viewer
 * as much of a page as it needs.
 */

import { generateKeyPairSync } from 'node:crypto';
import { viewerOf } from '../../../web/console/spice/viewer.js';

// spice-html5 asks which browser it is in while it is loaded; Node 20 is none.
globalThis.navigator ??= /** @type {any} */ ({ appName: 'Netscape', appVersion: '5.0' });
const library = await import('../../../web/node_modules/@spice-project/spice-html5/src/display.js');

const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
const KEY = publicKey.export({ type: 'spki', format: 'der' });
const EVENTS = ['connect', 'disconnect', 'credentialsrequired', 'securityfailure'];
const LINK_HEADER = 16;

/** @param {...number} numbers */
const words = (...numbers) => new Uint8Array(Uint32Array.from(numbers).buffer);

/** A socket whose other end is a Channel. */
class Socket extends EventTarget {
    readyState = 0;
    /** @type {(data: ArrayBuffer) => void} */ send = () => {};

    open() {
        this.readyState = 1;
        this.dispatchEvent(new Event('open'));
    }

    /** @param {...Uint8Array} parts */
    say(...parts) {
        const data = Uint8Array.from(parts.flatMap(part => [...part])).buffer;
        this.dispatchEvent(Object.assign(new Event('message'), { data }));
    }

    close() {
        if (this.readyState === 3) return;
        this.readyState = 3;
        this.dispatchEvent(new Event('close'));
    }
}

/** The server's end of one channel. */
class Channel {
    session = 0;
    #messages = [];

    /** @param {Server} server @param {Socket} socket */
    constructor(server, socket) {
        this.server = server;
        this.socket = socket;
        socket.send = data => queueMicrotask(() => this.#link(Buffer.from(data)));
    }

    /** @param {Buffer} message */
    #link(message) {
        this.session = message.readUInt32LE(LINK_HEADER);
        this.server.channels.set(message[LINK_HEADER + 4], this);
        this.socket.send = () => queueMicrotask(() => {
            this.socket.send = data => this.#messages.push(Buffer.from(data));
            this.socket.say(words(this.server.auth));
            this.said();  // DISPLAY_INIT
        });
        const reply = Buffer.concat([words(this.server.error), KEY, words(1, 0, 178, 9)]);
        this.socket.say(Buffer.from('REDQ'), words(2, 2, reply.length), reply);
    }

    /** @returns {string[]} what the viewer said since the last time, as TYPE:BYTES */
    said() {
        return this.#messages.splice(0).map(message => `${message.readUInt16LE(0)}:${[...message.subarray(6)]}`);
    }

    /** @param {number} type @param {number} size  of a body that does not follow */
    sendHeader(type, size) {
        this.socket.say(Uint8Array.of(type & 0xff, type >> 8), words(size));
    }

    /** @param {number} type @param {Uint8Array} body */
    send(type, body) {
        this.socket.say(Uint8Array.of(type & 0xff, type >> 8), words(body.length), body);
    }

    init({ session = 1, modes = 1, mode = 1 }) {
        this.send(103, words(session, 1, modes, mode, 0, 0, 0, 0));
    }

    /** @param {...[type: number, id: number]} channels */
    list(...channels) {
        this.send(104, Uint8Array.from([...words(channels.length), ...channels.flat()]));
    }

    /** @param {string} text */
    notify(text) {
        this.send(7, Buffer.concat([words(0, 0, 1, 2, 0, text.length), Buffer.from(`${text}\0`)]));
    }

    surface(width, height) {
        this.send(314, words(0, width, height, 32, 1));
    }

    close() {
        this.socket.close();
    }
}

export class Server {
    /** By type. @type {Map<number, Channel>} */ channels = new Map();
    /** What links and logins are answered with. */
    error = 0;
    auth = 0;

    /** @returns {Socket} */
    socket() {
        const socket = new Socket();
        new Channel(this, socket);
        setImmediate(() => socket.open());
        return socket;
    }

    /** Waits until so many channels are linked. @param {number} count */
    async linked(count) {
        for (let turn = 0; this.channels.size < count && turn < 1000; ++turn) await new Promise(setImmediate);
        await new Promise(setImmediate);
        if (this.channels.size !== count) throw new Error(`${this.channels.size} channels`);
    }
}

/** As much of a page as the viewer needs. @returns {any[]} its canvases */
function playPage(t) {
    const canvases = [];
    class Element extends EventTarget {
        style = {};
        append() {}
        remove() {}
        getContext = () => ({ fillRect() {}, save() {} });
    }
    const document = { createElement: name => {
        const element = new Element();
        if (name === 'canvas') canvases.push(element);
        return element;
    } };
    const ResizeObserver = class { observe() {} disconnect() {} };
    const real = Object.fromEntries(['document', 'ResizeObserver'].map(name => [name, globalThis[name]]));
    const noise = { error: console.error, debug: console.debug, log: console.log };
    Object.assign(globalThis, { document, ResizeObserver });
    Object.assign(console, { error() {}, debug() {}, log() {} });
    t.after(() => Object.assign(globalThis, real) && Object.assign(console, noise));
    return canvases;
}

/** A viewer whose main channel is linked, or has ended; `events` and `reasons` are what it fired. */
export async function opened(t, answers = {}) {
    const server = Object.assign(new Server(), answers);
    const [canvases, events, reasons] = [playPage(t), [], []];
    const Viewer = viewerOf(library);
    const viewer = new Viewer({ append() {} }, server.socket(), { dial: async () => server.socket() });
    for (const type of EVENTS) {
        viewer.addEventListener(type, ({ detail }) => {
            events.push(type);
            if (detail?.reason) reasons.push(detail.reason);
        });
    }
    await server.linked(1);
    t.after(() => viewer.disconnect());
    return { server, viewer, canvas: canvases[0], events, reasons };
}
