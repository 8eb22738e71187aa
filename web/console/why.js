/**
 * What became of the last copies, in words: the bridge's trace of this client.
 */

import { h, shownText } from './dom.js';

/** Steps shown, the newest first. */
const MOST = 12;

/** @type {Record<string, string>} */
const WHO = { 'guest to bridge': 'The machine', 'bridge to guest': 'To the machine', 'client to bridge': 'This browser',
    'bridge to client': 'To this browser' };
/** @type {Record<string, string>} */
const WHAT = { grab: 'copied', offer: 'offered', release: 'cleared', request: 'asked for the contents',
    data: 'contents' };

/** @typedef {import('../lib/trace.js').TraceEvent} Step */

/** One step, in words. @param {Step} step @returns {string} */
export function wordsOf({ at, hop, what, outcome, detail }) {
    const time = new Date(at).toLocaleTimeString();
    const end = outcome === 'passed' ? detail && ` (${detail})` : `, stopped: ${detail}`;
    return shownText(`${time} ${WHO[hop] ?? hop}: ${WHAT[what] ?? what}${end}`);
}

/** @param {HTMLElement} box  its list is filled @param {import('../lib/agent.js').VmAgent | null} agent */
export async function explain(box, agent) {
    const list = /** @type {HTMLElement} */ (box.querySelector('ol'));
    try {
        const { events } = await agent?.explain() ?? { events: [] };
        const steps = events.filter(({ topic }) => topic === 'clipboard').slice(-MOST).reverse();
        const rows = steps.map(step => h('li', { 'data-state': step.outcome }, wordsOf(step)));
        list.replaceChildren(...rows.length > 0 ? rows : [h('li', {}, 'Nothing was copied yet.')]);
    } catch (reason) {
        list.replaceChildren(h('li', {}, shownText(/** @type {Error} */ (reason).message)));
    }
}
