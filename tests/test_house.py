"""The rules of the house (docs/design.md): who may import whom, and what may not load."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("gate", "store", "evaluator", "submissions", "leaderboard_data", "runner", "desk", "deploy")
FLOORS = (
    ("app", "worker", "deploy"),
    ("runner", "leaderboard_data.page", "desk"),
    ("leaderboard_data", "submissions"),
    ("evaluator.__main__",),
    ("evaluator.own",),
    ("evaluator.looking", "evaluator.doctor"),
    ("evaluator.lexical",),
    ("evaluator.run", "evaluator.options", "evaluator.fetching"),
    ("evaluator.sweep",),
    ("evaluator.evidence",),
    ("evaluator.kinds",),
    ("evaluator.model", "evaluator.drift"),
    ("evaluator.data", "evaluator.merging", "evaluator.scores", "evaluator.policy"),
    ("evaluator.records", "evaluator.suite", "evaluator.same_data"),
    ("evaluator.views",),
    ("evaluator.tasks", "evaluator.schema1", "evaluator.rules", "evaluator.observed"),
    ("evaluator.spec", "evaluator.task", "evaluator.errors", "evaluator.progress"),
    ("evaluator.bounds", "evaluator.reading", "evaluator.cleaning"),
    ("gate", "store", "settings"),
)
"""Wings and words, the highest floor first: an import goes to a lower floor, or stays within its wing."""

NEVER = {"evaluator": {"store", "settings"}, "submissions": {"leaderboard_data"}, "store": {"settings"}}
"""Imports that would go down and are refused all the same: the evaluator runs without stores and settings."""

HEAVY = ("torch", "sentence_transformers", "transformers", "datasets", "sklearn", "scipy")


def sources() -> list[Path]:
    """Every module of the project, without its tests and benchmarks."""
    return sorted([*ROOT.glob("*.py"), *(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))])


def imported(path: Path) -> set[str]:
    """The modules that a source file imports anywhere, at its top or inside a function."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute in this house"
            names.add(node.module or "")
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def tops(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imported(path)}


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def wing_of(module: str) -> str:
    """The wing, or the single word, that a module belongs to: the longest name in FLOORS that its own begins with."""
    found = [wing for floor in FLOORS for wing in floor if module == wing or module.startswith(f"{wing}.")]
    assert found or module == "evaluator", f"{module} has no floor in tests/test_house.py"
    return max(found, key=len, default="evaluator.errors")  # evaluator/__init__.py holds a docstring only


def import_graph() -> dict[str, set[str]]:
    """Wing -> the other wings that its modules import."""
    names = {name_of(path) for path in sources()}
    graph: dict[str, set[str]] = {wing: set() for floor in FLOORS for wing in floor}
    for path in sources():
        used = {wing_of(name) for name in imported(path) if name in names}
        graph[wing_of(name_of(path))] |= used
    return {wing: used - {wing} for wing, used in graph.items()}


def test_imports_go_down() -> None:
    floor_of = {wing: number for number, floor in enumerate(FLOORS) for wing in floor}
    for wing, used in import_graph().items():
        up = {other for other in used if floor_of[other] <= floor_of[wing]}
        assert not up, f"{wing} imports {up}, which does not lie below it"
        never = {other for other in used if other.split(".")[0] in NEVER.get(wing.split(".")[0], ())}
        assert not never, f"{wing} imports {never}"


def test_the_map_in_the_docs_is_the_import_graph() -> None:
    graph = import_graph()
    wide = max(map(len, graph))
    lines = [f"{wing:{wide}} -> {', '.join(sorted(used)) or '(nothing)'}" for wing, used in graph.items()]
    drawn = "```\n" + "\n".join(lines) + "\n```"
    assert drawn in (ROOT / "docs/design.md").read_text("utf-8"), f"docs/design.md should hold:\n{drawn}"


def test_gradio_is_imported_only_by_the_app_and_the_views() -> None:
    allowed = {
        ROOT / "app.py",
        ROOT / "desk/view.py",
        ROOT / "leaderboard_data/page/view.py",
    }
    users = {path for path in sources() if "gradio" in tops(path)}
    assert users <= allowed, users - allowed


def test_hub_writes_are_in_the_hub_store_the_comments_and_the_rented_jobs_alone() -> None:
    writing = {"create_commit", "upload_file", "upload_folder", "delete_file", "create_repo", "super_squash_history"}
    writing |= {"preupload_lfs_files"}
    discussing = {"create_discussion", "create_pull_request", "comment_discussion", "edit_discussion_comment"}
    discussing |= {"change_discussion_status", "rename_discussion", "hide_discussion_comment"}
    renting = {"run_job", "run_uv_job", "rerun_job", "cancel_job", "update_job_labels", "create_scheduled_job"}
    allowed = {
        ROOT / "store/hub.py": writing,
        ROOT / "runner/comment.py": {"create_discussion"},
        ROOT / "runner/hub_jobs.py": {"run_job", "cancel_job", "update_job_labels"},
        ROOT / "deploy/hub.py": {"create_commit", "create_repo"},
        ROOT / "deploy/pull_request.py": {"create_commit"},
    }
    for path in sources():
        if "huggingface_hub" not in tops(path):
            continue
        attributes = {n.attr for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.Attribute)}
        written = attributes & (writing | discussing | renting) - allowed.get(path, set())
        assert not written, f"{path.relative_to(ROOT)} writes to the Hub: {written}"


def test_the_hub_client_is_used_where_the_plan_says() -> None:
    readers = [
        *(
            "store/hub.py",
            "store/client.py",
            "store/uploads.py",
            "submissions/checks.py",
            "evaluator/data.py",
            "runner/comment.py",
            "runner/hub_jobs.py",
        ),
        *("evaluator/doctor/hub.py", "evaluator/doctor/machine.py", "evaluator/doctor/xet.py"),
        *("deploy/hub.py", "deploy/pull_request.py", "deploy/__main__.py"),
    ]
    allowed = {*(ROOT / path for path in readers), *(ROOT / "evaluator/model").glob("*.py")}
    users = {path for path in sources() if "huggingface_hub" in tops(path)}
    assert users <= allowed, users - allowed


def test_settings_are_read_in_one_place() -> None:
    for path in sources():
        if path.name != "settings.py":
            names = imported(path) & {"os.environ", "os.getenv"}
            assert not names, f"{path.relative_to(ROOT)} imports {names}"
            text = path.read_text("utf-8")
            assert "os.getenv(" not in text, path


def test_modules_stay_readable() -> None:
    for path in sources():
        lines = len(path.read_text("utf-8").splitlines())
        assert lines <= 330, f"{path.relative_to(ROOT)} has {lines} lines; split it by what it holds"
        assert path.name not in {"utils.py", "helpers.py", "common.py"}


BLOCKED = f"""
import sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] in {HEAVY!r}:
            raise ModuleNotFoundError(f'{{name}} is blocked')
sys.meta_path.insert(0, Blocker())
"""


@pytest.mark.parametrize(
    "module",
    [
        "app",
        "worker",
        "settings",
        "evaluator.suite",
        "evaluator.model.explaining",
        "evaluator.model.recipes",
        "evaluator.task",
        "evaluator.tasks",
        "evaluator.spec",
        "evaluator.records",
        "evaluator.errors",
        "evaluator.__main__",
        "submissions.__main__",
        "leaderboard_data.__main__",
    ],
)
def test_imports_without_the_machine_learning_libraries(module: str) -> None:
    code = BLOCKED + f"import {module}\nfrom evaluator.suite import KO_V1\nassert len(KO_V1.tasks) == 9"
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == 0, ran.stderr


def test_a_class_of_the_page_is_laid_out_in_one_style_sheet() -> None:
    sheets = [*ROOT.glob("leaderboard_data/page/static/*.css"), *ROOT.glob("desk/static/*.css")]
    homes: dict[str, set[str]] = {}
    for sheet in sheets:
        for name in re.findall(r"^\s*(?:\.kel )?(\.kel-[\w-]+) \{", sheet.read_text("utf-8"), re.MULTILINE):
            homes.setdefault(name, set()).add(sheet.name)
    allowed = {"print.css"}  # lays the others' parts out on paper
    twice = {name: found - allowed for name, found in homes.items() if len(found - allowed) > 1}
    assert not twice
