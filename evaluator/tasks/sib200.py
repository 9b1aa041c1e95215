"""SIB-200, Korean: 1,004 sentences of seven topics (the published board types "sib2000")."""

from evaluator.task import DataSource, Facts, Task

TASK = Task(
    id="SIB200ClusteringS2S",
    column="sib200",
    kind="clustering",
    mteb_splits=("test",),
    type="Clustering",
    data=DataSource(
        path="mteb/sib200",
        config="kor_Hang",
        splits=("train", "validation", "test"),
        revision="a74d7350ea12af010cfb1c21e34f1f81fd2e615b",
        fingerprint="4379e771f5155703b2416c84275ff0060d0e5fa2a00fd4fdbd8422eaef73a77a",
    ),
    fields={"text": "text", "label": "category"},
    facts=Facts(
        licence="cc-by-sa-4.0",
        written="people",
        citation="Adelani et al. 2024, SIB-200, https://arxiv.org/abs/2309.07445",
    ),
    mteb_similar=("HUMESIB200ClusteringS2S",),
    known_as=("SIB-200", "Davlan/sib200"),
)
