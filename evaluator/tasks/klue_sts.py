"""KLUE-STS: 519 pairs of Korean reviews, news and spoken requests (klue-benchmark, CC BY-SA 4.0)."""

from evaluator.task import DataSource, Facts, Task

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
        fingerprint="631518c44b9e1800a6b811f685a63bc4f4a3dc512901e568e2ca627ad17a6c52",
        former=("30b9fb8d507cd57c06c930bfb013f9fd908f753d5b187218f6fea8e56e1d6b26",),
    ),
    fields={"text1": "sentence1", "text2": "sentence2", "score": "labels.label"},
    facts=Facts(
        licence="cc-by-sa-4.0",
        written="native",
        citation="Park et al. 2021, KLUE: Korean Language Understanding Evaluation, https://arxiv.org/abs/2105.09680",
    ),
    known_as=("KLUE",),
)
