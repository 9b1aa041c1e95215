"""KLUE-NLI: 2,000 of 3,000 premise-hypothesis pairs; entailment is positive, neutral is left out."""

from evaluator.task import DataSource, Facts, Task

TASK = Task(
    id="KLUE-NLI",
    column="KLUE-NLI",
    kind="pair_classification",
    type="PairClassification",
    data=DataSource(
        path="klue/klue",
        config="nli",
        splits=("validation",),
        revision="349481ec73fff722f88e0453ca05c77a447d967c",
        fingerprint="8ca83f7daff30fcd243b24d8457eec3004e343cc8cc1bc3395bd6c35122963ab",
        former=("c145cf854c4c3bc789a3272723bf6c81d8875f0c4ba4ade8d80fba2ff4e3208c",),
    ),
    fields={"text1": "premise", "text2": "hypothesis", "label": "label"},
    labels={0: 1, 2: 0},
    facts=Facts(
        licence="cc-by-sa-4.0",
        written="native",
        citation="Park et al. 2021, KLUE: Korean Language Understanding Evaluation, https://arxiv.org/abs/2105.09680",
    ),
    known_as=("KLUE",),
)
