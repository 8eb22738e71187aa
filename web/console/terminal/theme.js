/**
 * The colours of a terminal are those of the page: CSS says them, and xterm.js is told.
 */

const NAMES = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white', 'brightBlack', 'brightRed',
    'brightGreen', 'brightYellow', 'brightBlue', 'brightMagenta', 'brightCyan', 'brightWhite'];

/** @param {Element} place  its colours, `--accent`, and `--ansi`, the sixteen @returns {Record<string, string>} */
export function themeOf(place) {
    const style = getComputedStyle(place);
    const { color: foreground, backgroundColor: background } = style;
    const accent = style.getPropertyValue('--accent').trim();
    const ansi = style.getPropertyValue('--ansi').trim().split(/\s+/);
    return {
        foreground, background, cursor: accent, cursorAccent: background,
        selectionBackground: style.getPropertyValue('--selection').trim(),
        ...Object.fromEntries(NAMES.map((name, i) => [name, ansi[i]])),
    };
}
