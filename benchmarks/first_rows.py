"""What the first rows cost the server, for an address that nobody asked for before: `python -m benchmarks.first_rows`.

Beside them, in the same run, the same view by the plain rules over the entries (`leaderboard_data.board.table`), which
the arrays of `leaderboard_data.page.viewing` replace. Processor time, medians; the stores are those of
`benchmarks.board`.
"""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated

import typer

from benchmarks.board import noisy_results
from evaluator.suite import KO_V1
from leaderboard_data.board import table
from leaderboard_data.entry import ORIGINS, Entry, entry_of
from leaderboard_data.page.first_rows import FirstRows
from leaderboard_data.page.page_data import page_data

REPEATS = 9
ADDRESSES = (
    {"tab": "overall"},
    {"tab": "tasks"},
    {"tab": "sts", "sort": "KLUE-STS.desc"},
    {"tab": "overall", "q": "bge", "params": "100-1000"},
    {"tab": "overall", "w": "1,2,3,4"},
    {"tab": "nli", "unseen": "declared"},
    {"tab": "overall", "sort": "Model.desc"},
)


def milliseconds(action: Callable[[], object]) -> float:
    """Processor time that the action takes."""
    start = time.process_time()
    action()
    return (time.process_time() - start) * 1000


def measured(entries: Sequence[Entry], content: bytes, address: Mapping[str, str]) -> tuple[float, float, float]:
    """Milliseconds for an address: its view unknown, its view known, by the plain rules."""
    first, known = [], []
    for _ in range(REPEATS):
        rows = FirstRows(content, prepare=False)
        first.append(milliseconds(lambda each=rows: each.table(address)))  # type: ignore[misc]
        known.append(milliseconds(lambda each=rows: each.table({**address, "device": "another"})))  # type: ignore[misc]
    plain = milliseconds(lambda: table(entries, address["tab"], KO_V1, ORIGINS, address.get("unseen", "")))
    return statistics.median(first), statistics.median(known), plain


def main(models: Annotated[list[int] | None, typer.Option(help="how many models; may be repeated")] = None) -> None:
    """Measure and print a table."""
    print("| models | address | first rows | its view known | plain rules | ratio |\n|---|---|---|---|---|---|")
    for count in models or [300, 10_000]:
        entries = [entry_of(f"results/{i}.json", each, KO_V1) for i, each in enumerate(noisy_results(count))]
        content = page_data(entries, "revision", KO_V1)
        for address in ADDRESSES:
            first, known, plain = measured(entries, content, address)
            told = " ".join(f"{name}={value}" for name, value in address.items())
            print(f"| {count:,} | {told} | {first:.0f} ms | {known:.0f} ms | {plain:.0f} ms | {plain / first:.0f} |")


if __name__ == "__main__":
    typer.run(main)
