"""KorSTS test set: 1,376 pairs, machine translated and corrected (kakaobrain, CC BY-SA 4.0)."""

from evaluator.task import DataSource, Facts, Task

TASK = Task(
    id="KorSTS",
    column="Kor-STS",
    kind="sts",
    type="STS",
    data=DataSource(
        path="dkoterwa/kor-sts",
        splits=("test",),
        revision="016f35f9b961daaaa7a352e927084e3da662ac1f",
        fingerprint="7ad09c9d2fa97b247b877330b106280ff207b7378f1ca04200478c85bbc2fbb4",
        former=("02c411137a6efe882337a2260aea9be1da93649c810d404d933955c18b485c8a",),
    ),
    fields={"text1": "sentence1", "text2": "sentence2", "score": "score"},
    facts=Facts(
        licence="cc-by-sa-4.0",
        written="post-edited",
        citation="Ham et al. 2020, KorNLI and KorSTS, https://arxiv.org/abs/2004.03289",
        note="The test pairs are in STS17 too: count the two as one.",
    ),
    known_as=("KorNLU", "KorNLUDatasets"),
)
