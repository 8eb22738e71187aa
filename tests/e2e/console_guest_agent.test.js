// The guest agent in the console page: what it tells, and what it is asked for. Power is only ever asked of an agent
// that the test plays: a real one outside of a guest would switch off its host.

import assert from 'node:assert/strict';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { looksRight } from '../support/accessible.js';
import { Browser } from '../support/browser.js';
import { Daemon } from '../support/daemon.js';
import { eventually } from '../support/deadline.js';
import { startQga } from '../support/real_qga.js';
import { Sandbox } from '../support/sandbox.js';
import { ScriptedQga, supports } from '../support/scripted_qga.js';

const PORT = 'port.org.qemu.guest_agent.0';
/** What the browser notes of machines without a display, and of refusals that are wanted here. */
const EXPECTED = /Failed when connecting: Connection closed \(code: 1008, reason: disabled\)|status of (403|502|503)/;
const MARKUP = '<img src=x onerror="document.title=1">';
const GIB = 1024 ** 3;

const told = {
    'guest-info': supports('guest-get-host-name', 'guest-get-osinfo', 'guest-network-get-interfaces', 'guest-get-users',
        'guest-get-fsinfo', 'guest-shutdown', 'guest-suspend-ram'),
    'guest-get-host-name': { 'host-name': 'web1.example.org' },
    'guest-get-osinfo': { id: 'debian', name: 'Debian GNU/Linux', version: '12 (bookworm)', 'version-id': '12',
        'kernel-release': '6.1.0-18-amd64', machine: 'x86_64' },
    'guest-network-get-interfaces': [
        { name: 'lo', 'ip-addresses': [{ 'ip-address': '127.0.0.1', 'ip-address-type': 'ipv4', prefix: 8 },
            { 'ip-address': '::1', 'ip-address-type': 'ipv6', prefix: 128 }] },
        { name: 'eth0', 'hardware-address': '52:54:00:12:34:56', 'ip-addresses': [
            { 'ip-address': 'fe80::5054:ff:fe12:3456', 'ip-address-type': 'ipv6', prefix: 64 },
            { 'ip-address': '2001:db8::12', 'ip-address-type': 'ipv6', prefix: 64 },
            { 'ip-address': '192.0.2.12', 'ip-address-type': 'ipv4', prefix: 24 }] },
    ],
    'guest-get-users': [{ user: 'ada', 'login-time': 1700000000.5 }, { user: MARKUP, 'login-time': 1700000000 }],
    'guest-get-fsinfo': [
        { name: 'vda1', mountpoint: '/', type: 'ext4', 'used-bytes': 9 * GIB, 'total-bytes': 40 * GIB, disk: [] },
        { name: 'vda2', mountpoint: `/srv/${'long'.repeat(40)}`, type: 'xfs', 'used-bytes': 97 * GIB,
            'total-bytes': 100 * GIB, disk: [] },
        { name: 'sr0', mountpoint: '/media/cd', type: 'iso9660', disk: [] },
    ],
};

describe('the guest agent in the console page', () => {
    /** @type {Sandbox} */ let sandbox;
    /** @type {Daemon} */ let daemon;
    /** @type {Browser} */ let browser;
    /** @type {ScriptedQga} */ let agent;
    /** @type {import('playwright-core').Page} */ let page;

    const machine = (name, rule) => ({ guest: `unix:${sandbox.path(`${name}.nobody`)}`,
        [PORT]: `unix:${sandbox.path(name)}`, 'guest-agent': rule });
    const visit = (vm, options) => browser.open(`http://127.0.0.1:${daemon.port}/console/${vm}`, options);
    const hook = (name, on = page) => on.getByTestId(`machine-${name}`);
    const part = (title, on = page) => on.locator(`[data-part="${title}"] li`);
    const status = (state, on = page) =>
        on.locator(`[data-testid=machine-status][data-state=${state}]`).waitFor({ state: 'attached' });
    const heard = (name) => agent.heard.filter(({ execute }) => execute === name);
    const focused = () => page.evaluate(() => document.activeElement?.shadowRoot?.activeElement?.dataset.testid);
    async function open(on = page) {
        await hook('button', on).click();
        await status('idle', on);
    }

    before(async () => {
        sandbox = await Sandbox.open();
        agent = await ScriptedQga.listen(sandbox.path('ga.sock'), told);
        await startQga(sandbox, 'real.sock');
        daemon = await Daemon.start(sandbox, {
            vms: {
                one: machine('ga.sock', 'power'),
                real: machine('real.sock', 'info'),
                off: machine('off.sock', 'off'),
                absent: machine('absent.sock', 'info'),
                without: { guest: `unix:${sandbox.path('nobody')}`, 'guest-agent': 'power' },
            },
        });
        for (const vm of ['one', 'real'])
            await eventually('the agent is connected', async () => (await daemon.vm(vm)).guest_agent?.connected);
        browser = await Browser.start();
        page = await visit('one');
    });
    after(async () => {
        await browser?.close();
        agent?.close();
        await sandbox?.close();
    });

    const assertAccessible = (name) => looksRight(page, browser, path.join(shots(), name));
    const shots = () => process.env.VMCBRIDGE_SCREENSHOTS ?? sandbox.dir;

    test('is not offered where policy has it off, and where there is no such port', async () => {
        for (const vm of ['off', 'without']) {
            const other = await visit(vm);
            await other.getByTestId('notice').waitFor();
            await other.waitForLoadState('networkidle');
            assert.equal(await hook('button', other).count(), 0, vm);
            await other.context().close();
        }
    });

    test('its panel comes when it is asked for, and the focus goes in', async () => {
        await hook('button').waitFor();
        assert.equal(await hook('panel').count(), 0);
        assert.deepEqual(agent.heard, [], 'nobody wanted to know');
        await open();
        assert.equal(await focused(), 'machine-panel');
        assert.equal(await hook('button').getAttribute('aria-expanded'), 'true');
    });

    test('shows name, system, addresses, users and file systems, as text', async () => {
        assert.deepEqual(await part('Host name').allInnerTexts(), ['web1.example.org']);
        assert.match(await part('System').innerText(), /Debian GNU\/Linux 12[^]*6\.1\.0-18-amd64, x86_64/);
        assert.deepEqual(await part('Addresses').locator('.value').allInnerTexts(),
            ['192.0.2.12/24', '2001:db8::12/64', 'fe80::5054:ff:fe12:3456/64']);
        assert.match(await part('Addresses').first().innerText(), /eth0, 52:54:00:12:34:56/);
        assert.deepEqual(await part('Users').locator('.value').allInnerTexts(), ['ada', MARKUP]);
        assert.equal(await hook('panel').locator('img').count(), 0);
        assert.match((await part('File systems').allInnerTexts()).join('\n'), /9\.0 GiB of 40\.0 GiB, ext4/);
        assert.deepEqual(await hook('panel').locator('meter').evaluateAll((list) => list.map(({ value }) => value)),
            [9 / 40, 0.97]);
        const { scrollWidth, clientWidth } = await hook('panel').evaluate((each) =>
            ({ scrollWidth: each.scrollWidth, clientWidth: each.clientWidth }));
        assert.equal(scrollWidth, clientWidth, 'what is long is cut');
        await assertAccessible('machine');
    });

    test('an address is copied', async () => {
        await hook('copy').first().click();
        await status('done');
        assert.equal(await page.evaluate(() => navigator.clipboard.readText()), '192.0.2.12');
    });

    test('Escape closes it, and the focus goes back; the clipboard\'s panel takes its place', async () => {
        await page.keyboard.press('Escape');
        await hook('panel').waitFor({ state: 'hidden' });
        assert.equal(await focused(), 'machine-button');
        await open();
        await page.getByTestId('clipboard-button').click();
        await page.getByTestId('clipboard-panel').waitFor();
        await hook('panel').waitFor({ state: 'hidden' });
        await open();
        await page.getByTestId('clipboard-panel').waitFor({ state: 'hidden' });
        assert.equal(await focused(), 'machine-panel');
    });

    test('a question that is not confirmed asks the machine nothing', async () => {
        for (const leave of [() => hook('no').click(), () => page.keyboard.press('Escape')]) {
            await hook('shutdown').click();
            await hook('question').waitFor();
            assert.equal(await focused(), 'machine-no');
            await leave();
            await hook('question').waitFor({ state: 'hidden' });
            assert.equal(await focused(), 'machine-shutdown');
            assert.ok(await hook('panel').isVisible());
        }
        assert.deepEqual(heard('guest-shutdown'), []);
    });

    test('shutdown is confirmed, asked for once, and its outcome is the machine\'s', async () => {
        await hook('shutdown').click();
        assert.match(await hook('question').innerText(), /Shut down one\?[^]*may be lost/);
        await assertAccessible('machine-question');
        await hook('yes').click();
        await status('busy');
        assert.equal(await focused(), 'machine-shutdown');
        await hook('shutdown').click({ force: true }); // while it is being asked
        assert.ok(await hook('question').isHidden());
        await status('done');
        assert.equal(await hook('status').innerText(), 'Asked. The machine decides whether it shuts down.');
        assert.deepEqual(heard('guest-shutdown').map((each) => each.arguments), [{ mode: 'powerdown' }]);
        await assertAccessible('machine-asked');
    });

    test('so are restart and suspend', async () => {
        agent.heard = [];
        for (const power of ['reboot', 'suspend']) {
            await hook(power).click();
            await hook('yes').click();
            await status('busy');
            await status('done');
        }
        assert.deepEqual(heard('guest-shutdown').map((each) => each.arguments), [{ mode: 'reboot' }]);
        assert.equal(heard('guest-suspend-ram').length, 1);
    });

    test('what the agent refuses is told in its words', async () => {
        agent.answers['guest-shutdown'] = { error: ['GenericError', `not today ${MARKUP}`] };
        await hook('shutdown').click();
        await hook('yes').click();
        await status('failed');
        assert.ok((await hook('status').innerText()).includes(`not today ${MARKUP}`), await hook('status').innerText());
        await assertAccessible('machine-refused');
        delete agent.answers['guest-shutdown'];
    });

    test('an agent that tells a lot is shown in part', async () => {
        const many = Array.from({ length: 60 }, (_, i) => ({ 'ip-address': `192.0.2.${i}`, 'ip-address-type': 'ipv4',
            prefix: 24 }));
        agent.answers['guest-network-get-interfaces'] = [{ name: 'eth0', 'ip-addresses': many }];
        await eventually('what was known is forgotten', async () => {
            await hook('again').click();
            await status('idle');
            return (await part('Addresses').count()) > 3;
        }, { timeoutMs: 10000 });
        assert.equal(await part('Addresses').count(), 25);
        assert.match(await part('Addresses').last().innerText(), /and 36 more/);
        agent.answers = { ...told };
    });

    test('who may only read sees this host by the real program, and no power button', async () => {
        const other = await visit('real');
        await open(other);
        assert.deepEqual(await part('Host name', other).allInnerTexts(), [os.hostname()]);
        assert.match(await part('System', other).innerText(), new RegExp(os.machine()));
        const expected = Object.values(os.networkInterfaces()).flat().filter((each) => !each?.internal).length;
        assert.equal(await part('Addresses', other).locator('.value').count(), Math.min(expected, 24));
        assert.ok(await hook('power', other).isHidden());
        await other.context().close();
    });

    test('an agent that is not there is told', async () => {
        const other = await visit('absent');
        await hook('button', other).click();
        await status('failed', other);
        assert.match(await hook('status', other).innerText(), /Nobody is at the guest agent's port/);
        await other.context().close();
    });

    test('what policy takes away is told, and is gone with the next connection', async () => {
        const vms = { one: machine('ga.sock', 'off') };
        await daemon.configure({ vms });
        await daemon.reload();
        await hook('again').click();
        await status('failed');
        assert.match(await hook('status').innerText(), /[Gg]uest-agent is off/);
        const { port } = daemon;
        await daemon.stop();
        await daemon.configure({ vms, sections: { server: { listen: `127.0.0.1:${port}` } } });
        await daemon.run(['serve', '--config', daemon.config]);
        await hook('button').waitFor({ state: 'hidden', timeout: 20000 });
        assert.ok(await hook('panel').isHidden());
        browser.errors = browser.errors.filter((line) => !/WebSocket connection|ERR_CONNECTION_REFUSED/.test(line));
    });

    test('reported no error and broke no rule of its content policy', () =>
        assert.deepEqual(browser.errors.filter((line) => !EXPECTED.test(line)), []));
});
