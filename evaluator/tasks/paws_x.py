"""PAWS-X, Korean test set: 2,000 pairs with much word overlap; 1 is a paraphrase.

The local copy's labels are another language's, row by row, and one of them at least is not the Hub's: 895 are
positive where MTEB counts 896. Its fingerprint is accepted for local copies, and the Hub's is not known yet
(docs/decisions/0053-fingerprints-of-used-rows.md).
"""

from evaluator.task import DataSource, Facts, Task

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
        copy_fingerprint="22cbf077bf7ef79176e220830b28a6b4946c3d298fa902f5f5fdd46edb59ab5a",
        former=("a042e13be06938901c666e27166b5f6166e4148d348f5da996bf3abed95d88be",),
    ),
    fields={"text1": "sentence1", "text2": "sentence2", "label": "labels"},
    labels={0: 0, 1: 1},
    facts=Facts(
        licence=None,
        written="people",
        citation="Yang et al. 2019, PAWS-X, https://arxiv.org/abs/1908.11828",
        note="Its makers let anyone use it for any purpose and ask that the source, Google LLC, be named.",
    ),
    known_as=("PAWS-X", "google-research-datasets/paws-x"),
)
