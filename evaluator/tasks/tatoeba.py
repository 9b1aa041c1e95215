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
    ),
    fields={"text1": "sentence1", "text2": "sentence2"},
    facts=Facts(
        licence="cc-by-2.0",
        written="parallel",
        citation="https://tatoeba.org",
    ),
    known_as=("TatoebaBitextMining",),
)
