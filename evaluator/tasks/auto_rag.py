"""AutoRAGRetrieval: 114 questions over 720 pages of finance, public, medical, legal and commerce PDFs."""

from evaluator.task import DataSource, Task

TASK = Task(
    id="AutoRAGRetrieval",
    column="AutoRAGRetrieval",
    kind="retrieval",
    type="Retrieval",
    data=DataSource(
        path="yjoonjang/markers_bm",
        splits=("test",),
        revision="fd7df84ac089bbec763b1c6bb1b56e985df5cc5c",
    ),
)
