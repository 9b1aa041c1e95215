"""PublicHealthQA: 77 questions about COVID-19 and their answers, of health authorities."""

from evaluator.task import DataSource, Facts, Task

TASK = Task(
    id="PublicHealthQA",
    column="PublicHealthQA",
    kind="retrieval",
    type="Retrieval",
    data=DataSource(
        path="xhluca/publichealth-qa",
        config="korean",
        splits=("test",),
        revision="main",
    ),
    fields={"query": "question", "document": "answer"},
    protocol="answered",
    facts=Facts(
        licence="cc-by-nc-sa-3.0",
        written="people",
        citation="Lu 2024, https://huggingface.co/datasets/xhluca/publichealth-qa",
        note="Small: one question is 0.013 of recall at 1. MTEB pins no revision.",
        note_ko="작습니다: 질문 하나가 recall@1의 0.013입니다. MTEB는 판을 고정하지 않습니다.",
    ),
)
