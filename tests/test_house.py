"""The rules of the house (docs/design.md): who may import whom, and what may not load."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("store", "evaluator", "submissions", "leaderboard_data", "runner")
MAY_IMPORT = {
    "store": set(),
    "evaluator": set(),
    "submissions": {"evaluator", "store"},
    "leaderboard_data": {"evaluator", "store"},
    "runner": {"submissions", "leaderboard_data", "evaluator", "store"},
}
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


@pytest.mark.parametrize("room", ROOMS)
def test_imports_go_one_way(room: str) -> None:
    others = {*ROOMS, "app", "worker"} - {room} - MAY_IMPORT[room]
    for path in (ROOT / room).rglob("*.py"):
        assert not tops(path) & others, f"{path.relative_to(ROOT)} imports {tops(path) & others}"


def test_gradio_is_imported_only_by_the_app_and_the_views() -> None:
    allowed = {ROOT / "app.py", ROOT / "submissions/view.py", ROOT / "leaderboard_data/view.py"}
    users = {path for path in sources() if "gradio" in tops(path)}
    assert users <= allowed, users - allowed


def test_hub_writes_are_in_the_hub_store_alone() -> None:
    writing = {"create_commit", "upload_file", "upload_folder", "delete_file", "create_repo", "super_squash_history"}
    for path in sources():
        if path == ROOT / "store/hub.py" or "huggingface_hub" not in tops(path):
            continue
        attributes = {n.attr for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.Attribute)}
        assert not attributes & writing, f"{path.relative_to(ROOT)} writes to the Hub: {attributes & writing}"


def test_the_hub_client_is_used_where_the_plan_says() -> None:
    allowed = {ROOT / "store/hub.py", ROOT / "submissions/checks.py", *(ROOT / "evaluator").glob("*.py")}
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
