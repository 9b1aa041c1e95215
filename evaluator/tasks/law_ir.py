"""LawIRKo: 3,563 questions over as many articles of Korean law."""

from evaluator.task import DataSource, Facts, Task

TASK = Task(
    id="LawIRKo",
    column="LawIRKo",
    kind="retrieval",
    type="Retrieval",
    data=DataSource(
        path="on-and-on/lawgov_ir-ko",
        splits=("test",),
        revision="bd5361e486ef4be7052c506adfdf0610d04abbfe",
    ),
    facts=Facts(
        licence="mit",
        written="native",
        citation="https://huggingface.co/datasets/on-and-on/lawgov_ir-ko",
        note="All questions follow one template: lexical methods do well.",
        note_ko="모든 질문이 한 틀을 따릅니다: 어휘 검색이 잘합니다.",
    ),
)
