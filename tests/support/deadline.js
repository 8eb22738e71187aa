// Waiting: every wait has a deadline and says what it waited for.

import { setTimeout as sleep } from 'node:timers/promises';

/** The promise's value, or a failure that names what was awaited. */
export async function within(timeoutMs, promise, what) {
    let timer;
    const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`not within ${timeoutMs} ms: ${what}`)), timeoutMs);
    });
    try {
        return await Promise.race([promise, late]);
    } finally {
        clearTimeout(timer);
    }
}

/** Polls until `check` gives something true, and returns it. What `check` throws counts as "not yet" and is told at the
 *  end, unless `fatal()` says that waiting on is of no use. */
export async function eventually(what, check, { timeoutMs = 5000, everyMs = 20, fatal = () => false } = {}) {
    let last;
    for (const end = Date.now() + timeoutMs; ;) {
        try {
            const value = await check();
            if (value) return value;
            last = value;
        } catch (error) {
            if (fatal()) throw error;
            last = error;
        }
        if (Date.now() > end) throw new Error(`not within ${timeoutMs} ms: ${what} (last: ${last})`);
        await sleep(everyMs);
    }
}
