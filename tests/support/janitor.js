// node janitor.js MARK DIRECTORY: waits until standard input closes, then ends what carries the mark and removes the directory.

import { rm } from 'node:fs/promises';
import { endMarked } from './marked.js';

const [, , mark, directory] = process.argv;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});
process.stdin.resume().on('end', async () => {
    await endMarked(mark);
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
});
