/**
 * The files on their way, one row each: name, progress, speed, and what went wrong.
 */

import { h, icon, shownName, sizeText } from './dom.js';

/** @typedef {import('../lib/transfer.js').Transfer} Transfer */

/** How long a row that ended well stays, milliseconds. */
const STAY = 15_000;

export class TransferList {
    /** @type {HTMLElement} */ #list;
    /** @type {HTMLElement} */ #box;
    /** @type {(words: string) => void} */ #announce;

    /** @param {HTMLElement} box  hidden while empty @param {HTMLElement} list @param {(words: string) => void} announce  for who can't see */
    constructor(box, list, announce) {
        this.#box = box;
        this.#list = list;
        this.#announce = announce;
    }

    /** @param {Transfer} transfer */
    add(transfer) {
        const name = shownName(transfer.name);
        const bar = h('progress', { max: '1', 'aria-label': `Progress of ${name}` });
        const detail = h('span', { class: 'detail' });
        const button = h('button', { class: 'icon', type: 'button', onclick: () => (transfer.ended ? this.#remove(row) : transfer.cancel()) }, icon('close'));
        const row = h('li', { 'data-testid': 'transfer' }, h('bdi', { class: 'file', title: name }, name), button, bar, detail);
        const started = performance.now();
        const update = () => {
            row.dataset.state = transfer.state;
            bar.value = transfer.size === 0 ? Number(transfer.state === 'done') : transfer.sent / transfer.size;
            bar.hidden = transfer.ended;
            detail.textContent = detailOf(transfer, performance.now() - started);
            button.setAttribute('aria-label', `${transfer.ended ? 'Remove' : 'Cancel'} ${name}`);
        };
        transfer.addEventListener('progress', update);
        transfer.done.then(() => this.#ended(row, `${name} has arrived.`, true),
            reason => this.#ended(row, `${name}: ${reason.message}`, transfer.state === 'cancelled'));
        update();
        this.#list.prepend(row);
        this.#box.hidden = false;
    }

    /** @param {HTMLElement} row @param {string} words @param {boolean} leaves */
    #ended(row, words, leaves) {
        this.#announce(words);
        if (leaves) setTimeout(() => this.#remove(row), STAY);
    }

    /** @param {HTMLElement} row */
    #remove(row) {
        row.remove();
        this.#box.hidden = this.#list.childElementCount === 0;
    }
}

/** @param {Transfer} transfer @param {number} elapsed  milliseconds @returns {string} */
export function detailOf(transfer, elapsed) {
    switch (transfer.state) {
        case 'waiting': return `Waiting, ${sizeText(transfer.size)}`;
        case 'done': return `Sent, ${sizeText(transfer.size)}`;
        case 'cancelled': return 'Cancelled';
        case 'error': return transfer.error?.message ?? 'Failed';
        default: break;
    }
    const speed = elapsed > 500 ? `, ${sizeText(transfer.sent / (elapsed / 1000))}/s` : '';
    return `${sizeText(transfer.sent)} of ${sizeText(transfer.size)}${speed}`;
}
