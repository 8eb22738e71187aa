/** The package: everything that a page or a script needs. */

export { VmAgent } from './agent.js';
export { codes, localCodes, VmError } from './codes.js';
export * from './events.js';
export { Transfer } from './transfer.js';
export { apiUrl, tokenText, webSocketUrl } from './dial.js';
