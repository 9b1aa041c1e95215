"""The most memory that this process has held."""

import resource
from pathlib import Path


def peak_bytes() -> int:
    """Peak resident memory of this process since it began to run its own program, bytes.

    On Linux `ru_maxrss` also counts what the process held before `exec`, a copy of the one that started it; `VmHWM`
    does not.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
