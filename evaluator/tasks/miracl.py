"""MIRACLRetrieval: 213 questions over all 1,486,752 passages of the Korean Wikipedia."""

from evaluator.task import DataSource, Facts, Task

TASK = Task(
    id="MIRACLRetrieval",
    column="MIRACL",
    kind="retrieval",
    type="Retrieval",
    data=DataSource(
        path="mteb/MIRACLRetrieval",
        config="ko",
        splits=("dev",),
        revision="9c09abc13478308c27598f350e31d8f06b9b5481",
    ),
    on_request=True,
    instruction="Given a question, retrieve Wikipedia passages that answer the question",
    facts=Facts(
        licence="cc-by-sa-4.0",
        written="native",
        citation="Zhang et al. 2023, MIRACL, https://arxiv.org/abs/2210.09984",
    ),
    mteb_similar=(
        "MIRACLJaRetrievalLite",
        "MIRACLReranking",
        "MIRACLRetrievalHardNegatives",
        "MIRACLRetrievalHardNegatives.v2",
    ),
    known_as=("MIRACL", "miracl/miracl", "miracl/miracl-corpus"),
)
