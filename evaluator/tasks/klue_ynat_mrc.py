"""KlueYnatMrcCategoryClustering: 904 headlines and titles of KLUE by their category."""

from evaluator.task import DataSource, Facts, Task

TASK = Task(
    id="KlueYnatMrcCategoryClustering",
    column="KlueYnatMrc",
    kind="clustering",
    type="Clustering",
    data=DataSource(
        path="mteb/KlueYnatMrcCategoryClustering",
        splits=("test",),
        revision="0fa09942e3482f13c9b048f65076607e9f788db6",
    ),
    fields={"text": "sentences", "label": "labels"},
    protocol="single_fit",
    instruction="Identify the topic or theme of the given texts",
    facts=Facts(
        licence="cc-by-sa-4.0",
        written="native",
        citation="Park et al. 2021, KLUE: Korean Language Understanding Evaluation, https://arxiv.org/abs/2105.09680",
        note="One fit of one seed: the score moves with the noise of floating point.",
        note_ko="시드 하나로 한 번만 무리 짓습니다: 부동 소수점의 잡음에도 점수가 움직입니다.",
    ),
    known_as=("KLUE", "KLUE-MRC", "KLUE-YNAT", "YNAT", "klue/klue"),
)
