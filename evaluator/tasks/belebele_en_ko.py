"""BelebeleRetrieval, Korean questions over English passages: 900 over 488."""

from evaluator.task import DataSource, Facts, Task

TASK = Task(
    id="BelebeleRetrieval.en-ko",
    column="Belebele en-ko",
    kind="retrieval",
    type="Retrieval",
    data=DataSource(
        path="mteb/belebele",
        config="eng_Latn-kor_Hang",
        splits=("test",),
        revision="979a211276faa22f671e69d096634193567cfd05",
        fingerprint="2adb638be5ff648f83bce076abe090828d513e2668e0928f167e362fc2633c1f",
    ),
    fields={"link": "link", "document": "flores_passage", "query": "question"},
    protocol="linked",
    cell_of="BelebeleRetrieval",
    facts=Facts(
        licence="cc-by-sa-4.0",
        written="parallel",
        citation="Bandarkar et al. 2023, Belebele, https://arxiv.org/abs/2308.16884",
    ),
    known_as=("Belebele", "facebook/belebele"),
)
