"""MTEB's own scores of sparse and late-interaction models: the small random ones of `tests.evaluator.models`, on a cut
copy of AutoRAG, and on Belebele with lists of candidates in MIRACLReranking's layout.

They were computed once, in an environment of its own with mteb 2.26.24 beside sentence-transformers 6.2.0,
transformers 5.23.0 and torch 2.13.0, on a CPU in float32, and are compared with ours in `test_vectors_against_mteb`:

    python -m tests.evaluator.against_mteb.compute_vectors ../shared > tests/evaluator/against_mteb/vectors.json
"""

import json
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.evaluator.against_mteb.compute import PACKAGES, scores
from tests.evaluator.against_mteb.cut import cut_copies
from tests.evaluator.models import colbert, pylate, sparse_routes, splade
from tests.evaluator.test_wide_reference import reranking_copy

MODELS: Mapping[str, Callable[[Path], Path]] = {
    "splade": splade,
    "sparse with two routes": sparse_routes,
    "colbert": colbert,
    "colbert whose tokens see the expansion": partial(colbert, attend=True),
    "pylate": pylate,
}
TASKS = ("AutoRAGRetrieval", "MIRACLReranking")


def copies(shared: Path, to: Path) -> Path:
    """The data of both tasks, as the Hub has it; returns `to`."""
    cut_copies(shared / "datasets", to)
    reranking_copy(shared, to / "cache", to / "mteb/MIRACLReranking")
    return to


def main(shared: Path) -> None:
    """Print the scores as JSON."""
    from mteb.models import MultiVectorWrapper, SparseEncoderWrapper
    from sentence_transformers import MultiVectorEncoder, SparseEncoder

    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as temporary:
        root = copies(shared.resolve(), Path(temporary, "datasets"))
        os.environ["HF_DATASETS_CACHE"] = f"{temporary}/cache"
        os.chdir(root)
        for name, make in MODELS.items():
            folder = str(make(Path(temporary, name)))
            if "spa" in name or "spl" in name:
                model: Any = SparseEncoderWrapper(SparseEncoder(folder, device="cpu"))
            else:
                model = MultiVectorWrapper(MultiVectorEncoder(folder, device="cpu"))
            found[name] = scores(model, TASKS)
    content = {
        "how": "tests/evaluator/against_mteb/compute_vectors.py; CPU, float32, batches of 32",
        "versions": {package: version(package) for package in PACKAGES},
        "scores": found,
    }
    print(json.dumps(content, indent=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
