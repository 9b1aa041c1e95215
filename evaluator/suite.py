"""The suites: which tasks a board shows, how one score is made of a task's metrics, and what is averaged.

A result belongs to a model and holds metrics; a suite is a view of it. Two suites may score one task by different
rules. The rules of ko-v1 are what reproduces the published board from MTEB's raw metrics (docs/evaluation.md).
"""

from collections.abc import Sequence

from evaluator.rules import (
    ACCURACY,
    COSINE_SPEARMAN,
    F1,
    MAX_AP,
    NDCG_5_10,
    NDCG_10,
    SIMILARITIES,
    STS8,
    V_MEASURE,
    MissingMetric,
    ScoreRule,
)
from evaluator.task import Task
from evaluator.views import OVERALL, Average, Category, OriginName, Suite, View, Words

__all__ = [
    "KO_V1",
    "KO_V2",
    "MTEB_KOR_V2",
    "OVERALL",
    "SIMILARITIES",
    "SUITES",
    "Average",
    "Category",
    "MissingMetric",
    "OriginName",
    "ScoreRule",
    "Suite",
    "View",
    "Words",
    "offered_suite",
    "rules_of",
    "suite_of",
    "tasks_of",
]

KO_V1 = Suite(
    id="ko-v1",
    title=Words(ko="한국어 아홉 과제 (ko-v1)", en="Nine Korean tasks (ko-v1)"),
    categories=(
        Category(id="sts", label="STS", task_ids=("KLUE-STS", "KorSTS", "STS17"), rule=STS8),
        Category(id="nli", label="NLI", task_ids=("KLUE-NLI", "KorNLI", "PawsXPairClassification"), rule=MAX_AP),
        Category(id="clustering", label="Clustering", task_ids=("SIB200ClusteringS2S",), rule=V_MEASURE),
        Category(id="retrieval", label="Retrieval", task_ids=("Ko-StrategyQA", "AutoRAGRetrieval"), rule=NDCG_5_10),
    ),
    average="categories",
)

KO_V2 = Suite(
    id="ko-v2",
    title=Words(ko="한국어 열아홉 과제 (ko-v2)", en="Nineteen Korean tasks (ko-v2)"),
    categories=(
        Category(
            id="sts",
            label="STS",
            task_ids=("KLUE-STS", "KorSTS", "STS17"),
            rule=STS8,
            families=(("KorSTS", "STS17"),),  # STS17 holds KorSTS
        ),
        Category(id="nli", label="NLI", task_ids=("KLUE-NLI", "KorNLI", "PawsXPairClassification"), rule=MAX_AP),
        Category(id="classification", label="Classification", task_ids=("KLUE-TC",), rule=ACCURACY),
        Category(
            id="clustering",
            label="Clustering",
            task_ids=("SIB200ClusteringS2S", "KlueMrcDomainClustering", "KlueYnatMrcCategoryClustering"),
            rule=V_MEASURE,
        ),
        Category(id="reranking", label="Reranking", task_ids=("MIRACLReranking",), rule=NDCG_10),
        Category(
            id="retrieval",
            label="Retrieval",
            task_ids=(
                "Ko-StrategyQA",
                "AutoRAGRetrieval",
                "LawIRKo",
                "SQuADKorV1Retrieval",
                "PublicHealthQA",
                "BelebeleRetrieval",
                "MultiLongDocRetrieval",
                "MIRACLRetrievalHardNegatives",
            ),
            rule=NDCG_5_10,
        ),
        Category(
            id="bitext",
            label="Bitext",
            task_ids=("NTREXBitextMining", "NTREXBitextMining.en-ko", "Tatoeba"),
            rule=F1,
            weight=0,
            families=(("NTREXBitextMining", "NTREXBitextMining.en-ko"),),
        ),
    ),
    average="categories",
    origins=("measured", "published", "imported"),
    pinned_data=True,
)

MTEB_KOR_V2 = Suite(
    id="mteb-kor-v2",
    title=Words(ko="MTEB(kor, v2) 방식의 스무 과제", en="Twenty tasks as MTEB(kor, v2) has them"),
    categories=(
        Category(
            id="pair_classification",
            label="PairClassification",
            column="PairClassification",
            task_ids=("KLUE-NLI", "KorNLI", "PawsXPairClassification", "PawsXPairClassification.validation"),
            rule=MAX_AP,
            families=(("PawsXPairClassification", "PawsXPairClassification.validation"),),
        ),
        Category(id="reranking", label="Reranking", column="Reranking", task_ids=("MIRACLReranking",), rule=NDCG_10),
        Category(
            id="retrieval",
            label="Retrieval",
            column="Retrieval",
            task_ids=(
                "MIRACLRetrieval",
                "Ko-StrategyQA",
                "LawIRKo",
                "SQuADKorV1Retrieval",
                "AutoRAGRetrieval",
                "PublicHealthQA",
                "BelebeleRetrieval",
                "BelebeleRetrieval.ko-en",
                "BelebeleRetrieval.en-ko",
                "MultiLongDocRetrieval",
                "MrTidyRetrieval",
            ),
            rule=NDCG_10,
            families=(("BelebeleRetrieval", "BelebeleRetrieval.ko-en", "BelebeleRetrieval.en-ko"),),
        ),
        Category(
            id="clustering",
            label="Clustering",
            column="Clustering",
            task_ids=("SIB200ClusteringS2S", "KlueMrcDomainClustering", "KlueYnatMrcCategoryClustering"),
            rule=V_MEASURE,
        ),
        Category(id="sts", label="STS", column="STS", task_ids=("KLUE-STS", "KorSTS", "STS17"), rule=COSINE_SPEARMAN),
        Category(
            id="classification", label="Classification", column="Classification", task_ids=("KLUE-TC",), rule=ACCURACY
        ),
    ),
    average="tasks",
    average_column="Mean (Task)",
    average_title=Words(ko="과제 평균", en="Mean (Task)"),
    more_averages=(
        Average(
            id="types",
            column="Mean (TaskType)",
            over="categories",
            title=Words(ko="유형 평균", en="Mean (TaskType)"),
        ),
    ),
    offered=False,
    origins=("imported",),
    joins_revisions=True,
    ranks_by="borda",
    rank_column="Rank (Borda)",
    rank_title=Words(ko="Borda 순위", en="Rank (Borda)"),
    as_mteb=True,
)
"""MTEB's own board of these tasks, made of the same results: a test holds it to what MTEB's code makes of them."""

SUITES: dict[str, Suite] = {suite.id: suite for suite in (KO_V1, KO_V2, MTEB_KOR_V2)}
"""All suites by id, the one that the board opens with first."""


def suite_of(suite_id: str) -> Suite:
    """The suite of this id.

    Raises:
        ValueError: with the ids that there are.
    """
    if suite_id not in SUITES:
        raise ValueError(f"there is no suite {suite_id[:100]!r}; the suites: {', '.join(SUITES)}")
    return SUITES[suite_id]


def offered_suite(suite_id: str) -> Suite:
    """The suite of this id, if a submission may ask for it.

    Raises:
        ValueError: with the ids that there are.
    """
    offered = [known for known, suite in SUITES.items() if suite.offered]
    if suite_id in SUITES and suite_id not in offered:
        raise ValueError(f"suite {suite_id} is a view of results; what can be asked for: {', '.join(offered)}")
    return suite_of(suite_id)


def rules_of(task_id: str) -> tuple[ScoreRule, ...]:
    """The rules by which the suites score a task, each once; none if the task is in no suite."""
    found = {suite.rules[task_id].id: suite.rules[task_id] for suite in SUITES.values() if task_id in suite.rules}
    return tuple(found.values())


def tasks_of(suite_ids: Sequence[str]) -> tuple[Task, ...]:
    """The tasks of several suites, each once, in the order of the boards; of none: those of the first suite there is.

    Raises:
        ValueError: there is no such suite.
    """
    asked = [suite_of(suite_id) for suite_id in suite_ids] or [next(iter(SUITES.values()))]
    found = {task.id: task for suite in asked for task in suite.tasks}
    return tuple(found.values())
