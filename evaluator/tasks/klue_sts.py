"""KLUE-STS: 519 pairs of Korean reviews, news and spoken requests (klue-benchmark, CC BY-SA 4.0)."""

from evaluator.task import DataSource, Task

TASK = Task(
    id="KLUE-STS",
    column="KLUE-STS",
    kind="sts",
    type="STS",
    data=DataSource(
        path="klue/klue",
        config="sts",
        splits=("validation",),
        revision="349481ec73fff722f88e0453ca05c77a447d967c",
    ),
    fields={"text1": "sentence1", "text2": "sentence2", "score": "labels.label"},
)
