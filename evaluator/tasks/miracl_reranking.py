"""MIRACLReranking: 212 questions, each with some 100 passages of Wikipedia to be put in order."""

from evaluator.task import DataSource, Facts, Task

TASK = Task(
    id="MIRACLReranking",
    column="MIRACLReranking",
    kind="reranking",
    type="Reranking",
    data=DataSource(
        path="mteb/MIRACLReranking",
        config="ko",
        splits=("dev",),
        revision="d11a14c74e8bd448cedab0c1d9a720040535f228",
    ),
    instruction="Given a question, retrieve Wikipedia passages that answer the question",
    facts=Facts(
        licence="cc-by-sa-4.0",
        written="native",
        citation="Zhang et al. 2023, MIRACL, https://arxiv.org/abs/2210.09984",
        note="Results on another revision (6d1962c5) are another test: they are some 0.05 lower.",
        note_ko="다른 판(6d1962c5)의 결과는 다른 시험입니다: 0.05쯤 낮습니다.",
    ),
    mteb_similar=(
        "MIRACLJaRetrievalLite",
        "MIRACLRetrieval",
        "MIRACLRetrievalHardNegatives",
        "MIRACLRetrievalHardNegatives.v2",
    ),
    known_as=("MIRACL", "miracl/miracl", "miracl/miracl-corpus"),
)
