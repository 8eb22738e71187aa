/**
 * What HTML says, as plain text: about what a browser copies. The HTML stays inert, nothing in it runs or is loaded.
 */

const SILENT = 'script,style,title,noscript,iframe';
const BLOCKS = 'address,article,aside,blockquote,caption,center,dd,details,div,dl,dt,fieldset,figcaption,figure,' +
    'footer,form,h1,h2,h3,h4,h5,h6,header,hr,li,main,nav,ol,p,pre,section,summary,table,tr,ul';
const KEEPS_SPACE = 'pre,[data-style*="white-space:pre"],[data-style*="white-space: pre"]';

/** @param {string} html @returns {string}  needs a document */
export function textOfHtml(html) {
    const text = new PlainText();
    const template = document.createElement('template');
    template.innerHTML = html.replace(/<[a-z][^<>]*>/gi, withoutEffects);
    text.add(template.content, false);
    return text.toString();
}

/**
 * Styles and handlers are against the content policy of a page, and browsers say so also where they have no effect.
 * @param {string} tag
 */
function withoutEffects(tag) {
    return tag.replace(/([\s/"'])(style|on[a-z]+)(?=\s*=)/gi, '$1data-$2');
}

class PlainText {
    /** @type {string[]} */ #parts = [];
    #last = '';
    /** What goes before whatever comes next: nothing, a space, or a new line. */
    #gap = '';

    /** @param {Node} parent @param {boolean} isExact  white space is kept as it is */
    add(parent, isExact) {
        for (const node of parent.childNodes) {
            if (node instanceof Element) this.#element(node, isExact || node.matches(KEEPS_SPACE));
            else if (node instanceof Text) this.#text(node.data, isExact);
        }
    }

    /** @param {Element} element @param {boolean} isExact */
    #element(element, isExact) {
        if (element.matches(SILENT)) return;
        if (element.matches('br')) return this.#lineBreak();
        if (element.matches('td,th')) this.#cell(element.previousElementSibling === null);
        const isBlock = element.matches(BLOCKS);
        if (isBlock) this.#gap = '\n';
        this.add(element, isExact);
        if (isBlock) this.#gap = '\n';
        if (element.matches('tr') && this.#last === '\t') this.#put('\n');
    }

    #lineBreak() {
        if (this.#gap === ' ') this.#gap = '';
        this.#put('\n');
    }

    /** A tab stands between cells, and no new line, whatever blocks they hold. @param {boolean} isFirst */
    #cell(isFirst) {
        if (isFirst) return this.#put('');
        this.#gap = '';
        this.#put('\t');
    }

    /** @param {string} data @param {boolean} isExact */
    #text(data, isExact) {
        if (isExact) return this.#put(data);
        data.split(/[ \t\n\f\r]+/).forEach((word, index) => {
            if (index > 0) this.#gap ||= ' ';
            if (word) this.#put(word);
        });
    }

    /** Neither a line begins with a gap nor a cell. @param {string} text */
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
