/**
 * The kinds of control frame that a client sends: for who stands on the other side, and for tests. Pure.
 */

import { both, count, flag, id, list, maybe, object, selection, stream, text } from './messages.js';

/** @typedef {import('./messages.js').Check} Check */

/** @type {Check} */ const integer = value => Number.isSafeInteger(value);
const monitor = object({
    width: count, height: count, x: maybe(integer), y: maybe(integer), depth: maybe(count),
    widthMm: maybe(count), heightMm: maybe(count),
});
const channels = object({ mute: flag, channels: list(count) });

/** Frames that a client sends. @type {Readonly<Record<string, Record<string, Check>>>} */
export const fromClient = Object.freeze({
    ...both,
    'clipboard-grab': { selection: maybe(selection), formats: list(text) },
    'token': { token: text },
    'monitors': { id: maybe(id), monitors: list(monitor) },
    'lead': {},
    'mouse': { display: maybe(count), x: count, y: count, buttons: list(text) },
    'volume': { playback: maybe(channels), record: maybe(channels) },
    'display-config': {
        wallpaper: maybe(flag), fontSmoothing: maybe(flag), animation: maybe(flag), depth: maybe(count),
    },
    'file-start': { id, name: text, size: count, stream },
    'file-cancel': { id },
});
