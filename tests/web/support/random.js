/** A small generator of pseudo-random numbers, so that a failing schedule can be run again by its seed. */
export function random(seed) {
    let state = seed >>> 0;
    const next = () => {
        state = (state + 0x6d2b79f5) >>> 0;
        let mixed = Math.imul(state ^ (state >>> 15), state | 1);
        mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
        return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    };
    return {
        /** An integer from `low` to `high`, both included. */
        between: (low, high) => low + Math.floor(next() * (high - low + 1)),
        chance: probability => next() < probability,
        bytes: length => Uint8Array.from({ length }, () => Math.floor(next() * 256)),
    };
}
