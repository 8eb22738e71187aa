/**
 * Why a connection ended, and when it is tried again. Pure.
 */

import { codes, VmError } from './codes.js';

/** Waiting time before a new attempt: the first, and the longest; milliseconds. Half of it is random. */
const FIRST_WAIT = 500;
const LONGEST_WAIT = 5000;

/** Close codes after which nobody should try again by himself: done, and replaced by another client. */
const FINAL = new Set([1000, 4000]);
/** What a close code means where no code of the table came with it. @type {Record<number, string>} */
const MEANING = { 1001: 'stopping', 1008: 'forbidden', 1009: 'too-large', 1012: 'stopping', 4000: 'too-many',
    4001: 'unknown-vm', 4002: 'timeout' };
/** What is told where the table's words would mislead. @type {Record<number, string>} */
const WORDS = { 4000: 'Another client has taken this console over.', 4001: 'This machine was detached from the bridge.',
    4002: 'This connection was too slow for what came.' };

/**
 * @typedef {object} Loss
 * @property {VmError} error  why, with a code of the table
 * @property {number} code  WebSocket close code; 0: it was never open
 * @property {number | null} retryIn  milliseconds to the next attempt; null: there will be none
 */

/** @param {import('./channel.js').ChannelEnd} end @returns {VmError} */
export function errorOf({ code, reason }) {
    if (Object.hasOwn(codes, reason)) return new VmError(reason, WORDS[code]);
    return new VmError(MEANING[code] ?? 'disconnected', WORDS[code] ?? reason);
}

/**
 * A refusal stays a refusal, but two of them pass: a bridge that is full or stops.
 * @param {import('./channel.js').ChannelEnd} end @param {VmError} error
 */
export function isFinal(end, error) {
    if (end.code === 0) return error.code !== 'disconnected';
    if (end.code === 1008) return !['too-many', 'stopping', 'busy'].includes(error.code);
    return FINAL.has(end.code);
}

/** @param {number} failures  attempts that failed since the last that did not @returns {number} milliseconds */
export function waitAfter(failures) {
    const longest = Math.min(FIRST_WAIT * 2 ** Math.min(failures, 10), LONGEST_WAIT);
    return Math.round(longest / 2 + Math.random() * longest / 2);
}
