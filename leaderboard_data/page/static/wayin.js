// The way in: three questions (use, limits, licence) that lead to a filtered table with the Pareto set marked in it, as
// an address that can be sent. Every answer is a parameter of the address that the filters have too; `pareto` marks.
import { copyText, fill, h } from "./dom.js";
import { matches, paretoFront, percent, viewOf } from "./scores.js";
import { FILTERS, VIEWS, address, defaults, remember, remembered } from "./state.js";
import { wayWords } from "./wayin_words.js";

const SEEN = "kel-wayin"; // kept by the browser of who has opened or closed the invitation
const MOST_NAMED = 4;

const words = (board) => wayWords(board.state.lang);

// What one can use a model for: the suite's tables, but for the one that only lists all tasks.
const usesOf = (board) =>
  VIEWS.filter((view) => view === "overall" || board.data.suite.categories.some((category) => category.id === view));

// The questions' answers as a change of the state.
export function answerOf({ use, size, dimension, length, license, open }) {
  const amount = (text) => (text ? Number(text) : null);
  const { origin, ...kept } = defaults(FILTERS);
  return {
    ...kept,
    tab: use,
    sort: null,
    params: [null, amount(size)],
    dim: [null, amount(dimension)],
    tokens: [amount(length), null],
    license: license ? [license] : [],
    open: open ? "open" : "",
    pareto: "1",
  };
}

// What the state says of the questions, to begin with.
const choicesOf = (board) => {
  const { tab, params, dim, tokens, license, open } = board.state;
  return {
    use: usesOf(board).includes(tab) ? tab : "overall",
    size: String(params[1] ?? ""),
    dimension: String(dim[1] ?? ""),
    length: String(tokens[0] ?? ""),
    license: license.includes("commercial") ? "commercial" : "",
    open: open === "open",
  };
};

// How many models the answers leave, and how many of them have a rank.
function countOf(board, changed) {
  const state = { ...board.state, ...changed };
  const { rows } = viewOf(board.data, board.listed(), changed.tab, state);
  const left = rows.filter(({ entry }) => !entry.lexical && matches(entry, state, []));
  return [left.length, left.filter(({ rank }) => rank != null).length];
}

// Take over the answers, and draw the controls anew, whose fields hold values of their own.
function go(board, changed) {
  board.change({ ...changed, model: "" }, { quiet: true, page: true });
  board.render();
  board.root.querySelector(".kel-answer h2")?.focus();
}

function openDialog(board) {
  const t = words(board);
  remember(SEEN, "1");
  board.root.querySelector(".kel-hello")?.remove();
  const at = choicesOf(board);
  const found = h("output", { class: "kel-way-found", "aria-live": "polite" });
  const show = h("a", { class: "kel-button kel-primary" }, t.go);
  const renew = () => {
    const changed = answerOf(at);
    found.textContent = t.found(...countOf(board, changed));
    show.href = address({ ...board.state, ...changed, model: "", task: "", look: [], submitting: false }).href;
  };
  const radios = (name, values, named) =>
    values.map((value) =>
      h(
        "label",
        {},
        h("input", {
          type: "radio",
          name: `kel-way-${name}`,
          value,
          checked: at[name] === value,
          onchange: () => {
            at[name] = value;
            renew();
          },
        }),
        ` ${named(value)}`,
      ),
    );
  const select = (name, label, values) =>
    h(
      "label",
      { class: "kel-way-select" },
      h("span", {}, label),
      h(
        "select",
        {
          name: `kel-way-${name}`,
          onchange: (event) => {
            at[name] = event.target.value;
            renew();
          },
        },
        // The visitor's own bound, where it is none of these, stays a choice.
        [...new Set(["", ...Object.keys(values), at[name]])].map((value) =>
          h("option", { value, selected: at[name] === value }, values[value] ?? value),
        ),
      ),
    );
  const labelOf = (view) => t.uses[view] ?? board.tabLabel(view);
  const dialog = h(
    "dialog",
    { class: "kel-dialog kel-way", "aria-labelledby": "kel-way-title" },
    h("h2", { id: "kel-way-title" }, t.title),
    h("fieldset", {}, h("legend", {}, t.use), h("div", { class: "kel-way-uses" }, radios("use", usesOf(board), labelOf))),
    h(
      "fieldset",
      {},
      h("legend", {}, t.limits),
      select("size", t.size, t.sizes),
      select("dimension", t.dimension, t.dimensions),
      select("length", t.length, t.lengths),
      h("p", { class: "kel-note" }, t.unknown),
    ),
    h(
      "fieldset",
      {},
      h("legend", {}, t.license),
      radios("license", ["", "commercial"], (value) => t.licenses[value]),
      h(
        "label",
        {},
        h("input", {
          type: "checkbox",
          name: "kel-way-open",
          checked: at.open,
          onchange: (event) => {
            at.open = event.target.checked;
            renew();
          },
        }),
        ` ${t.open}`,
      ),
      h("p", { class: "kel-note" }, t.licenseHint),
    ),
    h(
      "div",
      { class: "kel-actions" },
      found,
      h("button", { type: "button", class: "kel-button", onclick: () => dialog.close() }, t.cancel),
      show,
    ),
  );
  show.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return; // a new tab or window
    event.preventDefault();
    dialog.close();
    go(board, answerOf(at));
  });
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  renew();
  board.root.append(dialog);
  dialog.showModal();
}

// The button that is always there. On the first visit an invitation floats beside it: it moves nothing on the page.
export function wayIn(board) {
  const t = words(board);
  return h("button", { type: "button", class: "kel-button kel-wayin", "aria-haspopup": "dialog", onclick: () => openDialog(board) }, t.ask);
}

export function invitation(board) {
  if (remembered(SEEN) || board.state.pareto || board.state.submitting) return null;
  const t = words(board);
  const hello = h(
    "aside",
    { class: "kel-hello", "aria-label": t.ask },
    h("p", {}, t.hello),
    h("button", { type: "button", class: "kel-button kel-primary", onclick: () => openDialog(board) }, t.begin),
    h(
      "button",
      {
        type: "button",
        class: "kel-button",
        onclick: () => {
          remember(SEEN, "1");
          hello.remove();
        },
      },
      t.notNow,
    ),
  );
  return hello;
}

// The rows of a table of which no smaller one has a higher score. `key`: the number of the column that the view is for.
function frontOf(rows, key) {
  const points = rows
    .filter(({ entry, values }) => entry.parameters != null && values[key] != null && !entry.lexical)
    .map((row) => ({ x: row.entry.parameters, y: row.values[key], row }));
  return new Set(paretoFront(points, false).map(({ row }) => row));
}

const keyOf = (board, made) => {
  const category = board.data.suite.categories.find((c) => c.id === board.state.tab);
  return made.columns.findIndex((c) => (category ? c.name === category.column : c.name === board.data.suite.averages[0].column));
};

// Where the state asks for it: marks in the rows of the Pareto set, and above the table what the choice comes to.
// `table` is the DataTable with its filters applied, `made` the view.
export function markAnswer(board, panel, table, made) {
  const t = words(board);
  const place = board.root.querySelector(".kel-answer");
  if (!place) return;
  place.hidden = !board.state.pareto;
  if (!board.state.pareto) {
    for (const mark of panel.querySelectorAll(".kel-frontmark")) mark.remove();
    return void fill(place);
  }
  const key = keyOf(board, made);
  const rows = table.rows({ search: "applied", order: "index" }).data().toArray();
  const front = frontOf(rows, key);
  table.rows({ page: "current" }).every(function () {
    const cell = this.node()?.querySelector(".kel-names");
    cell?.querySelector(".kel-frontmark")?.remove();
    if (cell && front.has(this.data()))
      cell
        .querySelector(".kel-name")
        .before(h("i", { class: "kel-frontmark", role: "img", "aria-label": t.frontMark, title: t.frontMark }));
  });
  const title = h("h2", { tabIndex: -1 }, t.answer);
  fill(place, title, h("p", { "aria-live": "polite" }, answerText(t, rows, key, front, board)), answerButtons(board, t));
}

function answerText(t, rows, key, front, board) {
  const ranked = rows.filter((row) => row.rank != null).sort((a, b) => a.rank - b.rank);
  const [first] = ranked;
  if (!first) return t.none;
  const said = [t.best(first.entry.name, first.values[key] == null ? "–" : percent(first.values[key]), ranked.length)];
  if (!first.ties) said.push(t.noIntervals);
  else {
    const tied = ranked.filter((row) => row !== first && row.ties && row.rank >= first.ties[0] && row.rank <= first.ties[1]);
    const names = tied.slice(0, MOST_NAMED).map(({ entry, rank }) => `${entry.name} (${rank})`);
    said.push(tied.length ? t.tied(names.join(", "), tied.length - names.length) : t.apart);
  }
  const unranked = rows.filter((row) => row.rank == null && !row.entry.lexical).length;
  if (unranked) said.push(t.unranked(unranked));
  if (front.size) said.push(t.front(front.size));
  return said.join(" ");
}

function answerButtons(board, t) {
  const share = h("button", { type: "button", class: "kel-button", onclick: () => copyText(location.href, share, board.labels.copied) }, t.share);
  const button = (text, onclick) => h("button", { type: "button", class: "kel-button", onclick }, text);
  return h(
    "div",
    { class: "kel-answer-verbs" },
    share,
    button(t.again, () => openDialog(board)),
    button(t.close, () => {
      board.change({ pareto: "" }, { quiet: true });
      board.render();
    }),
  );
}

export const answerPlace = (board) => h("section", { class: "kel-answer", "aria-label": words(board).answer, hidden: !board.state.pareto });
