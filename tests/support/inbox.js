// What came from a peer, in order, and typed waits for it.

import { setTimeout as later } from 'node:timers';

export class Inbox {
    /** @type {any[]} everything that ever came */ all = [];
    #pending = [];
    #waiters = new Set();
    #fault;

    /** Notes an item for which nobody waits. */
    note(item) {
        this.all.push(item);
    }

    push(item) {
        this.note(item);
        for (const waiter of this.#waiters) {
            if (waiter.wants(item)) return void waiter.take(item);
        }
        this.#pending.push(item);
    }

    /** From now on every wait fails with this error. */
    fail(error) {
        this.#fault ??= error;
        for (const waiter of [...this.#waiters]) waiter.fail(this.#fault);
    }

    get fault() {
        return this.#fault;
    }

    /** The first item, come or coming, that no other wait has taken and that `wants` accepts. */
    next(wants, { what = 'an item', timeoutMs = 5000 } = {}) {
        const index = this.#pending.findIndex(wants);
        if (index >= 0) return Promise.resolve(this.#pending.splice(index, 1)[0]);
        if (this.#fault) return Promise.reject(this.#fault);
        return new Promise((resolve, reject) => {
            const settle = (outcome) => (value) => {
                clearTimeout(waiter.timer);
                this.#waiters.delete(waiter);
                outcome(value);
            };
            const waiter = { wants, take: settle(resolve), fail: settle(reject), timer: undefined };
            waiter.timer = later(
                () => waiter.fail(new Error(`not within ${timeoutMs} ms: ${what}; waiting here: ${this.#summary()}`)),
                timeoutMs,
            );
            this.#waiters.add(waiter);
        });
    }

    /** Forgets what nobody has waited for yet, so that the next wait is for something new. */
    clear() {
        this.#pending = [];
    }

    #summary() {
        return JSON.stringify(this.#pending.slice(-8)).slice(0, 600);
    }
}
