import { VmAgent } from '../../../web/lib/vmcbridge.js';
import { FakeBridge } from './fake_bridge.js';

/** An agent that was welcomed by a bridge in memory; both are closed when the test ends. */
export async function connected(t, members = {}) {
    const bridge = new FakeBridge();
    const agent = new VmAgent(bridge.socket);
    t.after(() => agent.close());
    await bridge.turn();
    bridge.open(members);
    await agent.ready;
    return { agent, bridge };
}

/** The next event of this type. */
export function once(target, type) {
    return new Promise(resolve => target.addEventListener(type, resolve, { once: true }));
}

/**
 * An agent that may connect again and again: `bridges` has one for each attempt, the newest last.
 * `welcomes` says what each is welcomed with, or how it welcomes; where it ends, an attempt is left open.
 */
export function reconnecting(t, welcomes, options = {}) {
    const bridges = [];
    const dial = () => {
        const bridge = new FakeBridge();
        bridges.push(bridge);
        const members = welcomes[bridges.length - 1];
        if (typeof members === 'function') setImmediate(() => members(bridge));
        else if (members) setImmediate(() => bridge.open(members));
        return bridge.socket;
    };
    const agent = new VmAgent(dial, options);
    t.after(() => agent.close());
    return { agent, bridges };
}
