"""SQuADKorV1Retrieval (KorQuAD 1.0): 5,774 questions over 960 passages of Wikipedia."""

from evaluator.task import DataSource, Facts, Task

TASK = Task(
    id="SQuADKorV1Retrieval",
    column="SQuADKorV1",
    kind="retrieval",
    type="Retrieval",
    data=DataSource(
        path="yjoonjang/squad_kor_v1",
        splits=("test",),
        revision="2b4ee1f3b143a04792da93a3df21933c5fe9eed3",
    ),
    facts=Facts(
        licence="cc-by-nd-2.0-kr",
        written="native",
        citation="Lim et al. 2019, KorQuAD1.0, https://arxiv.org/abs/1909.07005",
        note="MTEB states cc-by-sa-4.0. The questions were written beside the text: lexical methods do well.",
        note_ko="MTEB는 cc-by-sa-4.0이라고 적었습니다. 글을 보며 쓴 질문입니다: 어휘 검색이 잘합니다.",
    ),
    known_as=("KorQuAD", "KorQuAD 1.0", "KorQuAD/squad_kor_v1", "squad_kor_v1"),
)
