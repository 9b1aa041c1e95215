"""What a result says that was told of the model: by its submitter, and by an evaluation that is not believed."""

from evaluator.records import ModelInfo
from evaluator.spec import ModelSpec
from runner.told import model_facts, submitted_facts
from submissions.record import ModelMetadata, Status, Submission
from tests.leaderboard_data.examples import MOMENT, measured


def test_a_result_says_what_its_submitter_declares() -> None:
    submission = Submission(
        id="20261128T090000Z-abcdef",
        spec=ModelSpec(model="org/name", revision="ab" * 20),
        status=Status.RUNNING,
        submitted_by="somebody",
        submitted_at=MOMENT,
        training=("STS17", "klue/klue", "STS17", ""),
        metadata=ModelMetadata(committed_at=MOMENT),
    )
    result = measured().model_copy(update=submitted_facts(submission))
    assert (result.training, result.committed_at) == (("STS17", "klue/klue"), MOMENT)


def test_what_the_evaluation_read_on_the_card_is_cleaned() -> None:
    given = ModelInfo(datasets=("klue\u202e/klue", "\u200b", "klue/klue"), base_models=("\u200b",))
    assert model_facts(given) == ModelInfo(datasets=("klue/klue",))
