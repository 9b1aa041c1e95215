"""MIRACLRetrievalHardNegatives: 213 questions over 43,293 passages of Wikipedia, hard ones among them."""

from evaluator.task import DataSource, Facts, Task

TASK = Task(
    id="MIRACLRetrievalHardNegatives",
    column="MIRACLHardNegatives",
    kind="retrieval",
    type="Retrieval",
    data=DataSource(
        path="mteb/MIRACLRetrievalHardNegatives",
        config="ko",
        splits=("dev",),
        revision="d7d94fa4b946cec4a27c84653aa0cf6b33f74a3c",
    ),
    facts=Facts(
        licence="cc-by-sa-4.0",
        written="native",
        citation="Zhang et al. 2023, MIRACL, https://arxiv.org/abs/2210.09984",
    ),
    mteb_similar=("MIRACLJaRetrievalLite", "MIRACLReranking", "MIRACLRetrieval", "MIRACLRetrievalHardNegatives.v2"),
    known_as=("MIRACL", "miracl/miracl", "miracl/miracl-corpus"),
)
