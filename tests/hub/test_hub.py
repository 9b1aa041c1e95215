"""The stand-in answers the real clients as the Hub does."""

from pathlib import Path

import pytest
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, DiscussionComment, HfApi, hf_hub_download
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from tests.hub.repositories import Repositories


@pytest.fixture(scope="module")
def api(hub: Repositories) -> HfApi:
    hub.add_user("hf_writer", "writer")
    hub.add_user("hf_reader", "reader")
    return HfApi(token="hf_writer")


def add(path: str, content: bytes) -> CommitOperationAdd:
    return CommitOperationAdd(path_in_repo=path, path_or_fileobj=content)


def test_a_commit_on_a_moved_head_is_refused_with_412_and_writes_nothing(api: HfApi) -> None:
    api.create_repo("writer/cas", repo_type="dataset")
    parent = api.repo_info("writer/cas", repo_type="dataset").sha

    def commit(content: bytes) -> str:
        return api.create_commit(
            "writer/cas", [add("file.txt", content)], commit_message="m", repo_type="dataset", parent_commit=parent
        ).oid

    first = commit(b"one")
    with pytest.raises(HfHubHTTPError) as refused:
        commit(b"two")
    assert refused.value.response.status_code == 412
    assert api.repo_info("writer/cas", repo_type="dataset").sha == first
    path = hf_hub_download("writer/cas", "file.txt", repo_type="dataset", revision=first)
    assert Path(path).read_bytes() == b"one"


def test_trees_list_files_and_folders(api: HfApi) -> None:
    api.create_repo("writer/tree", repo_type="dataset")
    api.create_commit(
        "writer/tree", [add("a/b/c.txt", b"1"), add("a/d.txt", b"2")], commit_message="m", repo_type="dataset"
    )
    names = {entry.path for entry in api.list_repo_tree("writer/tree", repo_type="dataset", recursive=True)}
    assert names == {".gitattributes", "a", "a/b", "a/b/c.txt", "a/d.txt"}
    assert {e.path for e in api.list_repo_tree("writer/tree", "a", repo_type="dataset")} == {"a/b", "a/d.txt"}
    api.create_commit("writer/tree", [CommitOperationDelete("a/d.txt")], commit_message="m", repo_type="dataset")
    assert "a/d.txt" not in api.list_repo_files("writer/tree", repo_type="dataset")


def test_writing_needs_a_token_with_the_right(api: HfApi) -> None:
    api.create_repo("writer/rights", repo_type="dataset")
    for token, status in (("hf_reader", 403), ("hf_unknown", 401)):
        with pytest.raises(HfHubHTTPError) as refused:
            HfApi(token=token).create_commit("writer/rights", [add("x", b"1")], commit_message="m", repo_type="dataset")
        assert refused.value.response.status_code == status


def test_what_is_missing_or_gated_is_told_apart(api: HfApi, hub: Repositories) -> None:
    with pytest.raises(RepositoryNotFoundError):
        api.model_info("nobody/nothing")
    gated = hub.create("models", "gated/model", gated=True)
    hub.commit(gated, {"config.json": b"{}"}, message="m", parent=None)
    with pytest.raises(GatedRepoError):
        hf_hub_download("gated/model", "config.json", token="hf_reader")
    hub.create("models", "open/model")
    with pytest.raises(RevisionNotFoundError):
        api.model_info("open/model", revision="0" * 40)
    with pytest.raises(EntryNotFoundError):
        hf_hub_download("open/model", "missing.json")


def test_model_info_tells_parameters_and_architecture(api: HfApi, hub: Repositories, minilm_folder: Path) -> None:
    hub.add_folder("models", "real/minilm-info", minilm_folder, likes=7)
    info = api.model_info("real/minilm-info", files_metadata=True)
    assert info.safetensors is not None
    assert info.safetensors.total == 22_713_728
    assert info.config is not None
    assert info.config["architectures"] == ["BertModel"]
    assert info.likes == 7


def test_sentence_transformers_loads_a_model_from_it(hub: Repositories, minilm_folder: Path) -> None:
    from sentence_transformers import SentenceTransformer

    repository = hub.add_folder("models", "real/minilm-load", minilm_folder)
    model = SentenceTransformer("real/minilm-load", revision=repository.head.oid, device="cpu")
    assert model.encode(["안녕하세요"]).shape == (1, 384)


def test_discussions_are_opened_listed_page_by_page_and_told(api: HfApi, hub: Repositories) -> None:
    repository = hub.create("models", "talked/about")
    opened = [api.create_discussion("talked/about", f"title {number}", description="text") for number in range(12)]
    assert [each.num for each in opened] == list(range(1, 13))
    assert (opened[0].author, opened[0].status, opened[0].is_pull_request) == ("writer", "open", False)
    HfApi(token="hf_reader").create_discussion("talked/about", "another's", description="text", pull_request=True)
    assert [each.num for each in api.get_repo_discussions("talked/about")] == list(range(13, 0, -1))
    assert [each.num for each in api.get_repo_discussions("talked/about", author="reader")] == [13]
    assert len(list(api.get_repo_discussions("talked/about", discussion_type="discussion"))) == 12
    (comment,) = api.get_discussion_details("talked/about", 2).events
    assert isinstance(comment, DiscussionComment)
    assert comment.content == "text"
    with pytest.raises(HfHubHTTPError) as refused:
        HfApi(token=False).create_discussion("talked/about", "nobody's")
    assert refused.value.response.status_code == 401
    repository.discussions = None
    with pytest.raises(HfHubHTTPError) as refused:
        api.create_discussion("talked/about", "switched off")
    assert refused.value.response.status_code == 403


@pytest.mark.shared
def test_datasets_loads_a_data_set_from_it(hub: Repositories, datasets_folder: Path) -> None:
    from datasets import load_dataset

    repository = hub.add_folder("datasets", "klue-copy/klue", datasets_folder / "klue" / "klue")
    rows = load_dataset("klue-copy/klue", "sts", split="validation", revision=repository.head.oid)
    assert len(rows) == 519
