"""Tatoeba, from Korean to English: 1,000 sentences and their translations by volunteers."""

from evaluator.task import DataSource, Facts, Task

TASK = Task(
    id="Tatoeba",
    column="Tatoeba",
    kind="bitext_mining",
    type="BitextMining",
    data=DataSource(
        path="mteb/tatoeba-bitext-mining",
        config="kor-eng",
        splits=("test",),
        revision="69e8f12da6e31d59addadda9a9c8a2e601a0e282",
        fingerprint="33a5add755f398b45049d8797679f6c5be0d3186f25bbab65c20722aad8a3b65",
    ),
    fields={"text1": "sentence1", "text2": "sentence2"},
    facts=Facts(
        licence="cc-by-2.0",
        written="parallel",
        citation="Artetxe and Schwenk 2019, https://arxiv.org/abs/1812.10464; sentences of https://tatoeba.org",
    ),
    known_as=("TatoebaBitextMining",),
)
