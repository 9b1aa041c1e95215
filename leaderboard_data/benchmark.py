"""Our results as the Hub's benchmarks hold them: `eval.yaml` of the results data set, and a model's entries.

Format: https://huggingface.co/docs/hub/eval-results (the entries: `huggingface_hub.EvalResultEntry`). A suite's means
are the benchmark's tasks; values are in percent, as the page shows them.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import yaml

from evaluator.records import ModelResult
from evaluator.suite import OVERALL, SUITES, Suite
from leaderboard_data.board import means
from leaderboard_data.entry import entry_of

BENCHMARK_PATH = "eval.yaml"
"""The file in the results data set that says that it is a benchmark."""

RESULTS_PATH = ".eval_results/korean-embedding-leaderboard.yaml"
"""The file in a model's repository."""

FRAMEWORK = "korean-embedding-leaderboard"


def task_id(suite: Suite, mean: str) -> str:
    """The benchmark's name of a suite's mean: `ko-v1` for the average, `ko-v1_sts` for a category's."""
    return suite.id if mean == OVERALL else f"{suite.id}_{mean}"


def benchmark_file() -> str:
    """`eval.yaml`: what the benchmark is called, who evaluates, and its tasks: rows of the config `means`."""
    tasks = [
        {"id": task_id(suite, mean), "config": "means", "split": "train"}
        for suite in SUITES.values()
        for mean in (OVERALL, *(category.id for category in suite.categories))
    ]
    told: dict[str, Any] = {
        "name": "Korean embedding leaderboard",
        "description": "Embedding models for Korean on one fixed suite, measured and repeatable; means in percent.",
        "evaluation_framework": FRAMEWORK,
        "tasks": tasks,
    }
    return yaml.safe_dump(told, allow_unicode=True, sort_keys=False)


def entries(path: str, result: ModelResult, *, dataset: str, page: str) -> Iterator[dict[str, Any]]:
    """A result's entries, as YAML holds them: one for each mean that it has, in suites where it has the average.

    `path`: the result's file. `dataset`: the results data set, ORG/NAME. `page`: where the leaderboard is.
    """
    for suite in SUITES.values():
        of_category, overall = means(entry_of(path, result, suite), suite)
        if overall is None:
            continue
        view = "" if suite.id == next(iter(SUITES)) else f"&suite={quote(suite.id)}"
        link = f"{page.rstrip('/')}/?model={quote(result.spec.model, safe='/')}{view}"
        for mean, value in {OVERALL: overall, **of_category}.items():
            if value is None:
                continue
            told: dict[str, Any] = {
                "dataset": {"id": dataset, "task_id": task_id(suite, mean)},
                "value": round(100 * value, 2),
            }
            if result.evaluated_at is not None:
                told["date"] = result.evaluated_at.date().isoformat()
            told["source"] = {"url": link, "name": "Korean embedding leaderboard"}
            told["notes"] = f"commit {(result.spec.revision or '')[:12]}, {result.dtype}"
            yield told


def entries_file(made: list[dict[str, Any]]) -> str:
    """The entries as a file of `.eval_results/`."""
    return yaml.safe_dump(made, allow_unicode=True, sort_keys=False)
