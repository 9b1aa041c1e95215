"""What a link to the page leads to: what link previews tell, and what addresses of their images say.

`page.asked` reads what a table shows, cell by cell; this is what is told of any page in a few words.
By the rules of static/state.js and of `matches` in static/scores.js. The address is a stranger's: every value is one of
a list, a number, or cut to a length; what cannot be is as if it were not there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlencode

from evaluator.suite import OVERALL, SUITES, OriginName, Suite
from leaderboard_data.entry import ORIGINS, Entry
from leaderboard_data.licenses import COMMERCIAL, allows_commercial_use
from leaderboard_data.page import asked
from leaderboard_data.training import UNSEEN

PAGES = (*asked.PAGES, "submit")
UNKNOWN = "unknown"
FILTERS = ("q", "origin", "precision", "params", "dim", "tokens", "license", "open", "type", "unseen")
LONGEST = {"q": 100, "model": 200, "task": 100, "compare": 900, "license": 2000}
"""Letters of these parameters that are read; of all others 100."""


@dataclass(frozen=True, kw_only=True)
class Linked:
    """One view of the page.

    Attributes:
        given: the known parameters of the address that are not empty, each cut to its length.
        suite: the suite that is shown.
        tab: a view of the suite, or one of `PAGES`.
        language: "ko" or "en".
    """

    given: Mapping[str, str]
    suite: Suite
    tab: str
    language: Literal["ko", "en"]

    @property
    def view(self) -> str:
        """The table that is shown, or stands behind what is shown."""
        return self.tab if self.tab in self.suite.view_ids else OVERALL

    @property
    def model(self) -> str:
        """The model whose page is open, or empty. It may not be known."""
        return self.given.get("model", "")

    @property
    def task(self) -> str:
        """The task of the suite whose page is open, or empty."""
        return next((task for task in self.suite.task_ids if task == self.given.get("task")), "")

    @property
    def compared(self) -> tuple[str, ...]:
        """The models that are compared, each once. They may not be known."""
        return self._list("compare")[: asked.MOST_COMPARED]

    @property
    def origins(self) -> tuple[OriginName, ...] | None:
        """Whose numbers are shown; None: those that the suite opens with."""
        return tuple(origin for origin in ORIGINS if origin in self._list("origin")) or None

    @property
    def unseen(self) -> str:
        """What the filter of training data hides."""
        return next((choice for choice in UNSEEN if choice == self.given.get("unseen")), "")

    def query(self, *, filters: bool) -> str:
        """The address's query in a fixed order, without what is a default; "" or with a question mark."""
        names = ("suite", "tab", "model", "task", "compare", *(FILTERS if filters else ()))
        found = {name: self.given[name] for name in names if name in self.given}
        if self.language != "ko":
            found["lang"] = self.language
        return f"?{urlencode(found)}" if found else ""

    def passes(self, entry: Entry) -> bool:
        """Whether an entry passes the filters. Origins and training data decide earlier what is listed."""
        text = f"{entry.name}\n{entry.model}".lower()
        licenses, precisions = self._list("license"), self._list("precision")
        million = None if entry.parameters is None else entry.parameters / 1e6
        opened, kind = self.given.get("open"), self.given.get("type")
        return (
            all(word in text for word in self.given.get("q", "").lower().split())
            and (not precisions or (entry.precision or UNKNOWN) in precisions)
            and _within(million, self._range("params"))
            and _within(entry.embedding_dimension, self._range("dim"))
            and _within(entry.max_tokens, self._range("tokens"))
            and (
                not licenses
                or (entry.license or UNKNOWN) in licenses
                or (COMMERCIAL in licenses and allows_commercial_use(entry.license))
            )
            and (opened not in ("open", "closed") or entry.open_weights is (opened == "open"))
            and (kind not in asked.KINDS or _kind(entry) == kind)
        )

    def _list(self, name: str) -> tuple[str, ...]:
        return asked.listed(self.given.get(name, ""))

    def _range(self, name: str) -> asked.Range:
        return asked.range_of(self.given.get(name, ""))


def linked(given: Mapping[str, str], language: str) -> Linked:
    """What an address with these parameters asks for."""
    names = ("suite", "tab", "model", "task", "compare", *FILTERS)
    known = {name: given[name][: LONGEST.get(name, 100)] for name in names if given.get(name)}
    suite = SUITES.get(known.get("suite", "")) or next(iter(SUITES.values()))
    if suite is next(iter(SUITES.values())):
        known.pop("suite", None)
    tab = known.get("tab", OVERALL)
    if tab == OVERALL or tab not in (*suite.view_ids, *PAGES):
        tab = OVERALL
        known.pop("tab", None)
    return Linked(given=known, suite=suite, tab=tab, language="en" if language == "en" else "ko")


def _within(value: float | None, bounds: asked.Range) -> bool:
    low, high = bounds
    if low is None and high is None:
        return True
    return value is not None and (low is None or value >= low) and (high is None or value <= high)


def _kind(entry: Entry) -> str:
    if entry.kind != "dense":
        return entry.kind
    return UNKNOWN if entry.llm_based is None else "llm" if entry.llm_based else "encoder"
