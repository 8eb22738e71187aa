/**
 * The bar's menu of a machine's further ports, and the terminal that one of them is shown in. Fetched where a machine
 * has ports for us; the terminal, and what draws it, when one is opened.
 */

import { tokenText } from '../../lib/vmcbridge.js';
import { buildMenu, wireMenu } from '../bar.js';
import { h, outline, shownName } from '../dom.js';

/** @typedef {{ name: string, permitted: boolean, connected: boolean }} Port  what is used of `/api/v1/vms/VM` */

/** @typedef {import('../ports.js').Inside} Inside */

/**
 * @typedef {object} Host  what a terminal is in
 * @property {HTMLElement} stage
 * @property {(name: string) => string} address  of a port
 * @property {() => Promise<string>} token
 * @property {(reason: unknown) => void} tell
 * @property {() => void} back  it is not wanted any more
 */

/** Consoles that have the sheets of terminals, or wait for them. @type {WeakMap<object, Promise<unknown>>} */
const styled = new WeakMap();

const SHAPE = 'M4 5h16v14H4zM7 9l3 3-3 3M13 15h4';

export class Terminals {
    /** @type {import('../vm-console.js').VmConsole} */ #console;
    /** @type {Inside} */ #inside;
    /** @type {AbortSignal} */ #signal;
    #parts = buildMenu(outline(SHAPE), 'Terminal', { title: 'Terminal', 'data-testid': 'terminal-button' });
    /** @type {string[]} */ #names = [];
    /** @type {import('./terminal.js').PortTerminal | null} */ #terminal = null;
    /** The one that is being opened. */ #wanted = '';

    /**
     * @param {import('../vm-console.js').VmConsole} console @param {AbortSignal} signal  ends all
     * @param {Inside} inside
     */
    constructor(console, signal, inside) {
        const { menu } = this.#parts;
        this.#console = console;
        this.#inside = inside;
        this.#signal = signal;
        menu.hidden = true;
        inside.view.keys.menu.before(menu);
        wireMenu(this.#parts, at => void this.#open(this.#names[at]).catch(inside.tell));
        menu.addEventListener('toggle', () => { if (menu.open) void this.#refresh(); });
        console.agent?.addEventListener('connect', () => {
            void this.#refresh();
            this.#terminal?.connect(); // what was lost may have been lost without a word
        }, { signal });
        signal.addEventListener('abort', () => {
            this.#close();
            menu.remove();
        });
        void this.#refresh();
    }

    async #refresh() {
        const { ports } = await this.#inside.ask();
        if (!ports) return;
        const ours = ports.filter(({ permitted }) => permitted);
        const { menu, items } = this.#parts;
        const isSame = ours.length === this.#names.length && ours.every(({ name }, i) => name === this.#names[i]);
        this.#names = ours.map(({ name }) => name);
        menu.hidden = ours.length === 0;
        if (!isSame) items.replaceChildren(...this.#names.map(buildItem));
        ours.forEach(({ connected }, i) => {
            const [, state] = items.children[i].children;
            state.textContent = connected ? '' : 'not there now';
        });
    }

    /** @param {string} name */
    async #open(name) {
        this.#wanted = name;
        if (this.#terminal?.name !== name) {
            const { loadXterm, PortTerminal } = await import('./terminal.js');
            const modules = await (this.#inside.load ?? loadXterm)().catch(() => {
                throw new Error('The terminal could not be loaded. Reload the page.');
            });
            await this.#styled(modules);
            if (this.#signal.aborted || this.#wanted !== name) return;
            this.#close();
            this.#terminal = new PortTerminal(this.#host(), name, modules);
        }
        this.#terminal.focus();
    }

    /** Its own sheet goes before ours. @param {import('../xterm.js').XtermModules} modules */
    async #styled({ style }) {
        const { addStyle } = this.#inside;
        const added = styled.get(this.#console) ??
            Promise.all([addStyle('./vm-terminal.css'), addStyle(String(style))]);
        styled.set(this.#console, added);
        await added;
    }

    /** @returns {Host} */
    #host() {
        const { view, tell } = this.#inside;
        const { src, token } = this.#console;
        return {
            stage: view.stage, tell, address: name => `${src}/ports/${encodeURIComponent(name)}`,
            token: () => tokenText(token), back: () => this.#back(),
        };
    }

    #back() {
        this.#close();
        this.#parts.summary.focus();
        this.#console.focus();
    }

    #close() {
        this.#wanted = '';
        this.#terminal?.close();
        this.#terminal = null;
    }
}

/** @param {string} name */
function buildItem(name) {
    return h('button', { type: 'button', role: 'menuitem', 'data-testid': 'port' }, h('bdi', {}, shownName(name)),
        h('span', { class: 'port-note' }));
}
