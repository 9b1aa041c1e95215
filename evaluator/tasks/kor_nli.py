"""KorNLI: 3,340 of the 5,010 XNLI test pairs in Korean; entailment is positive, neutral is left out."""

from evaluator.task import DataSource, Facts, Task

TASK = Task(
    id="KorNLI",
    column="Kor-NLI",
    kind="pair_classification",
    type="PairClassification",
    data=DataSource(
        path="kakaobrain/kor_nli",
        config="xnli",
        splits=("test",),
        revision="3e0e4626f66911b344c490c26e3cc07e6c3bb0f9",
        fingerprint="f99868de0b9bbc597716292181c7baae02b16d9012a2759062cdc9851d6d4792",
        former=("23b98699d0fe9140e66fd12daf69789e634a39b8eaa56d574c7fa8d14be5c682",),
    ),
    fields={"text1": "premise", "text2": "hypothesis", "label": "label"},
    labels={0: 1, 2: 0},
    facts=Facts(
        licence="cc-by-sa-4.0",
        written="post-edited",
        citation="Ham et al. 2020, KorNLI and KorSTS, https://arxiv.org/abs/2004.03289",
        note="The test set of XNLI, translated by a machine and edited by people.",
    ),
    known_as=("KorNLU", "KorNLUDatasets"),
)
