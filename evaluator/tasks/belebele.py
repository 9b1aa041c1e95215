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
        fingerprint="e261b2184c6e191bab091d5fab487bfb1f3d011479b3ea498887a40be1e170d7",
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
