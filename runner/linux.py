"""What the Linux kernel offers to shut a process in, as Python calls: prctl, capabilities, namespaces, Landlock.

Each function says with OSError that the kernel, or whoever set up this machine or container, does not grant it.
"""

import ctypes
import fcntl
import os
import socket
import struct
from collections.abc import Iterable
from pathlib import Path

# linux/prctl.h
PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_CAPBSET_DROP = 24
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38

# linux/sched.h
NAMESPACES = {"user": 0x10000000, "mount": 0x00020000, "ipc": 0x08000000, "process": 0x20000000, "network": 0x40000000}

_MS_READ_ONLY, _MS_NOSUID, _MS_NODEV, _MS_REMOUNT = 1, 2, 4, 32
_MS_BIND, _MS_REC, _MS_PRIVATE = 0x1000, 0x4000, 0x40000
_SYS_LANDLOCK_CREATE, _SYS_LANDLOCK_ADD, _SYS_LANDLOCK_RESTRICT = 444, 445, 446  # the same on all architectures

# linux/landlock.h
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _TRUNCATE, _IOCTL_DEVICE = (
    1 << 0,
    1 << 1,
    1 << 2,
    1 << 3,
    1 << 14,
    1 << 15,
)
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEVICE
_READING = _EXECUTE | _READ_FILE | _READ_DIR
_SCOPES = 0b11  # abstract sockets and signals of others

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(outcome: int, what: str) -> int:
    if outcome < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
    return outcome


def prctl(option: int, value: int) -> None:
    """Set an attribute of this process."""
    _checked(_libc.prctl(option, value, 0, 0, 0), f"prctl {option}")


def drop_capabilities() -> None:
    """Give up all special rights of root for good, and what a set-user-ID program would give."""
    last = int(Path("/proc/sys/kernel/cap_last_cap").read_text())
    for capability in range(last + 1):
        _libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)  # refused to who has none to drop
    header = struct.pack("=Ii", 0x20080522, 0)  # version 3, this process
    _checked(_libc.capset(header, bytes(24)), "capset")
    prctl(PR_SET_NO_NEW_PRIVS, 1)


def unshare(names: Iterable[str]) -> None:
    """Enter new namespaces. "process" holds for children alone. In a new user namespace one keeps one's own ids."""
    wanted = list(names)
    user, group = os.getuid(), os.getgid()
    if "user" in wanted:
        prctl(PR_SET_DUMPABLE, 1)  # else the files below belong to root; nothing of the evaluation runs yet
    flags = sum(NAMESPACES[name] for name in wanted)
    _checked(_libc.unshare(flags), f"unshare {' '.join(wanted)}")
    if "user" in wanted:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
        prctl(PR_SET_DUMPABLE, 0)


def mount_private() -> None:
    """What is mounted from here on is seen in this mount namespace alone."""
    _checked(_libc.mount(b"none", b"/", None, _MS_REC | _MS_PRIVATE, None), "mount --make-rprivate")


def mount_new(kind: str, folder: str) -> None:
    """Mount a fresh "proc" or "tmpfs" over a folder."""
    _checked(
        _libc.mount(kind.encode(), folder.encode(), kind.encode(), _MS_NOSUID | _MS_NODEV, None), f"mount {folder}"
    )


def mount_read_only(folder: str) -> None:
    """Let nobody in this mount namespace write into a folder, whatever its mode."""
    _checked(_libc.mount(folder.encode(), folder.encode(), None, _MS_BIND | _MS_REC, None), f"bind {folder}")
    flags = _MS_REMOUNT | _MS_BIND | _MS_READ_ONLY | _MS_NOSUID | _MS_NODEV
    _checked(_libc.mount(None, folder.encode(), None, flags, None), f"remount {folder}")


def raise_loopback() -> None:
    """Let a process in a new network namespace talk to itself."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sH14x", b"lo", 0x41))  # SIOCSIFFLAGS: IFF_UP | IFF_RUNNING


def landlock_version() -> int:
    """The version of Landlock that the kernel has; 0 if none."""
    return max(0, int(_libc.syscall(_SYS_LANDLOCK_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(1))))


def landlock(readable: Iterable[str], writable: Iterable[str]) -> None:
    """From here on this process and its children reach only these files and folders, and what lies in them.

    They may not look into processes outside (ptrace, /proc/PID/environ and mem), nor, with a newer kernel, signal them.
    Paths that are not there are left out.
    """
    version = landlock_version()
    handled = (1 << 13) - 1
    for since, right in ((2, 1 << 13), (3, _TRUNCATE), (5, _IOCTL_DEVICE)):
        handled |= right if version >= since else 0
    attributes = struct.pack("=QQQ", handled, 0, _SCOPES if version >= 6 else 0)
    size = 24 if version >= 6 else 8
    ruleset = _checked(
        _libc.syscall(_SYS_LANDLOCK_CREATE, attributes[:size], ctypes.c_size_t(size), ctypes.c_uint32(0)), "landlock"
    )
    for paths, rights in ((readable, _READING), (writable, handled)):
        for path in paths:
            try:
                opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
            except OSError:
                continue
            allowed = rights & handled if Path(path).is_dir() else rights & handled & _OF_FILES
            rule = struct.pack("=Qi", allowed, opened)
            outcome = _libc.syscall(_SYS_LANDLOCK_ADD, ruleset, 1, rule, ctypes.c_uint32(0))
            os.close(opened)
            _checked(outcome, f"landlock {path}")
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    _checked(_libc.syscall(_SYS_LANDLOCK_RESTRICT, ruleset, ctypes.c_uint32(0)), "landlock")
    os.close(ruleset)
