/**
 * What a guest agent tells, as it is shown. Pure; all texts are the machine's and may be anything.
 */

import { shownName } from '../dom.js';
import { sizeText } from '../size.js';

/** Entries of a list; the rest is only counted. */
const MOST = 24;
/** Used from which on a file system is marked. */
export const NEARLY_FULL = 0.9;

/** @typedef {import('./guest.js').GuestInfo} GuestInfo */
/** @typedef {{ text: string, note: string }} Fact  note: beside it, less important */

/** @template T @param {readonly T[]} list @returns {{ shown: readonly T[], more: number }} */
export function bounded(list) {
    return { shown: list.slice(0, MOST), more: Math.max(0, list.length - MOST) };
}

/** A machine's own address of itself. @param {string} address */
const isLoopback = address => address === '::1' || /^(::ffff:)?127\./.test(address);
/** Of use on that wire alone. @param {string} address */
const isLinkLocal = address => /^(fe[89ab].:|169\.254\.)/i.test(address);

/**
 * Where the machine is reached; addresses that lead nowhere else come last.
 * @param {NonNullable<GuestInfo['addresses']>} addresses
 * @returns {(Fact & { address: string })[]}  address: what is copied
 */
export function addressesOf(addresses) {
    /** @param {{ address: string }} each */
    const rank = ({ address }) => Number(isLinkLocal(address)) * 2 + Number(address.includes(':'));
    return addresses.filter(({ address }) => !isLoopback(address)).sort((a, b) => rank(a) - rank(b))
        .map(({ address, prefix, interface: name, mac }) => ({
            address: shownName(address), text: `${shownName(address)}/${prefix}`,
            note: [name, mac].filter(Boolean).map(each => shownName(each ?? '')).join(', '),
        }));
}

/** @param {GuestInfo} info @returns {Fact | null} */
export function systemOf({ os }) {
    if (!os) return null;
    const { id, name, version, kernel, machine } = os;
    const text = [name || id, name.includes(version) ? '' : version].filter(Boolean).join(' ');
    const note = [kernel, machine].filter(Boolean).join(', ');
    return text || note ? { text: shownName(text || note), note: text ? shownName(note) : '' } : null;
}

/**
 * One line a name, however often it is logged in.
 * @param {NonNullable<GuestInfo['users']>} users @param {(seconds: number) => string} [time]
 * @returns {Fact[]}
 */
export function usersOf(users, time = timeText) {
    /** @type {Map<string, number>} */ const first = new Map();
    for (const { name, since } of users) first.set(name, Math.min(since, first.get(name) ?? Infinity));
    return [...first].map(([name, since]) => ({ text: shownName(name), note: since > 0 ? `since ${time(since)}` : '' }));
}

/** @param {number} seconds  of Unix time */
function timeText(seconds) {
    const time = new Date(seconds * 1000);
    return Number.isNaN(time.getTime()) ? '?' : time.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
}

/**
 * @param {NonNullable<GuestInfo['filesystems']>} systems
 * @returns {(Fact & { share: number | null })[]}  share: used, of 1; null: not known
 */
export function fileSystemsOf(systems) {
    return systems.map(({ mountpoint, type, total, used }) => {
        const isKnown = total !== null && used !== null && total > 0;
        const size = isKnown ? `${sizeText(used)} of ${sizeText(total)}` : total ? sizeText(total) : '';
        return { text: shownName(mountpoint), share: isKnown ? Math.min(1, used / total) : null,
            note: [size, shownName(type)].filter(Boolean).join(', ') };
    });
}

/** @type {Record<import('./guest.js').Power, { label: string, does: string, asking: string, warning: string }>} */
export const powers = {
    shutdown: { label: 'Shut down', does: 'shuts down', asking: 'to shut down',
        warning: 'Its programs are ended, and what they have not saved may be lost.' },
    reboot: { label: 'Restart', does: 'restarts', asking: 'to restart',
        warning: 'Its programs are ended, and what they have not saved may be lost.' },
    suspend: { label: 'Suspend', does: 'suspends', asking: 'to suspend',
        warning: 'It stands still and answers nobody until it is woken, which this page can’t do.' },
};
