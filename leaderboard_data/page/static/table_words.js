// The words of the tables, in Korean and English. All that stands between `=` and `;` is JSON: the server, which draws the
// first rows (leaderboard_data/page/first_rows.py), reads this file as well, so that a text stands in one place.
export const TABLE_WORDS = {
  "ko": {
    "rank": "순위",
    "model": "모델",
    "weighted": "*",
    "hints": {
      "rank": "같은 점수는 같은 순위입니다. 아래 작은 숫자는 동점군입니다"
    },
    "kind": {
      "llm": "LLM",
      "encoder": "인코더",
      "sparse": "희소",
      "multi_vector": "다중 벡터",
      "lexical": "어휘 검색"
    },
    "kindHint": {
      "llm": "LLM 기반 임베딩 모델",
      "encoder": "인코더 모델",
      "sparse": "희소 벡터 모델: 검색과 재순위 과제만 평가하고, 전체 순위에는 들지 않습니다",
      "multi_vector": "토큰마다 벡터를 내는 모델(late interaction): 검색과 재순위 과제만 평가하고, 전체 순위에는 들지 않습니다",
      "lexical": "BM25: 학습하지 않은 어휘 검색 기준선. 다른 모델의 순위를 차지하지 않습니다"
    },
    "origin": {
      "measured": "측정",
      "published": "공개",
      "imported": "MTEB"
    },
    "precision": {
      "float32": "fp32",
      "float16": "fp16",
      "bfloat16": "bf16"
    },
    "precisionHint": "평가할 때의 정밀도: {precision}",
    "interval": "95 % 구간 {low} – {high}",
    "place": "이 점수라면 {place}위에 해당합니다. 기준선은 순위를 차지하지 않습니다",
    "notApplicable": "해당 없음",
    "notApplicableHint": "글마다 하나의 밀집 벡터를 내는 모델이 아니라서 이 과제는 해당하지 않습니다",
    "gain": "+ BM25",
    "gainHint": "가장 나은 BM25와 순위를 합쳤을 때(RRF, k = 60) 늘어나는 점수와 쌍체 95 % 구간",
    "density": {
      "name": "행 간격",
      "comfortable": "넓게",
      "compact": "촘촘하게"
    },
    "legend": {
      "bar": "막대: 그 열의 하위권(하위 10 %보다 조금 낮은 점수)에서 최고 점수까지. 진한 막대는 그 열의 최고 점수",
      "whisker": "막대 위 가는 선: 95 % 구간",
      "origin": "측정: 이 리더보드가 직접 측정 · 공개: 공개된 순위표 · MTEB: MTEB 공개 결과(중복 쌍을 제거하지 않음)",
      "kind": "LLM: LLM 기반 · 인코더: 인코더 모델 · 희소, 다중 벡터: 검색과 재순위만 하는 모델 · 어휘 검색: BM25 기준선",
      "precision": "fp32·fp16·bf16: 평가할 때의 정밀도"
    },
    "labels": {
      "originHint": {
        "measured": "이 리더보드가 직접 측정한 결과",
        "published": "공개된 순위표에 실린 결과",
        "imported": "MTEB 공개 결과에서 가져온 결과 (중복 쌍을 제거하지 않음)"
      },
      "extras": {
        "origin": "출처",
        "precision": "정밀도",
        "parameters": "파라미터",
        "dimension": "차원",
        "max_tokens": "최대 토큰",
        "license": "라이선스",
        "speed": "초당 토큰",
        "borda": "Borda 순위",
        "zero_shot": "Zero-shot %"
      },
      "columnHint": {
        "zero_shot": "평균에 드는 과제 가운데 학습에 쓰였다고 밝혀지지 않은 데이터의 비율. 밝힌 것이 없으면 빈칸",
        "sib200": "V-measure. 공개 순위표의 값은 다른 설정으로 계산되었습니다",
        "STS17": "KorSTS 개발·평가 세트를 포함합니다"
      },
      "tieHint": "동점군: 쌍체 부트스트랩에서 5 % 수준으로 차이가 유의하지 않은 모델들의 순위 범위",
      "compareWith": "비교에 담기:",
      "openModel": "모델 정보",
      "weightedHint": "가중 평균",
      "warning": {
        "prompt_not_used": "모델 카드에는 프롬프트가 나오는데 아무 프롬프트도 쓰이지 않았습니다.",
        "unused_prompts": "저장소가 선언한 프롬프트 가운데 어느 과제도 찾지 않는 이름이 있습니다.",
        "remote_code": "저장소가 가져온 코드로 평가했습니다.",
        "gated_base": "어댑터를 얹을 모델은 접근 승인이 필요합니다.",
        "end_token": "모델 카드는 문장 끝에 종료 토큰을 붙이지만 tokenizer_config.json에는 그런 설정이 없습니다.",
        "other_commit": "카드 등록부는 다른 커밋을 보고 적었습니다.",
        "card_differs": "모델 카드의 예시를 다시 계산하니 카드에 적힌 유사도와 다릅니다.",
        "other_data": "고정한 커밋의 데이터가 알려진 것과 다릅니다.",
        "drift": "이 결과를 계산한 환경에서 기준 모델의 점수가 달라졌습니다. 관리자가 확인하고 있습니다."
      },
      "odd": {
        "reranking": "같은 질문과 문서의 검색 점수보다 재순위 점수가 너무 낮습니다. 잘못된 실행일 수 있습니다",
        "retrieval": "같은 질문의 다른 검색 과제 점수와 맞지 않습니다. 잘못된 실행일 수 있습니다",
        "clustering": "이 데이터의 정답으로 학습한 분류기의 정확도보다 높습니다. 이 데이터로 학습했을 수 있습니다",
        "sts": "KorSTS를 포함하는 STS17의 점수와 맞지 않습니다. 잘못된 실행일 수 있습니다",
        "belebele": "영어 질문의 점수보다 한국어 질문의 점수가 너무 낮습니다. 잘못된 실행일 수 있습니다"
      },
      "origin": {
        "measured": "측정",
        "published": "공개 순위표",
        "imported": "MTEB"
      }
    },
    "table": {
      "emptyTable": "결과가 없습니다",
      "zeroRecords": "조건에 맞는 모델이 없습니다",
      "orderable": ": 눌러서 정렬",
      "orderableReverse": ": 눌러서 반대로 정렬"
    },
    "training": {
      "states": {
        "d": "이 과제의 데이터로 학습했다고 밝혔습니다",
        "i": "바탕이 된 모델이 이 과제의 데이터로 학습했습니다",
        "n": "밝힌 학습 데이터에 없습니다",
        "?": "학습 데이터를 밝히지 않았습니다"
      },
      "legend": {
        "d": "이 데이터로 학습함",
        "i": "바탕 모델이 학습함",
        "?": "밝히지 않음(모름)"
      },
      "legendHint": "표시가 없으면 밝힌 학습 데이터에 없다는 뜻이며, 학습하지 않았다는 보증은 아닙니다.",
      "hidden": {
        "yes": "이 데이터로 학습했거나 바탕 모델이 학습한 점수를 숨겼습니다. 숨긴 점수가 든 평균과 순위는 없습니다.",
        "declared": "이 데이터로 학습했거나 바탕 모델이 학습한 점수와, 학습 데이터를 밝히지 않은 모델의 점수를 숨겼습니다. 숨긴 점수가 든 평균과 순위는 없습니다."
      },
      "ofMean": "평균에 든 과제 {of}개 가운데 {n}개의 데이터로 학습했습니다"
    },
    "costs": {
      "names": {
        "storage": "MB/백만 문서",
        "fits": "색인 가능",
        "matryoshka": "마트료시카",
        "syllable_tokens": "토큰/100음절",
        "unknown": "미등록 토큰 %",
        "cut": "잘린 글 %",
        "device": "장치",
        "suite_seconds": "전체 과제 초",
        "peak": "최대 메모리 MB"
      },
      "hints": {
        "storage": "float32 벡터 백만 개의 크기(MB, 백만 바이트). 색인 자체의 그래프는 빼고 셉니다",
        "fits": "이 차원의 벡터를 색인할 수 있는 곳: pgvector HNSW 2,000차원(halfvec 4,000), Elasticsearch 4,096, Milvus 32,768",
        "matryoshka": "모델 카드가 마트료시카 학습을 말하는지. 말하지 않으면 벡터를 잘라 쓰는 것은 모델이 약속한 용법이 아닙니다",
        "syllable_tokens": "한글 100음절이 몇 토큰이 되는지(잘리지 않은 한국어 글로 계산). 적을수록 같은 길이에 많이 담깁니다",
        "unknown": "한국어 글의 토큰 가운데 토크나이저가 모르는 토큰의 비율",
        "cut": "과제마다 모델의 최대 길이를 채운 글의 비율, 과제들의 평균",
        "device": "속도와 메모리를 잰 장치",
        "speed": "임베딩할 때의 초당 토큰. 같은 장치에서 잰 값끼리만 정렬합니다",
        "suite_seconds": "이 과제 모음을 이 장치에서 푸는 데 걸리는 시간(초). 같은 장치에서 잰 값끼리만 정렬합니다",
        "peak": "최대 메모리(MB): GPU에서는 GPU의, 아니면 프로세스의 것. 같은 장치에서 잰 값끼리만 정렬합니다"
      },
      "claims": [
        "카드에 없음",
        "카드에 있음"
      ],
      "unknownDevice": "모름",
      "none": "없음"
    }
  },
  "en": {
    "rank": "Rank",
    "model": "Model",
    "weighted": "*",
    "hints": {
      "rank": "equal scores share a rank; the small numbers below are the tie group"
    },
    "kind": {
      "llm": "LLM",
      "encoder": "encoder",
      "sparse": "sparse",
      "multi_vector": "late interaction",
      "lexical": "lexical"
    },
    "kindHint": {
      "llm": "an embedding model made of an LLM",
      "encoder": "an encoder model",
      "sparse": "a model of sparse vectors: it does retrieval and reranking alone, and has no overall rank",
      "multi_vector": "a model with a vector for each token: it does retrieval and reranking alone, and has no overall rank",
      "lexical": "BM25: a lexical baseline that learnt nothing. It takes no rank from a model"
    },
    "origin": {
      "measured": "measured",
      "published": "published",
      "imported": "MTEB"
    },
    "precision": {
      "float32": "fp32",
      "float16": "fp16",
      "bfloat16": "bf16"
    },
    "precisionHint": "evaluated in {precision}",
    "interval": "95 % interval {low} – {high}",
    "place": "with this score it would be number {place}; a baseline takes no rank",
    "notApplicable": "n/a",
    "notApplicableHint": "not applicable: this model does not give a text one dense vector",
    "gain": "+ BM25",
    "gainHint": "what the score gains when rankings are fused with the best BM25 (RRF, k = 60), with its paired 95 % interval",
    "density": {
      "name": "Rows",
      "comfortable": "comfortable",
      "compact": "compact"
    },
    "legend": {
      "bar": "Bar: from the low end of the column (a little below its lowest tenth) to its best score; the darker bar is the best",
      "whisker": "thin line over a bar: 95 % interval",
      "origin": "measured: by this leaderboard · published: the published board · MTEB: MTEB's public results (duplicate pairs not removed)",
      "kind": "LLM: made of an LLM · encoder: an encoder model · sparse, late interaction: models for retrieval and reranking alone · lexical: the BM25 baseline",
      "precision": "fp32, fp16, bf16: the precision of the evaluation"
    },
    "labels": {
      "originHint": {
        "measured": "measured by this leaderboard",
        "published": "as shown on the published board",
        "imported": "from MTEB's public results (duplicate pairs not removed)"
      },
      "extras": {
        "origin": "Origin",
        "precision": "Precision",
        "parameters": "Parameters",
        "dimension": "Dimension",
        "max_tokens": "Max tokens",
        "license": "Licence",
        "speed": "Tokens/s",
        "borda": "Borda rank",
        "zero_shot": "Zero-shot %"
      },
      "columnHint": {
        "zero_shot": "share of the counted tasks whose data is not declared as trained on; empty where nothing is declared",
        "sib200": "V-measure. The published board computed it with other settings",
        "STS17": "contains the KorSTS development and test sets"
      },
      "tieHint": "tie group: the ranks of the models that a paired bootstrap does not tell apart at the 5 % level",
      "compareWith": "compare:",
      "openModel": "about the model",
      "weightedHint": "weighted mean",
      "warning": {
        "prompt_not_used": "The card shows a prompt, but no prompt was used.",
        "unused_prompts": "The repository declares prompts under names that no task looks up.",
        "remote_code": "Evaluated with code that the repository brings.",
        "gated_base": "The model below this adapter is gated.",
        "end_token": "The card ends each text with the end token; tokenizer_config.json does not say so.",
        "other_commit": "The card registry was written from another commit.",
        "card_differs": "The example on the card gives other similarities here than the card prints.",
        "other_data": "The data at the pinned commit has other rows than are known.",
        "drift": "The reference model scores otherwise in the environment of this result; the maintainers look into it."
      },
      "odd": {
        "reranking": "far below the retrieval score of the same questions and passages: it may be a faulty run",
        "retrieval": "contradicts the other retrieval score of the same questions: it may be a faulty run",
        "clustering": "above the accuracy of a classifier trained on this data's labels: the model may have seen the data",
        "sts": "contradicts the score of STS17, which holds KorSTS: it may be a faulty run",
        "belebele": "far below the score with English questions: it may be a faulty run"
      },
      "origin": {
        "measured": "measured",
        "published": "published board",
        "imported": "MTEB"
      }
    },
    "table": {
      "emptyTable": "There are no results",
      "zeroRecords": "No model matches",
      "orderable": ": activate to sort",
      "orderableReverse": ": activate to reverse"
    },
    "training": {
      "states": {
        "d": "declared: trained on this task's data",
        "i": "inherited: a model that this one was made of was trained on this task's data",
        "n": "not among the declared training data",
        "?": "nothing is declared of its training data"
      },
      "legend": {
        "d": "trained on this data",
        "i": "a base model was",
        "?": "nothing declared (unknown)"
      },
      "legendHint": "No mark: not among the declared training data, which does not prove that it was not seen.",
      "hidden": {
        "yes": "Scores on data that the model, or one that it was made of, was trained on are hidden. A mean of which a score is hidden does not exist, nor a rank.",
        "declared": "Scores on data that the model, or one that it was made of, was trained on are hidden, and those of models that declare nothing. A mean of which a score is hidden does not exist, nor a rank."
      },
      "ofMean": "{n} of the {of} tasks in this mean are on data that it was trained on"
    },
    "costs": {
      "names": {
        "storage": "MB/million documents",
        "fits": "Indexable in",
        "matryoshka": "Matryoshka",
        "syllable_tokens": "Tokens/100 syllables",
        "unknown": "Unknown tokens %",
        "cut": "Cut texts %",
        "device": "Device",
        "suite_seconds": "Suite seconds",
        "peak": "Peak memory MB"
      },
      "hints": {
        "storage": "a million float32 vectors in MB (a million bytes), without the index's own graph",
        "fits": "which indexes take vectors of this dimension: pgvector's HNSW 2,000 (halfvec 4,000), Elasticsearch 4,096, Milvus 32,768",
        "matryoshka": "whether the card speaks of Matryoshka training; where it does not, nobody promised that vectors may be cut",
        "syllable_tokens": "tokens for 100 Hangul syllables, of Korean texts that are read whole; fewer means more text in the same length",
        "unknown": "the share of tokens of Korean texts that the tokenizer does not know",
        "cut": "the share of texts that fill the model's length, the mean over the tasks",
        "device": "where speed and memory were measured",
        "speed": "tokens a second while encoding; only values of one device are sorted",
        "suite_seconds": "seconds for this suite on the device; only values of one device are sorted",
        "peak": "the most memory, MB: the GPU's where there is one, else the process's; only values of one device are sorted"
      },
      "claims": [
        "not claimed",
        "claimed"
      ],
      "unknownDevice": "unknown",
      "none": "none"
    }
  }
};
