"""PAWS-X, Korean validation set: 2,000 pairs with much word overlap; 1 is a paraphrase."""

from evaluator.task import DataSource, Facts, Task

TASK = Task(
    id="PawsXPairClassification.validation",
    column="PawsX validation",
    kind="pair_classification",
    type="PairClassification",
    data=DataSource(
        path="mteb/PawsXPairClassification",
        config="ko",
        splits=("validation",),
        revision="558da352e7dba3ed3229fc4922aef2ebaff0a90b",
        fingerprint="d5ce3ab9598fc7c234a0b14aaa11025b25212a1e3ce78254a5cf78dac9a5198d",
    ),
    fields={"text1": "sentence1", "text2": "sentence2", "label": "labels"},
    labels={0: 0, 1: 1},
    cell_of="PawsXPairClassification",
    facts=Facts(
        licence=None,
        written="people",
        citation="Yang et al. 2019, PAWS-X, https://arxiv.org/abs/1908.11828",
        note="Its makers let anyone use it for any purpose and ask that the source, Google LLC, be named.",
    ),
    known_as=("PAWS-X", "google-research-datasets/paws-x"),
)
