"""KLUE-TC (YNAT): 2,048 news headlines of seven topics, drawn from 9,107 as MTEB draws them.

The training split of the local copy lacks its first 9,131 rows, from which others would be drawn: scores on it are not
those of the Hub, and its fingerprint is accepted for local copies only.
"""

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
        copy_fingerprint="337af3105d5a9ac478e55939ce461f56672e5addfcaac4a3ef6b163dd4c8a439",
    ),
    fields={"text": "title", "label": "label"},
    protocol="stratified",
    facts=Facts(
        licence="cc-by-sa-4.0",
        written="native",
        citation="Park et al. 2021, KLUE: Korean Language Understanding Evaluation, https://arxiv.org/abs/2105.09680",
        note="Eight training texts a label, drawn ten times. The scores of a local copy of the data are not the Hub's.",
        note_ko="라벨마다 학습 글 여덟을 열 번 뽑습니다. 데이터의 지역 사본으로 얻은 점수는 Hub의 점수와 다릅니다.",
    ),
    mteb_similar=("KLUE-TC.v2", "KlueTC"),
    known_as=("KLUE", "KLUE-YNAT", "YNAT"),
)
