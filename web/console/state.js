/**
 * What is the matter with a console, in words. Pure: facts in, what to show out.
 */

/**
 * @typedef {object} Facts
 * @property {'connecting' | 'connected' | 'reconnecting' | 'closed'} link  the connection to the bridge
 * @property {boolean} agent  the machine's agent is there
 * @property {import('./display.js').DisplayState} display  none: this machine shows no picture here, or not to us
 * @property {{ code: string, message: string } | null} error  why the link was lost
 * @property {Error | null} [displayError]  why there is no picture
 */

/** @typedef {{ title: string, text: string, action: string | null }} Notice  over the picture; action: of its button */

/**
 * @typedef {object} Description
 * @property {'connecting' | 'connected' | 'no-agent' | 'no-display' | 'reconnecting' | 'closed'} state
 * @property {string} words  for the status line
 * @property {Notice | null} notice
 */

const RETRIED = 'It is being tried again.';

/** @param {string} title @param {string} text @param {string | null} [action] @returns {Notice} */
const notice = (title, text, action = null) => ({ title, text, action });

/** @param {Facts} facts @returns {Description} */
export function describe({ link, agent, display, error, displayError = null }) {
    const reason = error?.message;
    switch (link) {
        case 'closed': return { state: 'closed', words: 'Not connected',
            notice: notice('Not connected', reason ?? 'The console was closed.', 'Connect again') };
        case 'reconnecting': return { state: 'reconnecting', words: 'Connection lost, trying again',
            notice: notice('Connection lost', `${reason ?? 'The bridge does not answer.'} ${RETRIED}`, 'Try now') };
        case 'connecting': return { state: 'connecting', words: 'Connecting',
            notice: reason ? notice('Not connected yet', `${reason} ${RETRIED}`, 'Try now') : null };
        default: return describeConnected(agent, display, displayError?.message);
    }
}

/** @param {boolean} agent @param {Facts['display']} display @param {string} [reason] @returns {Description} */
function describeConnected(agent, display, reason) {
    const rest = agent ? ' Clipboard and files work.' : '';
    switch (display) {
        case 'lost': return { state: 'no-display', words: 'No picture from the machine',
            notice: notice('No picture', reason ? `${reason} ${RETRIED}`
                : 'The machine may be off or starting. The picture comes back by itself.') };
        case 'refused': return { state: 'no-display', words: 'No picture for us',
            notice: notice('No picture', `${reason}${rest}`, 'Try again') };
        case 'frozen': return { state: 'no-display', notice: null,
            words: 'The picture stands still: the machine may be paused or hung' };
        case 'locked': return { state: 'no-display', words: 'The display asks for a password',
            notice: notice('Display locked', 'The machine’s display asks for a password. Set it up without one.') };
        case 'none': return { ...agentWords(agent),
            notice: notice('No display', `This machine shows no picture here.${rest}`) };
        case 'connecting': return agent
            ? { state: 'connecting', words: 'Connected, waiting for the picture', notice: null } : agentWords(agent);
        default: return agentWords(agent);
    }
}

/** @param {boolean} agent @returns {Description} */
function agentWords(agent) {
    if (agent) return { state: 'connected', words: 'Connected', notice: null };
    return { state: 'no-agent', words: 'Connected, no agent: no clipboard, files or resizing', notice: null };
}
