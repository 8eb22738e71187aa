// The console page of a machine whose display is SPICE: its picture to the last bit, keys, pointer, and what is told
// when the picture is lost, stands still, or is somebody else's. The machine runs nothing but its firmware.

import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Bed } from '../support/bed.js';
import { Browser } from '../support/browser.js';
import { eventually } from '../support/deadline.js';
import { FirmwareVm } from '../support/firmware_vm.js';

const SPLASH = { width: 640, height: 480 };
/** Positions of QEMU's tablet run from 0 to this. */
const TABLET = 32767;
/** An emulated machine on a busy host. */
const SLOW = { timeoutMs: 30_000, everyMs: 50 };
/** How far a byte may be from the real one in a JPEG of the server's quality. */
const JPEG_ERROR = 40;
/** The firmware's cursor blinks: so many bytes of its text may differ for a moment. */
const CURSOR = 9 * 2 * 3;

/** A bed whose machine `one` is behind the SPICE server of a QEMU; `two` has a port for its agent and no display.
 *  @param {Parameters<typeof FirmwareVm.start>[1]} [options] */
async function openBed(options) {
    let vm;
    const bed = await Bed.start({
        vms: [],
        scripted: ['one', 'two'],
        prepare: async (bed) => {
            vm = await FirmwareVm.start(bed.sandbox, options);
            bed.options.vms.one.guest = `spice:127.0.0.1:${vm.port}`;
        },
    });
    return { bed, /** @type {FirmwareVm} */ vm };
}

/** The page of the machine in `bed`, once it shows its picture. */
async function openPage(browser, bed) {
    const page = await browser.open(`http://127.0.0.1:${bed.daemon.port}/console/one`);
    await shown(page);
    return page;
}

const canvasOf = (page) => page.getByTestId('display').locator('canvas');

/** Nothing is the matter with the picture; the agent's port is there, and nobody has opened it. */
const shown = (page) =>
    eventually(
        'the page shows a picture',
        async () =>
            (await canvasOf(page).isVisible()) &&
            (await page.getByTestId('status').getAttribute('data-state')) === 'no-agent',
        SLOW,
    );

/** @returns {Promise<{ width: number, height: number, rgb: Buffer }>} what the canvas holds */
async function pictureOf(page) {
    const { width, height, bytes } = await canvasOf(page).evaluate((/** @type {HTMLCanvasElement} */ canvas) => {
        const { width, height } = canvas;
        const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
        let bytes = '';
        for (let i = 0; i < data.length; ++i) if (i % 4 < 3) bytes += String.fromCharCode(data[i]);
        return { width, height, bytes: btoa(bytes) };
    });
    return { width, height, rgb: Buffer.from(bytes, 'base64') };
}

/** Waits until page and machine show the same, but for `most` bytes.
 *  @param {{ most?: number, by?: number }} [options]  by: how far a byte may be from the real one
 *  @returns {Promise<{ width: number, height: number, rgb: Buffer }>} */
const samePicture = (page, vm, { most = 0, by = 0 } = {}) =>
    eventually(
        "the page shows the machine's screen",
        async () => {
            const [seen, real] = [await pictureOf(page), await vm.screen()];
            const [size, wanted] = [seen, real].map(({ width, height }) => `${width}x${height}`);
            if (size !== wanted) throw new Error(`${size} instead of ${wanted}`);
            const different = seen.rgb.reduce((count, byte, i) => count + Number(Math.abs(byte - real.rgb[i]) > by), 0);
            if (different > most) throw new Error(`${different} bytes differ`);
            return seen;
        },
        SLOW,
    );

/** Pixels of a picture that differ from all others. */
const coloursOf = ({ rgb }) =>
    new Set(Array.from({ length: rgb.length / 3 }, (_, i) => rgb.readUIntBE(3 * i, 3))).size;

/** Waits until the machine's devices were told all of this, in this order, since `from`. */
const told = (vm, from, events) =>
    eventually(
        `the machine is told ${events.join(' ')}`,
        () => {
            const seen = vm.input(from);
            let at = -1;
            if (events.every((event) => (at = seen.indexOf(event, at + 1)) >= 0)) return seen;
            throw new Error(seen.join(' '));
        },
        { timeoutMs: 10_000 },
    );

describe('the console page of a SPICE display', () => {
    /** @type {Bed} */ let bed;
    /** @type {FirmwareVm} */ let vm;
    /** @type {Browser} */ let browser;
    /** @type {import('playwright-core').Page} */ let page;
    const requests = [];

    before(async () => {
        ({ bed, vm } = await openBed({ splash: SPLASH }));
        browser = await Browser.start();
        page = await browser.open(`http://127.0.0.1:${bed.daemon.port}/console/one`, {
            prepare: (page) => void page.on('request', (request) => requests.push(new URL(request.url()).pathname)),
        });
        await shown(page);
    });
    after(async () => {
        await browser?.close();
        await bed?.close();
    });

    const hook = (name) => page.getByTestId(name);
    /** Waits until the bar says this. */
    const says = (words) => hook('status').filter({ hasText: words }).waitFor({ timeout: 20_000 });
    /** Where a point of the desktop is on the page. */
    const pointOf = async (x, y) => {
        const box = await canvasOf(page).boundingBox();
        const { width, height } = SPLASH;
        return [box.x + ((x + 0.5) * box.width) / width, box.y + ((y + 0.5) * box.height) / height];
    };
    /** The firmware shows its picture again, and has heard no key. */
    const startAgain = async () => {
        await vm.reset();
        await eventually('the picture is there', async () => coloursOf(await vm.screen()) > 1000, SLOW);
        await samePicture(page, vm);
    };

    test('shows what is on the screen, bit by bit', async () => {
        const picture = await samePicture(page, vm);
        assert.deepEqual([picture.width, picture.height], [SPLASH.width, SPLASH.height]);
        assert.ok(coloursOf(picture) > 1000, 'it is a picture of many colours');
        const folder = process.env.VMCBRIDGE_SCREENSHOTS ?? bed.sandbox.dir;
        await page.screenshot({ path: path.join(folder, 'console_spice.png') });
    });

    test("shows the machine's name whole, however much there is to say beside it", async () => {
        const name = page.getByRole('heading', { level: 1 });
        assert.equal(await name.innerText(), 'one');
        assert.ok(await name.evaluate((element) => element.scrollWidth <= element.clientWidth), 'it is cut');
    });

    test('loads what shows SPICE, and nothing of VNC', () => {
        assert.ok(requests.includes('/vendor/spice-html5/src/display.js'), requests.join(' '));
        assert.ok(!requests.some((path) => path.includes('novnc')), requests.join(' '));
    });

    test('is one client, whatever it shows', async () => {
        const { clients, display } = await bed.daemon.vm('one');
        assert.deepEqual(clients.map(({ kind }) => kind), ['web']);
        assert.equal(display.kind, 'spice');
    });

    test('a key is the same key there, however far it lies from what the page shows', async () => {
        const from = vm.now;
        await canvasOf(page).click({ position: { x: 5, y: 5 } });
        await page.keyboard.press('Shift+A');
        for (const key of ['ArrowLeft', 'Delete', 'F12', 'NumpadEnter', 'ControlRight', 'AltRight'])
            await page.keyboard.press(key);
        const pressed = ['left', 'delete', 'f12', 'kp_enter', 'ctrl_r', 'alt_r'].flatMap((key) => [`+${key}`, `-${key}`]);
        const seen = await told(vm, from, ['+shift', '+a', '-a', '-shift', ...pressed]);
        const down = seen.filter((event) => /^\+(?!left$)/.test(event)).length;
        assert.equal(seen.filter((event) => /^-(?!left$)/.test(event)).length, down, 'what went down came up');
    });

    test('a key that is held when the keyboard leaves the picture is let go', async () => {
        const from = vm.now;
        await canvasOf(page).click({ position: { x: 5, y: 5 } });
        await page.keyboard.down('q');
        for (const key of ['Control', 'Alt', 'Shift']) await page.keyboard.down(key);
        await told(vm, from, ['+q', '+ctrl', '+alt', '-q']);
        for (const key of ['q', 'Shift', 'Alt', 'Control']) await page.keyboard.up(key);
        const held = new Set();
        for (const event of vm.input(from)) {
            if (event.startsWith('+')) held.add(event.slice(1));
            else held.delete(event.slice(1));
        }
        assert.deepEqual([...held].filter((key) => key !== 'left'), []);
        assert.ok(await hook('clipboard-button').evaluate((button) => button.matches(':focus')), 'the bar has the focus');
    });

    test('the menu sends Ctrl + Alt + Del', async () => {
        const from = vm.now;
        await hook('keys-button').click();
        await page.getByRole('menuitem', { name: 'Ctrl + Alt + Del' }).click();
        await told(vm, from, ['+ctrl', '+alt', '+delete', '-delete', '-alt', '-ctrl']);
    });

    test('a text is typed key by key', async () => {
        const from = vm.now;
        const answer = await page.evaluate(() => document.querySelector('vm-console').type('aB!\n', { rate: 20 }));
        assert.deepEqual(answer, { typed: 4, of: 4 });
        const shifted = (key) => ['+shift', `+${key}`, `-${key}`, '-shift'];
        await told(vm, from, ['+a', '-a', ...shifted('b'), ...shifted('1'), '+ret', '-ret']);
    });

    test('without positions a pointer is told by its steps', async () => {
        await startAgain();
        await vm.usePointer('PS/2');
        await page.mouse.move(...(await pointOf(100, 100)));
        const clicked = vm.now;
        await page.mouse.down();
        await page.mouse.up();
        await told(vm, clicked, ['+left', '-left']);
        const from = vm.now;
        await page.mouse.move(...(await pointOf(130, 80)));
        await eventually('it went 30 to the right and 20 up', () => {
            const sum = { dx: 0, dy: 0 };
            for (const event of vm.input(from)) {
                const [axis, value] = event.split(' ');
                if (axis in sum) sum[axis] += Number(value);
            }
            if (sum.dx === 30 && sum.dy === -20) return true;
            throw new Error(JSON.stringify(sum));
        });
    });

    test('with positions the pointer is where it is on the page; its buttons, its wheel', async () => {
        await vm.usePointer('tablet');
        for (const [x, y] of [[0, 0], [639, 479], [320, 100]]) {
            const from = vm.now;
            await eventually('the place is told', async () => {
                await page.mouse.move(...(await pointOf(x ? x - 1 : 1, y)));
                await page.mouse.move(...(await pointOf(x, y)));
                const seen = vm.input(from);
                const near = (axis, value) => seen.some((event) => {
                    const [name, place] = event.split(' ');
                    return name === axis && Math.abs(Number(place) - value) <= 1;
                });
                if (near('x', (x * TABLET) / SPLASH.width) && near('y', (y * TABLET) / SPLASH.height)) return true;
                throw new Error(seen.join(' '));
            });
        }
        const from = vm.now;
        for (const button of /** @type {const} */ (['left', 'middle', 'right'])) {
            await page.mouse.down({ button });
            await page.mouse.up({ button });
        }
        await page.mouse.wheel(0, -50);
        await page.mouse.wheel(0, 50);
        const presses = ['left', 'middle', 'right', 'wheel-up', 'wheel-down'];
        await told(vm, from, presses.flatMap((name) => [`+${name}`, `-${name}`]));
    });

    test('fits its place, or is as large as it is', async () => {
        const box = async () => canvasOf(page).boundingBox();
        const place = await hook('display').boundingBox();
        const fitted = await box();
        assert.ok(Math.abs(fitted.height - place.height) <= 1, JSON.stringify({ fitted, place }));
        await hook('scale-button').click();
        const real = await eventually('one pixel is one pixel', async () => {
            const now = await box();
            return now.width === SPLASH.width && now.height === SPLASH.height && now;
        });
        assert.ok(Math.abs(real.x + real.width / 2 - place.x - place.width / 2) <= 1, 'in the middle');
        await hook('scale-button').click();
        await eventually('it fits again', async () => (await box()).width === fitted.width);
    });

    test('with viewonly the machine hears nothing', async () => {
        await page.evaluate(() => document.querySelector('vm-console').setAttribute('viewonly', ''));
        const from = vm.now;
        await canvasOf(page).click({ position: { x: 50, y: 50 } });
        await page.keyboard.press('w');
        await page.evaluate(() => document.querySelector('vm-console').removeAttribute('viewonly'));
        await canvasOf(page).click({ position: { x: 5, y: 5 } });
        await page.keyboard.press('e');
        await told(vm, from, ['+e', '-e']);
        assert.ok(!vm.input(from).includes('+w'), vm.input(from).join(' '));
    });

    test('what the keys do there is seen here: another mode, another picture', async () => {
        await startAgain();
        await canvasOf(page).click({ position: { x: 5, y: 5 } });
        await eventually('the firmware shows its menu', async () => {
            await page.keyboard.press('Escape');
            return (await vm.screen()).width !== SPLASH.width;
        }, { ...SLOW, everyMs: 500 });
        const { width } = await samePicture(page, vm, { most: CURSOR });
        assert.notEqual(width, SPLASH.width);
    });

    test('says that the picture stands still while the machine hangs, and that it moves again', async () => {
        await page.evaluate(() =>
            Object.assign(customElements.get('vm-console').times, { silence: 300, answer: 300 }));
        await canvasOf(page).click({ position: { x: 5, y: 5 } });
        await page.keyboard.press('x'); // the blinking cursor comes too: from here on the shorter times count
        vm.child.signal('SIGSTOP');
        try {
            await says('stands still');
        } finally {
            vm.child.signal('SIGCONT');
        }
        await shown(page);
        await page.evaluate(() =>
            Object.assign(customElements.get('vm-console').times, { silence: 10_000, answer: 8_000 }));
    });

    test('a second viewer takes the picture over, and the first one can take it back', async () => {
        const other = await openPage(browser, bed);
        await samePicture(other, vm, { most: CURSOR });
        await hook('notice').filter({ hasText: 'No picture' }).waitFor();
        await hook('notice').getByRole('button', { name: 'Try again' }).click();
        await shown(page);
        await samePicture(page, vm, { most: CURSOR });
        await other.getByTestId('notice').filter({ hasText: 'No picture' }).waitFor();
        await other.close();
    });

    for (const [vm, what, ready] of /** @type {const} */ ([
        ['one', 'has its picture', (page) => shown(page)],
        ['two', 'has none', (page) => page.getByTestId('notice').filter({ hasText: 'No display' }).waitFor()],
    ])) {
        test(`where the bridge does not say what display there is, machine ${vm} ${what}`, async () => {
            const other = await browser.open(`http://127.0.0.1:${bed.daemon.port}/console/${vm}`, {
                prepare: (page) => page.route('**/api/v1/vms/*', (route) => route.fulfill({ status: 403, json: {} })),
            });
            await ready(other);
            await other.context().close();
            browser.errors = browser.errors.filter((text) => !/status of 403|reason: disabled/.test(text));
        });
    }

    test('the first page takes the picture back', async () => {
        await hook('notice').getByRole('button', { name: 'Try again' }).click();
        await shown(page);
    });

    test('says that the rules keep the picture, where they do', async () => {
        await bed.daemon.configure({ ...bed.options, sections: { policy: { 'spice-channels': 'cursor' } } });
        await bed.daemon.reload();
        await hook('notice').filter({ hasText: 'not allowed on this machine: display, inputs' }).waitFor();
        await bed.daemon.configure(bed.options);
        await bed.daemon.reload();
        await shown(page);
    });

    test('the picture comes back by itself when the machine does', async () => {
        await vm.kill();
        await hook('notice').filter({ hasText: 'No picture' }).waitFor();
        await vm.restart();
        await shown(page);
        const picture = await samePicture(page, vm);
        assert.equal(picture.width, SPLASH.width);
        browser.errors = browser.errors.filter((text) => !/WebSocket connection/.test(text));
    });

    test('reported no error and broke no rule of its content policy', () => assert.deepEqual(browser.errors, []));
});

describe('pictures of a SPICE server', () => {
    /** @type {Browser} */ let browser;

    before(async () => {
        browser = await Browser.start();
    });
    after(() => browser?.close());

    for (const [compression, video, lossy] of /** @type {const} */ ([
        ['off', 'VGA', false],
        ['quic', 'qxl-vga', false],
        ['lz', 'virtio-vga', false],
        ['glz', 'VGA', false],
        ['auto_glz', 'VGA', true],
        ['glz', 'VGA', true],
    ])) {
        test(`compressed as ${compression}, of a ${video}${lossy ? ', as for somebody far away' : ''}`, async () => {
            const { bed, vm } = await openBed({ compression, video, lossy, splash: SPLASH });
            try {
                const page = await openPage(browser, bed);
                const picture = await samePicture(page, vm, { by: lossy ? JPEG_ERROR : 0 });
                assert.ok(coloursOf(picture) > 1000, 'it is a picture of many colours');
                await page.close();
            } finally {
                await bed.close();
            }
        });
    }
});
