"""BelebeleRetrieval, English questions over Korean passages: 900 over 488.

The English questions of the local copy have 21 characters of white space fewer than MTEB counts on the Hub, so its
fingerprint is accepted for local copies only (docs/decisions/0021-fingerprints.md).
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
        copy_fingerprint="7817398774bebef9d568377604c54fbe65f5bc735986f4fbc6740d132ea96226",
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
