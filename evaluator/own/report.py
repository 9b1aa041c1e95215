"""What was found on one's own data -> one HTML file that needs nothing else: no server, no network, no upload.

The values are in the file as JSON that no browser runs; a script of the file's own puts them into the page as text. A
content security policy names the hashes of that script and of the styles, and lets nothing else run or load.
"""

import base64
import hashlib
import html
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent

SCRIPTS = ("sizes.js", "report.js")
"""What is put together to the one script of the file, in this order."""


def report(told: Mapping[str, Any], title: str) -> str:
    """The file's text. `told`: what `evaluator.own.comparing.compared` gives; `title` names the data."""
    script = "".join((_HERE / name).read_text(encoding="utf-8") for name in SCRIPTS)
    style = (_HERE / "report.css").read_text(encoding="utf-8")
    policy = (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; base-uri 'none'; form-action 'none'"
    )
    return f"""<!doctype html>
<html lang="ko">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(title)}</title>
<style>{style}</style>
</head>
<body>
<main id="report"></main>
<script type="application/json" id="told">{_inert({**told, "title": title})}</script>
<script>{script}</script>
</body>
</html>
"""


def _inert(value: Any) -> str:
    """JSON in which no tag can begin or end."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text.encode("utf-8", "replace").decode("utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
