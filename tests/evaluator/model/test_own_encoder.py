"""Models that are asked through their own `encode`: what reads texts, and what takes a `task=`."""

import json
from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from evaluator.errors import EvaluationError
from evaluator.model.explaining import explain
from evaluator.model.loading import load_encoder
from evaluator.model.own_encoder import OwnEncoder
from evaluator.model.prompts import Declared, Prompting
from evaluator.model.token_encoder import TokenEncoder
from evaluator.spec import ModelSpec, local_spec
from evaluator.suite import KO_V1
from evaluator.sweep.encoding import Sweep
from evaluator.sweep.texts import TextGroup, UniqueTexts
from evaluator.sweep.workspace import Workspace
from tests.evaluator import models

TEXTS = list(models.KOREAN)

WITH_TASK = '''
import torch
from sentence_transformers.sentence_transformer.modules import Pooling


class PoolingByTask(Pooling):
    """Shifts the embeddings by the task that `encode` is told."""

    forward_kwargs = {"task"}

    def forward(self, features, task=None, **kwargs):
        features = super().forward(features)
        shift = {None: 0.0, "retrieval.query": 1.0, "text-matching": 2.0}[task]
        features["sentence_embedding"] = features["sentence_embedding"] + shift
        return features
'''


def with_task(folder: Path) -> Path:
    made = models.with_pooling(models.bert(folder))
    modules = json.loads((made / "modules.json").read_text())
    modules[1]["type"] = "pooling_by_task.PoolingByTask"
    models.write_json(made / "modules.json", modules)
    (made / "pooling_by_task.py").write_text(WITH_TASK, encoding="utf-8")
    return made


def test_what_reads_texts_gives_the_library_vectors(tmp_path: Path) -> None:
    folder = models.raw_texts(tmp_path / "raw")
    with pytest.raises(EvaluationError) as caught:
        load_encoder(local_spec(folder), "cpu")
    assert caught.value.failure == "needs_remote_code"
    encoder = load_encoder(local_spec(folder, trust_remote_code=True, truncate_dim=16), "cpu")
    assert isinstance(encoder, OwnEncoder)
    expected = SentenceTransformer(str(folder), device="cpu", trust_remote_code=True, truncate_dim=16)
    for prompt in ("", "질의: "):
        ours = encoder.embed(encoder.tokenize(TEXTS, prompt, None), prompt, None)
        np.testing.assert_allclose(ours, expected.encode(TEXTS, prompt=prompt), atol=1e-6)


def test_a_module_of_its_own_that_reads_tokens_keeps_the_fast_way(tmp_path: Path) -> None:
    folder = with_task(tmp_path / "task")
    encoder = load_encoder(local_spec(folder, trust_remote_code=True), "cpu")
    assert isinstance(encoder, TokenEncoder)
    expected = SentenceTransformer(str(folder), device="cpu", trust_remote_code=True).encode(TEXTS)
    np.testing.assert_allclose(encoder.embed(encoder.tokenize(TEXTS, "", None), "", None), expected, atol=1e-5)


def test_the_task_of_encode_is_told_by_task_type_and_side(tmp_path: Path) -> None:
    tasks = {"STS": "text-matching", "Retrieval-query": "retrieval.query"}
    spec = local_spec(with_task(tmp_path / "task"), trust_remote_code=True, encode_task=tasks)
    told = explain(spec, KO_V1.tasks)
    assert told.encoding == "own"
    assert told.encode_tasks["KLUE-STS"] == {"text": "text-matching"}
    assert told.encode_tasks["Ko-StrategyQA"] == {"query": "retrieval.query"}
    assert "KLUE-NLI" not in told.encode_tasks
    encoder = load_encoder(spec, "cpu")
    prompting = Prompting(spec, encoder.declared)
    sides = [("KLUE-STS", "text"), ("Ko-StrategyQA", "query"), ("Ko-StrategyQA", "document")]
    groups = [
        TextGroup(
            task_id=task,
            side=side,
            prompt="",
            route=None,
            texts=TEXTS,
            encode_task=prompting.encode_task(KO_V1.task(task), side),
        )
        for task, side in sides
    ]
    texts = UniqueTexts(groups, routed=encoder.routed, split_prompts=encoder.prompt_matters)
    assert len(texts) == 3 * len(TEXTS)
    workspace = Workspace(tmp_path, len(texts), encoder.dimension)
    Sweep(encoder, texts, workspace, 64).run(lambda *_: None)
    plain = load_encoder(local_spec(models.with_pooling(models.bert(tmp_path / "plain"))), "cpu")
    expected = plain.embed(plain.tokenize(TEXTS, "", None), "", None)
    for key, shift in zip(sides, (2.0, 1.0, 0.0), strict=True):
        np.testing.assert_allclose(workspace.embeddings[texts.rows[key]], expected + shift, atol=1e-5)


def test_the_registry_names_the_task_of_a_known_model() -> None:
    prompting = Prompting(ModelSpec(model="jinaai/jina-embeddings-v3"), Declared())
    assert prompting.encode_task(KO_V1.task("Ko-StrategyQA"), "query") == "retrieval.query"
    assert prompting.encode_task(KO_V1.task("KLUE-NLI"), "text") == "classification"
