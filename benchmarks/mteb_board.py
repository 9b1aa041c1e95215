"""MTEB's own leaderboard on this machine, over results of files: for `benchmarks.ways --anchor mteb`.

    python -m venv /tmp/mteb && /tmp/mteb/bin/pip install 'mteb[leaderboard]==2.26.24'
    /tmp/mteb/bin/python -m benchmarks.mteb_board --cache /tmp/mteb/cache --port 8600 RESULTS.jsonl ...

It runs in an environment of its own, imports nothing of this project, and asks no other host. RESULTS.jsonl: lines with
`model`, `revision`, `task`, `split`, `subset`, `dataset_revision`, `mteb_version` and `metrics`, as `import-mteb` reads
them. Models that are not in MTEB's registry are left out, as its board cannot show them. One thing differs from the
board on the Hub, beside the results: the empty column of experiments is taken out before a table is made, since MTEB
2.26.24 would try to round it.
"""

import argparse
import json
import os
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def write_results(lines: Iterable[str], cache: Path, registry: Any, metadata: Any) -> int:
    """MTEB's results folder (`results/<org>__<model>/<revision>/<Task>.json`) of JSON lines; how many files."""
    cells: dict[tuple[str, str, str], dict[tuple[str, str], dict[str, Any]]] = defaultdict(dict)
    for line in lines:
        row = json.loads(line)
        if row["model"] in registry:
            cells[row["model"], row["revision"], row["task"]].setdefault((row["split"], row["subset"]), row)
    for (model, revision, task), rows in cells.items():
        folder = cache / "results" / model.replace("/", "__") / (revision or "no_revision_available")
        folder.mkdir(parents=True, exist_ok=True)
        languages = metadata(task).hf_subsets_to_langscripts
        scores: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for (split, subset), row in rows.items():
            cell = {"hf_subset": subset, "languages": languages.get(subset, ["kor-Hang"])}
            scores[split].append({**row["metrics"], **cell})
        some = next(iter(rows.values()))
        content = {
            "dataset_revision": some["dataset_revision"],
            "task_name": task,
            "mteb_version": some["mteb_version"],
            "scores": scores,
            "evaluation_time": 0,
            "kg_co2_emissions": None,
        }
        (folder / f"{task}.json").write_text(json.dumps(content), encoding="utf-8")
    return len(cells)


def main() -> None:
    """Write the results, make the board's own cache of them, and serve until stopped."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", nargs="+", type=Path)
    parser.add_argument("--cache", required=True, type=Path, help="an empty folder")
    parser.add_argument("--port", type=int, default=8600)
    given = parser.parse_args()
    os.environ.update(HF_HUB_OFFLINE="1", MTEB_CACHE=str(given.cache), GRADIO_ANALYTICS_ENABLED="False")

    import mteb
    import mteb.leaderboard.app as board
    from mteb.benchmarks.benchmark import Benchmark
    from mteb.cache import ResultCache
    from mteb.leaderboard import table
    from mteb.models.model_implementations import MODEL_REGISTRY
    from mteb.results.benchmark_results import BenchmarkResults

    lines = (line for path in given.results for line in path.read_text(encoding="utf-8").splitlines())
    written = write_results(lines, given.cache, MODEL_REGISTRY, lambda task: mteb.get_task(task).metadata)
    print(f"{written} files of results", flush=True)
    cache = ResultCache(given.cache)
    results = cache.load_results(include_remote=False, require_model_meta=False)
    pending: list[Any] = [*board.GP_BENCHMARK_ENTRIES, *board.R_BENCHMARK_ENTRIES]
    frames = {}
    while pending:
        entry = pending.pop()
        if isinstance(entry, Benchmark):
            frames[entry.name] = results._to_results_df(entry.tasks)
        else:
            pending.extend(entry.benchmarks)
    cache.leaderboard_parquet_path.parent.mkdir(parents=True, exist_ok=True)
    BenchmarkResults.save_leaderboard_cache(frames, cache.leaderboard_parquet_path)

    def without_experiments(style: Any) -> Any:
        return lambda frame: style(frame.drop(columns=["_experiment_id"], errors="ignore"))

    for name in ("_apply_summary_table_styling", "_apply_per_task_table_styling"):
        setattr(table, name, without_experiments(getattr(table, name)))
    demo = board.get_leaderboard_app(cache, cache_repo_id="")
    demo.launch(server_name="127.0.0.1", server_port=given.port, share=False)


if __name__ == "__main__":
    main()
