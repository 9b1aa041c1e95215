"""The cage of an evaluation: what a model's code can reach. Found out once, when a worker starts, and told.

What this system grants decides how close it is: namespaces (of the worker's own right, or through a user namespace)
take away the network and all other processes, Landlock all files but the evaluation's own. What holds everywhere on
Linux: no special rights, an environment without tokens, processes of the worker that cannot be looked into, a home of
its own, and nothing that is left running. docs/deploying.md says what each leaves open.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType

ROOT = Path(__file__).resolve().parents[1]

MASKED = ("/run", "/var/run", "/tmp", "/var/tmp", "/dev/shm")
"""Folders with sockets and files of other programs; the evaluation sees empty ones, unless it needs something there."""

_SYSTEM = (
    *("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/proc", "/sys/devices", "/sys/fs/cgroup", "/sys/bus"),
    *("/sys/module", "/sys/class", "/sys/kernel/mm", "/sys/firmware/devicetree"),
    *("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime", "/etc/timezone", "/etc/passwd"),
    *("/etc/group", "/etc/nsswitch.conf", "/etc/hosts", "/etc/host.conf", "/etc/resolv.conf", "/etc/ssl/certs"),
    *("/etc/ssl/openssl.cnf", "/etc/mime.types", "/etc/os-release", "/etc/alternatives", "/etc/OpenCL"),
)
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/shm", "/dev/dri", "/dev/kfd")
_SETS = (
    ("process", "ipc", "mount", "network"),
    ("user", "process", "ipc", "mount", "network"),
    ("user", "process", "ipc", "mount"),
)
"""Namespaces that are tried, the closest first: of a privileged worker, and of any other."""


@dataclass(frozen=True)
class Cage:
    """What the system grants: `namespaces` (names of `runner.linux.NAMESPACES`), and whether there is `landlock`."""

    namespaces: tuple[str, ...] = ()
    landlock: bool = False

    @property
    def told(self) -> dict[str, str]:
        """For the worker's log: the cage's name, and what it leaves open."""
        parts = [f"namespaces ({', '.join(self.namespaces)})"] if self.namespaces else []
        parts += ["Landlock"] if self.landlock else []
        gaps = []
        if not self.landlock:
            gaps.append("every file that the worker's user can read, its stores and logins among them")
        if "network" not in self.namespaces:
            gaps.append("the network")
        told = {"cage": " and ".join(parts) or "none"}
        return told | ({"warning": f"the code of a model can reach {'; and '.join(gaps)}"} if gaps else {})


NO_CAGE = Cage()


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How one evaluation is started (`runner.jail`).

    `first` runs before it, outside of the cage. `hidden`: variables that only `first` sees; `environment`: those that
    only the evaluation sees. `folder` is where it begins. It reads `readable` and `writable`, and writes `writable`
    without `frozen`.
    """

    first: Sequence[str] = ()
    hidden: Sequence[str] = ()
    environment: Mapping[str, str]
    folder: str
    namespaces: Sequence[str] = ()
    landlock: bool = False
    readable: Sequence[str] = ()
    writable: Sequence[str] = ()
    frozen: Sequence[str] = ()

    def json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Plan":
        return cls(**json.loads(text))

    def needs(self, folder: str) -> bool:
        """Whether something that it is given lies in `folder`."""
        return any(Path(path) != Path(folder) and Path(path).is_relative_to(folder) for path in self._given)

    @property
    def _given(self) -> list[str]:
        return [self.folder, *self.readable, *self.writable]


def plan(
    cage: Cage,
    folder: Path,
    *,
    first: Sequence[str] = (),
    environment: Mapping[str, str] = MappingProxyType({}),
    readable: Sequence[Path | None] = (),
    code: Path | None = None,
) -> Plan:
    """The plan for an evaluation in `folder`, which it may fill; besides the system it reads `readable`.

    Folders in `readable` that lie in `folder` are not written. `environment` is added to its own. It begins in a
    folder with the evaluator's code alone; or in `code`, which it may read whole.
    """
    home, temporary, begin = folder / "home", folder / "tmp", folder / "code"
    for each in (home, temporary, begin):
        each.mkdir(parents=True, exist_ok=True)
    if not (begin / "evaluator").is_symlink():
        (begin / "evaluator").symlink_to(ROOT / "evaluator", target_is_directory=True)
    python = {Path(sys.prefix), Path(sys.base_prefix), Path(sys.executable).resolve().parents[1]}
    libraries = [Path(path) for path in sys.path if path and Path(path).name in ("site-packages", "dist-packages")]
    shown = [ROOT / "evaluator", *python, *libraries, *(path for path in readable if path is not None)]
    shown += [code] if code is not None else []
    return Plan(
        first=first,
        hidden=("HF_TOKEN",),
        environment={
            "HOME": str(home),
            "TMPDIR": str(temporary),
            "HF_HOME": str(home / "huggingface"),
            "XDG_CACHE_HOME": str(home / ".cache"),
            **environment,
        },
        folder=str(code or begin),
        namespaces=cage.namespaces,
        landlock=cage.landlock,
        readable=[*_SYSTEM, *(str(path.absolute()) for path in shown), *(str(path.resolve()) for path in shown)],
        writable=[str(folder.resolve()), *_DEVICES, *map(str, Path("/dev").glob("nvidia*"))],
        frozen=[str(path) for path in shown if path.is_relative_to(folder)],
    )


def detect() -> Cage:
    """The closest cage that this system grants, tried for real in a process of its own."""
    if sys.platform != "linux":
        return Cage()
    from runner.linux import landlock_version

    lock = landlock_version() > 0
    return next((Cage(names, lock) for names in _SETS if _granted(names)), Cage(landlock=lock))


def _granted(names: Sequence[str]) -> bool:
    script = (
        "import sys; from runner import linux; linux.unshare(sys.argv[1:])\n"
        "import os; child = os.fork()\n"
        "if child: sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
        "linux.mount_private(); linux.mount_new('tmpfs', '/dev/shm')\n"
        "if 'network' in sys.argv: linux.raise_loopback()"
    )
    command = [sys.executable, "-c", script, *names]
    ran = subprocess.run(command, cwd=ROOT, env={}, capture_output=True, timeout=60, check=False)
    return ran.returncode == 0


# the worker itself

SECRET_NAMES = (
    *("KEL_REQUESTS_TOKEN", "KEL_RESULTS_TOKEN", "KEL_READ_TOKEN", "KEL_MODELS_TOKEN", "KEL_COMMENT_TOKEN"),
    *("KEL_JOBS_TOKEN", "KEL_WEBHOOK_URL"),
    *("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"),
)
_PASSED = "KEL_SECRETS_DESCRIPTOR"


def hide_secrets() -> None:
    """Take the tokens out of what the system shows of this process.

    /proc/PID/environ shows what a program was started with, whatever it does to it later. So the program starts itself
    again without them, and reads them from memory that only it can open; then nobody of the same user may look into it.
    """
    if sys.platform != "linux":
        return
    from runner.linux import PR_SET_DUMPABLE, prctl

    passed = os.environ.pop(_PASSED, None)
    if passed is not None:
        with os.fdopen(int(passed), "rb") as memory:
            memory.seek(0)
            os.environ.update(json.loads(memory.read()))
    elif secrets := {name: os.environ[name] for name in SECRET_NAMES if name in os.environ}:
        memory_file = os.memfd_create("secrets", 0)  # inherited by the program that takes this one's place
        os.write(memory_file, json.dumps(secrets).encode())
        kept = {name: value for name, value in os.environ.items() if name not in secrets}
        os.execve(sys.executable, sys.orig_argv, kept | {_PASSED: str(memory_file)})
    prctl(PR_SET_DUMPABLE, 0)


def forget_secrets() -> None:
    """Take the tokens out of the environment that programs started from here would get, once they have been read."""
    for name in SECRET_NAMES[:6]:
        os.environ.pop(name, None)


def adopt_orphans() -> set[int]:
    """From here on what an evaluation leaves behind becomes this process's child; returns the children it has now."""
    import psutil

    if sys.platform == "linux":
        from runner.linux import PR_SET_CHILD_SUBREAPER, prctl

        prctl(PR_SET_CHILD_SUBREAPER, 1)
    return {child.pid for child in psutil.Process().children()}


def end_orphans(known: set[int]) -> None:
    """Kill the children that are neither `known` nor of this session: left behind, their keeper having been killed.

    An evaluation has a session of its own, and none of its processes can come into this one.
    """
    while orphans := _orphans(known):  # each one's children become children of this process when it has ended
        for orphan in orphans:
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(orphan, signal.SIGKILL)
                os.waitpid(orphan, 0)


def _orphans(known: set[int]) -> list[int]:
    import psutil

    found = []
    for child in psutil.Process().children():
        with contextlib.suppress(ProcessLookupError):
            if child.pid not in known and os.getsid(child.pid) != os.getsid(0):
                found.append(child.pid)
    return found
