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
        fingerprint="19725884ff138385a6051da9431bf78c75fa01dc992a0952dd286c84da67f6a7",
    ),
    fields={"text1": "sentence1", "text2": "sentence2"},
    facts=Facts(
        licence="cc-by-2.0",
        written="parallel",
        citation="Artetxe and Schwenk 2019, https://arxiv.org/abs/1812.10464; sentences of https://tatoeba.org",
    ),
    known_as=("TatoebaBitextMining",),
)
