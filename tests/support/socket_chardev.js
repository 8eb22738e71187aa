// node socket_chardev.js HOST_SOCKET GUEST_SOCKET
//
// What QEMU's socket chardev is to both ends: it listens on HOST_SOCKET, where one bridge at a time connects, and on
// GUEST_SOCKET, where the agent opens its port, and carries bytes between them. The host end stays open while the
// guest's comes and goes; bytes that find nobody at the other end are thrown away. A process of its own, so that a test
// can end it as a VM ends.

import { rmSync } from 'node:fs';
import net from 'node:net';

const [, , hostPath, guestPath] = process.argv;
const ends = { host: undefined, guest: undefined };

function listen(path, mine, theirs) {
    rmSync(path, { force: true });
    net.createServer((socket) => {
        ends[mine]?.destroy();
        ends[mine] = socket;
        socket.on('error', () => {});
        socket.on('close', () => {
            if (ends[mine] === socket) ends[mine] = undefined;
        });
        socket.on('data', (bytes) => {
            const other = ends[theirs];
            if (!other || other.write(bytes)) return;
            socket.pause();
            const resume = () => socket.resume();
            other.once('drain', resume).once('close', resume);
        });
    }).listen(path);
}

listen(hostPath, 'host', 'guest');
listen(guestPath, 'guest', 'host');
