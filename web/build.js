/**
 * Makes dist/ from what lies here: the same modules with the same exports, bundled and minified, each with a source map
 * that shows the sources as they are.
 *
 *     lib/vmcbridge.js                         -> dist/lib/vmcbridge.js
 *     console/{index,console,vm-console}.js    -> dist/console/*.js, which import ../lib/vmcbridge.js
 *     console/*.css, *.html, *.svg             -> dist/console/
 *     noVNC, some fifty modules                -> dist/node_modules/@novnc/novnc/core/rfb.js
 *     spice-html5, its display                 -> dist/node_modules/@spice-project/spice-html5/src/display.js
 *
 * `node build.js`; the build of the bridge calls it.
 */

import { build } from 'esbuild';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

process.chdir(fileURLToPath(new URL('.', import.meta.url)));

/** What the pages load from elsewhere: folder, module, licence. */
const VENDORS = [
    ['node_modules/@novnc/novnc', 'core/rfb.js', 'LICENSE.txt'],
    ['node_modules/@spice-project/spice-html5', 'src/display.js', 'COPYING.LESSER', 'COPYING'],
];
const LIBRARY = '../lib/vmcbridge.js';
const PAGES = ['index', 'console'];
const options = { bundle: true, minify: true, format: 'esm', target: 'es2022', charset: 'utf8', sourcemap: true,
    logLevel: 'warning' };

/** Only the library's one entrance: what the page and the library share exists once. */
const library = {
    name: 'library',
    setup: ({ onResolve }) => onResolve({ filter: /\/lib\// }, ({ path, resolveDir }) =>
        resolveDir.endsWith('console') ? { path: onlyLibrary(path), external: true } : undefined),
};

/** @param {string} path */
function onlyLibrary(path) {
    if (path !== LIBRARY) throw new Error(`${path}: the console takes the library from ${LIBRARY} alone`);
    return path;
}

/**
 * All modules that a page's script fetches before it runs, with itself.
 * @param {import('esbuild').Metafile['outputs']} outputs @param {string} file
 */
function* fetched(outputs, file) {
    yield file;
    for (const { path, kind, external } of outputs[file].imports) {
        if (kind === 'import-statement') yield* fetched(outputs, external ? 'dist/lib/vmcbridge.js' : path);
    }
}

/** Where the bridge serves it. @param {string} file */
const addressOf = file => file.replace('dist/console/', '/assets/').replace('dist/lib/', '/lib/');

rmSync('dist', { recursive: true, force: true });
mkdirSync('dist/console', { recursive: true });
const { metafile: libFiles } = await build({ ...options, splitting: true, metafile: true,
    entryPoints: ['lib/vmcbridge.js'], outdir: 'dist/lib' });
const { metafile } = await build({ ...options, splitting: true, metafile: true, plugins: [library],
    outdir: 'dist/console', entryPoints: [...PAGES, 'vm-console'].map(name => `console/${name}.js`) });
await build({ ...options, sourcemap: false, entryPoints: ['console/console.css', 'console/index.css',
    'console/vm-console.css', 'console/vm-cards.css'], outdir: 'dist/console' });
for (const page of PAGES) {
    const outputs = { ...metafile.outputs, ...libFiles.outputs };
    const files = new Set([...fetched(outputs, `dist/console/${page}.js`)].slice(1));
    const preloads = [...files].map(file => `<link rel="modulepreload" href="${addressOf(file)}">`).join('\n  ');
    const html = readFileSync(`console/${page}.html`, 'utf8').replace('<!-- modules -->', preloads);
    writeFileSync(`dist/console/${page}.html`, html.replace(/\n\s+/g, '\n'));
}
copyFileSync('console/icon.svg', 'dist/console/icon.svg');
for (const [folder, module, ...licences] of VENDORS) {
    await build({ ...options, entryPoints: [`${folder}/${module}`], outfile: `dist/${folder}/${module}` });
    for (const licence of licences) copyFileSync(`${folder}/${licence}`, `dist/${folder}/${licence}`);
}
