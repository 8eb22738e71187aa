/**
 * A SPICE session as a picture: the Viewer of display.js for SPICE.
 *
 *     main:    INIT -> ATTACH_CHANNELS -> CHANNELS_LIST -> the others, each on a WebSocket of its own
 *              A list without a display, a channel that ends: there is no picture, or it is somebody else's now. A
 *              NOTIFY says which; it comes on another socket, so it is waited for a moment
 *     display: surfaces and what is drawn (screen.js)     inputs: keys and pointer (inputs.js)     cursor: its shape
 *
 * The agent is no affair of ours: VmAgent speaks to it through the bridge, so nothing here starts or answers one.
 */

import { CURSOR, DISPLAY, INPUTS, MAIN, makeChannel, send } from './channel.js';
import { Cursor } from './cursor.js';
import { CLIENT, Inputs } from './inputs.js';
import { Screen } from './screen.js';

/** Messages of the main channel. */
const INIT = 103;
const CHANNELS_LIST = 104;
const MOUSE_MODE = 105;
const MULTI_MEDIA_TIME = 106;
const ATTACH_CHANNELS = 104;
const MOUSE_MODE_REQUEST = 105;
/** A notice of this severity says why the session ends. */
const WARNING = 1;
/** How long before the end it was said, and how long it is waited for; milliseconds. */
const SAID_BEFORE = 3000;
const SAID_AFTER = 500;

/** @typedef {import('./channel.js').Library} Library */
/** @typedef {{ dial: () => Promise<WebSocket>, library: { SpiceDisplayConn: Function } }} ViewerOptions */

/** The viewer with its library. @param {ViewerOptions['library']} library */
export const viewerOf = library => class extends SpiceViewer {
    /** @param {Element} target @param {WebSocket} socket @param {Omit<ViewerOptions, 'library'>} options */
    constructor(target, socket, options) {
        super(target, socket, { ...options, library });
    }
};

/** Fires what a Viewer fires. */
export class SpiceViewer extends EventTarget {
    /** @type {ViewerOptions} */ #options;
    /** @type {Screen} */ #screen;
    /** @type {Inputs} */ #inputs;
    /** @type {Cursor} */ #cursor;
    /** By type. @type {Map<number, Library | null>} */ #channels = new Map();
    /** @type {{ text: string, at: number } | null} */ #notice = null;
    #session = 0;
    #ended = false;
    /** Of the end, while a notice may still come. @type {ReturnType<typeof setTimeout> | undefined} */ #ending;
    /** What is missing yet: a picture, and what takes its keys. */
    #missing = new Set([DISPLAY, INPUTS]);
    /** SPICE's multimedia time, and when that was; milliseconds. */
    #mediaTime = [0, 0];
    /** The stage shows through. */
    background = '';

    /** @param {Element} target @param {WebSocket} socket  of the main channel @param {ViewerOptions} options */
    constructor(target, socket, options) {
        super();
        this.#options = options;
        this.#screen = new Screen(target, () => this.#ready(DISPLAY));
        this.#inputs = new Inputs(this.#screen.canvas);
        this.#cursor = new Cursor(style => { this.#screen.canvas.style.cursor = style; });
        this.#add(MAIN, socket, (type, body) => this.#main(type, body));
    }

    /** @param {boolean} on */
    set viewOnly(on) {
        this.#inputs.viewOnly = on;
    }

    /** @param {boolean} on */
    set scaleViewport(on) {
        this.#screen.scaled = on;
    }

    /** @param {FocusOptions} [options] */
    focus(options) {
        this.#screen.canvas.focus(options);
    }

    /** @param {number} keysym @param {string} code @param {boolean} [down]  left out: pressed and let go */
    sendKey(keysym, code, down) {
        if (down !== false) this.#inputs.key(keysym, code, true);
        if (down !== true) this.#inputs.key(keysym, code, false);
    }

    ask() {
        this.#inputs.ask();
    }

    disconnect() {
        if (this.#ended) return;
        this.#ended = true;
        clearTimeout(this.#ending);
        for (const channel of this.#channels.values()) channel?.ws.close();
        this.#screen.remove();
        this.#fire('disconnect');
    }

    /** @param {string} type @param {object} [detail] */
    #fire(type, detail) {
        this.dispatchEvent(new CustomEvent(type, { detail }));
    }

    /**
     * @param {number} type @param {WebSocket} socket
     * @param {(type: number, body: DataView) => void} handle
     * @param {Library} [more]
     */
    #add(type, socket, handle, more) {
        const display = this.#options.library.SpiceDisplayConn.prototype;
        const prototype = type === DISPLAY ? display : Object.getPrototypeOf(display);
        const channel = makeChannel(prototype, socket, {
            type, session: this.#session, more, handle,
            notify: (severity, text) => { if (severity >= WARNING) this.#noticed(text); },
            heard: () => this.#fire('message'),
            end: why => this.#end(type, why),
        });
        this.#channels.set(type, channel);
        return channel;
    }

    /** @param {number} type  a channel of which the first has come */
    #ready(type) {
        if (this.#missing.delete(type) && this.#missing.size === 0) this.#fire('connect');
    }

    /** Without one of its channels a session is none. @param {number} type @param {import('./channel.js').End} why */
    #end(type, { denied, linkError }) {
        if (this.#ended) return;
        if (type !== MAIN) return this.#endSoon();
        if (denied) this.#fire('credentialsrequired');
        else if (linkError) this.#fire('securityfailure', { reason: `SPICE's link error ${linkError}` });
        this.#endAsTold();
    }

    #endSoon() {
        if (this.#notice && Date.now() - this.#notice.at < SAID_BEFORE) return this.#endAsTold();
        this.#ending ??= setTimeout(() => this.#endAsTold(), SAID_AFTER);
    }

    #endAsTold() {
        if (this.#ended) return;
        const { text = '', at = 0 } = this.#notice ?? {};
        if (Date.now() - at < SAID_BEFORE) this.#fire('securityfailure', { reason: text.replace(/\.$/, '') });
        this.disconnect();
    }

    /** @param {string} text */
    #noticed(text) {
        this.#notice = { text, at: Date.now() };
        if (this.#ending) this.#endAsTold();
    }

    /** @param {number} type @param {DataView} body */
    #main(type, body) {
        if (type === INIT) {
            this.#session = body.getUint32(0, true);
            this.#mediaTime = [body.getUint32(24, true), Date.now()];
            this.#setMode(body.getUint32(12, true), body.getUint32(8, true));
            send(this.#channels.get(MAIN) ?? null, ATTACH_CHANNELS, 0);
        } else if (type === MOUSE_MODE) this.#setMode(body.getUint16(2, true), body.getUint16(0, true));
        else if (type === MULTI_MEDIA_TIME) this.#mediaTime = [body.getUint32(0, true), Date.now()];
        else if (type === CHANNELS_LIST) this.#list(body);
    }

    /** Of two screens the second is not shown. @param {DataView} body */
    #list(body) {
        const types = [];
        for (let at = 4; at + 2 <= body.byteLength; at += 2) {
            if (body.getUint8(at + 1) === 0) types.push(body.getUint8(at));
        }
        if (!types.includes(DISPLAY)) return this.#endSoon();
        clearTimeout(this.#ending);
        this.#ending = undefined;
        for (const type of types) void this.#open(type);
    }

    /** Positions where the server takes them. @param {number} mode @param {number} supported */
    #setMode(mode, supported) {
        this.#inputs.mode = mode;
        if (mode === CLIENT || !(supported & CLIENT)) return;
        send(this.#channels.get(MAIN) ?? null, MOUSE_MODE_REQUEST, 2, body => body.setUint16(0, CLIENT, true));
    }

    /** @param {number} type */
    async #open(type) {
        if (this.#channels.has(type) || ![DISPLAY, INPUTS, CURSOR].includes(type)) return;
        this.#channels.set(type, null);
        try {
            const socket = await this.#options.dial();
            if (this.#ended) return socket.close();
            if (type === DISPLAY) this.#openDisplay(socket);
            else if (type === CURSOR) this.#add(type, socket, (kind, body) => this.#cursor.handle(kind, body));
            else this.#inputs.channel = this.#add(type, socket, kind => {
                this.#inputs.handle(kind);
                this.#ready(INPUTS);
            });
        } catch (reason) {
            console.error('spice:', reason);
            this.#end(type, {});
        }
    }

    /** @param {WebSocket} socket */
    #openDisplay(socket) {
        const { prototype } = this.#options.library.SpiceDisplayConn;
        const parent = { relative_now: () => this.#mediaTime[0] + Date.now() - this.#mediaTime[1] };
        const channel = this.#add(DISPLAY, socket, (type, body) => this.#screen.handle(type, body),
            { ...this.#screen.members(), parent });
        this.#screen.follow(channel, (type, { buffer: data }) => {
            try {
                prototype.process_channel_message.call(channel, { type, data });
            } catch (reason) {
                console.debug('spice: not drawn:', type, reason);  // the picture goes on
            }
        });
    }
}
