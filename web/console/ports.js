/**
 * What the machine's further ports bring to the page: terminals, and the QEMU guest agent's panel. Fetched where a
 * machine has ports; each of the two where there is one for us.
 */

/** @typedef {import('./terminal/terminals.js').Port} Port */

/**
 * @typedef {object} Facts  what is used of `/api/v1/vms/VM`
 * @property {{ kind: string }} [display]
 * @property {Port[]} [ports]
 * @property {{ permission: 'off' | 'info' | 'power', connected: boolean }} [guest_agent]
 */

/**
 * @typedef {object} Inside  of the console, what its outside does not have
 * @property {import('./view.js').View} view
 * @property {() => Promise<Facts>} ask  what the bridge says of the machine
 * @property {(path: string) => Promise<unknown>} addStyle
 * @property {() => Promise<unknown>} addCards  the sheet of what stands in cards
 * @property {typeof import('./clipboard-sync.js').writeLocal} copy  to this browser's clipboard
 * @property {() => import('./clipboard-panel.js').ClipboardPanel | null} clipboard  the panel, once it was opened
 * @property {import('./xterm.js').XtermLoader} [load]  left out: from where the bridge serves it
 * @property {(reason: unknown) => void} tell
 */

/**
 * @typedef {object} Shown
 * @property {import('./terminal/terminals.js').Terminals} [terminals]
 * @property {import('./machine/machine.js').Machine} [machine]
 */

/** By what ends them. @type {WeakMap<AbortSignal, Shown>} */
const known = new WeakMap();

/**
 * At each connection; what is there already learns what has changed.
 * @param {import('./vm-console.js').VmConsole} console @param {AbortSignal} signal  ends all
 * @param {Inside} inside @param {Facts} facts
 */
export async function showPorts(console, signal, inside, { ports, guest_agent: guest }) {
    const shown = known.get(signal) ?? {};
    known.set(signal, shown);
    if (!shown.terminals && ports?.some(({ permitted }) => permitted)) {
        const { Terminals } = await import('./terminal/terminals.js');
        if (!signal.aborted) shown.terminals ??= new Terminals(console, signal, inside);
    }
    const isOffered = guest !== undefined && guest.permission !== 'off';
    if (!shown.machine && isOffered) {
        const { Machine } = await import('./machine/machine.js');
        if (!signal.aborted) shown.machine ??= new Machine(console, signal, inside);
    }
    shown.machine?.offer(isOffered);
}
