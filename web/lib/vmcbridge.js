/** The package: everything that a page or a script needs. */

export { VmAgent } from './agent.js';
export { codes, localCodes, VmError } from './codes.js';
export * from './events.js';
export { Transfer } from './transfer.js';
export { apiUrl, tokenText, webSocketUrl } from './dial.js';

// For connections that are no agent's: those of port.js, and of the console.
export { asVmError } from './codes.js';
export { makeDialler } from './dial.js';
export { errorOf, isFinal, waitAfter } from './loss.js';
export { watchOutside } from './outside.js';
