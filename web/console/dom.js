/**
 * The few lines that make DOM nodes. Text goes in as text: nothing here parses markup.
 */

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string | boolean | ((event: any) => void) | undefined>} [props]  attributes; `onclick` listens
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function h(tag, props = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(props)) {
        if (typeof value === 'function') node.addEventListener(name.slice(2), value);
        else if (value === true || typeof value === 'string') node.setAttribute(name, value === true ? '' : value);
    }
    node.append(...children);
    return node;
}

/** Outlines on a grid of 24, drawn with the colour of the text. */
const shapes = {
    clipboard: 'M9 4h6v3H9zM9 5H6v15h12V5h-3M9 12h6M9 16h4',
    upload: 'M12 15V4M8 8l4-4 4 4M4 15v5h16v-5',
    keyboard: 'M3 6h18v12H3zM7 10h.01M11 10h.01M15 10h.01M17 14h.01M7 14h.01M10 14h4',
    keys: 'M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z',
    expand: 'M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5',
    close: 'M6 6l12 12M18 6L6 18',
    lead: 'M4 5h16v11H4zM9 20h6M12 16v4M8 10.5h8M10 8.5l-2 2 2 2M14 8.5l2 2-2 2',
    scale: 'M4 5h16v14H4zM8 9v6M16 9v6M12 10h.01M12 14h.01',
    back: 'M15 5l-7 7 7 7',
};

/** @param {keyof typeof shapes} name */
export const icon = name => outline(shapes[name]);

/** @param {string} shape  a path on that grid @returns {SVGSVGElement} */
export function outline(shape) {
    const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
    svg.setAttribute('viewBox', '0 0 24 24');
    svg.setAttribute('aria-hidden', 'true');
    path.setAttribute('d', shape);
    svg.append(path);
    return svg;
}

/** Characters that turn the direction of text around, or can't be seen: a name must not look like another. */
const MISLEADING = /[\p{Cc}\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu;
/** Longer names are cut, characters. */
const LONGEST_NAME = 255;

/** A name that somebody else chose, as it may be shown. @param {string} name @returns {string} */
export const shownName = name => shownText(name, LONGEST_NAME);

/**
 * Words that somebody else may have chosen, as they may be shown.
 * @param {string} text @param {number} [most]  characters
 * @returns {string}
 */
export function shownText(text, most = 500) {
    const cut = text.length > most ? `${text.slice(0, most)}…` : text;
    return cut.replace(MISLEADING, '\ufffd');
}

/**
 * Words that are read aloud when they change, and so are written only then.
 * @param {Element} node @param {string} text
 */
export function setText(node, text) {
    if (node.textContent !== text) node.textContent = text;
}
