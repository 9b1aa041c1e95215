// Models of about the same size whose average is higher, where the difference is not one within a tie group.
import { compact, h, plainTable } from "./dom.js";
import { signed } from "./hybrid.js";
import { modelWords } from "./model_words.js";
import { percent } from "./scores.js";
import { SIZE_FACTOR, betterAtSize } from "./standing.js";

const MOST = 5;

export function similar(board, overall, entry) {
  const w = modelWords(board);
  if (!entry.parameters) return h("p", {}, w.noSize);
  const found = overall && betterAtSize(overall, entry.model);
  if (!found) return h("p", {}, w.noAverage);
  const [low, high] = [found.size / SIZE_FACTOR, found.size * SIZE_FACTOR].map((size) => compact(size, board.state.lang));
  const row = ({ entry: other, value, tested }) =>
    h(
      "tr",
      {},
      h(
        "th",
        { scope: "row" },
        h("button", { type: "button", class: "kel-link", onclick: () => board.openModel(other.model) }, other.name),
      ),
      h("td", {}, compact(other.parameters, board.state.lang)),
      h("td", {}, percent(value)),
      h("td", {}, signed(value - found.value)),
      h("td", {}, tested ? w.told : w.notTested),
      h("td", {}, compareButton(board, w, entry.model, other)),
    );
  const { better, tied } = found;
  return [
    h("p", { class: "kel-note" }, w.similarHint(SIZE_FACTOR, low, high)),
    better.length
      ? plainTable(w.similarHead, better.slice(0, MOST).map(row), "kel-better")
      : h("p", {}, tied ? w.onlyTied : w.noSimilar),
    better.length > MOST && h("p", {}, w.more(better.length - MOST)),
    tied > 0 && h("p", { class: "kel-note" }, w.tied(tied)),
  ];
}

const compareButton = (board, w, model, other) =>
  h(
    "button",
    {
      type: "button",
      class: "kel-button",
      "aria-label": `${w.both}: ${model}, ${other.model}`,
      onclick: () => board.change({ compare: [model, other.model], tab: "compare", model: "" }, { page: true }),
    },
    w.both,
  );
