"""The shipped results are the published board: every cell, average, rank, row and order."""

import csv
import io
from pathlib import Path

import pytest
from typer.testing import CliRunner

from leaderboard_data.__main__ import app
from leaderboard_data.publish import shipped_entries

VIEWS = {"overall": "종합 순위", "sts": "STS", "nli": "NLI", "clustering": "Clustering", "retrieval": "Retrieval"}


def published_table(seed: str, heading: str) -> list[list[str]]:
    """The cells of the markdown table below `# heading`, its header first, without the ruler."""
    section = next(part for part in f"\n{seed}".split("\n# ") if part.splitlines()[:1] == [heading])
    lines = [line for line in section.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines]
    return [cells[0], *cells[2:]]


def exported(view: str) -> list[list[str]]:
    ran = CliRunner().invoke(app, ["export", "--format", "csv", "--view", view])
    assert ran.exit_code == 0, ran.output
    return list(csv.reader(io.StringIO(ran.stdout)))


@pytest.mark.shared
@pytest.mark.parametrize("view", VIEWS)
def test_the_export_equals_the_published_table(view: str, shared: Path) -> None:
    header, *rows = published_table((shared / "seed/leaderboard.md").read_text("utf-8"), VIEWS[view])
    assert len(rows) == 9
    expected_header = ["Model", *(name.replace("sib2000", "sib200") for name in header[1:])]
    expected_rows = [[row[0], *(f"{float(cell):.2f}" for cell in row[1:-1]), row[-1]] for row in rows]
    assert exported(view) == [expected_header, *expected_rows]


def test_published_rows_hold_only_task_scores_and_say_whose_they_are() -> None:
    published = [entry for entry in shipped_entries() if (entry.origin, entry.suite) == ("published", "ko-v1")]
    assert len(published) == 9
    for entry in published:
        assert entry.complete
        assert entry.by == "ko-embedding-leaderboard"
        assert entry.reference == "https://github.com/OnAnd0n/ko-embedding-leaderboard"
        assert all(cell.low is None and cell.n is None for cell in entry.cells)


def test_a_row_keeps_its_published_label_and_leads_to_the_real_model() -> None:
    real = {entry.name: (entry.model, entry.precision) for entry in shipped_entries() if entry.origin == "published"}
    assert real["infloat/me5-instruct"] == ("intfloat/multilingual-e5-large-instruct", "float32")
    assert real["Alibaba-NLP/gte-Qwen2-7B-instruct-fp16"] == ("Alibaba-NLP/gte-Qwen2-7B-instruct", "float16")
    assert real["BAAI/bge-multilingual-gemma2-fp16"] == ("BAAI/bge-multilingual-gemma2", "float16")
    llm2vec = "McGill-NLP/LLM2Vec-Meta-Llama-3-8B-Instruct-mntp-supervised"
    assert real[f"{llm2vec}-bf16"] == (llm2vec, "bfloat16")
