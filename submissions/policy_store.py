"""The policy in the requests store: read once a revision, and each verb of `submissions.policy` as one commit."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from evaluator import records
from evaluator.cleaning import SHORT, clean_text
from evaluator.policy import POLICY_PATH, Policy, dump_policy, load_policy
from evaluator.reading import BadFile
from store import Store
from store.errors import NotFound
from store.update import Change, Snapshot, update
from submissions import policy as verbs
from submissions.errors import PolicyUnreadable


class PolicyStore:
    """The policy of the store `requests`. Every verb raises what the pure verb raises, or what the store does.

    May be shared by threads. `now` is its clock (UTC).
    """

    def __init__(self, requests: Store, now: Callable[[], datetime] = records.now) -> None:
        self._requests = requests
        self._now = now
        self._known: tuple[str, Policy] | None = None  # revision, and the policy there

    def at(self, snapshot: Snapshot) -> Policy:
        """The policy at a revision; an empty one where none was ever written.

        Raises:
            PolicyUnreadable: its file holds something else.
            StoreError
        """
        known = self._known
        if known is not None and known[0] == snapshot.revision:
            return known[1]
        try:
            found = load_policy(snapshot.read(POLICY_PATH))
        except NotFound:
            found = Policy()
        except BadFile as error:
            raise PolicyUnreadable(error.why) from error
        self._known = snapshot.revision, found
        return found

    def current(self) -> Policy:
        """The policy at the store's head."""
        return self.at(Snapshot(self._requests, self._requests.head()))

    def opt_out(
        self, name: str, *, who: str, why: str = "", owns: Iterable[str] = (), maintainer: bool = False
    ) -> Policy:
        """Keep an organisation or a model away. `owns`: the names that are the person's own."""
        owned = tuple(owns)
        return self._write(
            "Opt out",
            name,
            who,
            lambda policy, by: verbs.opt_out(
                policy, name, who=by, at=self._now(), why=why, owns=owned, maintainer=maintainer
            ),
        )

    def opt_in(self, name: str, *, who: str, owns: Iterable[str] = (), maintainer: bool = False) -> Policy:
        """Let an organisation or a model come back."""
        owned = tuple(owns)
        return self._write(
            "Opt in", name, who, lambda policy, _: verbs.opt_in(policy, name, owns=owned, maintainer=maintainer)
        )

    def hide(self, model: str, result: str, *, who: str, why: str) -> Policy:
        """Hide one result; a maintainer's to do."""
        return self._write(
            "Hide",
            f"{result} of {model}",
            who,
            lambda policy, by: verbs.hide(policy, model, result, who=by, at=self._now(), why=why),
        )

    def unhide(self, model: str, result: str, *, who: str) -> Policy:
        """Show a hidden result again; a maintainer's to do."""
        return self._write("Show", f"{result} of {model}", who, lambda policy, _: verbs.unhide(policy, model, result))

    def confirm(self, model: str, result: str, doubts: Iterable[str], *, who: str, why: str) -> Policy:
        """Say that a result in doubt is right all the same; a maintainer's to do."""
        named = tuple(doubts)
        return self._write(
            "Confirm",
            f"{result} of {model}",
            who,
            lambda policy, by: verbs.confirm(policy, model, result, named, who=by, at=self._now(), why=why),
        )

    def unconfirm(self, model: str, result: str, *, who: str) -> Policy:
        """Doubt a confirmed result again; a maintainer's to do."""
        return self._write(
            "Doubt", f"{result} of {model}", who, lambda policy, _: verbs.unconfirm(policy, model, result)
        )

    def correct(self, model: str, fields: Mapping[str, Any], *, who: str, why: str) -> Policy:
        """Correct what is shown of a model's metadata; a maintainer's to do."""
        named = dict(fields)
        return self._write(
            f"Correct {', '.join(named)} of",
            model,
            who,
            lambda policy, by: verbs.correct(policy, model, named, who=by, at=self._now(), why=why),
        )

    def uncorrect(self, model: str, fields: Iterable[str] = (), *, who: str) -> Policy:
        """Show a model's metadata as they were found, all or these fields of them; a maintainer's to do."""
        named = tuple(fields)
        return self._write(
            "Take back corrections of", model, who, lambda policy, _: verbs.uncorrect(policy, model, named)
        )

    def clear_drift(self, environment: str, check: datetime, *, who: str, why: str) -> Policy:
        """Clear the alarm of an environment that began with the check of this date; a maintainer's to do."""
        return self._write(
            "Clear the drift of",
            environment,
            who,
            lambda policy, by: verbs.clear_drift(policy, environment, check, who=by, at=self._now(), why=why),
        )

    def _write(self, deed: str, about: str, who: str, verb: Callable[[Policy, str], Policy]) -> Policy:
        by = clean_text(who, SHORT) or "somebody"
        written: list[Policy] = []

        def change(snapshot: Snapshot) -> Change:
            written.append(verb(self.at(snapshot), by))
            return Change(
                {POLICY_PATH: dump_policy(written[-1])}, f"{deed} {clean_text(about, 300) or 'nothing'} (by {by})"
            )

        update(self._requests, change)
        return written[-1]
