/**
 * What the guest agent tells of a machine, and the buttons that ask it to shut down, restart or suspend.
 *
 *     GET guest -> lists        whenever it is opened, or asked for again
 *     button -> question -> POST guest/shutdown -> the status line
 */

import { h, icon, outline, setText, shownText } from '../dom.js';
import { askGuest, askPower } from './guest.js';
import { addressesOf, bounded, fileSystemsOf, NEARLY_FULL, powers, systemOf, usersOf } from './words.js';

/** @typedef {import('./guest.js').Power} Power */

/**
 * @typedef {object} Handlers
 * @property {import('./guest.js').Source} source
 * @property {import('../ports.js').Inside['copy']} copy
 * @property {(open: boolean) => void} opened
 * @property {() => void} closed  by who is in it: the focus has to go elsewhere
 */

const AGAIN = 'M19 7v4h-4M5 17v-4h4M18.5 11A7 7 0 0 0 6.5 8M5.5 13a7 7 0 0 0 12 3';
const COPY = 'M9 9h11v11H9zM15 9V4H4v11h5';

export class MachinePanel {
    #parts = buildPanel();
    /** @type {import('../view.js').View} */ #view;
    /** @type {Handlers} */ #handlers;
    /** What the question is about. @type {{ power: Power, button: HTMLElement } | null} */ #asked = null;
    /** The machine is being asked something that it may not do twice. */
    #isBusy = false;

    /** @param {import('../view.js').View} view @param {Handlers} handlers */
    constructor(view, handlers) {
        const { panel, again, closePanel, yes, no, actions } = this.#parts;
        this.#view = view;
        this.#handlers = handlers;
        again.addEventListener('click', () => void this.#refresh());
        closePanel.addEventListener('click', () => this.close());
        yes.addEventListener('click', () => void this.#confirmed());
        no.addEventListener('click', () => this.#endQuestion());
        for (const [power, { label }] of Object.entries(powers)) {
            const button = h('button', { type: 'button', 'data-testid': `machine-${power}` }, label);
            button.addEventListener('click', () => this.#question(/** @type {Power} */ (power), button));
            actions.append(button);
        }
        panel.addEventListener('keydown', event => {
            if (event.key !== 'Escape') return;
            if (this.#asked) this.#endQuestion();
            else this.close();
        });
        view.body.append(panel);
    }

    get isOpen() {
        return !this.#parts.panel.hidden;
    }

    open() {
        const { panel } = this.#parts;
        panel.hidden = false;
        this.#handlers.opened(true);
        panel.focus();
        void this.#refresh();
    }

    close() {
        this.hide();
        this.#handlers.closed();
    }

    /** The focus stays where it is. */
    hide() {
        this.#endQuestion();
        this.#parts.panel.hidden = true;
        this.#handlers.opened(false);
    }

    remove() {
        this.#parts.panel.remove();
    }

    async #refresh() {
        if (this.#isBusy) return;
        this.#say('Asking the machine…', 'busy');
        try {
            this.#show(await askGuest(this.#handlers.source));
            if (!this.#isBusy) this.#say('', 'idle');
        } catch (reason) {
            if (!this.#isBusy) this.#fail(reason);
        }
    }

    /** @param {import('./guest.js').GuestInfo} info */
    #show(info) {
        const { facts, actions } = this.#parts;
        const system = systemOf(info);
        const sections = [
            ['Host name', info.hostname ? [rowOf({ text: shownText(info.hostname, 255), note: '' })] : []],
            ['System', system ? [rowOf(system)] : []],
            ['Addresses', rowsOf(addressesOf(info.addresses ?? []), fact => this.#addressRow(fact))],
            ['Users', rowsOf(usersOf(info.users ?? []), rowOf)],
            ['File systems', rowsOf(fileSystemsOf(info.filesystems ?? []), fileSystemRow)],
        ];
        facts.replaceChildren(...sections.filter(([, rows]) => rows.length > 0).map(([title, rows]) =>
            h('section', { 'data-part': /** @type {string} */ (title) }, h('h3', {}, /** @type {string} */ (title)),
                h('ul', {}, .../** @type {HTMLElement[]} */ (rows)))));
        if (facts.childElementCount === 0) facts.append(h('p', { class: 'hint' }, 'The machine tells nothing.'));
        if (!info.power) this.#endQuestion();
        actions.hidden = !info.power || this.#asked !== null;
    }

    /** @param {{ address: string, text: string, note: string }} fact */
    #addressRow(fact) {
        const { address } = fact;
        const copy = h('button', { type: 'button', class: 'icon', title: 'Copy', 'aria-label': `Copy ${address}`,
            'data-testid': 'machine-copy' }, outline(COPY));
        copy.addEventListener('click', async () => {
            const isCopied = await this.#handlers.copy({ text: address, image: null });
            this.#say(isCopied ? `${address} is copied.` : 'This browser did not allow the copy. Select the address.',
                isCopied ? 'done' : 'failed');
        });
        const row = rowOf(fact);
        row.append(copy);
        return row;
    }

    /** @param {Power} power @param {HTMLElement} button */
    #question(power, button) {
        if (this.#isBusy) return;
        const { question, title, warning, yes, no, actions } = this.#parts;
        this.#asked = { power, button };
        this.#say('', 'idle');
        title.textContent = `${powers[power].label} ${this.#view.name.textContent}?`;
        warning.textContent = powers[power].warning;
        yes.textContent = powers[power].label;
        question.hidden = false;
        actions.hidden = true;
        no.focus();
    }

    /** The focus goes back to the button, where it was in the question. */
    #endQuestion() {
        if (!this.#asked) return;
        const { question, actions } = this.#parts;
        const { button } = this.#asked;
        const hadFocus = question.contains(/** @type {ShadowRoot} */ (question.getRootNode()).activeElement);
        this.#asked = null;
        question.hidden = true;
        actions.hidden = false;
        if (hadFocus) button.focus();
    }

    async #confirmed() {
        if (!this.#asked || this.#isBusy) return;
        const { power } = this.#asked;
        const { does, asking } = powers[power];
        this.#setBusy(true);
        this.#endQuestion();
        this.#say(`Asking the machine ${asking}…`, 'busy');
        try {
            await askPower(this.#handlers.source, power);
            this.#say(`Asked. The machine decides whether it ${does}.`, 'done');
        } catch (reason) {
            this.#fail(reason);
        } finally {
            this.#setBusy(false);
        }
    }

    /** Buttons that can't be used keep the focus. @param {boolean} is */
    #setBusy(is) {
        this.#isBusy = is;
        for (const button of [...this.#parts.actions.children, this.#parts.again])
            button.setAttribute('aria-disabled', String(is));
    }

    /** @param {unknown} reason */
    #fail(reason) {
        this.#say(shownText(/** @type {Error} */ (reason).message), 'failed');
    }

    /** @param {string} words @param {'idle' | 'busy' | 'done' | 'failed'} state */
    #say(words, state) {
        const { status } = this.#parts;
        status.dataset.state = state;
        setText(status, words);
    }
}

/** @param {import('./words.js').Fact} fact */
function rowOf({ text, note }) {
    const row = h('li', {}, h('bdi', { class: 'value', title: text }, text));
    if (note) row.append(h('span', { class: 'note', title: note }, h('bdi', {}, note)));
    return row;
}

/** @param {import('./words.js').Fact & { share: number | null }} fact */
function fileSystemRow(fact) {
    const row = rowOf(fact);
    if (fact.share !== null)
        row.append(h('meter', { min: '0', max: '1', high: String(NEARLY_FULL), optimum: '0', value: String(fact.share),
            'aria-label': `Used of ${fact.text}`, 'aria-valuetext': `${Math.round(fact.share * 100)} %` }));
    return row;
}

/** @template {import('./words.js').Fact} T @param {T[]} list @param {(fact: T) => HTMLElement} build */
function rowsOf(list, build) {
    const { shown, more } = bounded(list);
    const rows = shown.map(build);
    if (more > 0) rows.push(h('li', { class: 'hint' }, `and ${more} more`));
    return rows;
}

function buildPanel() {
    const again = h('button', { type: 'button', class: 'icon', title: 'Ask again', 'aria-label': 'Ask again',
        'data-testid': 'machine-again' }, outline(AGAIN));
    const closePanel = h('button', { type: 'button', class: 'icon', 'aria-label': 'Close the machine’s panel' },
        icon('close'));
    const head = h('div', { class: 'head' }, h('h2', {}, 'Machine'), h('span', { class: 'space' }), again, closePanel);
    const facts = h('div', { class: 'facts', role: 'group', tabindex: '0', 'aria-label': 'What the machine tells',
        'data-testid': 'machine-facts' });
    const status = h('p', { class: 'hint result', role: 'status', 'data-testid': 'machine-status' });
    const actions = h('div', { class: 'powers', role: 'group', 'aria-label': 'Power', 'data-testid': 'machine-power',
        hidden: true });
    const title = h('h3', { id: 'power-title' });
    const warning = h('p', { class: 'hint', id: 'power-warning' });
    const yes = h('button', { type: 'button', class: 'main', 'data-testid': 'machine-yes' });
    const no = h('button', { type: 'button', 'data-testid': 'machine-no' }, 'Cancel');
    const question = h('div', { class: 'question', role: 'alertdialog', 'aria-labelledby': 'power-title',
        'aria-describedby': 'power-warning', 'data-testid': 'machine-question', hidden: true },
        title, warning, h('div', { class: 'powers' }, no, yes));
    const panel = h('aside', { class: 'panel card machine', tabindex: '-1', 'data-testid': 'machine-panel',
        'aria-label': 'Machine', hidden: true }, head, facts, actions, question, status);
    return { panel, again, closePanel, facts, status, actions, question, title, warning, yes, no };
}
