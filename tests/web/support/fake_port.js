/** A bridge in memory for VmPort: its sockets, what was written into them, and what a test has the port say. */

import assert from 'node:assert/strict';
import { VmPort } from '../../../web/lib/port.js';

const OPEN = 1;
const CLOSED = 3;

export class FakePort extends EventTarget {
    readyState = 0;
    bufferedAmount = 0;
    binaryType = 'blob';
    /** @type {Buffer[]} messages of the client */ messages = [];
    /** @type {{ code: number, reason: string } | null} how the client closed it */ closedWith = null;

    send(data) {
        assert.equal(this.readyState, OPEN, 'sends only on an open socket');
        assert.ok(data instanceof Uint8Array, 'a client of a port sends bytes alone');
        this.messages.push(Buffer.from(data));
    }

    close(code, reason) {
        this.closedWith = { code, reason };
        this.readyState = CLOSED;
    }

    /** All that the client wrote. */
    get written() {
        return Buffer.concat(this.messages);
    }

    /** Open, and its state is told. */
    open(connected = true, writer = true) {
        this.readyState = OPEN;
        return this.tell({ type: 'port', connected, writer });
    }

    tell(state) {
        return this.deliver(JSON.stringify(state));
    }

    say(text) {
        return this.deliver(Uint8Array.from(Buffer.from(text)).buffer);
    }

    deliver(data) {
        this.dispatchEvent(Object.assign(new Event('message'), { data }));
        return this;
    }

    drop(code = 1006, reason = '') {
        this.readyState = CLOSED;
        this.dispatchEvent(Object.assign(new Event('close'), { code, reason }));
    }
}

/** A client that may connect again and again; `sockets` has one for each attempt, `events` all that it fired. */
export function dialled(t, options = {}) {
    const sockets = [];
    const events = [];
    const port = new VmPort(() => {
        sockets.push(new FakePort());
        return sockets.at(-1);
    }, options);
    for (const type of ['connect', 'disconnect', 'state', 'data', 'error'])
        port.addEventListener(type, event => events.push(event));
    t.after(() => port.close());
    return { port, sockets, events, told: () => events.splice(0).map(({ type }) => type) };
}

export const turn = () => new Promise(setImmediate);
