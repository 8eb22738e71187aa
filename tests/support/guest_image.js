// The disk of a real guest, built once by guest_image/build.sh and kept in the user's cache, by the digest of its
// recipe: whoever changes a file there gets another image, and several test runs share one.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdir, utimes } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { within } from './deadline.js';

const RECIPE = fileURLToPath(new URL('guest_image/', import.meta.url));
const LOCK_S = 6 * 60; // how long another one's build is waited for; it takes a minute
const BUILD_MS = 2 * LOCK_S * 1000; // that, and one's own
const LOCKED = 75; // exit code

/** @typedef {{ kernel: string, initramfs: string, root: string }} GuestImage  paths */

/** Builds it where it is not there yet.
 *  @param {import('./sandbox.js').Sandbox} sandbox  whose end ends a build under way
 *  @returns {Promise<GuestImage>} files that others use as well: to be read only */
export async function guestImage(sandbox) {
    const cache = path.join(process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'vmcbridge', 'guest-image');
    const folder = path.join(cache, recipeDigest());
    await mkdir(cache, { recursive: true });
    const alone = ['--timeout', String(LOCK_S), '--conflict-exit-code', String(LOCKED), path.join(cache, 'lock')];
    const child = sandbox.start('guest image', 'flock', [...alone, path.join(RECIPE, 'build.sh'), folder]);
    const { code } = await within(BUILD_MS, child.closed, 'the guest image is built');
    if (code === LOCKED) throw new Error(`no guest image: another one builds it for more than ${LOCK_S} s in ${cache}`);
    if (code !== 0) throw new Error(`no guest image (exit ${code}):\n${child.log.slice(-4000)}`);
    const now = new Date();
    await utimes(folder, now, now); // the builder removes what nobody used for long
    const file = (name) => path.join(folder, name);
    return { kernel: file('kernel'), initramfs: file('initramfs'), root: file('root.ext4') };
}

function recipeDigest() {
    const hash = createHash('sha256').update(readFileSync('/etc/os-release'));
    for (const name of readdirSync(RECIPE, { recursive: true }).map(String).sort()) {
        const file = path.join(RECIPE, name);
        if (statSync(file).isFile()) hash.update(`\0${name}\0`).update(readFileSync(file));
    }
    return hash.digest('hex').slice(0, 16);
}
