"""Starts a command that may not outlive its parent and has a folder to itself.

`python -m runner.jail LOCK PARENT COMMAND...` runs in the child before the command takes its place, so that nothing
happens between fork and exec in a process with threads. Linux kills the command when the worker that started it
dies, even by SIGKILL; elsewhere it runs on, and the lock still keeps a second one out of the folder.
"""

import ctypes
import fcntl
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main(lock: str, parent: int, command: list[str]) -> None:
    """Take the lock (inherited by the command, and so held until it ends), tie the life to the parent's, and run."""
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    os.set_inheritable(descriptor, True)
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the line above could take effect
        sys.exit("the worker is gone")
    os.execv(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
