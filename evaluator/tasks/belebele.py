"""BelebeleRetrieval, Korean questions over Korean passages: 900 over 488."""

from evaluator.task import DataSource, Facts, Task

TASK = Task(
    id="BelebeleRetrieval",
    column="Belebele",
    kind="retrieval",
    type="Retrieval",
    data=DataSource(
        path="mteb/belebele",
        config="kor_Hang-kor_Hang",
        splits=("test",),
        revision="979a211276faa22f671e69d096634193567cfd05",
        fingerprint="c1672eccaea24b39997c4ae75b5045ed4ae8e0bcf1475ff536190f48853b304b",
    ),
    fields={"link": "link", "document": "flores_passage", "query": "question"},
    protocol="linked",
    facts=Facts(
        licence="cc-by-sa-4.0",
        written="people",
        citation="Bandarkar et al. 2023, Belebele, https://arxiv.org/abs/2308.16884",
    ),
    known_as=("Belebele", "facebook/belebele"),
)
