"""Which licences allow commercial use."""

import pytest

from leaderboard_data.licenses import COMMERCIAL_USE, allows_commercial_use
from leaderboard_data.publish import shipped_entries


@pytest.mark.parametrize("license_id", ["apache-2.0", "MIT", " cc-by-sa-4.0 ", "gemma", "bigscience-bloom-rail-1.0"])
def test_these_allow_it(license_id: str) -> None:
    assert allows_commercial_use(license_id)


@pytest.mark.parametrize(
    "license_id", [None, "", "other", "cc-by-nc-4.0", "CC-BY-NC-SA-4.0", "https://example.org/mit", "mit, other"]
)
def test_what_is_not_listed_does_not_count(license_id: str | None) -> None:
    assert not allows_commercial_use(license_id)


def test_ids_are_in_small_letters_and_none_forbids_commercial_use() -> None:
    assert all(license_id == license_id.lower().strip() for license_id in COMMERCIAL_USE)
    assert not [license_id for license_id in COMMERCIAL_USE if "-nc" in license_id or "noncommercial" in license_id]


def test_of_the_licences_on_the_board_those_without_an_id_stay_out() -> None:
    known = {entry.license for entry in shipped_entries() if entry.license}
    assert {"apache-2.0", "mit", "gemma"} <= {each for each in known if allows_commercial_use(each)}
    assert {"cc-by-nc-4.0", "other"} <= {each for each in known if not allows_commercial_use(each)}
