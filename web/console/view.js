/**
 * The parts of the console as nodes, by name: what vm-console.js fills with life.
 */

import { h, icon } from './dom.js';
import { menu } from './keys.js';

/** @param {Parameters<typeof icon>[0]} shape @param {string} label @param {Record<string, any>} [props] */
function barButton(shape, label, props = {}) {
    const text = h('span', { class: 'label' }, label);
    return h('button', { type: 'button', class: 'tool', title: label, ...props }, icon(shape), text);
}

/** @typedef {ReturnType<typeof buildView>} View */

export function buildView() {
    const bar = buildBar();
    const stage = buildStage();
    const panel = buildPanel();
    const list = h('ul', { class: 'list' });
    const transfers = h('section', { class: 'transfers card', 'data-testid': 'transfers', 'aria-label': 'Files',
        hidden: true }, h('h2', {}, 'Files'), list);
    const toast = h('div', { class: 'toast card', role: 'alert', 'data-testid': 'message', hidden: true });
    const spoken = h('div', { class: 'spoken', 'aria-live': 'polite' });
    const corner = h('div', { class: 'corner' }, toast, transfers);
    const body = h('div', { class: 'body' }, stage.stage, panel.panel, corner);
    const root = h('div', { class: 'console', hidden: true }, bar.bar, body, spoken);
    return { root, body, list, transfers, toast, spoken, ...bar, ...stage, ...panel };
}

function buildBar() {
    const name = h('h1', { class: 'name' });
    const words = h('span', { class: 'words' });
    const dot = h('span', { class: 'dot' });
    const status = h('div', { class: 'status', role: 'status', 'data-testid': 'status' }, dot, words);
    const peopleWords = h('summary', { class: 'tool' });
    const peopleList = h('ul', { class: 'items card' });
    const people = h('details', { class: 'menu people', 'data-testid': 'clients', hidden: true },
        peopleWords, peopleList);
    const lead = barButton('lead', 'Size the desktop', { 'data-testid': 'lead-button', hidden: true });
    const clipboard = barButton('clipboard', 'Clipboard',
        { 'data-testid': 'clipboard-button', 'aria-expanded': 'false', 'aria-controls': 'clipboard' });
    const picker = h('input', { type: 'file', multiple: true, hidden: true, 'data-testid': 'file-input',
        'aria-label': 'Files to send' });
    const upload = barButton('upload', 'Send files', { 'data-testid': 'upload-button', onclick: () => picker.click() });
    const keyButtons = menu.map(({ name: label }) => h('button', { type: 'button', role: 'menuitem' }, label));
    const keys = h('details', { class: 'menu' },
        h('summary', { class: 'tool', title: 'Send keys', 'data-testid': 'keys-button' }, icon('keys'),
            h('span', { class: 'label' }, 'Keys')),
        h('div', { class: 'items card', role: 'menu', 'aria-label': 'Keys to send' }, ...keyButtons));
    const keyboard = barButton('keyboard', 'Keyboard', { class: 'tool touch', 'data-testid': 'keyboard-button' });
    const full = barButton('expand', 'Full screen', { 'data-testid': 'fullscreen-button' });
    const tools = h('div', { class: 'tools', role: 'toolbar', 'aria-label': 'Console' },
        lead, clipboard, upload, picker, keyboard, keys, full);
    const space = h('span', { class: 'space' });
    const bar = h('header', { class: 'bar' }, h('slot', { name: 'start' }), name, status, space, people, tools);
    const told = { name, status, words, people, peopleWords, peopleList };
    return { bar, ...told, lead, clipboard, upload, picker, keyboard, keys, keyButtons, full };
}

function buildStage() {
    const display = h('div', { class: 'display', 'data-testid': 'display' });
    const noticeTitle = h('h2', {});
    const noticeText = h('p', {});
    const noticeButton = h('button', { type: 'button', class: 'main' });
    const notice = h('div', { class: 'notice', 'data-testid': 'notice', hidden: true },
        h('div', { class: 'card' }, noticeTitle, noticeText, noticeButton));
    const dropText = h('p', {});
    const drop = h('div', { class: 'drop', hidden: true }, h('div', { class: 'card' }, icon('upload'), dropText));
    const field = h('textarea', { class: 'field', 'aria-label': 'Keyboard of the machine', tabindex: '-1',
        autocapitalize: 'off', autocomplete: 'off', spellcheck: 'false' });
    const stage = h('div', { class: 'stage', 'data-testid': 'drop-zone' }, field, display, notice, drop);
    return { stage, field, display, notice, noticeTitle, noticeText, noticeButton, drop, dropText };
}

function buildPanel() {
    const text = h('textarea', { 'data-testid': 'clipboard-text', 'aria-label': 'Text on the clipboard', rows: '8',
        spellcheck: 'false', dir: 'auto' });
    const image = h('img', { alt: 'Picture on the clipboard', 'data-testid': 'clipboard-image', hidden: true });
    const hint = h('p', { class: 'hint', 'data-testid': 'clipboard-hint' });
    const copy = h('button', { type: 'button', 'data-testid': 'clipboard-copy' }, 'Copy to this computer');
    const send = h('button', { type: 'button', class: 'main', 'data-testid': 'clipboard-send' }, 'Send to the machine');
    const type = h('button', { type: 'button', 'data-testid': 'clipboard-type',
        title: 'Presses its keys in the picture: for machines without an agent' }, 'Type it');
    const closePanel = h('button', { type: 'button', class: 'icon', 'aria-label': 'Close the clipboard' },
        icon('close'));
    const head = h('div', { class: 'head' }, h('h2', {}, 'Clipboard'), closePanel);
    const panel = h('aside', { class: 'panel card', id: 'clipboard', 'data-testid': 'clipboard-panel',
        'aria-label': 'Clipboard', hidden: true }, head, text, image, hint,
        h('div', { class: 'actions' }, copy, type, send));
    return { panel, closePanel, text, image, hint, copy, type, send };
}
