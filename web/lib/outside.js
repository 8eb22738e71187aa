/**
 * What the world around a connection has to say to it: the network is back, or the page wants it no more.
 */

/**
 * Until the connection has ended for good.
 * @param {EventTarget & { close(): void, reconnectNow(): void }} connection  fires `disconnect`
 * @param {AbortSignal | undefined} signal  closes it
 */
export function watchOutside(connection, signal) {
    const online = () => connection.reconnectNow();
    globalThis.addEventListener?.('online', online);
    const close = () => connection.close();
    if (signal?.aborted) queueMicrotask(close);
    signal?.addEventListener('abort', close, { once: true });
    connection.addEventListener('disconnect', event => {
        if (/** @type {import('./events.js').DisconnectEvent} */ (event).retryIn !== null) return;
        globalThis.removeEventListener?.('online', online);
        signal?.removeEventListener('abort', close);
    });
}
