"""Cards with examples of every kind: what is read from them, and whether the model does what they print."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer
from typer.testing import CliRunner

from evaluator.__main__ import app
from evaluator.model.conformance import TOLERANCE, card_example, compare, prompt_before
from evaluator.model.example import MOST_CHARACTERS, Encoded, Example, example_of
from evaluator.model.loading import load_encoder
from evaluator.model.prompts import Declared, Prompting
from evaluator.records import CardExample, dump_result, load_result
from evaluator.run import evaluate
from evaluator.spec import ModelSpec, local_spec
from evaluator.suite import KO_V1
from tests.attacks import Attacks
from tests.evaluator import models

QUERY, ONE, TWO = "대한민국의 수도는 어디인가요?", "서울은 대한민국의 수도이다.", "부산은 항구 도시이다."


def block(code: str, language: str = "python") -> str:
    return f"---\nlicense: mit\n---\n# 한국어 임베딩 모델\n\n## 사용법\n\n```{language}\n{code}\n```\n\n끝.\n"


def read(code: str, language: str = "python") -> Example | None:
    return example_of(block(code, language), "org/model")


def sides(example: Example | None) -> tuple[Encoded, Encoded]:
    assert example is not None
    return example.compared.left, example.compared.right


# What is read.

KURE = f"""\
from sentence_transformers import SentenceTransformer

# Download from the 🤗 Hub
model = SentenceTransformer("org/model")

sentences = [
    '{QUERY}',
    "{ONE}",
    '{TWO}',
]
embeddings = model.encode(sentences)
print(embeddings.shape)
# [3, 1024]

# Get the similarity scores for the embeddings
similarities = model.similarity(embeddings, embeddings)
print(similarities)
# Results for this model
# tensor([[1.0000, 0.6967, 0.5306],
#         [0.6967, 1.0000, 0.4427],
#         [0.5306, 0.4427, 1.0000]])"""


def test_the_card_that_sentence_transformers_writes() -> None:
    example = read(KURE)
    assert example is not None
    assert sides(example) == (Encoded((QUERY, ONE, TWO)),) * 2
    assert example.compared.how == "own"
    assert example.printed == ((1.0, 0.6967, 0.5306), (0.6967, 1.0, 0.4427), (0.5306, 0.4427, 1.0))


SEARCH = f"""\
model = SentenceTransformer("sentence_transformers_model_id", device="cpu")
질문 = ["{QUERY}"]
docs = ("{ONE}", "{TWO}")
q = model.encode{{}}
d = model.encode{{}}
{{}}"""


@pytest.mark.parametrize(
    ("query", "document", "shown", "how", "scale"),
    [
        ("_query(질문)", "_document(docs)", "print(model.similarity(q, d))\n# tensor([[0.71, -0.5]])", "own", 1),
        (
            '(질문, prompt_name="query")',
            "(docs, batch_size=2)",
            "점수 = (q @ d.T) * 100\nprint('점수:', 점수.tolist())  # [[71.23456789012345, -5e-1]]",
            "dot",
            100,
        ),
        ('(질문, prompt="질의: ")', "(docs)", "print(util.cos_sim(q, d))\n\n\n# [[0.71 0.5 ]]", "cosine", 1),
        ('(질문[0], prompt="질의: ")', "(docs)", "print(q @ d.T)\n# [0.71 0.5]", "dot", 1),
        ("(질문)", "(docs, normalize_embeddings=True)", 'q @ d.T\n"""\narray([[0.71, 0.5]])\n"""', "dot", 1),
        ("(질문)['dense_vecs']", "(docs)['dense_vecs']", "print(q @ d.transpose(0, 1))\n[[0.71\n 0.5]]", "dot", 1),
    ],
)
def test_a_search_whatever_its_names(query: str, document: str, shown: str, how: str, scale: float) -> None:
    example = read(SEARCH.format(query, document, shown))
    left, right = sides(example)
    assert example is not None
    assert (left.texts, right.texts) == ((QUERY,), (ONE, TWO))
    assert (example.compared.how, example.compared.scale) == (how, scale)
    assert len(example.printed) == 1
    assert len(example.printed[0]) == 2
    assert (left.side, right.side) == (("query", "document") if "_query" in query else (None, None))
    assert left.prompt_name == ("query" if "prompt_name" in query else None)
    assert left.prompt == ("질의: " if "prompt=" in query else None)
    assert right.normalized == ("normalize" in document)
    assert left.single == ("[0]" in query)


def test_texts_put_together_slices_and_several_blocks() -> None:
    card = block(
        f'model = SentenceTransformer("org/model", truncate_dim=64).to("cuda")\nquery = "질의: " + "{QUERY}"'
        f'\npassages = ["{ONE}",\n    "{TWO[:3]}" "{TWO[3:]}"]',
        "py",
    ) + block(
        "with torch.no_grad():\n    vectors = model.encode([query] + passages)\n"
        "scores = vectors[:1] @ vectors[1:].T\nprint(scores.cpu())",
    ).replace("끝.", "```\ntensor([[0.5, 0.25]])\n```")
    example = example_of(card, "org/model")
    assert sides(example) == (
        Encoded((f"질의: {QUERY}",), truncate_dim=64),
        Encoded((ONE, TWO), truncate_dim=64),
    )
    assert example is not None
    assert example.printed == ((0.5, 0.25),)


def test_an_interactive_session() -> None:
    code = f""">>> model = SentenceTransformer("org/model")
>>> embeddings = model.encode(["{ONE}",
...                            "{TWO}"])
>>> embeddings.shape
(2, 768)
>>> model.similarity(embeddings, embeddings[0])
tensor([[1.0000],
        [0.1250]])"""
    for language in ("python", "pycon", ""):
        assert sides(read(code, language)) == (Encoded((ONE, TWO)), Encoded((ONE,), single=True))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("print(similarities)", "print(similarities.shape)"),
        ("print(similarities)", "print(embeddings)"),
        ("0.6967", "nan"),
        ("0.6967", "inf"),
        ("0.5306],", "0.5306], ..., "),
        (", 0.5306", ""),
        ("1.0000]])", "1.0000], [1, 1, 1]])"),
        ('"org/model"', '"BAAI/bge-m3"'),
        ('"org/model"', '"org/model", prompts={"query": "q"}'),
        ("(sentences)", '(sentences, task="retrieval.query")'),
        ("(sentences)", "(sentences, **options)"),
        ("(sentences)", "(sentences, prompt=prompt)"),
        ("embeddings = model.encode", "sentences.append('넷')\nembeddings = model.encode"),
        ("embeddings = model.encode", "sentences[0] = '넷'\nembeddings = model.encode"),
        ("embeddings = model.encode", "model.prompts = {}\nembeddings = model.encode"),
        ("embeddings = model.encode", "for sentences in more: pass\nembeddings = model.encode"),
        ("embeddings = model.encode", "model = CrossEncoder('a/b')\nembeddings = model.encode"),
        (f'"{ONE}"', f'f"{{x}}{ONE}"'),
        (f'"{ONE}"', f'read("{ONE}")'),
        (f'"{ONE}"', "ONE"),
        (f'"{ONE}"', "1"),
        (ONE, "가" * (MOST_CHARACTERS + 1)),
        ("model = SentenceTransformer", "model = ("),
    ],
)
def test_what_is_not_understood_or_tells_nothing_is_no_example(old: str, new: str) -> None:
    assert old in KURE
    assert read(KURE.replace(old, new)) is None


def test_a_copy_in_a_folder_may_name_the_model_that_it_was() -> None:
    assert example_of(block(KURE), "ORG/Model") is not None
    assert example_of(block(KURE), "org/another") is None
    assert example_of(block(KURE), "local/copy") is not None


MILLION = 1_000_000
WRONG = "print(s)\n# [[1]]\n"
ENCODED = "e = model.encode(['가'])\ns = e @ e.T\n"
HOSTILE = {
    "nested brackets": block("a = " + "[" * 90_000),
    "closed brackets": block("a = " + "(" * 150 + ")" * 150),
    "a long sum": block("a = " + "'가' + " * 15_000 + "'나'"),
    "a long chain": block("a" + ".b" * 45_000),
    "minus signs": block("a = " + "-" * 90_000 + "1"),
    "a doubling text": block("a = '가'\n" + "a = a + a\n" * 9_000),
    "a doubling list": block("a = ['가']\n" + "a = a + a\n" * 9_000),
    "a huge number": block("a = " + "9" * 90_000),
    "powers": block("a = 9 ** 9 ** 9 ** 9\nb = 'x' * 10 ** 12"),
    "a huge list": block("a = [" + "'가'," * 20_000 + "]\ne = model.encode(a)\nprint(e @ e.T)\n# [[1.0]]"),
    "a call in a list": block("a = [open('/etc/passwd').read(), __import__('os').abort()]\n" + ENCODED),
    "an f-string": block("a = [f'{open(chr(47)).read()}']\ne = model.encode(a)\nprint(e @ e.T)\n# [[1.0]]"),
    "null bytes": block("a = '\0'\n" + ENCODED),
    "surrogates": block("a = '\ud800'\n" + ENCODED),
    "lines": "\n" * MILLION,
    "lines of code": block("a\n" * 49_000),
    "lines of output": block(f"{ENCODED}print(s)\n" + "#\n" * 45_000),
    "many prints": block(ENCODED + "print(s);" * 5_000 + "\n" + "# [[[ " * 8_000),
    "prints without numbers": block(ENCODED + WRONG.replace("1", "가") * 4_000),
    "open brackets printed": block(f"{ENCODED}print(s)\n# " + "[[1.0, " * 13_000),
    "blanks printed": block(f"{ENCODED}print(s)\n# [" + " " * 90_000),
    "digits printed": block(f"{ENCODED}print(s)\n# [[" + "1" * 90_000 + "]]"),
    "too much printed": block(f"{ENCODED}print(s)\n# [[1e99]]"),
    "fences": "```python\n" * 100_000,
    "blocks": "```python\na\n```\n" * 60_000,
    "ticks": "`" * MILLION,
    "an open fence": "~~~python\n" + ENCODED + "a = 1\n" * 100_000,
}


def test_hostile_cards_are_answered_at_once_and_run_nothing(attacks: Attacks) -> None:
    for name, card in HOSTILE.items():
        found = example_of(card, "org/model")
        assert found is None or found.printed == ((1e99,),), name
    attacks.held("the card's example", "hostile cards, of which none runs or keeps the parser busy", len(HOSTILE))


# Which prompt is put before a text.

DECLARED = Declared({"query": "저장소 질의: ", "s2p_query": "s2p: ", "passage": "", "STS": "유사도: "}, "STS")


@pytest.mark.parametrize(
    ("encoded", "spec", "expected"),
    [
        (Encoded((), prompt="카드: "), {"prompts": {"query": "제출: "}}, "카드: "),
        (Encoded(()), {"prompts": {"query": "제출: "}}, "유사도: "),
        (Encoded((), "query"), {}, "저장소 질의: "),
        (Encoded((), "query"), {"prompts": {}}, ""),
        (Encoded((), "document"), {"prompts": {"document": "문서: "}}, "문서: "),
        (Encoded((), prompt_name="query"), {"prompts": {"query": "제출: "}}, "제출: "),
        (Encoded((), prompt_name="s2p_query"), {}, "저장소 질의: "),
        (Encoded((), prompt_name="STS"), {"prompts": {}}, "유사도: "),
        (Encoded((), prompt_name="query"), {"instruction_template": "{instruction}: "}, "저장소 질의: "),
        (Encoded((), prompt_name="s2p_query"), {"instruction_template": "{instruction}: "}, "s2p: "),
        (
            Encoded((), prompt_name="web_query"),
            {"instruction_template": "{instruction}: "},
            "Retrieve text based on user query.: ",
        ),
    ],
)
def test_a_text_gets_the_prompt_of_the_card_or_of_the_evaluation(
    encoded: Encoded, spec: dict[str, object], expected: str
) -> None:
    prompting = Prompting(ModelSpec.model_validate({"model": "org/model", **spec}), DECLARED)
    assert prompt_before(encoded, prompting, DECLARED) == expected


# What the model does.

PROMPTS = {"query": "다음 질문에 답이 되는 은행 문서를 찾으세요: ", "document": ""}


def with_card(folder: Path, *, search: bool = False) -> Path:
    """Put the card into a model's folder that sentence-transformers writes for it, with what it computes."""
    model = SentenceTransformer(str(folder), device="cpu")
    card = model.model_card_data
    card.usage_examples, card.ir_model = list(models.KOREAN[:4]), search
    card.run_usage_snippet()
    (folder / "README.md").write_text(f"# 카드\n\n{card.generate_usage_snippet()}\n", encoding="utf-8")
    return folder


def checked(folder: Path, **fields: object) -> CardExample:
    spec = local_spec(folder, **fields)
    encoder = load_encoder(spec, "cpu")
    return card_example(encoder, Prompting(spec, encoder.declared))


@pytest.mark.parametrize("similarity", ["cosine", "dot", "euclidean", "manhattan"])
def test_a_model_that_does_what_its_card_shows_matches(similarity: str, tmp_path: Path) -> None:
    folder = models.with_pooling(models.bert(tmp_path / "bert"), prompts=PROMPTS, similarity_fn_name=similarity)
    for search in (False, True):
        found = checked(with_card(folder, search=search))
        assert found.verdict == "matches"
        np.testing.assert_allclose(found.found, found.expected, atol=1e-3, rtol=1e-4)
        assert len(found.found) == (1 if search else 3)


def test_a_decoder_and_a_static_model_match_too(tmp_path: Path) -> None:
    decoder = models.with_pooling(
        models.qwen2(tmp_path / "qwen2"), "last", default_prompt_name="query", prompts=PROMPTS
    )
    for folder in (decoder, models.static(tmp_path / "static")):
        assert checked(with_card(folder)).verdict == "matches"


def test_another_pooling_is_caught(tmp_path: Path) -> None:
    folder = with_card(models.with_pooling(models.bert(tmp_path / "bert"), "cls"))
    models.with_pooling(folder, "mean")
    found = checked(folder)
    assert found.verdict == "differs"
    assert found.tolerance == TOLERANCE
    assert np.abs(np.subtract(found.found, found.expected)).max() > TOLERANCE


def test_a_missing_prompt_is_caught(tmp_path: Path) -> None:
    folder = with_card(models.with_pooling(models.bert(tmp_path / "bert"), prompts=PROMPTS), search=True)
    assert checked(folder, prompts={}).verdict == "differs"
    assert checked(folder, prompts={"query": PROMPTS["query"]}).verdict == "matches"
    assert checked(folder, instruction_template="지시: {instruction} ").verdict == "matches"
    assert checked(folder, prompts={}, truncate_dim=8).verdict == "none", "the card shows all dimensions"


def test_an_example_that_cannot_be_computed_says_nothing(tmp_path: Path) -> None:
    folder = with_card(models.with_pooling(models.bert(tmp_path / "bert")))
    card = (folder / "README.md").read_text(encoding="utf-8")
    for change in ('(sentences, prompt_name="unheard")', "(sentences, truncate_dim=4)"):
        (folder / "README.md").write_text(card.replace("(sentences)", change), encoding="utf-8")
        assert checked(folder) == CardExample(verdict="none")
    (folder / "README.md").unlink()
    assert checked(folder) == CardExample(verdict="none")


MINILM = block("""\
from sentence_transformers import SentenceTransformer

model = SentenceTransformer("sentence-transformers/all-MiniLM-L6-v2")
sentences = [
    "The weather is lovely today.",
    "It's so sunny outside!",
    "He drove to the stadium.",
]
embeddings = model.encode(sentences)
similarities = model.similarity(embeddings, embeddings)
print(similarities)
# tensor([[1.0000, 0.6660, 0.1046],
#         [0.6660, 1.0000, 0.1411],
#         [0.1046, 0.1411, 1.0000]])""")
"""The example of sentence-transformers' own documentation. The card that MiniLM has prints no similarities."""


def test_minilm_gives_what_the_documentation_of_sentence_transformers_prints(minilm_folder: Path) -> None:
    spec = local_spec(minilm_folder)
    encoder = load_encoder(spec, "cpu")
    prompting = Prompting(spec, encoder.declared)
    assert card_example(encoder, prompting) == CardExample(verdict="none")
    example = example_of(MINILM, "sentence-transformers/all-MiniLM-L6-v2")
    assert example is not None
    found = compare(encoder, example, prompting, encoder.repository)
    assert found.verdict == "matches"
    np.testing.assert_allclose(found.found, found.expected, atol=1e-4)


@pytest.mark.shared
def test_an_evaluation_that_differs_from_the_card_is_in_doubt(
    tiny_model: Callable[..., Path], datasets_folder: Path
) -> None:
    folder = models.with_pooling(with_card(tiny_model("in-doubt")), "cls")
    result = evaluate(local_spec(folder), [KO_V1.task("KLUE-STS")], datasets=datasets_folder).result
    (run,) = result.runs.values()
    assert run.environment.card_example == checked(folder)
    assert result.doubts == ("card_differs",)
    assert load_result(dump_result(result)).newest_run == run


def test_explain_checks_the_card_when_asked(tiny_model: Callable[..., Path]) -> None:
    folder = with_card(tiny_model("checked"))
    right = CliRunner().invoke(app, ["explain", str(folder), "--check"])
    assert right.exit_code == 0, right.output
    assert "example      as on the card" in right.output
    assert "warning" not in right.output
    models.with_pooling(folder, "cls")
    wrong = CliRunner().invoke(app, ["explain", str(folder), "--check"])
    assert "example      differs by more than 0.02; on the card | here" in wrong.output
    assert "\n    1.0000 " in wrong.output
    told = json.loads(CliRunner().invoke(app, ["explain", str(folder), "--check", "--json"]).stdout)
    assert told["card_example"]["verdict"] == "differs"
    assert [warning["code"] for warning in told["warnings"]] == ["card_differs"]
    unasked = json.loads(CliRunner().invoke(app, ["explain", str(folder), "--json"]).stdout)
    assert unasked["card_example"] is None
