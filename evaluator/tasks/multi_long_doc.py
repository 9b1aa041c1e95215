"""MultiLongDocRetrieval (MLDR): 400 questions (dev and test) over 6,176 long documents."""

from evaluator.task import DataSource, Facts, Task

TASK = Task(
    id="MultiLongDocRetrieval",
    column="MultiLongDoc",
    kind="retrieval",
    type="Retrieval",
    data=DataSource(
        path="mteb/MultiLongDocRetrieval",
        config="ko",
        splits=("dev", "test"),
        revision="837028901907a7d419b4ab906f28e011ce1cc824",
    ),
    facts=Facts(
        licence="mit",
        written="native",
        citation="Chen et al. 2024, BGE M3-Embedding, https://arxiv.org/abs/2402.03216",
        note="Questions by GPT-3.5. A model of 512 tokens sees about 7 % of a document.",
        note_ko="GPT-3.5가 만든 질문입니다. 512토큰 모델은 문서의 약 7 %만 봅니다.",
    ),
    mteb_similar=("MultiLongDocReranking",),
    known_as=("MLDR", "Shitao/MLDR"),
)
