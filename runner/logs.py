"""What the worker says: one JSON line per transition, and the end of an evaluation's log without secrets."""

import json
import re
import sys
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path

from evaluator import records

KEPT_LINES = 200
"""Lines of an evaluation's log that are kept: the last ones, where the reason is."""

KEPT_LENGTH = 2000
"""Characters of one line that are kept."""

_TOKEN = re.compile(r"\b(hf_|api_org_|sk-|gh[pousr]_)[A-Za-z0-9_-]{8,}")
_BEARER = re.compile(r"(?i)\b(authorization:?\s*)?(bearer|token)([\s:=]+)[A-Za-z0-9._~+/-]{12,}=*")
_HOME = re.compile(r"(/home|/Users)/[^/\s'\"]+")

Say = Callable[..., None]


def json_lines(worker: str, now: Callable[[], datetime] = records.now) -> Say:
    """`say(event, **fields)` prints one JSON object on stdout, with the time and the worker's name."""

    def say(event: str, **fields: object) -> None:
        line = {"at": now().isoformat(), "worker": worker, "event": event, **fields}
        text = json.dumps(line, ensure_ascii=False, default=str)
        print(text.encode("utf-8", "replace").decode(), file=sys.stdout, flush=True)  # half a surrogate pair is no text

    return say


class Redaction:
    """Takes out of a text what belongs to this machine: tokens, and the folders given, by the names given."""

    def __init__(self, folders: Mapping[str, Path | None], secrets: Iterable[str] = ()) -> None:
        # The longest first, so that a folder below another one is not half replaced.
        paths = [(str(path), name) for name, path in folders.items() if path is not None and str(path) != "/"]
        self._folders = sorted(paths, key=lambda pair: -len(pair[0]))
        self._secrets = [secret for secret in secrets if secret]

    def __call__(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "[secret]")
        text = _TOKEN.sub("[secret]", text)
        text = _BEARER.sub(r"\1\2\3[secret]", text)
        for path, name in self._folders:
            text = text.replace(path, name)
        return _HOME.sub("~", text)


class LogTail:
    """The last lines of a log, redacted."""

    def __init__(self, redact: Callable[[str], str], lines: int = KEPT_LINES) -> None:
        self.redact = redact
        self._lines: deque[str] = deque(maxlen=lines)

    def add(self, line: str) -> None:
        """Keep one line; control characters, those of a terminal's progress bars too, are left out."""
        shown = "".join(character for character in line if character.isprintable() or character == "\t")
        if shown.strip():
            self._lines.append(self.redact(shown)[:KEPT_LENGTH])

    def text(self) -> str:
        return "\n".join(self._lines) + "\n" if self._lines else ""
