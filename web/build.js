/**
 * Makes dist/ from what lies here: the same modules with the same exports, bundled and minified, each with a source map
 * that shows the sources as they are.
 *
 *     lib/vmcbridge.js                         -> dist/lib/vmcbridge.js
 *     lib/port.js                              -> dist/lib/port.js, which imports that one
 *     console/{index,console,vm-console}.js    -> dist/console/*.js, which import those two
 *     console/*.css, *.html, *.svg             -> dist/console/
 *     noVNC, some fifty modules                -> dist/node_modules/@novnc/novnc/core/rfb.js
 *     spice-html5, its display                 -> dist/node_modules/@spice-project/spice-html5/src/display.js
 *     xterm.js and its fit addon               -> dist/node_modules/@xterm/{xterm,addon-fit}/lib/*.mjs
 *
 * `node build.js`; the build of the bridge calls it.
 */

import { build } from 'esbuild';
import { copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

process.chdir(fileURLToPath(new URL('.', import.meta.url)));

/** What the pages load from elsewhere: folder, module, what is copied beside it: licences, a style sheet. */
const VENDORS = [
    ['node_modules/@novnc/novnc', 'core/rfb.js', 'LICENSE.txt'],
    ['node_modules/@spice-project/spice-html5', 'src/display.js', 'COPYING.LESSER', 'COPYING'],
    ['node_modules/@xterm/xterm', 'lib/xterm.mjs', 'css/xterm.css', 'LICENSE'],
    ['node_modules/@xterm/addon-fit', 'lib/addon-fit.mjs', 'LICENSE'],
];
const LIBRARY = ['../lib/vmcbridge.js', '../lib/port.js'];
const PAGES = ['index', 'console'];
const options = { bundle: true, minify: true, format: 'esm', target: 'es2022', charset: 'utf8', sourcemap: true,
    logLevel: 'warning' };

/** Only the library's entrances: what the page and the library share exists once. */
const library = {
    name: 'library',
    setup: ({ onResolve }) => onResolve({ filter: /\/lib\// }, ({ path, resolveDir }) => {
        if (!/\/console(\/|$)/.test(resolveDir)) return undefined;
        return { path: onlyLibrary(path.replace('../../', '../')), external: true };
    }),
};

/** A port takes from the library what that exports, so that it exists once. */
const port = {
    name: 'port',
    setup: ({ onResolve }) => onResolve({ filter: /^\.\// }, ({ path, kind }) => {
        if (kind === 'entry-point' || path === './outbox.js') return undefined;
        if (path !== './vmcbridge.js') throw new Error(`${path}: a port takes the library from vmcbridge.js alone`);
        return { path, external: true };
    }),
};

/** @param {string} path */
function onlyLibrary(path) {
    if (!LIBRARY.includes(path)) throw new Error(`${path}: the console takes the library from ${LIBRARY} alone`);
    return path;
}

/**
 * All modules that a page's script fetches before it runs, with itself.
 * @param {import('esbuild').Metafile['outputs']} outputs @param {string} file
 */
function* fetched(outputs, file) {
    yield file;
    for (const { path, kind, external } of outputs[file].imports) {
        if (kind === 'import-statement') yield* fetched(outputs, external ? path.replace('..', 'dist') : path);
    }
}

/** Where the bridge serves it. @param {string} file */
const addressOf = file => file.replace('dist/console/', '/assets/').replace('dist/lib/', '/lib/');

rmSync('dist', { recursive: true, force: true });
mkdirSync('dist/console', { recursive: true });
const { metafile: libFiles } = await build({ ...options, splitting: true, metafile: true,
    entryPoints: ['lib/vmcbridge.js'], outdir: 'dist/lib' });
await build({ ...options, plugins: [port], entryPoints: ['lib/port.js'], outdir: 'dist/lib' });
const { metafile } = await build({ ...options, splitting: true, metafile: true, plugins: [library],
    outdir: 'dist/console', entryPoints: [...PAGES, 'vm-console'].map(name => `console/${name}.js`) });
await build({ ...options, sourcemap: false, entryPoints: ['console/console.css', 'console/index.css',
    'console/vm-console.css', 'console/vm-cards.css', 'console/vm-terminal.css', 'console/vm-machine.css'],
    outdir: 'dist/console' });
for (const page of PAGES) {
    const outputs = { ...metafile.outputs, ...libFiles.outputs };
    const files = new Set([...fetched(outputs, `dist/console/${page}.js`)].slice(1));
    const preloads = [...files].map(file => `<link rel="modulepreload" href="${addressOf(file)}">`).join('\n  ');
    const html = readFileSync(`console/${page}.html`, 'utf8').replace('<!-- modules -->', preloads);
    writeFileSync(`dist/console/${page}.html`, html.replace(/\n\s+/g, '\n'));
}
copyFileSync('console/icon.svg', 'dist/console/icon.svg');
for (const [folder, module, ...beside] of VENDORS) {
    await build({ ...options, entryPoints: [`${folder}/${module}`], outfile: `dist/${folder}/${module}` });
    for (const file of beside) cpSync(`${folder}/${file}`, `dist/${folder}/${file}`);
}
