"""MrTidyRetrieval: 421 questions over all 1,496,126 passages of the Korean Wikipedia."""

from evaluator.task import DataSource, Facts, Task

TASK = Task(
    id="MrTidyRetrieval",
    column="MrTidy",
    kind="retrieval",
    type="Retrieval",
    data=DataSource(
        path="mteb/mrtidy",
        config="korean",
        splits=("test",),
        revision="fc24a3ce8f09746410daee3d5cd823ff7a0675b7",
    ),
    on_request=True,
    facts=Facts(
        licence="cc-by-sa-3.0",
        written="native",
        citation="Zhang et al. 2021, Mr. TyDi, https://arxiv.org/abs/2108.08787",
    ),
    mteb_similar=("MrTyDiJaRetrievalLite",),
    known_as=("Mr. TyDi", "castorini/mr-tydi", "castorini/mr-tydi-corpus"),
)
