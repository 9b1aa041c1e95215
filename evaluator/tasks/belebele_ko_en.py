"""BelebeleRetrieval, English questions over Korean passages: 900 over 488.

The English questions of the local copy have 21 characters of white space fewer than MTEB counts on the Hub, so its
fingerprint is accepted for local copies only (docs/decisions/0053-fingerprints-of-used-rows.md).
"""

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
        copy_fingerprint="1249bc2cbd495fa78b1fff9b303a295d989a7a6ec097661a9ad0f81a6cec2f3e",
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
