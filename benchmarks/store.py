"""A local store of many files: seconds for a commit, for the head and the list of one folder; peak memory.

python -m benchmarks.store [--files 10000]
"""

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.memory import peak_bytes
from store.local import LocalStore

FOLDERS = ("closed", "open", "results")


def milliseconds(call: Callable[[], object], times: int = 7) -> tuple[float, float]:
    """(wall, processor) time of the quickest of some calls."""
    measured = []
    for _ in range(times):
        wall, processor = time.perf_counter(), time.process_time()
        call()
        measured.append((time.perf_counter() - wall, time.process_time() - processor))
    return tuple(round(1000 * min(each), 2) for each in zip(*measured, strict=True))  # type: ignore[return-value]


def measure(files: int) -> dict[str, float | int]:
    """Fill a store with `files` files of a kilobyte, most of them in one folder, and measure."""
    with tempfile.TemporaryDirectory() as folder:
        store = LocalStore(Path(folder) / "store.git")
        shares = {"closed": files * 8 // 10, "open": files // 10, "results": files // 10}
        content = {
            f"{name}/20261123T{number:06}Z-6f3a9c.json": f"{number} ".encode() * 170
            for name, count in shares.items()
            for number in range(count)
        }
        store.commit(content, "Fill", store.head())
        numbers = iter(range(1000))

        def commit() -> None:
            number = next(numbers)
            moved = {f"open/x{number}.json": f"{number}".encode(), f"closed/x{number}.json": f"{number}".encode()}
            store.commit(moved, "Move one", store.head())

        commit_wall, commit_processor = milliseconds(commit)
        list_wall, list_processor = milliseconds(lambda: store.list("closed", store.head()))
        return {
            "files": files,
            "commit_ms": commit_wall,
            "commit_processor_ms": commit_processor,
            "head_and_list_ms": list_wall,
            "head_and_list_processor_ms": list_processor,
            "peak_memory_mb": round(peak_bytes() / 2**20, 1),
        }


def main(files: Annotated[int, typer.Option(min=10, help="files in the store")] = 10_000) -> None:
    """Print the figures as JSON."""
    print(json.dumps(measure(files), indent=1))


if __name__ == "__main__":
    typer.run(main)
