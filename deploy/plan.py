"""What a deployment consists of, as values: repositories, variables, files, and what is left to do by hand."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("desk", "evaluator", "gate", "leaderboard_data", "runner", "store", "submissions", "deploy", "docs")
FILES = ("app.py", "worker.py", "settings.py", "README.md", "LICENSE", "requirements.txt", "requirements-ray.txt")
LEFT_OUT = {"__pycache__"}
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,94}")
"""What the Hub takes as the name of an organisation, a user or a repository, as far as it matters here."""

REQUESTS_CARD = """---
language: ko
pretty_name: Korean embedding leaderboard, requests
tags:
- leaderboard
---

# 한국어 임베딩 리더보드: 제출

The submissions of the [leaderboard](https://huggingface.co/spaces/{space}): `open/` what is still to happen, `closed/`
what is over, `logs/` the ends of the runs' logs, `policy.json` what is not shown. Written by the page and its workers;
please change nothing here by hand. The results are in [{results}](https://huggingface.co/datasets/{results}).
"""


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """Where everything goes. `organisation` is an organisation or a user of the Hub."""

    organisation: str
    name: str = "korean-embedding-leaderboard"
    private: bool = False
    maintainers: str = ""

    def __post_init__(self) -> None:
        for value in (self.organisation, self.name):
            if not NAME.fullmatch(value) or ".." in value or "--" in value or value.endswith((".", "-", ".git")):
                raise ValueError(f"{value[:100]!r} cannot be a name on the Hub; write letters, digits, - _ and .")

    @property
    def space(self) -> str:
        return f"{self.organisation}/{self.name}"

    @property
    def requests(self) -> str:
        return f"{self.space}-requests"

    @property
    def results(self) -> str:
        return f"{self.space}-results"

    @property
    def variables(self) -> dict[str, str]:
        """The Space's variables: everybody may see them. Host, sign-in and address follow from its being a Space."""
        return {
            "KEL_REQUESTS_URL": f"hf:datasets/{self.requests}",
            "KEL_RESULTS_URL": f"hf:datasets/{self.results}",
            "KEL_MAINTAINERS": self.maintainers,
        }

    @property
    def card(self) -> str:
        """The card of the requests repository."""
        return REQUESTS_CARD.format(space=self.space, results=self.results)

    def by_hand(self, secrets: Mapping[str, str]) -> list[str]:
        """What no program can do: the Hub makes tokens for people only. `secrets` are those that were given."""
        tokens = "https://huggingface.co/settings/tokens/new?tokenType=fineGrained"
        lacking = {"KEL_REQUESTS_TOKEN": f"the page's token: may write {self.requests} and nothing else"}
        if self.private:
            lacking["KEL_READ_TOKEN"] = f"the page's second token: may read {self.results} and nothing else"
        lacking = {name: what for name, what in lacking.items() if name not in secrets}
        steps = [f"make {what} ({tokens})" for what in lacking.values()]
        if lacking:
            steps[-1] += (
                f"; then: env {' '.join(f'{name}=hf_...' for name in lacking)} python -m deploy {self.organisation}"
                f" --space {self.name}{' --private' if self.private else ''}"
            )
        steps += [
            f"make the workers' token: may write {self.requests} and {self.results} ({tokens})",
            "make a token that only reads, for gated models (KEL_MODELS_TOKEN of the workers); optional",
            "on each GPU machine: env "
            + " ".join(f"{name}={value}" for name, value in self.variables.items() if name.endswith("_URL"))
            + " KEL_REQUESTS_TOKEN=hf_... KEL_RESULTS_TOKEN=hf_... make worker",
        ]
        return steps


def pushed_files(root: Path = ROOT) -> dict[str, Path]:
    """Path in the Space -> file: the code that page and workers run and its documents; no tests, no local data."""
    found = {name: root / name for name in FILES if (root / name).is_file()}
    for room in ROOMS:
        for path in sorted((root / room).rglob("*")):
            inside = path.relative_to(root)
            if path.is_file() and not path.is_symlink() and not LEFT_OUT & set(inside.parts) and path.suffix != ".pyc":
                found[inside.as_posix()] = path
    return found
