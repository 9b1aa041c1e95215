"""Which tasks a name of training data means, by MTEB's rule and by ours."""

import pytest

from evaluator.same_data import known_names, mteb_tasks_named, tasks_named
from evaluator.tasks import discovered_tasks

MIRACL = {"MIRACLReranking", "MIRACLRetrieval", "MIRACLRetrievalHardNegatives"}
KLUE = {"KLUE-STS", "KLUE-NLI", "KLUE-TC", "KlueMrcDomainClustering", "KlueYnatMrcCategoryClustering"}
BELEBELE = {"BelebeleRetrieval", "BelebeleRetrieval.en-ko", "BelebeleRetrieval.ko-en"}


@pytest.mark.parametrize(
    ("name", "tasks"),
    [
        ("MIRACLRetrievalHardNegatives.v2", MIRACL),
        ("MIRACL", MIRACL),
        ("miracl/miracl", MIRACL),
        ("https://huggingface.co/datasets/miracl/miracl/tree/main", MIRACL),
        ("mteb/MIRACLReranking", MIRACL),
        ("klue/klue", KLUE),
        ("KLUE/klue@349481ec73fff722f88e0453ca05c77a447d967c", KLUE),
        ("klue", KLUE),
        ("klue_sts", {"KLUE-STS"}),
        ("KLUE-TC.v2", {"KLUE-TC"}),
        ("Mr. TyDi", {"MrTidyRetrieval"}),
        ("MLDR", {"MultiLongDocRetrieval"}),
        ("Davlan/sib200", {"SIB200ClusteringS2S"}),
        ("KorQuAD 1.0", {"SQuADKorV1Retrieval"}),
        ("BelebeleRetrieval.ko-en", BELEBELE),
        ("facebook/belebele", BELEBELE),
        ("PawsX", {"PawsXPairClassification", "PawsXPairClassification.validation"}),
        ("nlpai-lab/ko-triplet-v1.0", set()),
        ("somebody/klue-sts", set()),
        ("", set()),
        ("///", set()),
        ("mteb/", set()),
    ],
)
def test_a_name_means_the_tasks_of_its_data_however_it_is_spelled(name: str, tasks: set[str]) -> None:
    assert tasks_named(name) == tasks


def test_mteb_matches_exact_names_and_similar_tasks_alone() -> None:
    assert mteb_tasks_named(["MIRACLReranking"]) == MIRACL
    assert mteb_tasks_named(["miracl/miracl", "MIRACL", "SIB200", "KorSTS "]) == set()
    assert mteb_tasks_named(["BelebeleRetrieval"]) == BELEBELE
    assert mteb_tasks_named([]) == set()


def test_similar_tasks_are_similar_both_ways() -> None:
    tasks = {task.mteb_name: task for task in discovered_tasks().values()}
    for task in tasks.values():
        for similar in set(task.mteb_similar) & set(tasks):
            assert task.mteb_name in tasks[similar].mteb_similar


def test_the_cells_of_a_task_are_of_the_same_data() -> None:
    for task in discovered_tasks().values():
        if "." in task.id:
            assert task.mteb_name == task.id.partition(".")[0]
            whole = discovered_tasks()[task.mteb_name]
            assert (task.mteb_similar, task.known_as) == (whole.mteb_similar, whole.known_as)


def test_every_name_to_choose_from_means_a_task() -> None:
    names = known_names()
    assert {"KLUE-STS", "klue/klue", "miracl/miracl", "MIRACLRetrieval"} <= set(names)
    assert all(map(tasks_named, names))
    assert len(set(names)) == len(names) < 200
