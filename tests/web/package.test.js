import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

const web = new URL('../../web/', import.meta.url);
const read = path => readFileSync(new URL(path, web), 'utf8');
const modules = folder => readdirSync(new URL(folder, web)).filter(name => name.endsWith('.js'));

test('every module passes the strict type check', { timeout: 100_000 }, () => {
    const tsc = new URL('../node_modules/typescript/bin/tsc', import.meta.url);
    assert.ok(existsSync(tsc), 'typescript is not installed: run npm ci in tests/');
    try {
        execFileSync(process.execPath, [fileURLToPath(tsc), '-p', fileURLToPath(web)], { encoding: 'utf8' });
    } catch (failure) {
        assert.fail(failure.stdout);
    }
});

test('the library imports nothing but itself', () => {
    for (const name of modules('lib')) {
        for (const [, specifier] of read(`lib/${name}`).matchAll(/(?:from|import\()\s*'([^']+)'/g)) {
            assert.match(specifier, /^\.\/[a-z]+\.js$/, `${name} imports ${specifier}`);
        }
    }
});

test('dependencies are pinned exactly, and the lock file names no download address', () => {
    const { dependencies } = JSON.parse(read('package.json'));
    for (const version of Object.values(dependencies)) assert.match(version, /^\d+\.\d+\.\d+$/);
    const { packages } = JSON.parse(read('package-lock.json'));
    for (const [name, entry] of Object.entries(packages)) {
        assert.equal(entry.resolved, undefined, name);
        if (name) assert.ok(entry.integrity, `${name} has no checksum`);
    }
});
