/**
 * Full screen, and back. Fetched when it is used first.
 */

/** @param {HTMLElement} element @throws {Error}  in words */
export async function toggle(element) {
    if (document.fullscreenElement) return document.exitFullscreen();
    try {
        await element.requestFullscreen();
        // Some browsers let a page have Escape, Alt-Tab and the like then.
        await /** @type {{ keyboard?: { lock(): Promise<void> } }} */ (navigator).keyboard?.lock();
    } catch {
        throw new Error('This browser did not allow full screen.');
    }
}
