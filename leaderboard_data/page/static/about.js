// What the numbers mean, and what to beware of. Sources are named as text; the page loads nothing from them.
import { ask, fill, h, link, plainTable } from "./dom.js";
import { taskButton } from "./task_links.js";

const TEXTS = {
  ko: {
    notes: "읽기 전에",
    scores: "점수의 뜻",
    tasks: "과제와 데이터",
    api: "프로그램에서 쓰기",
    columns: ["열", "과제 (MTEB)", "데이터", "평가 부분", "점수"],
    list: [
      "Kor-STS는 STS17에 포함됩니다: STS17의 ko-ko 부분은 KorSTS의 개발 세트와 평가 세트를 따옴표 있는 TSV로 읽은 것입니다. 두 열은 서로 독립이 아닙니다.",
      "공개 순위표의 군집화(sib200) 점수는 공개되지 않은 다른 설정으로 계산되어 MTEB 결과로 재현되지 않습니다. 같은 열이라도 출처가 다른 값끼리는 비교하지 마세요.",
      "MTEB에서 가져온 결과 가운데 몇몇은 군집화 점수가 90에 이르러 다른 모델과 크게 다릅니다. 이 데이터로 학습했다고 밝힌 모델에는 ● 표시가 있습니다.",
      "● 이 과제의 데이터로 학습했다고 밝힌 모델, ◐ 바탕이 된 모델이 학습한 경우, ? 학습 데이터를 밝히지 않은 모델. 표시가 없는 점수도 학습하지 않았다는 보증은 아닙니다. 근거는 칸을 누르면 나옵니다.",
      "'학습에 쓰이지 않은 데이터의 점수만' 필터는 ●와 ◐ 점수를(둘째 선택은 ? 점수도) 숨깁니다. 숨긴 점수가 든 평균과 순위는 없습니다. Zero-shot %는 평균에 드는 과제 가운데 ●도 ◐도 아닌 과제의 비율입니다.",
      "측정한 결과와 공개 순위표는 중복 쌍을 제거합니다((A, B)와 (B, A)는 같은 쌍). MTEB에서 가져온 결과는 제거하지 않은 점수입니다.",
      "95 % 구간과 동점군은 여기서 측정한 결과에만 있습니다. 다른 곳에서 보고한 점수에는 표본이 없어 구간을 만들 수 없습니다.",
      "아홉 과제의 점수가 모두 있어야 순위를 매깁니다. 빠진 점수는 빈칸(–)이며 0점이 아닙니다.",
      "정밀도가 float32가 아니면 이름 뒤에 -fp16, -bf16을 붙입니다.",
    ],
    kinds: [
      [
        "STS",
        "여덟 상관계수의 평균: 사람이 매긴 점수와, 모델 자신의 유사도·코사인·맨해튼·유클리드 거리의 피어슨·스피어만 상관계수.",
        "Cer 외 (2017), SemEval-2017 Task 1",
      ],
      [
        "NLI",
        "함의 쌍을 양성, 모순 쌍을 음성으로 본 평균 정밀도(AP): 다섯 유사도 중 가장 큰 값. 동점은 동점으로 셉니다.",
        "Muennighoff 외 (2023), MTEB",
      ],
      [
        "Clustering",
        "V-measure = 2·동질성·완전성 / (동질성 + 완전성): 미니배치 k-평균 열 번의 평균.",
        "Rosenberg와 Hirschberg (2007)",
      ],
      [
        "Retrieval",
        "nDCG@5와 nDCG@10의 평균: DCG@k = Σ rel_i / log₂(i+1), 이상적 순서의 DCG로 나눕니다. 코사인 유사도로 전체 문서를 검색합니다.",
        "Järvelin과 Kekäläinen (2002)",
      ],
      ["평균", "분류 점수 = 과제 점수의 평균(같은 자료에서 온 과제는 하나로 셉니다), 평균 = 분류 점수의 평균. 하나라도 없으면 평균도 없습니다. 반올림은 보일 때만 합니다.", ""],
      [
        "Borda",
        "과제마다 자기보다 낮은 모델 수만큼 점수를 얻고(동점은 절반), 합이 큰 순서로 순위를 매깁니다.",
        "Colombo 외 (2022)",
      ],
      [
        "동점군",
        "쌍체 부트스트랩(재표본 1,000개)에서 차이의 95 % 구간이 0을 포함하면 같은 동점군입니다.",
        "Efron과 Tibshirani (1993)",
      ],
    ],
    apiText:
      "순위표는 Gradio API(아래 'API를 통해 사용')와 MCP 도구로도 읽을 수 있습니다: leaderboard, model, compare, tasks.",
  },
  en: {
    notes: "Before you read",
    scores: "What the scores mean",
    tasks: "Tasks and data",
    api: "For programs",
    columns: ["Column", "Task (MTEB)", "Data", "Part", "Score"],
    list: [
      "Kor-STS is contained in STS17: the ko-ko part of STS17 is the KorSTS development and test sets read as quoted TSV. The two columns are not independent.",
      "The published board computed clustering (sib200) with other, unpublished settings, which MTEB's results do not reproduce. Do not compare values of different origins in that column.",
      "Some results imported from MTEB reach about 90 in clustering, far above all others. Models that declare this data as training data have the mark ●.",
      "● the model declares that it was trained on the task's data, ◐ a model that it was made of was, ? nothing is declared. A score without a mark is no proof that the data was not seen. Click a cell for who says so.",
      "The filter 'Only scores on unseen data' hides scores with ● and ◐ (its second choice those with ? too). A mean of which a score is hidden does not exist, nor a rank. Zero-shot % is the share of the counted tasks with neither ● nor ◐.",
      "Measured and published results leave out duplicate pairs, (A, B) being the same as (B, A). Those imported from MTEB keep them.",
      "Intervals and tie groups exist only for results that were measured here: those reported elsewhere come without samples.",
      "A rank needs all nine scores. A missing score is a gap (–), never zero.",
      "Where the precision is not float32, the name ends in -fp16 or -bf16.",
    ],
    kinds: [
      [
        "STS",
        "Mean of eight correlations: Pearson and Spearman between the gold scores and the model's own similarity, cosine, Manhattan and Euclidean distance.",
        "Cer et al. (2017), SemEval-2017 Task 1",
      ],
      [
        "NLI",
        "Average precision with entailment as positive and contradiction as negative: the largest of five similarities. Ties count as ties.",
        "Muennighoff et al. (2023), MTEB",
      ],
      [
        "Clustering",
        "V-measure = 2 · homogeneity · completeness / (homogeneity + completeness): mean of ten runs of mini-batch k-means.",
        "Rosenberg and Hirschberg (2007)",
      ],
      [
        "Retrieval",
        "Mean of nDCG@5 and nDCG@10: DCG@k = Σ rel_i / log₂(i+1), over the DCG of the ideal order. Exact cosine search over the whole corpus.",
        "Järvelin and Kekäläinen (2002)",
      ],
      ["Average", "Category = mean of its tasks (tasks of one source of data count as one), Average = mean of the categories. Where one is missing there is no mean. Rounded only to be shown.", ""],
      [
        "Borda",
        "For each task a model gets a point for each model below it (half for a tie); ranked by the sum.",
        "Colombo et al. (2022)",
      ],
      [
        "Tie group",
        "Models for which the 95 % interval of the paired bootstrap difference (1,000 resamples) holds zero.",
        "Efron and Tibshirani (1993)",
      ],
    ],
    apiText:
      'The board can be read through Gradio\'s API ("Use via API" below) and as MCP tools: leaderboard, model, compare, tasks.',
  },
};

export async function aboutPage(board, panel) {
  const text = TEXTS[board.state.lang];
  const tasks = h("tbody");
  fill(
    panel,
    h(
      "article",
      { class: "kel-about" },
      h("h2", {}, text.notes),
      h(
        "ul",
        {},
        text.list.map((note) => h("li", {}, note)),
      ),
      h("h2", {}, text.scores),
      h(
        "dl",
        { class: "kel-facts" },
        text.kinds.map(([name, meaning, source]) => [
          h("dt", {}, name),
          h("dd", {}, meaning, source ? h("small", {}, ` (${source})`) : ""),
        ]),
      ),
      h("h2", {}, text.tasks),
      plainTable(text.columns, tasks),
      h("h2", {}, text.api),
      h("p", {}, text.apiText),
    ),
  );
  try {
    fill(
      tasks,
      ...(await ask(board, "tasks")).map((task) =>
        h(
          "tr",
          {},
          h("th", { scope: "row" }, task.column),
          h("td", {}, taskButton(board, task.id)),
          h(
            "td",
            {},
            link(`https://huggingface.co/datasets/${task.dataset}/tree/${task.revision}`, task.dataset),
            ` @ ${task.revision.slice(0, 7)}`,
          ),
          h("td", {}, [task.config, task.splits.join("+")].filter(Boolean).join(" · ")),
          h("td", {}, task.score),
        ),
      ),
    );
  } catch (error) {
    panel.append(h("p", { role: "alert" }, error.message));
  }
}
