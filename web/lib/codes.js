/**
 * Why something did not happen: one table of codes, shared with the bridge, its audit log and its metrics. Pure.
 *
 * The text is what a person is told when the bridge sent no words of its own: what is the matter, and what to do.
 */

/** Codes that the bridge sends. @type {Readonly<Record<string, string>>} */
export const codes = Object.freeze({
    'not-owner': 'Nothing is on that clipboard. Copy something there first.',
    'not-offered': 'What was copied does not exist in this format.',
    'too-large': 'This is larger than the limit that is set for this machine.',
    'policy-direction': 'Copying in this direction is switched off for this machine.',
    'policy-format': 'This kind of content may not pass here.',
    'policy-name': 'A file of this name may not pass here. Rename it and try again.',
    'policy-rate': 'Too much in a short time. Wait a moment and try again.',
    'policy-content': 'This content may not pass here.',
    'forbidden': 'Your access does not include this. Ask whoever gave it to you.',
    'disabled': 'This is switched off for this machine.',
    'not-lead': 'Another client sizes this desktop. Take the lead first.',
    'bad-name': 'This file name has no usable part. Rename it and try again.',
    'no-agent': 'The machine runs no agent at the moment. It may still be starting, or needs spice-vdagent installed.',
    'agent-gone': 'The agent in the machine went away meanwhile. Try again when it is back.',
    'not-supported': 'The agent in the machine can’t do this.',
    'timeout': 'No answer in time. Try again.',
    'busy': 'Too much at once. Wait until something has finished.',
    'cancelled': 'Cancelled.',
    'no-space': 'The machine’s disk is full.',
    'session-locked': 'The machine’s session is locked. Unlock it and try again.',
    'no-session': 'Nobody is logged in on the machine.',
    'guest-error': 'The machine reported an error.',
    'bad-frame': 'The bridge and this page misunderstood each other. Reload the page.',
    'bad-token': 'Access refused: the token is not valid here.',
    'token-expired': 'Your access has expired. Open the console again.',
    'token-used': 'This link works once, and was used already. Ask for a new one.',
    'unknown-vm': 'There is no machine of this name here.',
    'bad-origin': 'This page may not use the bridge: its address is not on the list of allowed origins.',
    'too-many': 'Too many connections. Close one and try again.',
    'stopping': 'The bridge is stopping. It will be tried again.',
});

/** Codes that never cross the wire: what only this side can know. @type {Readonly<Record<string, string>>} */
export const localCodes = Object.freeze({
    'disconnected': 'The connection was lost.',
});

/** A refusal or failure with its code from the table. */
export class VmError extends Error {
    /**
     * @param {string} code  one of `codes` or `localCodes`; a code that a newer bridge invents is kept as it is
     * @param {string} [message]  left out or empty: the table's words
     * @param {{ about?: string }} [details]  about: the type of the frame that this answers
     */
    constructor(code, message, details = {}) {
        super(message || codes[code] || localCodes[code] || code);
        this.name = 'VmError';
        this.code = code;
        this.about = details.about;
    }
}

/** Any failure as a VmError, so that callers meet one type. @param {unknown} reason @returns {VmError} */
export function asVmError(reason) {
    if (reason instanceof VmError) return reason;
    const { name, message } = /** @type {{ name?: string, message?: string }} */ (reason ?? {});
    return new VmError('cancelled', name === 'AbortError' ? codes['cancelled'] : message);
}
