"""BelebeleRetrieval, English questions over Korean passages: 900 over 488."""

from evaluator.task import DataSource, Facts, Task

TASK = Task(
    id="BelebeleRetrieval.ko-en",
    column="Belebele ko-en",
    kind="retrieval",
    type="Retrieval",
    data=DataSource(
        path="mteb/belebele",
        config="kor_Hang-eng_Latn",
        splits=("test",),
        revision="979a211276faa22f671e69d096634193567cfd05",
    ),
    facts=Facts(
        licence="cc-by-sa-4.0",
        written="parallel",
        citation="Bandarkar et al. 2023, Belebele, https://arxiv.org/abs/2308.16884",
    ),
    mteb_name="BelebeleRetrieval",
    known_as=("Belebele", "facebook/belebele"),
)
