import assert from 'node:assert/strict';
import test from 'node:test';
import { shownName, shownText } from '../../web/console/dom.js';
import { filesOf, flatName, leftBehind } from '../../web/console/entries.js';
import { pasteChord } from '../../web/console/keys.js';
import { pixelsOf } from '../../web/console/resizer.js';
import { describe as stateOf } from '../../web/console/state.js';
import { linesOf } from '../../web/console/people.js';
import { sizeText } from '../../web/console/size.js';
import { detailOf, Speed } from '../../web/console/transfer-list.js';
import { editOf } from '../../web/console/touch-keyboard.js';
import { strokesOf, typeText } from '../../web/console/typing.js';
import { wordsOf } from '../../web/console/why.js';
import { VmError } from '../../web/lib/codes.js';

const facts = (more = {}) => ({ link: 'connected', agent: true, display: 'connected', error: null, ...more });

test('only a console with link, agent and picture says connected without a word over the picture', () => {
    assert.deepEqual(stateOf(facts()), { state: 'connected', words: 'Connected', notice: null });
    for (const link of ['connecting', 'reconnecting', 'closed']) {
        assert.notEqual(stateOf(facts({ link })).state, 'connected');
    }
    for (const display of ['connecting', 'lost']) assert.notEqual(stateOf(facts({ display })).state, 'connected');
    assert.equal(stateOf(facts({ agent: false })).state, 'no-agent');
});

test('a refusal is told in its own words, with a way to try again', () => {
    const { state, notice } = stateOf(facts({ link: 'closed', error: new VmError('token-expired') }));
    assert.equal(state, 'closed');
    assert.match(notice.text, /expired/);
    assert.ok(notice.action);
});

test('a picture that is gone is never left standing, whatever the agent does', () => {
    for (const agent of [true, false]) assert.ok(stateOf(facts({ agent, display: 'lost' })).notice);
});

test('a machine without a display says that the rest works', () => {
    const { state, notice } = stateOf(facts({ display: 'none' }));
    assert.equal(state, 'connected');
    assert.match(notice.text, /Clipboard and files work/);
});

const press = (key, ...modifiers) => ({
    key,
    ctrlKey: modifiers.includes('ctrl'),
    metaKey: modifiers.includes('meta'),
    shiftKey: modifiers.includes('shift'),
    altKey: modifiers.includes('alt'),
});

test('the keys that paste here paste there; a Mac\'s Command-V is the machine\'s Ctrl-V', () => {
    const codes = event => pasteChord(event)?.keys.map(({ code }) => code);
    assert.deepEqual(codes(press('v', 'ctrl')), ['ControlLeft', 'KeyV']);
    assert.deepEqual(codes(press('V', 'ctrl')), ['ControlLeft', 'KeyV']);
    assert.deepEqual(codes(press('V', 'ctrl', 'shift')), ['ControlLeft', 'ShiftLeft', 'KeyV']);
    assert.deepEqual(codes(press('Insert', 'shift')), ['ShiftLeft', 'Insert']);
    assert.deepEqual(codes(press('v', 'meta')), ['ControlLeft', 'KeyV']);
    assert.equal(pasteChord(press('v', 'meta')).command, true);
});

test('the key in the place of V pastes on a layout without Latin letters, and V where a layout has it', () => {
    const codes = event => pasteChord(event)?.keys.map(({ code }) => code);
    assert.deepEqual(codes({ ...press('м', 'ctrl'), code: 'KeyV' }), ['ControlLeft', 'KeyV']);
    assert.deepEqual(codes({ ...press('v', 'ctrl'), code: 'Period' }), ['ControlLeft', 'Period'], 'Dvorak');
    assert.equal(pasteChord({ ...press('м', 'ctrl'), code: 'KeyM' }), null);
    assert.equal(pasteChord({ ...press('k', 'ctrl'), code: 'KeyV' }), null);
});

test('no other key is taken from the machine', () => {
    const others = [press('v'), press('V', 'shift'), press('c', 'ctrl'), press('v', 'ctrl', 'alt'),
        press('v', 'ctrl', 'meta'), press('Insert'), press('Insert', 'ctrl'), press('Insert', 'ctrl', 'shift')];
    for (const event of others) {
        assert.equal(pasteChord(event), null, JSON.stringify(event));
    }
});

test('the desktop has as many pixels as the screen shows, or as the page counts', () => {
    const devicePixelContentBoxSize = [{ inlineSize: 1501, blockSize: 750 }];
    const entry = { contentRect: { width: 1000.4, height: 500.2 }, devicePixelContentBoxSize };
    assert.deepEqual(pixelsOf(entry, 1.5, true), { width: 1501, height: 750 });
    assert.deepEqual(pixelsOf({ contentRect: entry.contentRect }, 1.5, true), { width: 1501, height: 750 });
    assert.deepEqual(pixelsOf(entry, 1, false), { width: 1000, height: 500 });
});

test('a desktop is never made too small to use', () => {
    assert.deepEqual(pixelsOf({ contentRect: { width: 10, height: 10 } }, 1, true), { width: 320, height: 200 });
});

test('a name that another chose can\'t turn text around, hide, or fill the page', () => {
    assert.equal(shownName('a\u202egnp.exe'), 'a\ufffdgnp.exe');
    assert.equal(shownName('line\none\0'), 'line\ufffdone\ufffd');
    assert.equal(shownName('\u200binvisible\u2066'), '\ufffdinvisible\ufffd');
    assert.equal(shownName('שלום – 漢字 😀'), 'שלום – 漢字 😀');
    assert.equal(shownName('x'.repeat(10_000)).length, 256);
});

test('a dropped folder\'s files keep their folders in their names', () => {
    assert.equal(flatName('/photos/2026/a b.jpg'), 'photos - 2026 - a b.jpg');
    assert.equal(flatName('/plain.txt'), 'plain.txt');
});

test('sizes are told as people read them', () => {
    const cases = [[0, '0 bytes'], [1023, '1023 bytes'], [1024, '1.0 KiB'], [150 * 1024, '150 KiB'],
        [4 * 2 ** 30, '4.0 GiB']];
    for (const [bytes, text] of cases) assert.equal(sizeText(bytes), text);
});

test('a transfer\'s row says where it is, and what went wrong', () => {
    const transfer = { state: 'sending', sent: 512 * 1024, size: 1024 * 1024, error: null };
    assert.equal(detailOf(transfer, 512 * 1024), '512 KiB of 1.0 MiB, 512 KiB/s');
    assert.equal(detailOf(transfer, 0), '512 KiB of 1.0 MiB');
    assert.equal(detailOf({ ...transfer, state: 'done' }, 0), 'Sent, 1.0 MiB');
    assert.equal(detailOf({ ...transfer, state: 'error', error: new VmError('no-space', 'Full.') }, 0), 'Full.');
});

test('a speed is that of the last two seconds', () => {
    const speed = new Speed();
    assert.equal(speed.at(0, 0), 0);
    assert.equal(speed.at(1000, 1000), 1000);
    assert.equal(speed.at(2000, 2000), 1000);
    for (const time of [3000, 4000, 5000]) speed.at(2000, time);
    assert.equal(speed.at(2000, 6000), 0);
});

test('everybody is listed with what they use, ourselves first, and who sizes the desktop', () => {
    const clients = [
        { id: 2, kind: 'spice', user: 'bob\u202e', lead: true },
        { id: 1, kind: 'web', user: 'ann', lead: false },
        { id: 3, kind: 'cli', user: '', lead: false },
    ];
    assert.deepEqual(linesOf(clients, 1),
        ['You, browser', 'bob\ufffd, SPICE viewer, sizes the desktop', 'Somebody, command line']);
});

test('a display that asks for a password is told as such', () => {
    const { state, notice } = stateOf(facts({ display: 'locked' }));
    assert.equal(state, 'no-display');
    assert.match(notice.text, /password/);
});

test('text is typed with the keys of a US keyboard, and Shift where a hand would press it', () => {
    const strokes = strokesOf('aA1!\n\t~ ');
    assert.deepEqual(strokes.map(({ code, shift }) => (shift ? `Shift+${code}` : code)),
        ['KeyA', 'Shift+KeyA', 'Digit1', 'Shift+Digit1', 'Enter', 'Tab', 'Shift+Backquote', 'Space']);
    assert.deepEqual(strokes.slice(0, 2).map(({ keysym }) => keysym), [0x61, 0x41]);
});

test('what no US keyboard has is typed by its keysym, and control characters not at all', () => {
    assert.deepEqual(strokesOf('é€😀').map(({ keysym }) => keysym), [0xe9, 0x010020ac, 0x0101f600]);
    assert.deepEqual(strokesOf('a\r\nb\rc').map(({ code }) => code), ['KeyA', 'Enter', 'KeyB', 'Enter', 'KeyC']);
    assert.deepEqual(strokesOf('\0\x1b\x7f\x85'), []);
});

test('every character that a US keyboard shows has its key', () => {
    for (let point = 0x20; point < 0x7f; ++point) {
        const [stroke] = strokesOf(String.fromCharCode(point));
        assert.ok(stroke.code, String.fromCharCode(point));
        assert.equal(stroke.keysym, point);
    }
});

test('typing stops when it is told to', async () => {
    const stop = new AbortController();
    const pressed = [];
    const typing = typeText('abcdef', stroke => {
        pressed.push(stroke.code);
        if (pressed.length === 2) stop.abort();
    }, stop.signal);
    assert.deepEqual(await typing, { typed: 2, of: 6 });
    assert.deepEqual(pressed, ['KeyA', 'KeyB']);
});

test('keys of a layout that nobody knows are told by what they give alone', async () => {
    const pressed = [];
    const options = { rate: 1000, layout: 'keysym' };
    const all = await typeText('yZ', stroke => pressed.push(stroke), new AbortController().signal, options);
    assert.deepEqual(all, { typed: 2, of: 2 });
    assert.deepEqual(pressed, [{ keysym: 0x79, code: '', shift: false }, { keysym: 0x5a, code: '', shift: false }]);
});

/** A dropped file or folder, as browsers tell it. */
const fileEntry = (fullPath, broken = false) => ({ isFile: true, fullPath,
    file: (resolve, reject) => (broken ? reject(new Error('gone')) : resolve({ name: fullPath })) });
const folderEntry = (fullPath, children) => ({ isFile: false, fullPath, createReader: () => {
    const portions = [children, []];
    return { readEntries: resolve => resolve(portions.shift()) };
} });

test('a dropped folder gives its files with their places in it, and tells what could not be read', async () => {
    const children = [fileEntry('/photos/a.jpg'), fileEntry('/photos/b.jpg', true),
        folderEntry('/photos/deep', [fileEntry('/photos/deep/c.jpg')])];
    const drop = await filesOf([folderEntry('/photos', children)], []);
    assert.deepEqual(drop.files.map(({ name }) => name), ['photos - a.jpg', 'photos - deep - c.jpg']);
    assert.equal(leftBehind(drop), '1 could not be read.');
});

test('a folder of too many files is cut, an empty one is told', async () => {
    const many = Array.from({ length: 1214 }, (_, i) => fileEntry(`/many/${i}`));
    const drop = await filesOf([folderEntry('/many', many)], []);
    assert.equal(drop.files.length, 1000);
    assert.equal(leftBehind(drop), '214 more than 1000 were left out.');
    assert.equal(leftBehind(await filesOf([folderEntry('/empty', [])], [])), 'There is no file in it.');
    assert.equal(leftBehind(await filesOf([], [{ name: 'a' }])), '');
});

test('words of others are cut and can not turn around', () => {
    assert.equal(shownText('a\u202eb\nc'), 'a\ufffdb\ufffdc');
    assert.equal(shownText('x'.repeat(10_000)).length, 501);
});

test('a step of the trace is told in words', () => {
    const step = { at: '2026-01-01T12:00:00.000Z', topic: 'clipboard', hop: 'bridge to client', what: 'offer',
        outcome: 'stopped', code: 'policy-format', detail: 'this format may not pass' };
    assert.match(wordsOf(step), /To this browser: offered, stopped: this format may not pass$/);
    const passed = { ...step, hop: 'guest to bridge', what: 'grab', outcome: 'passed', detail: 'text/plain' };
    assert.match(wordsOf(passed), /The machine: copied \(text\/plain\)$/);
});

test('a picture that stands still or is refused is said to be', () => {
    assert.match(stateOf(facts({ display: 'frozen' })).words, /stands still/);
    const refused = stateOf(facts({ display: 'refused', displayError: new VmError('forbidden') }));
    assert.equal(refused.notice.action, 'Try again');
    assert.match(refused.notice.text, /does not include/);
});

test('what a phone\'s keyboard changes is what a person would have typed', () => {
    assert.deepEqual(editOf('  ', '  a'), { deleted: 0, typed: 'a' });
    assert.deepEqual(editOf('  ', ' '), { deleted: 1, typed: '' });
    assert.deepEqual(editOf('  teh', '  the '), { deleted: 2, typed: 'he ' });
    assert.deepEqual(editOf('😀', ''), { deleted: 1, typed: '' });
});
