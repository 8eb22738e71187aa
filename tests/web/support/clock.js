/** Runs `body` on a clock of its own: time passes when it says so, timers of the library fire then. */
export async function onClock(body) {
    const real = { setTimeout, clearTimeout, now: Date.now };
    const timers = new Map();
    let now = 1_000_000;
    let ids = 0;
    globalThis.setTimeout = (run, wait = 0) => {
        timers.set(++ids, { run, at: now + wait });
        return ids;
    };
    globalThis.clearTimeout = id => timers.delete(id);
    Date.now = () => now;
    const pass = async milliseconds => {
        now += milliseconds;
        for (const [id, { run, at }] of [...timers]) {
            if (at > now || !timers.delete(id)) continue;
            run();
            await new Promise(setImmediate);
        }
    };
    try {
        await body(pass);
    } finally {
        Object.assign(globalThis, { setTimeout: real.setTimeout, clearTimeout: real.clearTimeout });
        Date.now = real.now;
    }
}
