"""What is known but not shown: the policy of the requests store (`evaluator.policy`), held against entries.

This is the one place where rows are left out, and where marks are put on those that stay. The results store and its
index keep all as it was measured, so that it comes back.
"""

from collections.abc import Iterable
from pathlib import Path

from evaluator.policy import POLICY_PATH, Policy, load_policy
from leaderboard_data.entry import Entry
from leaderboard_data.marking import marked
from leaderboard_data.training import marked_training
from settings import Settings
from store import Store, open_store
from store.errors import NotFound


class NotShown(ValueError):
    """Nothing of a model is shown. `reason`: "opted_out" by its owner, or "hidden" by a maintainer."""

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason


def shown(entries: Iterable[Entry], policy: Policy) -> tuple[Entry, ...]:
    """The entries that the policy does not hide, in their order, with what it confirms and corrects, and with what is
    known of their models' training data."""
    if policy.opted_out or policy.hidden:
        entries = (entry for entry in entries if not policy.hides(entry.model, entry.path, entry.spec_id))
    if policy.confirmed or policy.corrected:
        entries = (marked(entry, policy) for entry in entries)
    return marked_training(entries)


def refuse_hidden(model: str, policy: Policy) -> None:
    """Nothing, if the policy says nothing of `model`.

    Raises:
        NotShown: why nothing is shown of it, in Korean and English.
    """
    if policy.opt_out_of(model) is not None:
        raise NotShown(
            "opted_out",
            "이 모델은 소유자의 요청으로 이 리더보드에 표시하지 않습니다."
            " · The owner of this model asked not to show it on this leaderboard.",
        )
    if policy.hidden_of(model):
        raise NotShown(
            "hidden",
            "이 모델의 결과는 관리자가 확인하는 동안 표시하지 않습니다."
            " · The maintainers do not show the results of this model while they look into them.",
        )


def stored_policy(requests: Store) -> Policy:
    """The policy at the head of a requests store; an empty one where none was ever written.

    Raises:
        ValueError: (BadFile) its file holds something else.
        StoreError
    """
    try:
        return load_policy(requests.read(POLICY_PATH))
    except NotFound:
        return Policy()


def policy_at(url: str | None, settings: Settings) -> Policy:
    """The policy of the requests store at `url`; None: of the settings' one, if it is there.

    Raises:
        ValueError: there is no store at `url`, or its policy cannot be read.
        StoreError
    """
    wanted = settings.requests_url if url is None else url
    kind, _, folder = wanted.partition(":")
    if kind == "file" and not Path(folder).expanduser().is_dir():  # to open it would make it
        if url is None:
            return Policy()
        raise ValueError(f"{folder} is no folder with a requests store")
    return stored_policy(open_store(wanted, settings.requests_token))
