"""What tests of the results store share."""

import pytest

from evaluator.suite import KO_V1, SUITES


@pytest.fixture
def one_suite(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is the suite ko-v1 alone: a result is one entry then, and an index that is made now is as short."""
    for suite_id in set(SUITES) - {KO_V1.id}:
        monkeypatch.delitem(SUITES, suite_id)
