/** The list of machines, with what each is doing now. */

import { takeToken } from './access.js';
import { h, setText, shownName, shownText } from './dom.js';

/** How often the list is asked for, while somebody looks at it, milliseconds. */
const PERIOD = 3000;
/** A bridge that takes longer does not answer, milliseconds. */
const PATIENCE = 5000;

/**
 * @typedef {object} Machine  what the page uses of `/api/v1/vms`
 * @property {string} name
 * @property {{ connected?: boolean, guess?: unknown } | null} [agent]
 * @property {unknown[] | number} [clients]
 * @property {unknown} [display]
 */

const token = takeToken();
const list = byId('machines');
const problem = byId('problem');
/** @type {Map<string, ReturnType<typeof makeCard>>} */
const cards = new Map();

/** @param {string} id @returns {HTMLElement} */
function byId(id) {
    return /** @type {HTMLElement} */ (document.getElementById(id));
}

async function refresh() {
    try {
        const headers = token ? { authorization: `Bearer ${token}` } : undefined;
        const answer = await fetch('/api/v1/vms', { headers, cache: 'no-store',
            signal: AbortSignal.timeout(PATIENCE) });
        if (answer.ok) show(await answer.json());
        else fail(await problemOf(answer));
    } catch {
        fail('The bridge does not answer. It is being asked again.');
    }
}

/** @param {Response} answer @returns {Promise<string>} */
async function problemOf(answer) {
    if (answer.status === 401) return 'This list needs an access token. Open the link that you were given.';
    if (answer.status === 403) return 'Your access is to one machine, not to the list. Open the link to it instead.';
    const { detail, title } = await answer.json().catch(() => ({}));
    return detail ?? title ?? `The bridge answered with ${answer.status}.`;
}

/** @param {string} words */
function fail(words) {
    setText(problem, shownText(words));
    problem.hidden = false;
    list.classList.add('stale');
    setText(byId('summary'), '');
    if (cards.size === 0) list.replaceChildren();
}

/** @param {Machine[] | { vms: Machine[] }} answer */
function show(answer) {
    const machines = Array.isArray(answer) ? answer : answer.vms;
    problem.hidden = true;
    list.classList.remove('stale');
    list.removeAttribute('aria-busy');
    const names = new Set(machines.map(({ name }) => name));
    for (const name of [...cards.keys()].filter(known => !names.has(known))) cards.delete(name);
    const rows = machines.map(machine => {
        const card = cards.get(machine.name) ?? makeCard(machine.name);
        cards.set(machine.name, card);
        fillCard(card, machine);
        return card.row;
    });
    const isSame = rows.length === list.children.length && rows.every((row, i) => row === list.children[i]);
    if (!isSame) list.replaceChildren(...rows);
    byId('empty').hidden = machines.length > 0;
    const ready = machines.filter(({ agent }) => agent?.connected).length;
    setText(byId('summary'), machines.length > 0 ? `${ready} of ${machines.length} with a running agent` : '');
}

/** @param {string} name */
function makeCard(name) {
    const state = h('span', { class: 'state', 'data-testid': 'machine-state' });
    const facts = h('span', { class: 'facts' });
    const link = h('a', { href: `/console/${encodeURIComponent(name)}` }, h('bdi', {}, shownName(name)));
    const row = h('li', { class: 'machine', 'data-testid': 'machine' }, h('h2', {}, link), state, facts);
    return { row, state, facts };
}

/** @param {ReturnType<typeof makeCard>} card @param {Machine} machine */
function fillCard({ state, facts }, { agent, clients, display }) {
    const running = agent?.connected === true;
    state.dataset.state = running ? 'connected' : 'no-agent';
    state.textContent = running ? 'Agent running' : 'No agent';
    const count = Array.isArray(clients) ? clients.length : Number(clients ?? 0);
    const people = count === 0 ? 'Nobody connected' : count === 1 ? '1 client' : `${count} clients`;
    facts.textContent = display ? people : `${people} · no display`;
}

/** Ask again and again, but only while somebody looks. */
async function follow() {
    if (document.visibilityState === 'visible') await refresh();
    setTimeout(follow, PERIOD);
}

document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && void refresh());
void follow();
