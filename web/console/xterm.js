/**
 * Where xterm.js comes from, and how it is shown on a page whose content policy allows no inline style.
 */

/**
 * What is used of xterm.js, which is not installed with this package.
 * @typedef {object} Xterm
 * @property {number} cols
 * @property {number} rows
 * @property {Record<string, any>} options
 * @property {HTMLTextAreaElement} [textarea]
 * @property {(place: HTMLElement) => void} open
 * @property {(data: string | Uint8Array, done?: () => void) => void} write
 * @property {(handle: (data: string) => void) => void} onData
 * @property {(handle: (data: string) => void) => void} onBinary  a byte a character
 * @property {(handle: (size: { cols: number, rows: number }) => void) => void} onResize
 * @property {(addon: any) => void} loadAddon
 * @property {() => void} reset
 * @property {() => void} focus
 * @property {() => void} dispose
 */

/**
 * @typedef {object} XtermModules
 * @property {new (options: Record<string, any>) => Xterm} Terminal  of `@xterm/xterm`
 * @property {new () => { fit(): void }} FitAddon  of `@xterm/addon-fit`
 * @property {string | URL} style  the address of `@xterm/xterm/css/xterm.css`
 */

/** @typedef {() => Promise<XtermModules>} XtermLoader */

/** @param {string} path */
const served = path => new URL(`../vendor/xterm/${path}`, import.meta.url).href;

/** As the bridge serves it. @type {XtermLoader} */
export async function loadXterm() {
    const [{ Terminal }, { FitAddon }] = await Promise.all(
        [import(served('xterm/lib/xterm.mjs')), import(served('addon-fit/lib/addon-fit.mjs'))]);
    return { Terminal, FitAddon, style: served('xterm/css/xterm.css') };
}

/**
 * Show a terminal where no inline style counts. xterm.js writes style sheets into `<style>` and colours into `style`
 * attributes, and a content policy without 'unsafe-inline' lets neither pass. So the elements come from a document of
 * ours, which makes a sheet that the shadow root adopts, and writes the attribute by way of the element's `style`: both
 * are a script's doing, which may.
 *
 * `documentOverride` reaches one of the three places; to the other two its version 6.0 has no public way.
 * @param {Xterm & { _core?: any }} terminal @param {HTMLElement} place  in a shadow root
 */
export function openIn(terminal, place) {
    const ours = documentFor(/** @type {ShadowRoot} */ (place.getRootNode()));
    const { _core: core } = terminal;
    terminal.options.documentOverride = ours;
    core.onWillOpen(() => { core._coreBrowserService.mainDocument = ours; });  // of the scroll bar
    terminal.open(place);
    core._renderService._renderer.value._rowFactory._document = ours;
}

/** @param {ShadowRoot} root @returns {Document} */
function documentFor(root) {
    /** @param {string} tag */
    const createElement = tag => {
        if (tag === 'style') return sheetOf(root);
        const element = document.createElement(tag);
        if (tag === 'span') Object.defineProperty(element, 'setAttribute', { value: setAttribute });
        return element;
    };
    return new Proxy(document, {
        get(target, name) {
            if (name === 'createElement') return createElement;
            const value = Reflect.get(target, name);
            return typeof value === 'function' ? value.bind(target) : value;
        },
    });
}

/** @this {HTMLElement} @param {string} name @param {string} value */
function setAttribute(name, value) {
    if (name === 'style') this.style.cssText = value;
    else Element.prototype.setAttribute.call(this, name, value);
}

/** An element that stands for a sheet: its text is the sheet's, and with it the sheet goes. @param {ShadowRoot} root */
function sheetOf(root) {
    const sheet = new CSSStyleSheet();
    const element = document.createElement('template');
    root.adoptedStyleSheets.push(sheet);
    Object.defineProperties(element, {
        textContent: { set: text => sheet.replaceSync(text) },
        remove: {
            value: () => {
                root.adoptedStyleSheets = root.adoptedStyleSheets.filter(other => other !== sheet);
                Element.prototype.remove.call(element);
            },
        },
    });
    return element;
}
