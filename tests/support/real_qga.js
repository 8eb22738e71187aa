// Debian's qemu-ga on a unix socket, where it listens as QEMU does. What would change the machine that the tests run on
// is blocked in all of them: an agent outside of a guest commands its host.

import { mkdir } from 'node:fs/promises';

const HARMFUL = ['guest-shutdown', 'guest-suspend-disk', 'guest-suspend-ram', 'guest-suspend-hybrid', 'guest-exec',
    'guest-file-open', 'guest-fsfreeze-freeze', 'guest-fsfreeze-freeze-list', 'guest-fstrim', 'guest-set-time',
    'guest-set-user-password', 'guest-set-vcpus', 'guest-set-memory-blocks', 'guest-ssh-add-authorized-keys',
    'guest-ssh-remove-authorized-keys'];

/** @param {import('./sandbox.js').Sandbox} sandbox
 *  @param {string} name  of its socket in the sandbox
 *  @param {string[]} [blocked]  further commands that it refuses */
export async function startQga(sandbox, name, blocked = []) {
    const state = sandbox.path(`${name}.state`);
    await mkdir(state, { recursive: true });
    const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };
    return sandbox.start(name, 'qemu-ga', ['-m', 'unix-listen', '-p', sandbox.path(name), '-t', state,
        '-b', [...HARMFUL, ...blocked].join(',')], { env });
}
