/**
 * What the bar's buttons do.
 */

import { wireEscape, wireMenu } from './bar.js';
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
 * @property {() => void} touchKeyboard  a keyboard on the screen writes into `view.field`
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
    view.keyboard.addEventListener('click', () => {
        view.field.focus();
        actions.touchKeyboard();
    });
    wireMenu(view.keys, at => {
        actions.sendKeys(menu[at].keys);
        actions.focus();
    });
    wireEscape(view.display, view.clipboard);
}
