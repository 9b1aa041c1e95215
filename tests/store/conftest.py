"""A store of its own on the stand-in of the Hub for each test, and the stand-in's faults."""

import itertools

import pytest
from pydantic import SecretStr

from store.hub import HubStore
from tests.hub.repositories import Repositories

_numbers = itertools.count()
TOKEN = "hf_storetests_secret"


@pytest.fixture
def store(hub: Repositories) -> HubStore:
    hub.add_user(TOKEN, "store-tests")
    name = f"store-tests/store-{next(_numbers)}"
    hub.create("datasets", name, writers={"store-tests"})
    return HubStore(name, SecretStr(TOKEN))
