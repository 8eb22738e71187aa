// `vmcbridge demo`: a desktop in the browser from one command, and nothing left of it afterwards.

import assert from 'node:assert/strict';
import { chmod, chown, copyFile, cp, mkdir, readdir } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Client } from '../support/client.js';
import { VMCBRIDGE } from '../support/daemon.js';
import { eventually } from '../support/deadline.js';
import { marked } from '../support/marked.js';
import { request } from '../support/net.js';
import { Sandbox } from '../support/sandbox.js';

const NOBODY = { uid: 65534, gid: 65534 };
const PROGRAMS = ['Xvnc', 'openbox', 'spice-vdagentd', 'spice-vdagent'];
const WEB = fileURLToPath(new URL('../../web/dist', import.meta.url));

const users = {
    'the user who runs the tests': undefined,
    ...(process.getuid() === 0 ? { 'an ordinary user': NOBODY } : {}),
};

for (const [who, ids] of Object.entries(users)) {
    describe(`the demo as ${who}`, () => {
        /** @type {Sandbox} */ let sandbox;
        let env;
        let program;

        before(async () => {
            sandbox = await Sandbox.open();
            await chmod(sandbox.dir, 0o755);
            const folders = {
                HOME: await sandbox.folder('home'),
                XDG_RUNTIME_DIR: await sandbox.folder('runtime'),
                TMPDIR: await sandbox.folder('tmp'),
            };
            if (ids) for (const folder of Object.values(folders)) await chown(folder, ids.uid, ids.gid);
            const { PATH, LANG = 'C.UTF-8' } = process.env;
            env = { PATH, LANG, ...folders };
            program = await install();
        });
        after(() => sandbox?.close());

        /** Puts program and pages where any user may read them, as an installation does. */
        async function install() {
            await mkdir(sandbox.path('usr', 'bin'), { recursive: true });
            await copyFile(VMCBRIDGE, sandbox.path('usr', 'bin', 'vmcbridge'));
            await cp(WEB, sandbox.path('usr', 'share', 'vmcbridge', 'web'), { recursive: true, dereference: true });
            return sandbox.path('usr', 'bin', 'vmcbridge');
        }

        /** Starts the demo and waits for the address that it prints. */
        async function start() {
            const args = ['demo', '--listen', '127.0.0.1:0'];
            const child = ids
                ? sandbox.start(
                      'demo',
                      'setpriv',
                      [`--reuid=${ids.uid}`, `--regid=${ids.gid}`, '--clear-groups', program, ...args],
                      { env },
                  )
                : sandbox.start('demo', program, args, { env });
            const [url] = await child.says(/http:\/\/127\.0\.0\.1:\d+\S*/, 20000);
            return { child, url: new URL(url) };
        }

        const others = (child) => marked(sandbox.dir).filter(({ pid }) => pid !== child.pid);

        async function nothingIsLeft() {
            await eventually(
                'every process of the demo has ended',
                () => {
                    const left = marked(sandbox.dir);
                    if (left.length) throw new Error(left.map(({ command }) => command).join('; '));
                    return true;
                },
                { timeoutMs: 5000 },
            );
        }

        test('prints an address whose page answers, and serves the agent of a real desktop', async () => {
            const { child, url } = await start();
            const where = { host: url.hostname, port: Number(url.port) };
            const page = await request(where, url.pathname);
            assert.equal(page.status, 200);
            assert.match(page.headers['content-type'], /text\/html/);
            const client = await Client.connect(`ws://${url.host}/vms/desktop/agent`);
            await client.agent(20000);
            assert.equal((await client.setMonitors([{ width: 1024, height: 768 }])).status, 'applied');
            const commands = others(child).map(({ command }) => command);
            for (const needed of PROGRAMS)
                assert.ok(
                    commands.some((command) => command.includes(needed)),
                    `${needed} runs`,
                );
            await client.close();
            const exit = await child.stop('SIGINT');
            assert.deepEqual(exit, { code: 0, signal: null }, child.log.slice(-2000));
            await nothingIsLeft();
            assert.deepEqual(await readdir(sandbox.path('tmp')), [], 'no temporary file is left');
            assert.deepEqual(await readdir(sandbox.path('runtime')), [], 'no runtime file is left');
        });

        test('brings back what falls', async () => {
            const { child, url } = await start();
            const client = await Client.connect(`ws://${url.host}/vms/desktop/agent`);
            await client.agent(20000);
            for (const program of ['spice-vdagentd', 'spice-vdagent ']) {
                const { pid } = others(child).find(({ command }) => `${command} `.includes(program));
                process.kill(pid, 'SIGKILL');
                await client.next('agent', (frame) => !frame.connected);
                await client.next('agent', (frame) => frame.connected, 10000);
            }
            await client.close();
            await child.stop('SIGHUP'); // as when its terminal is closed
            await nothingIsLeft();
            assert.deepEqual(await readdir(sandbox.path('tmp')), [], 'no temporary file is left');
        });

        test('killed, leaves no process behind, and starts again', async () => {
            const first = await start();
            await first.child.stop('SIGKILL');
            await nothingIsLeft();
            const second = await start();
            assert.equal(
                (await request({ host: second.url.hostname, port: Number(second.url.port) }, '/healthz')).status,
                200,
            );
            await second.child.stop('SIGINT');
            await nothingIsLeft();
            assert.deepEqual(await readdir(sandbox.path('tmp')), [], 'what the killed one left is cleared');
        });
    });
}
