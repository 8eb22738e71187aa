/**
 * The files on their way, one row each: name, progress, speed, and what went wrong.
 */

import { h, icon, shownName, shownText } from './dom.js';
import { sizeText } from './size.js';

/** @typedef {import('../lib/transfer.js').Transfer} Transfer */

/** How long a row that ended well stays, milliseconds. */
const STAY = 15_000;
/** What a speed is measured over, milliseconds. */
const SPEED_OVER = 2000;

export class TransferList {
    #list = h('ul', { class: 'list' });
    /** Hidden while empty. */
    #box = h('section', { class: 'transfers card', 'data-testid': 'transfers', 'aria-label': 'Files', hidden: true },
        h('h2', {}, 'Files'), this.#list);
    /** @type {(words: string) => void} */ #announce;

    /** @param {HTMLElement} place @param {(words: string) => void} announce  for who can't see */
    constructor(place, announce) {
        this.#announce = announce;
        place.append(this.#box);
    }

    /** @param {Transfer} transfer */
    add(transfer) {
        const name = shownName(transfer.name);
        const bar = h('progress', { max: '1', 'aria-label': `Progress of ${name}` });
        const detail = h('span', { class: 'detail' });
        const file = h('bdi', { class: 'file', title: name }, name);
        const onclick = () => (transfer.ended ? this.#remove(row) : transfer.cancel());
        const button = h('button', { class: 'icon', type: 'button', onclick }, icon('close'));
        const row = h('li', { 'data-testid': 'transfer' }, file, button, bar, detail);
        const speed = new Speed();
        const update = () => {
            row.dataset.state = transfer.state;
            bar.value = transfer.size === 0 ? Number(transfer.state === 'done') : transfer.sent / transfer.size;
            bar.hidden = transfer.ended;
            detail.textContent = detailOf(transfer, speed.at(transfer.sent, performance.now()));
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

/** Bytes a second over the last moments, so that a pause is seen as one. */
export class Speed {
    /** @type {{ sent: number, time: number }[]} */ #seen = [];

    /** @param {number} sent @param {number} time  milliseconds @returns {number}  0: not known yet */
    at(sent, time) {
        this.#seen.push({ sent, time });
        while (this.#seen.length > 2 && this.#seen[1].time <= time - SPEED_OVER) this.#seen.shift();
        const elapsed = time - this.#seen[0].time;
        return elapsed < SPEED_OVER / 4 ? 0 : (sent - this.#seen[0].sent) / elapsed * 1000;
    }
}

/**
 * @param {Pick<Transfer, 'state' | 'sent' | 'size' | 'error'>} transfer
 * @param {number} speed  bytes a second
 * @returns {string}
 */
export function detailOf({ state, sent, size, error }, speed) {
    switch (state) {
        case 'waiting': return `Waiting, ${sizeText(size)}`;
        case 'done': return `Sent, ${sizeText(size)}`;
        case 'cancelled': return 'Cancelled';
        case 'error': return shownText(error?.message ?? 'Failed');
        default: return `${sizeText(sent)} of ${sizeText(size)}${speed > 0 ? `, ${sizeText(speed)}/s` : ''}`;
    }
}
