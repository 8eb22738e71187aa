/**
 * The shapes of the pointer, as the cursor channel tells them, for the browser's own pointer.
 */

/** Messages from the server. */
const INIT = 101;
const RESET = 102;
const SET = 103;
const HIDE = 105;
const INVAL_ONE = 107;
const INVAL_ALL = 108;
/** Flags and kinds of a shape. */
const NONE = 1;
const CACHE_ME = 2;
const FROM_CACHE = 4;
const ALPHA = 0;
const MONO = 1;
/** Larger ones no browser shows, pixels. */
const LARGEST = 128;
/** Shapes that are kept, as QEMU's server counts on. */
const MOST_KEPT = 256;

/**
 * The pixels of a shape, as an ImageData has them. Pure.
 * @param {number} kind
 * @param {number} width @param {number} height
 * @param {Uint8Array} data  ALPHA: blue, green, red, alpha, multiplied; MONO: two planes, what stays and what is white
 * @returns {Uint8ClampedArray<ArrayBuffer> | null}  a kind or size that is not shown
 */
export function pixelsOf(kind, width, height, data) {
    if (width < 1 || height < 1 || width > LARGEST || height > LARGEST) return null;
    const stride = Math.ceil(width / 8);
    if (kind !== ALPHA && kind !== MONO) return null;
    if (data.length < (kind === ALPHA ? width * 4 : stride * 2) * height) return null;
    const pixels = new Uint8ClampedArray(width * height * 4);
    for (let i = 0; i < width * height; ++i) {
        const at = i * 4;
        if (kind === ALPHA) {
            const alpha = data[at + 3];
            for (let c = 0; c < 3; ++c) pixels[at + c] = alpha && data[at + 2 - c] * 255 / alpha;
            pixels[at + 3] = alpha;
        } else {
            const byte = Math.floor(i / width) * stride + Math.floor(i % width / 8);
            const bit = 0x80 >> i % width % 8;
            const [stays, white] = [data[byte] & bit, data[stride * height + byte] & bit];
            pixels.fill(white && !stays ? 255 : 0, at, at + 3);
            pixels[at + 3] = stays && !white ? 0 : 255;  // what is to be inverted is black
        }
    }
    return pixels;
}

/** Tells the shape, as a value of the style `cursor`. */
export class Cursor {
    /** @type {(style: string) => void} */ #show;
    /** By what the server calls them. @type {Map<bigint, string>} */ #kept = new Map();

    /** @param {(style: string) => void} show */
    constructor(show) {
        this.#show = show;
    }

    /** @param {number} type @param {DataView} body */
    handle(type, body) {
        if (type === SET) this.#set(body, 5);
        else if (type === INIT) {
            this.#kept.clear();
            this.#set(body, 9);
        } else if (type === RESET || type === HIDE) this.#show(type === RESET ? 'default' : 'none');
        else if (type === INVAL_ONE) this.#kept.delete(body.getBigUint64(0, true));
        else if (type === INVAL_ALL) this.#kept.clear();
    }

    /** @param {DataView} body @param {number} at  of the shape's flags */
    #set(body, at) {
        const flags = body.getUint16(at, true);
        if (flags & NONE) return this.#show('default');  // a firmware's: nobody draws one
        const name = body.getBigUint64(at + 2, true);
        const style = flags & FROM_CACHE ? this.#kept.get(name) ?? 'default' : styleOf(body, at + 10);
        if (flags & CACHE_ME && this.#kept.size < MOST_KEPT) this.#kept.set(name, style);
        this.#show(style);
    }
}

/** @param {DataView} body @param {number} at  of the shape's kind @returns {string} */
function styleOf(body, at) {
    const [width, height, x, y] = [1, 3, 5, 7].map(offset => body.getUint16(at + offset, true));
    const data = new Uint8Array(body.buffer, body.byteOffset + at + 9);
    const pixels = pixelsOf(body.getUint8(at), width, height, data);
    if (!pixels) return 'default';
    const canvas = document.createElement('canvas');
    canvas.width = width;
    canvas.height = height;
    canvas.getContext('2d')?.putImageData(new ImageData(pixels, width, height), 0, 0);
    return `url(${canvas.toDataURL()}) ${x} ${y}, default`;
}
