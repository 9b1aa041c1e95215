"""The page reads a private results store with a token of its own."""

import pytest
from pydantic import SecretStr

from settings import Settings
from store import open_store
from store.errors import Forbidden, NotFound
from tests.hub.repositories import Repositories


def test_a_private_results_store_is_read_with_the_read_token_and_not_written(hub: Repositories) -> None:
    hub.add_user("hf_read_token", "reading")
    hub.add_user("hf_private_writer", "writing")
    hub.create("datasets", "private-board/results", private=True, readers={"reading"}, writers={"writing"})
    url = "hf:datasets/private-board/results"
    settings = Settings(results_url=url, read_token=SecretStr("hf_read_token"))
    assert "hf_read_token" in settings.secrets()
    reading, writing = open_store(url, settings.read_token), open_store(url, SecretStr("hf_private_writer"))
    head = writing.commit({"results/a.json": b"{}", "samples/a.parquet": b"PAR1" * 100}, "Publish", writing.head())
    assert reading.head() == head
    assert reading.read("results/a.json") == b"{}"
    assert reading.read("samples/a.parquet") == b"PAR1" * 100, "also through the redirect to the storage"
    with pytest.raises(Forbidden):
        reading.commit({"a": b"1"}, "no", head)
    for token in (None, SecretStr("hf_unknown")):
        with pytest.raises((Forbidden, NotFound)):
            open_store(url, token).head()
