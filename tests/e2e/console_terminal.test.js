// Terminals in the console page: a shell on a terminal, QEMU's serial console, and a TCP server that comes and goes.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, describe, test } from 'node:test';
import { looksRight } from '../support/accessible.js';
import { Bed } from '../support/bed.js';
import { Browser } from '../support/browser.js';
import { Daemon } from '../support/daemon.js';
import { eventually } from '../support/deadline.js';
import { Sandbox } from '../support/sandbox.js';

const SHELL = fileURLToPath(new URL('../support/pty_shell.py', import.meta.url));
const ESC = '\x1b';
/** What noVNC says of machines without a display. */
const NO_DISPLAY = /Failed when connecting: Connection closed \(code: 1008, reason: disabled\)/;

describe('terminals in the console page', () => {
    /** @type {Sandbox} */ let sandbox;
    /** @type {Daemon} */ let daemon;
    /** @type {Browser} */ let browser;
    /** @type {net.Server} */ let server;
    /** @type {net.Socket | undefined} the machine's end of `echo` */ let peer;
    /** What came there. */ let got = '';
    /** @type {import('playwright-core').Page} */ let page;

    /** Ports need a machine, and a machine a guest: nobody is there. */
    const guest = () => ({ guest: `unix:${sandbox.path('nobody')}` });
    const echoPort = () => /** @type {net.AddressInfo} */ (server.address()).port;
    const url = () => `http://127.0.0.1:${daemon.port}/console/one`;
    const hook = (name, on = page) => on.getByTestId(name);
    const state = (name, on = page) => on.locator(`[data-testid=terminal-status][data-state=${name}]`).waitFor();
    const text = (on = page) => hook('terminal', on).locator('.xterm-rows').innerText();
    const shows = (what, on = page) => eventually(`${what} is in the terminal`, async () => {
        const all = await text(on);
        if (typeof what === 'string' ? all.includes(what) : what.test(all)) return true;
        throw new Error(all);
    }, { timeoutMs: 10000 });
    const focused = () => page.evaluate(() => {
        const { activeElement: inside } = document.activeElement?.shadowRoot ?? document;
        return inside?.getAttribute('data-testid') ?? inside?.className ?? '';
    });
    const run = async (command, on = page) => {
        await on.keyboard.type(command);
        await on.keyboard.press('Enter');
    };
    async function open(port, on = page) {
        await hook('terminal-button', on).click();
        await hook('port', on).filter({ hasText: port }).click();
        await hook('terminal', on).waitFor();
    }
    const clients = async (name) => (await daemon.get('/api/v1/vms/one')).json().ports
        .find((port) => port.name === name).clients;

    before(async () => {
        sandbox = await Sandbox.open();
        const shell = sandbox.start('shell', 'python3', [SHELL]);
        const [, pty] = await shell.says(/pty=(\S+)/);
        sandbox.start('qemu', 'qemu-system-x86_64', ['-display', 'none', '-machine', 'q35,graphics=off', '-nodefaults',
            '-chardev', `socket,id=console,path=${sandbox.path('serial')},server=on,wait=off`,
            '-serial', 'chardev:console']);
        server = net.createServer((socket) => {
            peer = socket;
            socket.on('data', (data) => (got += data)).on('error', () => {});
        });
        server.listen(0, '127.0.0.1');
        await once(server, 'listening');
        daemon = await Daemon.start(sandbox, {
            vms: {
                one: {
                    ...guest(),
                    'port.shell': `pty:${pty}`,
                    'port.serial': `unix:${sandbox.path('serial')}`,
                    'port.echo': `tcp:127.0.0.1:${echoPort()}`,
                    'port.org.qemu.guest_agent.0': `unix:${sandbox.path('ga')}`,
                },
                bare: { guest: `unix:${sandbox.path('bare')}` },
            },
        });
        browser = await Browser.start();
        page = await browser.open(url());
    });
    after(async () => {
        await browser?.close();
        peer?.destroy();
        server?.close();
        await sandbox?.close();
    });

    const assertAccessible = (name) => looksRight(page, browser, path.join(shots(), name));
    const shots = () => process.env.VMCBRIDGE_SCREENSHOTS ?? sandbox.dir;

    test('a machine without ports has no button for them, one with ports names those that are permitted', async () => {
        const other = await browser.open(url().replace(/one$/, 'bare'));
        await hook('notice', other).waitFor();
        await other.waitForLoadState('networkidle');
        assert.equal(await hook('terminal-button', other).count(), 0);
        await other.close();
        await hook('terminal-button').click();
        assert.deepEqual(await hook('port').locator('bdi').allInnerTexts(), ['echo', 'serial', 'shell']);
        await assertAccessible('terminal-menu');
        await page.keyboard.press('Escape');
    });

    test('what a command says is seen, and the focus is there to type it', async () => {
        await open('shell');
        await state('writing');
        await run('echo $((6 * 7))-from-the-shell');
        await shows('42-from-the-shell');
        assert.equal(await focused(), 'xterm-helper-textarea');
    });

    test('colours of all kinds are shown, though the page allows no inline style', async () => {
        await run(String.raw`printf '\033[38;2;255;0;128mtrue\033[0m \033[31mred\033[0m \033[1mbold\033[0m\n'`);
        const word = (content) => hook('terminal').locator('.xterm-rows span').getByText(content, { exact: true });
        const colour = (content) => word(content).evaluate((element) => getComputedStyle(element).color);
        await word('bold').waitFor();
        const [plain, red] = [await colour('bold'), await colour('red')];
        assert.notEqual(red, plain);
        const [r, g, b] = (await colour('true')).match(/\d+/g).map(Number);
        assert.ok(r > b && b > g, 'a shade of the pink that was asked for');
        const line = await word('true').evaluate((element) => element.getBoundingClientRect().height);
        assert.ok(line >= 14, 'rows are as high as their letters');
        await assertAccessible('terminal-shell');
    });

    test('Escape and Tab are the terminal\'s, and Ctrl + Alt + Shift leads to the button that goes back', async () => {
        await run('cat -v');
        await page.keyboard.press('Escape');
        await run('[after');
        await shows('^[[after');
        await page.keyboard.press('Tab');
        assert.equal(await focused(), 'xterm-helper-textarea');
        await page.keyboard.press('Control+c');
        for (const key of ['Control', 'Alt', 'Shift']) await page.keyboard.down(key);
        for (const key of ['Control', 'Alt', 'Shift']) await page.keyboard.up(key);
        assert.equal(await focused(), 'terminal-back');
        await page.keyboard.press('Enter');
        await hook('terminal').waitFor({ state: 'detached' });
        await eventually('the port has no client', async () => (await clients('shell')) === 0);
        await hook('notice').waitFor();
        assert.equal(await focused(), 'terminal-button');
    });

    test('who comes second reads, is told so, and writes when the first has gone', async () => {
        await open('shell');
        await state('writing');
        const second = await browser.open(url());
        await open('shell', second);
        await state('reading', second);
        await shows('42-from-the-shell', second);
        assert.match(await hook('terminal-status', second).innerText(), /Read only: somebody else/);
        await run('echo nobody-$((1 + 1))', second);
        await run('echo first-$((1 + 1))');
        await shows('first-2', second);
        await page.close();
        page = second;
        await state('writing');
        await hook('terminal').click();
        await run('echo second-$((1 + 1))');
        await shows('second-2');
        assert.doesNotMatch(await text(), /nobody/);
    });

    test('the columns fit the window, also when that changes', async () => {
        const size = async () => (await hook('terminal').locator('.size').textContent()).split(' × ').map(Number);
        await page.setViewportSize({ width: 1200, height: 800 });
        await eventually('it is wide', async () => (await size())[0] > 120);
        await page.setViewportSize({ width: 700, height: 500 });
        await eventually('it is narrow', async () => (await size())[0] < 90);
        const [screen, place] = await Promise.all(['.xterm-screen', '.screen'].map((part) =>
            hook('terminal').locator(part).boundingBox()));
        assert.ok(screen.x + screen.width <= place.x + place.width, 'no column is cut');
        assert.ok(screen.y + screen.height <= place.y + place.height, 'no row is cut');
    });

    test("QEMU's firmware is read on its serial console, and its old questions are not answered", async () => {
        await open('serial');
        await state('writing');
        await shows('SeaBIOS');
        await assertAccessible('terminal-serial');
    });

    test('a port that goes is told, and so is its coming back', async () => {
        await open('echo');
        await state('writing');
        const port = echoPort();
        server.close();
        peer.destroy();
        await state('gone');
        await assertAccessible('terminal-gone');
        server.listen(port, '127.0.0.1');
        await state('writing');
        peer.write('back again\r\n');
        await shows('back again');
    });

    test('what is pasted arrives as a paste where the program wants to know, and as one line elsewhere', async () => {
        got = '';
        await page.evaluate(() => navigator.clipboard.writeText('two\nlines é'));
        await hook('terminal').click();
        await page.keyboard.press('Control+Shift+V');
        await eventually('the plain paste is there', () => got === 'two\rlines é');
        peer.write(`${ESC}[?2004hnow`);
        await shows('now');
        await page.keyboard.press('Control+Shift+V');
        await eventually('the marked paste is there', () =>
            got === `two\rlines é${ESC}[200~two\rlines é${ESC}[201~`);
    });

    test('a question of the port is answered while somebody is there, and not when it is an old one', async () => {
        got = '';
        peer.write(`${ESC}[6n`);
        await eventually('the place of the cursor is told', () => /^\x1b\[\d+;\d+R$/.test(got));
        await hook('terminal-back').click();
        await eventually('the port has no client', async () => (await clients('echo')) === 0);
        got = '';
        await open('echo');
        await state('writing');
        await shows('back again');
        await hook('terminal').click();
        await page.keyboard.press('x');
        await eventually('the key is there', () => got.includes('x'));
        assert.equal(got, 'x');
    });

    test('a screen reader is served where somebody asks for it', async () => {
        await hook('terminal-reader').click();
        await hook('terminal').locator('.xterm-accessibility').filter({ hasText: 'back again' }).waitFor();
        assert.equal(await hook('terminal-reader').getAttribute('aria-pressed'), 'true');
    });

    test('a daemon that stops is told, and when it is back the terminal is too, with what was said', async () => {
        const { port } = daemon;
        await daemon.stop();
        await state('lost');
        await daemon.configure({
            vms: { one: { ...guest(), 'port.echo': `tcp:127.0.0.1:${echoPort()}` } },
            sections: { server: { listen: `127.0.0.1:${port}` } },
        });
        await daemon.run(['serve', '--config', daemon.config]);
        await state('writing');
        await eventually('the port is dialled', () => peer.readyState === 'open');
        peer.write('after the pause');
        await shows('after the pause');
        browser.errors = browser.errors.filter((line) => !/WebSocket connection|ERR_CONNECTION_REFUSED/.test(line));
    });

    test('a port that is taken away says so, and can be tried again', async () => {
        await daemon.configure({ vms: { one: guest() },
            sections: { server: { listen: `127.0.0.1:${daemon.port}` } } });
        await daemon.reload();
        await state('closed');
        assert.match(await hook('terminal-status').innerText(), /switched off/);
        await assertAccessible('terminal-closed');
        await hook('terminal-retry').click();
        await state('closed');
    });

    test('reported no error and broke no rule of its content policy', () =>
        assert.deepEqual(browser.errors.filter((line) => !NO_DISPLAY.test(line)), []));
});

test('over a picture: that keeps its size and hears no key, and has the keyboard again when the terminal goes', async () => {
    let got = '';
    const server = net.createServer((socket) => void socket.on('data', (data) => (got += data)).on('error', () => {}));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = /** @type {net.AddressInfo} */ (server.address());
    const bed = await Bed.start({ keys: { one: { 'port.console': `tcp:127.0.0.1:${port}` } } });
    const browser = await Browser.start();
    try {
        const page = await browser.open(`http://127.0.0.1:${bed.daemon.port}/console/one`);
        await page.locator('[data-testid=status][data-state=connected]').waitFor();
        const canvas = page.getByTestId('display').locator('canvas');
        const box = await page.getByTestId('display').boundingBox();
        await page.getByTestId('terminal-button').click();
        await page.getByTestId('port').click();
        await page.locator('[data-testid=terminal-status][data-state=writing]').waitFor();
        await canvas.waitFor({ state: 'hidden' });
        assert.deepEqual(await page.getByTestId('display').boundingBox(), box);
        await bed.desktop.x11.copy('of the machine');
        await page.evaluate(() => navigator.clipboard.writeText('of this computer'));
        await page.keyboard.press('Control+Shift+V');
        await eventually('the paste is the port\'s', () => got === 'of this computer');
        assert.equal(await bed.desktop.x11.pasteText(), 'of the machine', 'and not the machine\'s clipboard');
        const folder = process.env.VMCBRIDGE_SCREENSHOTS ?? bed.sandbox.dir;
        await page.screenshot({ path: path.join(folder, 'terminal-picture.png') });
        await page.getByTestId('terminal-back').click();
        await canvas.waitFor();
        assert.equal(await page.evaluate(() => document.activeElement?.shadowRoot?.activeElement?.tagName), 'CANVAS');
        assert.deepEqual(browser.errors, []);
    } finally {
        await browser.close();
        server.close();
        await bed.close();
    }
});
