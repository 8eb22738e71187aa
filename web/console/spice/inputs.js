/**
 * Keys and pointer: what happens on the canvas, as the inputs channel says it.
 *
 *     keydown, keyup -> scan codes -> KEY_DOWN, KEY_UP
 *     pointer -> position (client mode) or motion (server mode), as far as the server acknowledges -> buttons, wheel
 */

import { strokesOf } from '../typing.js';
import { send } from './channel.js';
import { scanCode } from './scancodes.js';

/** Messages to the server, and the one from it that counts. */
const KEY_DOWN = 101;
const KEY_UP = 102;
const MOTION = 111;
const POSITION = 112;
const PRESS = 113;
const RELEASE = 114;
const MOTION_ACK = 111;
/** Motions that one acknowledgement stands for, and that may be under way. */
const BUNCH = 4;
const WINDOW = 2 * BUNCH;
/** SPICE's buttons: the browser's bit, SPICE's bit, SPICE's number. */
const BUTTONS = [[1, 1, 1], [4, 2, 2], [2, 4, 3]];
const WHEEL_UP = 4;
const WHEEL_DOWN = 5;
/** Of a wheel: what one step is, and what a line is; pixels. */
const STEP = 50;
const LINE = 19;

/** The mouse mode in which positions are told. */
export const CLIENT = 2;

/** A browser's buttons as SPICE's. Pure. @param {number} buttons @returns {number} */
export const maskOf = buttons => BUTTONS.reduce((mask, [ours, theirs]) => mask | (buttons & ours && theirs), 0);

export class Inputs {
    /** @type {import('./channel.js').Library | null} */ channel = null;
    /** The server's mouse mode. */
    mode = 0;
    /** @type {HTMLCanvasElement} */ #canvas;
    /** Keys that are down in the machine. @type {Set<string>} */ #down = new Set();
    #viewOnly = false;
    #mask = 0;
    #underWay = 0;
    #wheel = 0;
    /** Where the pointer is, and where the server knows it, pixels of the desktop. */
    #at = [0, 0];
    #told = [0, 0];

    /** @param {HTMLCanvasElement} canvas */
    constructor(canvas) {
        this.#canvas = canvas;
        /**
         * @template {keyof HTMLElementEventMap} T
         * @param {T} type @param {(event: HTMLElementEventMap[T]) => void} then
         */
        const on = (type, then) => canvas.addEventListener(type, event => {
            if (!this.#viewOnly) then(event);
        }, { passive: false });
        on('keydown', event => this.#keyDown(event));
        on('keyup', event => this.#keyUp(event));
        on('blur', () => this.#releaseAll());
        on('pointerdown', event => {
            canvas.setPointerCapture(event.pointerId);
            canvas.focus({ preventScroll: true });
            if (this.mode !== CLIENT) this.#told = this.#place(event);  // no motion from where a finger was before
            this.#pointer(event);
        });
        for (const type of /** @type {const} */ (['pointermove', 'pointerup', 'pointercancel'])) {
            on(type, event => this.#pointer(event));
        }
        on('pointerenter', event => { if (this.mode !== CLIENT) this.#told = this.#at = this.#place(event); });
        on('contextmenu', event => event.preventDefault());
        on('wheel', event => this.#turn(event));
    }

    /** @param {boolean} on */
    set viewOnly(on) {
        if (on) this.#releaseAll();
        this.#viewOnly = on;
    }

    /** @param {number} type */
    handle(type) {
        if (type !== MOTION_ACK) return;
        this.#underWay = Math.max(this.#underWay - BUNCH, 0);
        this.#move();
    }

    /** A key by its place; without one, by the place that a US keyboard has for its character.
     *  @param {number} keysym @param {string} code @param {boolean} down */
    key(keysym, code, down) {
        if (code) return this.#send(code, down);
        const [stroke] = strokesOf(String.fromCodePoint(keysym & 0xff_ffff));
        if (!stroke?.code) return;
        const keys = stroke.shift ? ['ShiftLeft', stroke.code] : [stroke.code];
        for (const key of down ? keys : keys.reverse()) this.#send(key, down);
    }

    /** Asks the server for a sign of life: motions of nothing, which it acknowledges. */
    ask() {
        for (let i = 0; i < BUNCH; ++i) this.#sendMotion(0, 0);
    }

    /** @param {KeyboardEvent} event */
    #keyDown(event) {
        event.preventDefault();
        if (!this.#canvas.matches(':focus') && event.isTrusted) return;  // it has just led out
        // Windows presses Control by itself where AltGr is pressed.
        if (event.code === 'AltRight' && event.key === 'AltGraph' && this.#down.has('ControlLeft')) {
            this.#send('ControlLeft', false);
        }
        this.#send(event.code, true);
    }

    /** @param {KeyboardEvent} event */
    #keyUp(event) {
        event.preventDefault();
        this.#send(event.code, false);
        if (event.key === 'Meta') this.#releaseAll();  // a Mac tells nothing of keys that go up while Command is down
    }

    /** @param {string} code @param {boolean} down */
    #send(code, down) {
        const scan = scanCode(code, down);
        if (scan === undefined || (!down && !this.#down.has(code))) return;
        if (down) this.#down.add(code);
        else this.#down.delete(code);
        send(this.channel, down ? KEY_DOWN : KEY_UP, 4, body => body.setUint32(0, scan, true));
    }

    #releaseAll() {
        for (const code of this.#down) this.#send(code, false);
    }

    /** Where an event is in the desktop, pixels. @param {MouseEvent} event */
    #place({ clientX, clientY }) {
        const { left, top, width, height } = this.#canvas.getBoundingClientRect();
        const x = Math.floor((clientX - left) * this.#canvas.width / width);
        const y = Math.floor((clientY - top) * this.#canvas.height / height);
        return [clamped(x, this.#canvas.width), clamped(y, this.#canvas.height)];
    }

    /** @param {PointerEvent} event */
    #pointer(event) {
        this.#at = this.#place(event);
        const mask = maskOf(event.buttons);
        this.#move(mask !== this.#mask);
        for (const [, bit, number] of BUTTONS) {
            if ((mask ^ this.#mask) & bit) this.#button(number, (mask & bit) !== 0, this.#mask ^ bit);
        }
    }

    /** Tells where the pointer is. @param {boolean} [now]  whatever is under way: a button counts at its place */
    #move(now = false) {
        const [[x, y], [toldX, toldY]] = [this.#at, this.#told];
        if ((x === toldX && y === toldY) || (!now && this.#underWay >= WINDOW)) return;
        this.#told = this.#at;
        if (this.mode !== CLIENT) return this.#sendMotion(x - toldX, y - toldY);
        ++this.#underWay;
        send(this.channel, POSITION, 11, body => {
            body.setUint32(0, x, true);
            body.setUint32(4, y, true);
            body.setUint16(8, this.#mask, true);
        });
    }

    /** @param {number} x @param {number} y */
    #sendMotion(x, y) {
        ++this.#underWay;
        send(this.channel, MOTION, 10, body => {
            body.setInt32(0, x, true);
            body.setInt32(4, y, true);
            body.setUint16(8, this.#mask, true);
        });
    }

    /** @param {number} number @param {boolean} down @param {number} mask  of those that are down then */
    #button(number, down, mask) {
        this.#mask = mask;
        send(this.channel, down ? PRESS : RELEASE, 3, body => {
            body.setUint8(0, number);
            body.setUint16(1, mask, true);
        });
    }

    /** @param {WheelEvent} event */
    #turn(event) {
        event.preventDefault();
        this.#wheel += event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? 1 : LINE);
        for (; Math.abs(this.#wheel) >= STEP; this.#wheel -= Math.sign(this.#wheel) * STEP) {
            const number = this.#wheel < 0 ? WHEEL_UP : WHEEL_DOWN;
            this.#button(number, true, this.#mask);
            this.#button(number, false, this.#mask);
        }
    }
}

/** @param {number} value @param {number} size */
const clamped = (value, size) => Math.max(0, Math.min(value, size - 1));
