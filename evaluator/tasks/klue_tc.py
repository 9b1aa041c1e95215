"""KLUE-TC (YNAT): 2,048 news headlines of seven topics, drawn from 9,107 as MTEB draws them."""

from evaluator.task import DataSource, Facts, Task

TASK = Task(
    id="KLUE-TC",
    column="KLUE-TC",
    kind="classification",
    type="Classification",
    data=DataSource(
        path="klue/klue",
        config="ynat",
        splits=("validation",),
        revision="349481ec73fff722f88e0453ca05c77a447d967c",
    ),
    fields={"text": "title", "label": "label"},
    facts=Facts(
        licence="cc-by-sa-4.0",
        written="native",
        citation="Park et al. 2021, KLUE: Korean Language Understanding Evaluation, https://arxiv.org/abs/2105.09680",
    ),
    mteb_similar=("KLUE-TC.v2", "KlueTC"),
    known_as=("KLUE", "KLUE-YNAT", "YNAT"),
)
