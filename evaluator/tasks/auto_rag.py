"""AutoRAGRetrieval: 114 questions over 720 pages of finance, public, medical, legal and commerce PDFs."""

from evaluator.task import DataSource, Facts, Task

TASK = Task(
    id="AutoRAGRetrieval",
    column="AutoRAGRetrieval",
    kind="retrieval",
    type="Retrieval",
    data=DataSource(
        path="yjoonjang/markers_bm",
        splits=("test",),
        revision="fd7df84ac089bbec763b1c6bb1b56e985df5cc5c",
        fingerprint="7c05532ff3fee921fe5b8256177fdf74217b9dac559ce5011ab141c1640944df",
        former=("d9081f562a6f5b44671306028e498f4fc1788b598ce69410cc68e29528e07dd7",),
    ),
    facts=Facts(
        licence="mit",
        written="native",
        citation="Kim et al. 2024, AutoRAG, https://arxiv.org/abs/2410.20878",
        note="Small: 114 questions.",
    ),
    known_as=("AutoRAG",),
)
