/**
 * The parts of the console as nodes, by name: what vm-console.js fills with life.
 */

import { buildMenu } from './bar.js';
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
    const toast = h('div', { class: 'toast card', role: 'alert', 'data-testid': 'message', hidden: true });
    const spoken = h('div', { class: 'spoken', 'aria-live': 'polite' });
    const corner = h('div', { class: 'corner' }, toast);
    const body = h('div', { class: 'body' }, stage.stage, corner);
    const root = h('div', { class: 'console', hidden: true }, bar.bar, body, spoken);
    return { root, body, corner, toast, spoken, ...bar, ...stage };
}

function buildBar() {
    const name = h('h1', { class: 'name' });
    const words = h('span', { class: 'words' });
    const dot = h('span', { class: 'dot' });
    const status = h('div', { class: 'status', role: 'status', 'data-testid': 'status' }, dot, words);
    const lead = barButton('lead', 'Size the desktop', { 'data-testid': 'lead-button', hidden: true });
    const clipboard = barButton('clipboard', 'Clipboard',
        { 'data-testid': 'clipboard-button', 'aria-expanded': 'false' });
    const picker = h('input', { type: 'file', multiple: true, hidden: true, 'data-testid': 'file-input',
        'aria-label': 'Files to send' });
    const upload = barButton('upload', 'Send files', { 'data-testid': 'upload-button', onclick: () => picker.click() });
    const keys = buildMenu(icon('keys'), 'Keys', { title: 'Send keys', 'data-testid': 'keys-button' });
    keys.items.append(...menu.map(({ name: label }) => h('button', { type: 'button', role: 'menuitem' }, label)));
    const keyboard = barButton('keyboard', 'Keyboard', { class: 'tool touch', 'data-testid': 'keyboard-button' });
    const scale = barButton('scale', 'Actual size', { 'data-testid': 'scale-button', 'aria-pressed': 'false' });
    const full = barButton('expand', 'Full screen', { 'data-testid': 'fullscreen-button' });
    const tools = h('div', { class: 'tools', role: 'toolbar', 'aria-label': 'Console' },
        lead, clipboard, upload, picker, keyboard, keys.menu, scale, full);
    const space = h('span', { class: 'space' });
    const bar = h('header', { class: 'bar' }, h('slot', { name: 'start' }), name, status, space, tools);
    return { bar, tools, name, status, words, lead, clipboard, upload, picker, keyboard, keys, scale, full };
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
