/**
 * The files in what was dropped.
 */

/** @typedef {{ file: File, name: string }} Dropped  name: with its folders, made into one */
/** @typedef {{ files: Dropped[], failed: number, left: number }} Drop  failed: not readable; left: over the limit */

/** How many files of a dropped folder are taken: a slip of the hand must not send a disk. */
const MOST_FILES = 1000;

/**
 * What was dropped, folders opened.
 * @param {FileSystemEntry[]} entries @param {File[]} plain  where there are no entries
 * @returns {Promise<Drop>}
 */
export async function filesOf(entries, plain) {
    const files = entries.length > 0 ? [] : plain.map(file => ({ file, name: file.name }));
    const found = { files, failed: 0, left: 0 };
    for (const entry of entries) await collect(entry, found);
    return found;
}

/** @param {FileSystemEntry} entry @param {Drop} found */
async function collect(entry, found) {
    try {
        if (!entry.isFile) {
            const directory = /** @type {FileSystemDirectoryEntry} */ (entry);
            for await (const child of childrenOf(directory)) await collect(child, found);
        } else if (found.files.length >= MOST_FILES) {
            found.left += 1;
        } else {
            const { file } = /** @type {FileSystemFileEntry} */ (entry);
            found.files.push({ file: await new Promise(file.bind(entry)), name: flatName(entry.fullPath) });
        }
    } catch {
        found.failed += 1;
    }
}

/** What a drop leaves behind, in words; empty: nothing. @param {Drop} drop */
export function leftBehind({ files, failed, left }) {
    if (files.length + failed + left === 0) return 'There is no file in it.';
    const words = [];
    if (failed > 0) words.push(`${failed} could not be read.`);
    if (left > 0) words.push(`${left} more than ${MOST_FILES} were left out.`);
    return words.join(' ');
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
