# A terminal with a shell behind it, as QEMU gives one to a guest's serial console: the shell has the guest's side. Says
# where the host's side is, and moves bytes between the two terminals until either ends.
#
#     python3 pty_shell.py        ->  pty=/dev/pts/N

import os
import pty
import select
import tty

shell, shell_end = pty.fork()
if shell == 0:
    os.execve('/bin/sh', ['sh', '-i'], {'PATH': '/usr/bin:/bin', 'PS1': 'guest$ ', 'TERM': 'dumb'})
host_end, host_side = pty.openpty()
tty.setraw(host_side)
print(f'pty={os.ttyname(host_side)}', flush=True)
while True:
    ready, _, _ = select.select([shell_end, host_end], [], [])
    for source in ready:
        try:
            data = os.read(source, 65536)
        except OSError:
            raise SystemExit(0)
        if not data:
            raise SystemExit(0)
        os.write(host_end if source == shell_end else shell_end, data)
