// node janitor.js DIRECTORY: waits until standard input closes, then ends what carries the directory's mark and removes
// it.

import { rm } from 'node:fs/promises';
import { endMarked } from './marked.js';

const [, , directory] = process.argv;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});
process.stdin.resume().on('end', async () => {
    await endMarked(directory);
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
});
