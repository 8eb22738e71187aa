import assert from 'node:assert/strict';
import test from 'node:test';
import { Display } from '../../web/console/display.js';
import { COMMAND, pasteChord } from '../../web/console/keys.js';
import { eventually } from '../support/deadline.js';

/** A display of a machine that notes its keys: `+` is down, `-` is up. */
async function shown(t) {
    const keys = [];
    class Viewer extends EventTarget {
        sendKey(keysym, code, down) {
            keys.push(`${down ? '+' : '-'}${code}`);
        }

        disconnect() {}
    }
    const before = globalThis.WebSocket;
    globalThis.WebSocket = class extends EventTarget {};
    const display = new Display({ querySelector: () => null }, async () => ({ default: Viewer }));
    t.after(() => {
        display.stop();
        globalThis.WebSocket = before;
    });
    display.start('http://127.0.0.1/vms/one/display', '');
    await eventually('its viewer takes keys', () => {
        display.sendKeys([{ keysym: 0x20, code: 'Space' }]);
        return keys.length > 0;
    });
    keys.length = 0;
    return { display, keys };
}

const command = { ctrlKey: false, metaKey: true, shiftKey: false, altKey: false, code: 'KeyV' };

test('Command-V is Ctrl-V there, and Command is let go where it can\'t be taken for a key of its own', async t => {
    const { display, keys } = await shown(t);
    display.sendKeys(pasteChord({ ...command, key: 'v' }).keys, { letGo: COMMAND });
    assert.deepEqual(keys, ['+ControlLeft', '-MetaLeft', '-MetaRight', '-AltLeft', '+KeyV', '-KeyV', '-ControlLeft']);
});

test('keys that are held on the keyboard stay down', async t => {
    const { display, keys } = await shown(t);
    display.sendKeys(pasteChord({ ...command, key: 'v', metaKey: false, ctrlKey: true }).keys, { held: true });
    assert.deepEqual(keys, ['+ControlLeft', '+KeyV', '-KeyV']);
});
