"""Token ids from the tokenizer's core are those that sentence-transformers gives, or are not taken."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evaluator.model.loading import load_encoder
from evaluator.spec import local_spec
from tests.evaluator import models

TEXTS = [*models.KOREAN, "", "  빈칸 ", "[SEP] 특별한 [CLS]", "긴 글 " * 100, "e\u0301 ＡＢＣ"]


def encoder_of(folder: Path) -> Any:
    return load_encoder(local_spec(folder, precision="float32"), "cpu")


@pytest.mark.parametrize("prompt", ["", "query: ", "지시: 글을 찾아라.\n질문: "])
@pytest.mark.parametrize("make", [models.bert, models.qwen2, models.t5], ids=lambda make: make.__name__)
def test_the_core_gives_the_ids_of_the_models_own_way(make: Callable[..., Path], prompt: str, tmp_path: Path) -> None:
    encoder = encoder_of(make(tmp_path / "model"))
    first = encoder.tokenize(TEXTS, prompt, None)
    calls: list[int] = []
    preprocess = encoder._model.preprocess

    def counted(*given: Any, **options: Any) -> Any:
        calls.append(1)
        return preprocess(*given, **options)

    encoder._model.preprocess = counted
    second = encoder.tokenize(TEXTS, prompt, None)
    assert calls == []  # the own way was not gone a second time
    own = encoder._preprocessed(TEXTS, prompt, None)
    for one, two, three in zip(first, second, own, strict=True):
        np.testing.assert_array_equal(one, three)
        np.testing.assert_array_equal(two, three)
        assert two.dtype == np.int32


def test_a_core_that_was_set_up_otherwise_meanwhile_is_not_asked(tmp_path: Path) -> None:
    """The model's own `encode` makes the core pad; a longer limit lets it cut later."""
    encoder = encoder_of(models.with_pooling(models.bert(tmp_path / "model")))
    expected = encoder.tokenize(TEXTS, "", None)
    core = encoder._model.tokenizer.backend_tokenizer
    encoder._model.encode(["하나", "둘 셋 넷"])
    assert core.padding is not None
    assert all(map(np.array_equal, encoder.tokenize(TEXTS, "", None), expected))
    core.enable_truncation(5)
    assert all(map(np.array_equal, encoder.tokenize(TEXTS, "", None), expected))
    assert core.truncation["max_length"] == 64


def test_a_model_that_makes_other_ids_of_its_texts_keeps_its_own_way(tmp_path: Path) -> None:
    """Here `preprocess` puts every text into lower case first, which the core knows nothing of."""
    encoder = encoder_of(models.bert(tmp_path / "model"))
    preprocess = encoder._model.preprocess

    def lowering(texts: list[str], **options: Any) -> Any:
        return preprocess([text.lower() for text in texts], **options)

    encoder._model.preprocess = lowering
    texts = ["ABC 대문자", "abc 소문자"]
    expected = encoder._preprocessed(texts, "새 지시: ", None)
    for _ in range(2):
        assert all(map(np.array_equal, encoder.tokenize(texts, "새 지시: ", None), expected))
    assert encoder._direct.ids(("새 지시: ", None), "새 지시: ", texts) is None


def test_padding_is_put_on_the_side_that_the_tokenizer_says(tmp_path: Path) -> None:
    for make, left in ((models.bert, False), (models.qwen2, True)):
        encoder = encoder_of(make(tmp_path / make.__name__))
        ids = encoder.tokenize(["짧다", "조금 더 긴 글이다."], "", None)
        batch = encoder._padded_batch(ids, "", None)
        mask = batch["attention_mask"].numpy().astype(bool)
        missing = len(ids[1]) - len(ids[0])
        assert missing > 0
        assert mask.tolist()[0] == ([False] * missing + [True] * len(ids[0]))[:: 1 if left else -1]
        for row, kept, expected in zip(batch["input_ids"].numpy(), mask, ids, strict=True):
            np.testing.assert_array_equal(row[kept], expected)
            assert (row[~kept] == encoder._pad_id).all()
