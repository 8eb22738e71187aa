/**
 * Files and folders that are dragged onto the console.
 */

/** @typedef {{ file: File, name: string }} Dropped  name: with its folders, made into one */

/** How many files of a dropped folder are taken: a slip of the hand must not send a disk. */
const MOST_FILES = 1000;

/**
 * @param {HTMLElement} zone
 * @param {{ over: (on: boolean) => void, drop: (files: Dropped[]) => void }} handlers
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
        if (event.dataTransfer) void filesOf(event.dataTransfer).then(drop);
    });
}

/** @param {DataTransfer} data @returns {Promise<Dropped[]>} */
async function filesOf(data) {
    const entries = [...data.items].map(item => item.webkitGetAsEntry?.()).filter(entry => entry != null);
    if (entries.length === 0) return [...data.files].map(file => ({ file, name: file.name }));
    /** @type {Dropped[]} */
    const found = [];
    for (const entry of entries) await collect(entry, found);
    return found;
}

/** @param {FileSystemEntry} entry @param {Dropped[]} found */
async function collect(entry, found) {
    if (found.length >= MOST_FILES) return;
    if (entry.isFile) {
        const { file } = /** @type {FileSystemFileEntry} */ (entry);
        found.push({ file: await new Promise(file.bind(entry)), name: flatName(entry.fullPath) });
    } else {
        const directory = /** @type {FileSystemDirectoryEntry} */ (entry);
        for await (const child of childrenOf(directory)) await collect(child, found);
    }
}

/** A directory is told in portions, until an empty one. @param {FileSystemDirectoryEntry} directory */
async function* childrenOf(directory) {
    const reader = directory.createReader();
    for (;;) {
        const portion = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
        if (portion.length === 0) return;
        yield* portion;
    }
}

/**
 * The machine takes base names only: `/photos/a/b.jpg` becomes `photos - a - b.jpg`.
 * @param {string} path
 * @returns {string}
 */
export function flatName(path) {
    return path.split('/').filter(part => part !== '').join(' - ');
}
