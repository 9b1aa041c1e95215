"""A store of ten thousand files stays quick and small."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_ten_thousand_files_commit_in_100_ms_list_in_50_ms_and_take_300_mb() -> None:
    """Processor time of the quickest of some calls, so that a busy machine does not fail it."""
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.store", "--files", "10000"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(ran.stdout)
    assert told["files"] == 10_000
    assert told["commit_processor_ms"] < 100
    assert told["head_and_list_processor_ms"] < 50
    assert told["peak_memory_mb"] < 300
