"""STS17, ko-ko part: 2,846 pairs; it is the KorSTS development and test sets read as quoted TSV."""

from evaluator.task import DataSource, Facts, Task

TASK = Task(
    id="STS17",
    column="STS17",
    kind="sts",
    type="STS",
    data=DataSource(
        path="mteb/sts17-crosslingual-sts",
        config="ko-ko",
        splits=("test",),
        revision="faeb762787bd10488a50c8b5be4a3b82e411949c",
        fingerprint="e3328a55c3047ac050ed6631e6b8778cac77a9c07ff515799e8215e0dc89ff23",
        former=("0ae48a6dad68025cef379fee551be0a3332ae8c68f5c5a3fb7c79253bf3b7a49",),
    ),
    fields={"text1": "sentence1", "text2": "sentence2", "score": "score"},
    facts=Facts(
        licence="cc-by-sa-4.0",
        written="post-edited",
        citation="Ham et al. 2020, KorNLI and KorSTS, https://arxiv.org/abs/2004.03289",
        note="It is the development and test sets of KorSTS: count the two as one. MTEB states no licence.",
    ),
)
