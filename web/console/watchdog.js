/**
 * Notices that a display's server has fallen silent while its connection stands: a paused or hung machine.
 *
 *     silence -> ask, VNC for one pixel -> no answer -> silent -> any byte -> not silent
 *
 * A still picture sends nothing either, so silence alone says nothing; only an unanswered question does.
 */

/** RFB's FramebufferUpdateRequest, not incremental, of one pixel: the server has to answer. */
const ONE_PIXEL = Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 1, 0, 1);

export class Watchdog {
    /** Silence before the question, and for its answer, milliseconds. */
    static times = { silence: 10_000, answer: 8_000 };

    /** @type {() => void} */ #ask;
    /** @type {(silent: boolean) => void} */ #tell;
    /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
    #started = false;

    /**
     * @param {import('./display.js').Viewer} viewer
     * @param {WebSocket} socket
     * @param {(silent: boolean) => void} tell
     */
    constructor(viewer, socket, tell) {
        this.#ask = () => viewer.ask ? viewer.ask() : socket.send(ONE_PIXEL);
        this.#tell = tell;
        (viewer.ask ? viewer : socket).addEventListener('message', () => { if (this.#started) this.start(); });
    }

    /** From now on, and again whenever something comes. */
    start() {
        clearTimeout(this.#timer);
        this.#started = true;
        this.#tell(false);
        this.#timer = setTimeout(() => {
            this.#ask();
            this.#timer = setTimeout(() => this.#tell(true), Watchdog.times.answer);
        }, Watchdog.times.silence);
    }

    stop() {
        this.#started = false;
        clearTimeout(this.#timer);
    }
}
