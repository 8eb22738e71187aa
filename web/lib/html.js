/**
 * What a piece of HTML says, for a guest that takes plain text only. No parser of the browser's: that one applies the
 * page's content policy to styles that nobody wants, and Node has none.
 */

/** What begins and ends a line of its own. */
const blocks = new Set(('address article aside blockquote body dd div dl dt figure footer form h1 h2 h3 h4 h5 h6 header hr '
    + 'li main nav ol p pre section table tr ul').split(' '));
/** Of these not even the text counts. */
const silent = new Set(['head', 'noscript', 'script', 'style', 'template', 'title']);
/** What browsers escape when they write HTML, and the rest of what is usual. @type {Record<string, string>} */
const entities = { amp: '&', lt: '<', gt: '>', quot: '"', apos: '\'', nbsp: ' ' };

/**
 * Lines where a browser would break them, tabs between the cells of a row. Takes time by the length of `html` alone.
 * @param {string} html
 * @returns {string}
 */
export function textOfHtml(html) {
    const parts = /** @type {string[]} */ ([]);
    const last = html.lastIndexOf('>');
    let pre = 0;
    for (let at = 0; at < html.length;) {
        const open = html.indexOf('<', at);
        const text = html.slice(at, open < 0 ? html.length : open);
        parts.push(pre > 0 ? exact(decoded(text)) : decoded(text).replace(/[\t\n\r ]+/g, ' '));
        if (open < 0) break;
        const tag = /^(\/?)([a-z][a-z0-9]*)/i.exec(html.slice(open + 1, open + 16));
        const name = tag?.[2].toLowerCase() ?? '';
        const isComment = html.startsWith('!', open + 1);
        const end = (tag || isComment) && open < last ? endOf(html, open) : -1;
        if (end < 0) parts.push('<');
        parts.push(end < 0 ? '' : separator(name, tag?.[1] === '/'));
        if (name === 'pre' && end >= 0) pre += tag?.[1] ? -1 : 1;
        at = end < 0 ? open + 1 : end;
        if (silent.has(name) && !tag?.[1]) at = behind(html, `</${name}`, end);
        if (html.startsWith('!--', open + 1)) at = behind(html, '-->', open) + 3;
    }
    return parts.join('').replace(/ {2,}/g, ' ').replace(/ ?\t? ?\n[ \n]*/g, '\n').replaceAll('\v', '\n')
        .replaceAll('\f', ' ').trim();
}

/** What a tag puts between two texts. @param {string} name @param {boolean} isClosing */
function separator(name, isClosing) {
    if (name === 'br') return '\v';
    if (name === 'td' || name === 'th') return isClosing ? '\t' : '';
    return blocks.has(name) ? '\n' : '';
}

/** Where a tag has ended, a `>` in one of its quoted attributes left aside. @param {string} html @param {number} at */
function endOf(html, at) {
    const end = html.indexOf('>', at);
    const isQuoted = html.slice(at, end).split('"').length % 2 === 0;
    return Math.max(end, isQuoted ? html.indexOf('>', html.indexOf('"', end)) : 0) + 1;
}

/** Where `mark` begins, whatever its case; the end where it does not. @param {string} html @param {string} mark @param {number} at */
function behind(html, mark, at) {
    const found = [mark, mark.toUpperCase()].map(each => html.indexOf(each, at)).filter(place => place >= 0);
    return found.length > 0 ? Math.min(...found) : html.length;
}

/** @param {string} text */
const exact = text => text.replace(/\r?\n/g, '\v').replaceAll(' ', '\f');
/** @param {string} text */
const decoded = text => text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z]{2,6}));/gi, character);

/** @param {string} whole @param {string} decimal @param {string} hex @param {string} name */
function character(whole, decimal, hex, name) {
    const code = decimal ? Number(decimal) : parseInt(hex, 16);
    if (name) return Object.hasOwn(entities, name.toLowerCase()) ? entities[name.toLowerCase()] : whole;
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
}
