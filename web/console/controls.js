/**
 * The bar of the console: its buttons, its menu, and how one gets there and back by keyboard.
 */

import { menu } from './keys.js';

/**
 * @typedef {object} Actions
 * @property {(keys: import('./keys.js').Key[]) => void} sendKeys
 * @property {(files: Iterable<File>) => void} sendFiles
 * @property {() => void} takeLead
 * @property {() => void} retry
 * @property {() => void} focus  gives the keyboard to the machine
 * @property {() => void} fullScreen
 * @property {() => void} togglePanel  the clipboard's
 * @property {() => void} toggleScale
 */

/** @param {import('./view.js').View} view @param {Actions} actions */
export function wireControls(view, actions) {
    view.clipboard.addEventListener('click', actions.togglePanel);
    view.picker.addEventListener('change', () => {
        actions.sendFiles([...view.picker.files ?? []]);
        view.picker.value = '';
    });
    view.lead.addEventListener('click', actions.takeLead);
    view.full.addEventListener('click', actions.fullScreen);
    view.scale.addEventListener('click', actions.toggleScale);
    view.noticeButton.addEventListener('click', actions.retry);
    view.keyboard.addEventListener('click', () => view.field.focus());
    wireMenu(view, actions);
    closeBehind(view.keys);
    closeBehind(view.people);
    wireEscape(view);
}

/** @param {import('./view.js').View} view @param {Actions} actions */
function wireMenu({ keys, keyButtons }, actions) {
    keyButtons.forEach((button, i) => button.addEventListener('click', () => {
        keys.open = false;
        actions.sendKeys(menu[i].keys);
        actions.focus();
    }));
    keys.addEventListener('keydown', event => {
        const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
        if (event.key === 'Escape') {
            keys.open = false;
            keys.querySelector('summary')?.focus();
        } else if (step !== undefined) {
            event.preventDefault();
            keys.open = true;
            const at = keyButtons.indexOf(/** @type {HTMLButtonElement} */ (event.target)) + step;
            keyButtons[(at + keyButtons.length) % keyButtons.length].focus();
        }
    });
}

/** A menu closes when the focus goes elsewhere. @param {HTMLDetailsElement} menu */
function closeBehind(menu) {
    menu.addEventListener('focusout', event => {
        if (!menu.contains(/** @type {Node | null} */ (event.relatedTarget))) menu.open = false;
    });
}

/**
 * Tab belongs to the machine while it has the keyboard: Ctrl, Alt and Shift together lead out.
 * @param {import('./view.js').View} view
 */
function wireEscape(view) {
    view.display.addEventListener('keydown', event => {
        const isModifier = ['Control', 'Alt', 'Shift'].includes(event.key);
        if (isModifier && event.ctrlKey && event.altKey && event.shiftKey) view.clipboard.focus();
    }, { capture: true });
}
