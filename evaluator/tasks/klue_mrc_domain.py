"""KlueMrcDomainClustering: 794 passages of KLUE-MRC by their domain."""

from evaluator.task import DataSource, Facts, Task

TASK = Task(
    id="KlueMrcDomainClustering",
    column="KlueMrcDomain",
    kind="clustering",
    type="Clustering",
    data=DataSource(
        path="mteb/KlueMrcDomainClustering",
        splits=("test",),
        revision="058684c3d416fff6681be45864aed41b75e334b2",
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
    known_as=("KLUE", "KLUE-MRC", "klue/klue"),
)
