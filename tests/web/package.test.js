import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

const web = new URL('../../web/', import.meta.url);
const read = path => readFileSync(new URL(path, web), 'utf8');
const tsc = new URL('../node_modules/typescript/bin/tsc', import.meta.url);
const modules = folder => readdirSync(new URL(folder, web)).filter(name => name.endsWith('.js'));

/** What a user of TypeScript writes; a wrong type in it must be noticed. */
const sample = `
import { VmAgent, VmError, type Transfer } from 'vmcbridge';
import { VmPort } from 'vmcbridge/port.js';
import { VmConsole } from 'vmcbridge/vm-console.js';

VmConsole.loadNoVnc satisfies () => Promise<object>;
VmConsole.loadSpiceHtml5 satisfies () => Promise<object>;
VmConsole.loadXterm = async () => ({ ...{} as any, style: new URL('file:///xterm.css') });
const port = new VmPort('/vms/web1/ports/console', { token: 'x' });
port.addEventListener('data', event => event.bytes satisfies Uint8Array);
port.addEventListener('state', event => event.writer satisfies boolean);
await port.write('ls');
// @ts-expect-error: a number is neither text nor bytes
port.write(5);
const agent = new VmAgent('/vms/web1/agent', { token: async () => 'x', reconnect: true });
agent.addEventListener('agent', event => event.connected satisfies boolean);
const text: string = await agent.clipboard.readText();
const sent: Transfer = agent.sendFile(new Blob([text]), { name: 'a' });
sent.addEventListener('progress', () => sent.sent.toFixed());
const { status } = await agent.setMonitors([{ width: 1, height: 1 }]);
if (status === 'applied' || agent.permissions.has('resize')) throw new VmError('busy');
// @ts-expect-error: a number is no name
agent.sendFile(new Blob([]), { name: 5 });
// @ts-expect-error: there is no such event property
agent.addEventListener('lead', event => event.nonsense);
`;

test('the library imports nothing but itself', () => {
    for (const name of modules('lib')) {
        for (const [, specifier] of read(`lib/${name}`).matchAll(/(?:from|import\()\s*'([^']+)'/g)) {
            assert.match(specifier, /^\.\/[a-z]+\.js$/, `${name} imports ${specifier}`);
        }
    }
});

test('nothing comes with the package, and what shows a picture is for those who want one', () => {
    const { dependencies, peerDependencies, peerDependenciesMeta, devDependencies } = JSON.parse(read('package.json'));
    assert.equal(dependencies, undefined);
    assert.deepEqual(Object.keys(peerDependencies), ['@novnc/novnc', '@spice-project/spice-html5', '@xterm/addon-fit',
        '@xterm/xterm']);
    for (const name of Object.keys(peerDependencies)) {
        assert.equal(peerDependenciesMeta[name].optional, true);
        assert.ok(devDependencies[name], 'npm ci installs it for the daemon');
    }
});

test('what the daemon serves is pinned exactly, and the lock file names no download address', () => {
    const { devDependencies } = JSON.parse(read('package.json'));
    for (const version of Object.values(devDependencies)) assert.match(version, /^\d+\.\d+\.\d+$/);
    const { packages } = JSON.parse(read('package-lock.json'));
    for (const [name, entry] of Object.entries(packages)) {
        assert.equal(entry.resolved, undefined, name);
        if (name) assert.ok(entry.integrity, `${name} has no checksum`);
    }
});

test('every module passes the strict type check, and the npm package brings its types', { timeout: 250_000 }, () => {
    const project = mkdtempSync(join(tmpdir(), 'vmcbridge-package-'));
    try {
        const run = (program, args, cwd = project) =>
            execFileSync(program, args, { cwd, encoding: 'utf8', stdio: 'pipe' });
        run(process.execPath, [fileURLToPath(tsc), '-p', fileURLToPath(new URL('tsconfig.types.json', web))]);
        const pack = ['pack', '--silent', '--ignore-scripts', '--pack-destination', project];
        const packed = run('npm', pack, fileURLToPath(web)).trim().split('\n').at(-1);
        const modules = join(project, 'node_modules');
        mkdirSync(join(modules, 'vmcbridge'), { recursive: true });
        run('tar', ['-xzf', packed, '--strip-components=1', '-C', join(modules, 'vmcbridge')]);
        writeFileSync(join(project, 'package.json'), '{ "type": "module" }');
        writeFileSync(join(project, 'sample.ts'), sample);
        const options = ['--strict', '--noEmit', '--target', 'es2022', '--module', 'nodenext', '--lib', 'es2022,dom'];
        run(process.execPath, [fileURLToPath(tsc), ...options, 'sample.ts']);
        const script = 'import { codes } from "vmcbridge"; console.log(codes.timeout)';
        assert.match(run(process.execPath, ['--input-type=module', '-e', script]), /Try again/);
    } catch (failure) {
        assert.fail(`${failure.message}\n${failure.stdout ?? ''}${failure.stderr ?? ''}`);
    } finally {
        rmSync(project, { recursive: true, force: true });
    }
});
