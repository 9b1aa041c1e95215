"""Ko-StrategyQA: 592 multi-hop questions over 9,251 Wikipedia paragraphs."""

from evaluator.task import DataSource, Facts, Task

TASK = Task(
    id="Ko-StrategyQA",
    column="Ko-StrategyQA",
    kind="retrieval",
    type="Retrieval",
    data=DataSource(
        path="taeminlee/Ko-StrategyQA",
        splits=("dev",),
        revision="d243889a3eb6654029dbd7e7f9319ae31d58f97c",
    ),
    facts=Facts(
        licence="cc-by-4.0",
        written="machine",
        citation="Geva et al. 2021, StrategyQA, https://arxiv.org/abs/2101.02235",
        note="Questions and passages were translated by DeepL.",
        note_ko="질문과 문서를 DeepL로 번역했습니다.",
    ),
)
