/**
 * The access token that a link brought: taken out of the address, so that it is not copied or logged with it, and kept
 * for this tab alone.
 */

const KEY = 'vmcbridge-token';

/** @returns {string}  empty where the bridge asks for none */
export function takeToken() {
    const address = new URL(location.href);
    const hash = new URLSearchParams(address.hash.slice(1));
    const token = hash.get('token') ?? address.searchParams.get('token');
    if (token === null) return sessionStorage.getItem(KEY) ?? '';
    sessionStorage.setItem(KEY, token);
    hash.delete('token');
    address.searchParams.delete('token');
    address.hash = hash.toString();
    history.replaceState(history.state, '', address);
    return token;
}
