/**
 * The bar's button for what the machine's guest agent tells and does. Fetched where policy lets us ask it; the panel,
 * when it is opened first.
 */

import { tokenText } from '../../lib/vmcbridge.js';
import { h, outline } from '../dom.js';

/** Consoles that have the panel's sheets, or wait for them. @type {WeakMap<object, Promise<unknown>>} */
const styled = new WeakMap();

const SHAPE = 'M4 4h16v7H4zM4 13h16v7H4zM7.5 7.5h.01M7.5 16.5h.01M11 7.5h6M11 16.5h6';

export class Machine {
    /** @type {import('../vm-console.js').VmConsole} */ #console;
    /** @type {import('../ports.js').Inside} */ #inside;
    /** @type {AbortSignal} */ #signal;
    #button = h('button', { type: 'button', class: 'tool', title: 'Machine', 'aria-expanded': 'false',
        'data-testid': 'machine-button' }, outline(SHAPE), h('span', { class: 'label' }, 'Machine'));
    /** @type {import('./panel.js').MachinePanel | null} */ #panel = null;
    #isOffered = true;

    /**
     * @param {import('../vm-console.js').VmConsole} console @param {AbortSignal} signal  ends all
     * @param {import('../ports.js').Inside} inside
     */
    constructor(console, signal, inside) {
        this.#console = console;
        this.#inside = inside;
        this.#signal = signal;
        this.#button.addEventListener('click', () => void this.#toggle().catch(inside.tell));
        // Both panels have the same place.
        inside.view.clipboard.addEventListener('click', () => this.#panel?.hide(), { signal });
        inside.view.keys.menu.before(this.#button);
        signal.addEventListener('abort', () => {
            this.#panel?.remove();
            this.#button.remove();
        });
    }

    /** Whether policy lets us ask. @param {boolean} is */
    offer(is) {
        this.#isOffered = is;
        this.#button.hidden = !is;
        if (!is) this.#panel?.hide();
    }

    async #toggle() {
        this.#panel ??= await this.#load();
        if (!this.#panel || this.#signal.aborted) return;
        if (this.#panel.isOpen) return this.#panel.close();
        if (!this.#isOffered) return;
        this.#inside.clipboard()?.toggle(false);  // takes the focus, which goes on to ours
        this.#panel.open();
    }

    async #load() {
        const { MachinePanel } = await import('./panel.js');
        await this.#styled();
        if (this.#signal.aborted || this.#panel) return this.#panel;
        const { src, token } = this.#console;
        return new MachinePanel(this.#inside.view, {
            source: { address: `${src}/agent`, token: () => tokenText(token), signal: this.#signal },
            copy: this.#inside.copy,
            opened: open => this.#button.setAttribute('aria-expanded', String(open)),
            closed: () => this.#button.focus(),
        });
    }

    async #styled() {
        const { addStyle, addCards } = this.#inside;
        const added = styled.get(this.#console) ?? Promise.all([addCards(), addStyle('./vm-machine.css')]);
        styled.set(this.#console, added);
        await added;
    }
}
