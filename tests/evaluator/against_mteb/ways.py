"""The ways to put text before inputs that are compared with MTEB, and the tasks that they are compared on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PAIRS = ("KLUE-STS", "KLUE-NLI")
CLUSTERING = ("SIB200ClusteringS2S",)
RETRIEVAL = ("AutoRAGRetrieval",)
TEMPLATE = "Instruct: {instruction}\nQuery: "


@dataclass(frozen=True)
class Way:
    """Fields of a `ModelSpec`, and the tasks on which they make a difference.

    Clustering is in one of them only: its ten k-means take ten seconds, whatever the rows are.
    """

    fields: Mapping[str, Any]
    tasks: tuple[str, ...]


WAYS = {
    "prompts": Way(
        {
            "prompts": {  # none for pair classification, whose texts are encoded as they are
                "query": "질문: ",
                "document": "문서: ",
                "STS": "다음 두 문장의 뜻을 비교하세요: ",
                "Clustering": "다음 글의 주제를 찾으세요: ",
            }
        },
        (*PAIRS, *CLUSTERING, *RETRIEVAL),
    ),
    "instruction before queries and single texts": Way({"instruction_template": TEMPLATE}, (*PAIRS, *RETRIEVAL)),
    "instruction before documents too": Way({"instruction_template": TEMPLATE, "instruct_documents": True}, RETRIEVAL),
}
RAW_TEXTS = Way({"trust_remote_code": True}, ("KLUE-STS", *RETRIEVAL))
"""For `tests.evaluator.models.raw_texts`; the others are for MiniLM."""
