/**
 * Who else is connected, in words.
 */

import { closeBehind } from './bar.js';
import { h, shownName } from './dom.js';

/** @type {Record<string, string>} */
const kinds = { web: 'browser', spice: 'SPICE viewer', cli: 'command line' };

/**
 * @param {readonly import('../lib/agent.js').Client[]} clients
 * @param {number | string | null} self  our own number among them
 * @returns {string[]}  one line a client, ourselves first
 */
export function linesOf(clients, self) {
    const sorted = [...clients].sort((a, b) => Number(b.id === self) - Number(a.id === self));
    return sorted.map(({ id, user, kind, lead }) => {
        const name = id === self ? 'You' : shownName(user || 'Somebody');
        return `${name}, ${kinds[kind] ?? shownName(kind)}${lead ? ', sizes the desktop' : ''}`;
    });
}

/** How many others are here, and under it who. */
export class People {
    #words = h('summary', { class: 'tool' });
    #list = h('ul', { class: 'items card' });
    #menu = h('details', { class: 'menu people', 'data-testid': 'clients', hidden: true }, this.#words, this.#list);

    /** @param {HTMLElement} next  what stands behind it in the bar */
    constructor(next) {
        closeBehind(this.#menu);
        next.before(this.#menu);
    }

    /** @param {import('../lib/agent.js').VmAgent | null} agent */
    show(agent) {
        const clients = agent?.state === 'connected' ? agent.clients : [];
        const others = clients.length - 1;
        const lines = linesOf(clients, agent?.client ?? null);
        this.#menu.hidden = others < 1;
        this.#words.textContent = others === 1 ? '1 other here' : `${others} others here`;
        this.#list.replaceChildren(...lines.map(line => h('li', { dir: 'auto' }, line)));
    }
}
