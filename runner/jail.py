"""Starts an evaluation that may not outlive its parent, has a folder to itself, and is shut in.

`python -m runner.jail LOCK PARENT PLAN COMMAND...` runs in the child before the command, so that nothing happens
between fork and exec in a process with threads. PLAN is `runner.cage.Plan` as JSON. This process stays, as the
command's keeper:

    worker ── keeper (this; outside the cage) ── [first process of a process namespace] ── the command, caged

It runs the plan's first command, which fetches and runs no code of a model, then the command without network, tokens
and other folders, and ends as the command ended, after it has ended whatever the command left behind. Linux kills all
of them when the worker dies, even by SIGKILL; elsewhere they run on, and the lock keeps a second one out.
"""

import contextlib
import fcntl
import os
import resource
import select
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import psutil

from runner import linux
from runner.cage import MASKED, Plan

LINUX = sys.platform == "linux"


def main(lock: str, parent: int, plan: Plan, command: list[str]) -> None:
    """Take the lock (inherited by the command, and so held until it ends), tie the life to the parent's, and run."""
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    os.set_inheritable(descriptor, True)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if LINUX:
        linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
        linux.prctl(linux.PR_SET_DUMPABLE, 0)  # the environment holds the token that reads models
        linux.prctl(linux.PR_SET_CHILD_SUBREAPER, 1)
    if os.getppid() != parent:  # it died before the lines above could take effect
        sys.exit("the worker is gone")
    if plan.first:
        fetched = subprocess.run(plan.first, stdin=subprocess.DEVNULL, close_fds=False, check=False)
        if fetched.returncode:
            _end_as(fetched.returncode)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # the command gets it too; its end is waited for
    code = _watched(plan, command)
    _end_the_rest()
    _end_as(code)


def _watched(plan: Plan, command: list[str]) -> int:
    """Run the command in its cage; its exit code, negative for the signal that ended it."""
    environment = {name: value for name, value in os.environ.items() if name not in plan.hidden} | dict(
        plan.environment
    )
    if plan.namespaces:
        linux.unshare(name for name in plan.namespaces if name != "mount")  # here /proc still shows the command
    alive_read, alive_write = os.pipe()
    told_read, told_write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(alive_write)
        os.close(told_read)
        _die_with(alive_read)
        if "process" not in plan.namespaces:
            _run(plan, command, environment)
        _first_process(plan, command, environment, told_write)
    os.close(alive_read)
    os.close(told_write)
    _, status = os.waitpid(child, 0)
    with os.fdopen(told_read, "rb") as told:
        written = told.read() if "process" in plan.namespaces else b""
    return int(written) if written else os.waitstatus_to_exitcode(status)


def _die_with(alive: int) -> None:
    """Tie this process's life to its parent's. `alive` is a pipe whose other end the parent holds."""
    if LINUX:
        linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
    poll = select.poll()
    poll.register(alive, 0)
    if poll.poll(0):
        os._exit(1)


def _first_process(plan: Plan, command: list[str], environment: Mapping[str, str], told: int) -> NoReturn:
    """In a namespace of processes: with the end of this one the kernel ends all others in it."""
    if "network" in plan.namespaces:
        linux.raise_loopback()
    if "mount" in plan.namespaces:
        linux.unshare(["mount"])
        linux.mount_private()
        with contextlib.suppress(OSError):  # not in a container that hides parts of its own
            linux.mount_new("proc", "/proc")
        for folder in MASKED:
            if Path(folder).is_dir() and not Path(folder).is_symlink() and not plan.needs(folder):
                linux.mount_new("tmpfs", folder)
        for folder in (each for each in plan.frozen if Path(each).is_dir()):
            linux.mount_read_only(folder)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = os.fork()
    if child == 0:
        os.close(told)
        linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
        _run(plan, command, environment)
    while True:
        ended, status = os.wait()
        if ended == child:
            os.write(told, str(os.waitstatus_to_exitcode(status)).encode())
            os._exit(0)


def _run(plan: Plan, command: list[str], environment: Mapping[str, str]) -> NoReturn:
    """Become the command, with what is left of rights and files."""
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.chdir(plan.folder)
        if LINUX:
            linux.drop_capabilities()
        if plan.landlock:
            linux.landlock(plan.readable, plan.writable)
        os.execve(command[0], command, environment)
    except OSError as error:
        print(f"the evaluation could not be started: {error}", file=sys.stderr, flush=True)
        os._exit(126)


def _end_the_rest() -> None:
    """Kill what the command left behind: its orphans are children of this process now, whatever session they are in."""
    while children := psutil.Process().children(recursive=True):
        for child in children:
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, 0)[0]:
                pass


def _end_as(code: int) -> NoReturn:
    """End with the same exit code, or by the same signal."""
    if code < 0:
        with contextlib.suppress(OSError):
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(abs(code))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Plan.from_json(sys.argv[3]), sys.argv[4:])
