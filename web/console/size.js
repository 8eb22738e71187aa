/**
 * Sizes in words.
 */

/** A size as people read it. @param {number} bytes @returns {string} */
export function sizeText(bytes) {
    const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
    let unit = 0;
    let value = bytes;
    for (; value >= 1024 && unit < units.length - 1; ++unit) value /= 1024;
    return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}
