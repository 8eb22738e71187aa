/**
 * The picture: one canvas for the primary surface, whatever its size becomes; what is drawn on it spice-html5 decodes.
 *
 * spice-html5 looks for its canvases in the document, where an element with a shadow root has none, and knows neither
 * clips nor parts of images; so surfaces and `draw_copy_helper` are ours.
 */

/** Messages of the display channel. */
const INVAL_ALL_PIXMAPS = 106;
const SURFACE_CREATE = 314;
const SURFACE_DESTROY = 315;
/** Of surfaces, images and clips. */
const PRIMARY = 1;
const XRGB = 32;
const ARGB = 96;
const CACHE_ME = 1;
const CLIP_RECTS = 1;
/** All surfaces together, pixels of four bytes. */
const MOST_PIXELS = 64 * 1024 * 1024;

/** @typedef {{ left: number, top: number, right: number, bottom: number }} Rect */
/** @typedef {{ clip: { type: number, rects?: { rects?: Rect[] } }, box: Rect, surface_id: number }} Base */
/**
 * @typedef {object} Copy
 * @property {Base} base
 * @property {Rect} src_area  the part of the image that is meant
 * @property {ImageData} image_data
 * @property {boolean} has_alpha
 * @property {{ id: number, flags: number } | null} descriptor
 */

/** The parts of a box that may be drawn. Pure. @param {Base} base @returns {Rect[]} */
export function visibleParts({ clip, box }) {
    if (clip.type !== CLIP_RECTS) return [box];
    const parts = (clip.rects?.rects ?? []).map(rect => ({
        left: Math.max(rect.left, box.left), top: Math.max(rect.top, box.top),
        right: Math.min(rect.right, box.right), bottom: Math.min(rect.bottom, box.bottom) }));
    return parts.filter(({ left, top, right, bottom }) => left < right && top < bottom);
}

/** How large a picture is shown in a place. Pure. @param {number[]} picture @param {number[]} place  width, height */
export function fitted([width, height], [most, high]) {
    const scale = Math.min(most / width, high / height);
    return [Math.floor(width * scale), Math.floor(height * scale)];
}

export class Screen {
    canvas = document.createElement('canvas');
    /** @type {HTMLElement} */ #frame = document.createElement('div');
    /** @type {() => void} */ #shown;
    /** @type {(type: number, body: DataView) => void} */ #draw = () => {};
    /** @type {import('./channel.js').Library} */ #channel = {};
    #observer = new ResizeObserver(() => this.#fit());
    #scaled = true;

    /** @param {Element} target @param {() => void} shown  there is a picture */
    constructor(target, shown) {
        this.#shown = shown;
        Object.assign(this.#frame.style, { display: 'flex', width: '100%', height: '100%', overflow: 'auto' });
        Object.assign(this.canvas.style, { flex: 'none', margin: 'auto', outline: 'none', touchAction: 'none' });
        this.#frame.append(this.canvas);
        this.#frame.hidden = true;
        target.append(this.#frame);
        this.#observer.observe(this.#frame);
    }

    /** @param {boolean} on */
    set scaled(on) {
        this.#scaled = on;
        this.#fit();
    }

    remove() {
        this.#observer.disconnect();
        this.#frame.remove();
    }

    /** What spice-html5 asks a display channel for. */
    members() {
        const copy = (/** @type {Copy} */ what) => this.#copy(what);
        return { surfaces: {}, streams: [], cache: {}, draw_copy_helper: copy };
    }

    /** @param {import('./channel.js').Library} channel @param {(type: number, body: DataView) => void} draw */
    follow(channel, draw) {
        this.#channel = channel;
        this.#draw = draw;
    }

    /** @param {number} type @param {DataView} body */
    handle(type, body) {
        if (type === SURFACE_CREATE) this.#create(body);
        else if (type === SURFACE_DESTROY) delete this.#channel.surfaces[body.getUint32(0, true)];
        else if (type === INVAL_ALL_PIXMAPS) this.#channel.cache = {};
        else this.#draw(type, body);
    }

    /** @param {DataView} body */
    #create(body) {
        const [id, width, height, format, flags] = [0, 4, 8, 12, 16].map(at => body.getUint32(at, true));
        const { surfaces } = this.#channel;
        if (format !== XRGB && format !== ARGB) throw new Error(`a surface of format ${format}`);
        let pixels = width * height;
        for (const { canvas } of Object.values(surfaces)) pixels += canvas.width * canvas.height;
        if (width < 1 || height < 1 || pixels > MOST_PIXELS) throw new Error(`a surface of ${width} x ${height}`);
        const canvas = flags & PRIMARY ? this.canvas : document.createElement('canvas');
        Object.assign(canvas, { width, height });
        const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d', { willReadFrequently: true }));
        surfaces[id] = { surface_id: id, format, draw_count: 0, canvas: Object.assign(canvas, { context }) };
        if (!(flags & PRIMARY)) return;
        context.fillRect(0, 0, width, height);
        context.save();  // for DISPLAY_RESET
        this.#channel.primary_surface = id;
        this.#frame.hidden = false;
        this.#fit();
        this.#shown();
    }

    /** @param {Copy} copy */
    #copy({ base, src_area: { left, top }, image_data: image, has_alpha: hasAlpha, descriptor }) {
        const { canvas: { context }, format } = this.#channel.surfaces[base.surface_id];
        if (hasAlpha && format === XRGB) for (let i = 3; i < image.data.length; i += 4) image.data[i] = 255;
        const [x, y] = [base.box.left - left, base.box.top - top];
        for (const part of visibleParts(base)) {
            const [width, height] = [part.right - part.left, part.bottom - part.top];
            context.putImageData(image, x, y, part.left - x, part.top - y, width, height);
        }
        if (descriptor && descriptor.flags & CACHE_ME) this.#channel.cache[descriptor.id] = image;
        return true;
    }

    #fit() {
        const { canvas: { width, height, style } } = this;
        const { clientWidth, clientHeight } = this.#frame;
        const isFitted = this.#scaled && clientWidth > 0;
        const size = isFitted ? fitted([width, height], [clientWidth, clientHeight]) : [width, height];
        [style.width, style.height] = size.map(pixels => `${pixels}px`);
    }
}
