// Finds and ends the processes that carry a mark in their environment, whoever their parent is by now. The mark is a
// scratch directory's path: what runs with a HOME or TMPDIR in there belongs to it as well, even where a program gave
// it a new environment.

import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** The environment variable that holds the mark where nothing else does. */
export const MARK = 'VMCBRIDGE_TEST_SANDBOX';

const TERM_GRACE_MS = 1500;
const KILL_GRACE_MS = 3000;

/** @param {string} mark  @returns {{ pid: number, command: string }[]} living processes that carry the mark */
export function marked(mark) {
    return readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name))
        .flatMap((pid) => {
            try {
                if (!readFileSync(`/proc/${pid}/environ`, 'latin1').includes(mark)) return [];
                const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').trim();
                return isZombie(pid) ? [] : [{ pid: Number(pid), command }];
            } catch {
                return []; // gone meanwhile, or another user's
            }
        });
}

/** Asks the marked processes to end, and kills those that have not after a grace time. */
export async function endMarked(mark) {
    await signalUntilGone(mark, 'SIGTERM', TERM_GRACE_MS);
    await signalUntilGone(mark, 'SIGKILL', KILL_GRACE_MS);
}

async function signalUntilGone(mark, signal, graceMs) {
    const told = new Set();
    for (const end = Date.now() + graceMs; Date.now() < end; await sleep(20)) {
        const alive = marked(mark);
        if (alive.length === 0) return;
        for (const { pid } of alive.filter(({ pid }) => !told.has(pid))) {
            told.add(pid);
            try {
                process.kill(pid, signal);
            } catch {
                /* gone meanwhile */
            }
        }
    }
}

function isZombie(pid) {
    return /\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
}
