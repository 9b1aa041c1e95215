"""PAWS-X, Korean test set: 2,000 pairs with much word overlap; 1 is a paraphrase."""

from evaluator.task import DataSource, Task

TASK = Task(
    id="PawsXPairClassification",
    column="PawsX-PairClassification",
    kind="pair_classification",
    type="PairClassification",
    data=DataSource(
        path="mteb/PawsXPairClassification",
        config="ko",
        splits=("test",),
        revision="558da352e7dba3ed3229fc4922aef2ebaff0a90b",
    ),
    fields={"text1": "sentence1", "text2": "sentence2", "label": "labels"},
    labels={0: 0, 1: 1},
)
