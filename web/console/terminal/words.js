/**
 * How a port is, in words. Pure.
 */

/**
 * @typedef {object} PortFacts
 * @property {import('../../lib/agent.js').State} state  of our connection
 * @property {boolean} portConnected
 * @property {boolean} isWriter
 */

/** @typedef {'connecting' | 'writing' | 'reading' | 'gone' | 'lost' | 'closed'} PortState  writing: keys go there */

/**
 * @param {PortFacts} facts @param {string} [reason]  why the connection was lost
 * @returns {{ state: PortState, words: string }}
 */
export function describePort({ state, portConnected, isWriter }, reason) {
    if (state === 'closed') return { state: 'closed', words: reason ?? 'Not connected' };
    if (state === 'reconnecting') return { state: 'lost', words: 'Connection lost, trying again' };
    if (state === 'connecting') return { state: 'connecting', words: reason ? `${reason} Trying again` : 'Connecting' };
    if (!portConnected) return { state: 'gone', words: 'The machine’s end is closed. Waiting for it' };
    if (!isWriter) return { state: 'reading', words: 'Read only: somebody else is writing' };
    return { state: 'writing', words: 'Connected' };
}
