/**
 * What the bar's parts have in common: menus, and how one gets to the bar by keyboard.
 */

import { h } from './dom.js';

/** @typedef {ReturnType<typeof buildMenu>} Menu */

/**
 * A button of the bar with a list under it; what lies in `items` are its buttons.
 * @param {Node} image @param {string} label @param {Record<string, any>} props  of the button
 */
export function buildMenu(image, label, props) {
    const items = h('div', { class: 'items card', role: 'menu', 'aria-label': label });
    const summary = h('summary', { class: 'tool', ...props }, image, h('span', { class: 'label' }, label));
    return { menu: h('details', { class: 'menu' }, summary, items), summary, items };
}

/** @param {Menu} parts @param {(at: number) => void} pick  the item's place */
export function wireMenu({ menu, summary, items }, pick) {
    const indexOf = (/** @type {Event} */ { target }) =>
        [...items.children].findIndex(item => item.contains(/** @type {Node} */ (target)));
    items.addEventListener('click', event => {
        const at = indexOf(event);
        if (at < 0) return;
        menu.open = false;
        pick(at);
    });
    menu.addEventListener('keydown', event => {
        const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
        if (event.key === 'Escape') {
            menu.open = false;
            summary.focus();
        } else if (step !== undefined) {
            event.preventDefault();
            menu.open = true;
            const count = items.children.length;
            /** @type {HTMLElement} */ (items.children[(indexOf(event) + step + count) % count]).focus();
        }
    });
    closeBehind(menu);
}

/** A menu closes when the focus goes elsewhere. @param {HTMLDetailsElement} menu */
export function closeBehind(menu) {
    menu.addEventListener('focusout', event => {
        if (!menu.contains(/** @type {Node | null} */ (event.relatedTarget))) menu.open = false;
    });
}

/**
 * Tab belongs to the machine while it has the keyboard: Ctrl, Alt and Shift together lead out.
 * @param {HTMLElement} place @param {HTMLElement} target
 */
export function wireEscape(place, target) {
    place.addEventListener('keydown', event => {
        const isModifier = ['Control', 'Alt', 'Shift'].includes(event.key);
        if (isModifier && event.ctrlKey && event.altKey && event.shiftKey) target.focus();
    }, { capture: true });
}
