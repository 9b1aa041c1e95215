"""PAWS-X, Korean test set: 2,000 pairs with much word overlap; 1 is a paraphrase.

The local copy has 895 positive pairs where MTEB's statistics of the Hub's data say 896, so its fingerprint cannot be
that of the Hub: it is accepted for local copies, and the Hub's is not pinned yet (docs/decisions/0021-fingerprints.md).
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
        copy_fingerprint="a042e13be06938901c666e27166b5f6166e4148d348f5da996bf3abed95d88be",
    ),
    fields={"text1": "sentence1", "text2": "sentence2", "label": "labels"},
    labels={0: 0, 1: 1},
    facts=Facts(
        licence=None,
        written="people",
        citation="Yang et al. 2019, PAWS-X, https://arxiv.org/abs/1908.11828",
        note="Its makers let anyone use it for any purpose and ask that the source, Google LLC, be named.",
        note_ko="만든 이는 출처(Google LLC)를 밝히면 누구나 어떤 목적으로든 쓸 수 있다고 합니다.",
    ),
    known_as=("PAWS-X", "google-research-datasets/paws-x"),
)
