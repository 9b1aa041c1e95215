"""What the evaluator's tests share: a tiny seeded model, and the one full evaluation of the real MiniLM."""

from collections.abc import Callable
from pathlib import Path

import pytest

from evaluator.records import load_result
from evaluator.samples import load_samples
from tests.evaluator.running import Run, evaluator, events_in

KOREAN = (
    "한국어 임베딩 모델을 평가합니다.",
    "오늘 아침 서울에는 비가 내렸다.",
    "은행 계좌를 개설하려면 신분증이 필요합니다.",
    "고양이가 창가에서 햇볕을 쬐고 있다.",
    "그 영화는 기대했던 것보다 훨씬 재미있었다.",
    "환자는 수술 후 빠르게 회복하고 있다.",
    "대법원은 원심 판결을 파기하고 사건을 돌려보냈다.",
    "배송이 늦어져서 고객 센터에 문의했다.",
)


@pytest.fixture(scope="session")
def minilm_run(minilm_folder: Path, datasets_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The one full evaluation of the test suite: MiniLM on the eight data sets, duplicates kept, as MTEB does."""
    folder = tmp_path_factory.mktemp("minilm")
    ran = evaluator(
        *("run", minilm_folder, "--datasets", datasets_folder, "--keep-duplicates", "--progress", "json"),
        *("--output", folder / "result.json", "--samples", folder / "samples.parquet"),
        *("--work-dir", folder / "work", "--device", "cpu"),
        timeout=1200,
    )
    assert ran.returncode == 0, ran.stderr
    return Run(
        result=load_result((folder / "result.json").read_bytes()),
        samples=load_samples((folder / "samples.parquet").read_bytes()),
        events=events_in(ran.stderr),
        stdout=ran.stdout,
        work_dir=folder / "work",
    )


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Makes folders with a seeded BERT of two layers; `pooling=None` leaves modules.json out."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    def make(name: str, *, pooling: str | None = "mean", seed: int = 0, dtype: torch.dtype = torch.float32) -> Path:
        folder = tmp_path_factory.mktemp(name) / name
        tokenizer = Tokenizer(models.BPE(unk_token="[UNK]"))
        tokenizer.normalizer = normalizers.NFC()
        tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
        special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
        tokenizer.train_from_iterator(
            KOREAN, trainers.BpeTrainer(vocab_size=300, special_tokens=special, show_progress=False)
        )
        tokenizer.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
        )
        fast = PreTrainedTokenizerFast(
            tokenizer_object=tokenizer,
            unk_token="[UNK]",
            pad_token="[PAD]",
            cls_token="[CLS]",
            sep_token="[SEP]",
            model_max_length=64,
        )
        torch.manual_seed(seed)
        config = BertConfig(
            vocab_size=len(fast),
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=4,
            intermediate_size=64,
            max_position_embeddings=64,
        )
        BertModel(config).to(dtype=dtype).save_pretrained(folder)  # type: ignore[call-arg]
        fast.save_pretrained(folder)
        if pooling is not None:
            from sentence_transformers import SentenceTransformer
            from sentence_transformers.base.modules import Transformer
            from sentence_transformers.sentence_transformer.modules import Pooling

            transformer = Transformer(str(folder), model_kwargs={"dtype": dtype})
            model = SentenceTransformer(modules=[transformer, Pooling(32, pooling)], device="cpu")
            model.save_pretrained(str(folder), create_model_card=False)
        return folder

    return make
