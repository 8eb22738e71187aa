/**
 * Files and folders that are dragged onto the console.
 */

/**
 * @param {HTMLElement} zone
 * @param {{ over: (on: boolean) => void, drop: (entries: FileSystemEntry[], files: File[]) => void }} handlers  drop:
 *     entries are empty in browsers that know no folders
 * @param {AbortSignal} signal  stops listening
 */
export function watchDrops(zone, { over, drop }, signal) {
    let depth = 0;
    const show = (/** @type {number} */ step) => {
        depth = Math.max(0, depth + step);
        over(depth > 0);
    };
    const hasFiles = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes('Files') ?? false;
    const listen = (/** @type {string} */ type, /** @type {(event: DragEvent) => void} */ listener) =>
        zone.addEventListener(type, event => {
            if (!hasFiles(/** @type {DragEvent} */ (event))) return;
            event.preventDefault();
            listener(/** @type {DragEvent} */ (event));
        }, { signal });
    listen('dragenter', () => show(1));
    listen('dragleave', () => show(-1));
    listen('dragover', event => {
        if (event.dataTransfer) event.dataTransfer.dropEffect = 'copy';
    });
    listen('drop', event => {
        show(-depth);
        const { items, files } = /** @type {DataTransfer} */ (event.dataTransfer);
        drop([...items].map(item => item.webkitGetAsEntry?.()).filter(entry => entry != null), [...files]);
    });
}
