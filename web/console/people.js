/**
 * Who else is connected, in words.
 */

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

/** @param {import('./view.js').View} view @param {import('../lib/agent.js').VmAgent | null} agent */
export function showPeople({ people, peopleWords, peopleList }, agent) {
    const clients = agent?.state === 'connected' ? agent.clients : [];
    const others = clients.length - 1;
    people.hidden = others < 1;
    peopleWords.textContent = others === 1 ? '1 other here' : `${others} others here`;
    peopleList.replaceChildren(...linesOf(clients, agent?.client ?? null).map(line => h('li', { dir: 'auto' }, line)));
}
