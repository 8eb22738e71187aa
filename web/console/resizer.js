/**
 * Makes the machine's desktop as large as the place where it is shown.
 */

/** Between the last change of the window and the request, milliseconds. */
const REST = 150;
const SMALLEST = { width: 320, height: 200 };

/** @typedef {{ width: number, height: number }} Size */

/**
 * Device pixels of a box. Where the browser tells them exactly, a zoom of 110 % loses no pixel to rounding.
 * @param {Pick<ResizeObserverEntry, 'contentRect'> & Partial<ResizeObserverEntry>} entry
 * @param {number} ratio  device pixels a CSS pixel; 1 for a desktop in CSS pixels
 * @param {boolean} exact  whether the browser's own count is meant
 * @returns {Size}
 */
export function pixelsOf(entry, ratio, exact) {
    const box = exact ? entry.devicePixelContentBoxSize?.[0] : undefined;
    const width = box?.inlineSize ?? Math.round(entry.contentRect.width * ratio);
    const height = box?.blockSize ?? Math.round(entry.contentRect.height * ratio);
    return { width: Math.max(width, SMALLEST.width), height: Math.max(height, SMALLEST.height) };
}

export class Resizer {
    /** @type {(size: Size) => void} */ #apply;
    /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
    /** @type {Size | null} */ #wanted = null;
    /** CSS pixels instead of device pixels: larger text on dense screens. */
    logical = false;

    /** @param {Element} box @param {(size: Size) => void} apply @param {AbortSignal} signal  stops watching */
    constructor(box, apply, signal) {
        this.#apply = apply;
        const observer = new ResizeObserver(([entry]) => this.#changed(entry));
        try {
            observer.observe(box, { box: 'device-pixel-content-box' });
        } catch {
            observer.observe(box);
        }
        signal.addEventListener('abort', () => {
            observer.disconnect();
            clearTimeout(this.#timer);
        });
    }

    /** Ask again for the present size: the agent came, or we have the lead now. */
    again() {
        if (this.#wanted) this.#schedule(this.#wanted);
    }

    /** @param {ResizeObserverEntry} entry */
    #changed(entry) {
        if (entry.contentRect.width === 0) return;
        const size = pixelsOf(entry, this.logical ? 1 : devicePixelRatio, !this.logical);
        if (size.width === this.#wanted?.width && size.height === this.#wanted.height) return;
        this.#wanted = size;
        this.#schedule(size);
    }

    /** @param {Size} size */
    #schedule(size) {
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.#apply(size), REST);
    }
}
