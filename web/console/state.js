/**
 * What is the matter with a console, in words. Pure: facts in, what to show out.
 */

/**
 * @typedef {object} Facts
 * @property {'connecting' | 'connected' | 'reconnecting' | 'closed'} link  the connection to the bridge
 * @property {boolean} agent  the machine's agent is there
 * @property {import('./display.js').DisplayState} display  none: this machine shows no picture here, or we may not see it
 * @property {{ code: string, message: string } | null} error  why the link was lost
 */

/**
 * @typedef {object} Description
 * @property {'connecting' | 'connected' | 'no-agent' | 'no-display' | 'reconnecting' | 'closed'} state
 * @property {string} words  for the status line
 * @property {{ title: string, text: string, action: string | null } | null} notice  over the picture; action: what the button says
 */

/** @param {Facts} facts @returns {Description} */
export function describe({ link, agent, display, error }) {
    if (link === 'closed') {
        const notice = { title: 'Not connected', text: error?.message ?? 'The console was closed.', action: 'Connect again' };
        return { state: 'closed', words: 'Not connected', notice };
    }
    if (link === 'reconnecting') {
        const text = `${error?.message ?? 'The connection was lost.'} It is being tried again.`;
        return { state: 'reconnecting', words: 'Connection lost, trying again', notice: { title: 'Connection lost', text, action: 'Try now' } };
    }
    if (link === 'connecting') {
        const notice = error ? { title: 'Not connected yet', text: `${error.message} It is being tried again.`, action: 'Try now' } : null;
        return { state: 'connecting', words: 'Connecting', notice };
    }
    return describeConnected(agent, display);
}

/** @param {boolean} agent @param {Facts['display']} display @returns {Description} */
function describeConnected(agent, display) {
    if (display === 'lost') {
        const text = 'The machine may be off or starting again. The picture comes back by itself.';
        return { state: 'no-display', words: 'No picture from the machine', notice: { title: 'No picture', text, action: null } };
    }
    if (display === 'locked') {
        const text = 'This machine’s display asks for a password. The console has none: set the display up without one, behind the bridge.';
        return { state: 'no-display', words: 'The display asks for a password', notice: { title: 'Display locked', text, action: null } };
    }
    const notice = display !== 'none' ? null : {
        title: 'No display', action: null,
        text: agent ? 'This machine shows no picture here. Clipboard and files work.' : 'This machine shows no picture here.',
    };
    if (!agent) return { state: 'no-agent', words: 'Connected, no agent: no clipboard, files or resizing', notice };
    if (display === 'connecting') return { state: 'connecting', words: 'Connected, waiting for the picture', notice };
    return { state: 'connected', words: 'Connected', notice };
}
