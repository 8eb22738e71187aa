/**
 * What a piece of HTML says, for a guest that takes plain text only. No parser of the browser's: that one applies the
 * page's content policy to styles that nobody wants, and Node has none.
 */

/** What begins and ends a line of its own. */
const blocks = new Set(('address article aside blockquote body caption dd div dl dt figure footer form h1 h2 h3 h4 h5 '
    + 'h6 header hr li main nav ol p pre section table tr ul').split(' '));
/** Of these not even the text counts. */
const silent = new Set(['head', 'iframe', 'noscript', 'script', 'style', 'template', 'title']);
/** What browsers escape when they write HTML, and the rest of what is usual. @type {Record<string, string>} */
const entities = { amp: '&', lt: '<', gt: '>', quot: '"', apos: '\'', nbsp: '\u00a0' };

/**
 * Lines where a browser would break them, tabs between the cells of a row. Takes time by the length of `html` alone.
 * @param {string} html
 * @returns {string}
 */
export function textOfHtml(html) {
    const text = new PlainText();
    const last = html.lastIndexOf('>');
    for (let at = 0; at < html.length;) {
        const open = html.indexOf('<', at);
        text.add(decoded(html.slice(at, open < 0 ? html.length : open)));
        if (open < 0) break;
        const tag = /^(\/?)([a-z][a-z0-9]*)/i.exec(html.slice(open + 1, open + 16));
        const name = tag?.[2].toLowerCase() ?? '';
        const isComment = html.startsWith('!', open + 1);
        const end = (tag || isComment) && open < last ? endOf(html, open) : -1;
        if (end < 0) text.add('<');
        else text.tag(name, tag?.[1] === '/');
        at = end < 0 ? open + 1 : end;
        if (silent.has(name) && !tag?.[1]) at = behind(html, `</${name}`, end);
        if (name === 'pre' && html[at] === '\n') at += 1; // the first one does not count
        if (html.startsWith('!--', open + 1)) at = behind(html, '-->', open) + 3;
    }
    return text.toString();
}

class PlainText {
    /** @type {string[]} */ #parts = [];
    #last = '';
    /** What goes before whatever comes next: nothing, a space, or a new line. */
    #gap = '';
    #pre = 0;
    #isRowBegun = false;

    /** @param {string} text  between two tags */
    add(text) {
        if (this.#pre > 0) return this.#put(text.replace(/\r\n?/g, '\n'));
        text.split(/[\t\n\f\r ]+/).forEach((word, index) => {
            if (index > 0) this.#gap ||= ' ';
            if (word) this.#put(word);
        });
    }

    /** @param {string} name @param {boolean} isClosing */
    tag(name, isClosing) {
        if (name === 'pre') this.#pre = Math.max(this.#pre + (isClosing ? -1 : 1), 0);
        if (name === 'tr') this.#row();
        if ((name === 'td' || name === 'th') && !isClosing) this.#cell();
        if (name === 'br') this.#break();
        if (blocks.has(name)) this.#gap = '\n';
    }

    /** The last cell of a row may have been empty. */
    #row() {
        if (this.#last === '\t') this.#put('\n');
        this.#isRowBegun = false;
    }

    /** A tab stands between cells, and no new line, whatever blocks they hold. */
    #cell() {
        if (this.#isRowBegun) {
            this.#gap = '';
            this.#put('\t');
        } else {
            this.#put('');
        }
        this.#isRowBegun = true;
    }

    #break() {
        if (this.#gap === ' ') this.#gap = '';
        this.#put('\n');
    }

    /** Neither a line nor a cell begins with a gap. @param {string} text */
    #put(text) {
        const gap = '\n\t'.includes(this.#last) ? '' : this.#gap;
        this.#parts.push(gap, text);
        this.#last = text.at(-1) ?? (gap || this.#last);
        this.#gap = '';
    }

    toString() {
        return this.#parts.join('').replaceAll('\u00a0', ' ').trimEnd();
    }
}

/** Where a tag has ended, a `>` in one of its quoted attributes left aside. @param {string} html @param {number} at */
function endOf(html, at) {
    const end = html.indexOf('>', at);
    const isQuoted = html.slice(at, end).split('"').length % 2 === 0;
    return Math.max(end, isQuoted ? html.indexOf('>', html.indexOf('"', end)) : 0) + 1;
}

/**
 * Where `mark` begins, whatever its case; the end where it does not.
 * @param {string} html @param {string} mark @param {number} at
 */
function behind(html, mark, at) {
    const found = [mark, mark.toUpperCase()].map(each => html.indexOf(each, at)).filter(place => place >= 0);
    return found.length > 0 ? Math.min(...found) : html.length;
}

/** @param {string} text */
const decoded = text => text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z]{2,6}));/gi, character);

/** @param {string} whole @param {string} decimal @param {string} hex @param {string} name */
function character(whole, decimal, hex, name) {
    const code = decimal ? Number(decimal) : parseInt(hex, 16);
    if (name) return Object.hasOwn(entities, name.toLowerCase()) ? entities[name.toLowerCase()] : whole;
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
}
