// Search, filters, weights, columns, export: everything that changes the state, as native form controls.
import { costName, deviceChoice } from "./costs.js";
import { fill, h, save, copyText } from "./dom.js";
import { wayIn } from "./wayin.js";
import { EXTRAS, ORIGINS, PRECISIONS, VIEWS, filterCount } from "./state.js";

const toggled = (list, value, on) => (on ? [...list, value] : list.filter((x) => x !== value));

export function controls(board) {
  const { labels: t, state } = board;
  const checks = (name, values, shown, effect) =>
    h(
      "fieldset",
      {},
      h("legend", {}, t.filters[name]),
      values.map((value) =>
        h(
          "label",
          {},
          h("input", {
            type: "checkbox",
            name,
            value,
            checked: state[name].includes(value),
            onchange: (event) => board.change({ [name]: toggled(state[name], value, event.target.checked) }, effect),
          }),
          ` ${shown[value] ?? value}`,
        ),
      ),
    );
  const choice = (name, values, effect = { filter: true }) =>
    h(
      "fieldset",
      {},
      h("legend", {}, t.filters[name]),
      ["", ...values].map((value) =>
        h(
          "label",
          {},
          h("input", {
            type: "radio",
            name: `kel-${name}`,
            value,
            checked: state[name] === value,
            onchange: () => board.change({ [name]: value }, effect),
          }),
          ` ${value ? t.choices[value] : t.all}`,
        ),
      ),
    );
  const bounds = (name, unit) =>
    h(
      "fieldset",
      {},
      h("legend", {}, `${t.filters[name]}${unit ? ` (${unit})` : ""}`),
      [0, 1].map((end) =>
        h(
          "label",
          {},
          h("span", { class: "kel-hidden" }, [t.from, t.to][end]),
          h("input", {
            type: "number",
            min: "0",
            name: `${name}-${end}`,
            placeholder: [t.from, t.to][end],
            value: String(state[name][end] ?? ""),
            oninput: (event) => {
              const next = [...state[name]];
              next[end] = event.target.value === "" ? null : Math.max(0, +event.target.value);
              board.change({ [name]: next }, { filter: true });
            },
          }),
        ),
      ),
    );
  const licenses = ["commercial", ...[...new Set(board.entries.map((e) => e.license ?? "unknown"))].sort()];
  const license = h(
    "fieldset",
    { class: "kel-licenses" },
    h("legend", {}, t.filters.license),
    licenses.map((value) =>
      h(
        "label",
        {},
        h("input", {
          type: "checkbox",
          name: "license",
          value,
          checked: state.license.includes(value),
          onchange: (event) =>
            board.change({ license: toggled(state.license, value, event.target.checked) }, { filter: true }),
        }),
        ` ${value === "commercial" ? t.choices.commercial : value === "unknown" ? t.unknown : value}`,
      ),
    ),
  );
  const filters = h(
    "details",
    { class: "kel-drop" },
    h("summary", {}, t.filter, h("span", { class: "kel-badge" })),
    h(
      "div",
      { class: "kel-sheet" },
      checks("precision", PRECISIONS, { unknown: t.unknown }, { filter: true }),
      choice("type", ["llm", "encoder", "sparse", "multi_vector", "lexical", "unknown"]),
      choice("open", ["open", "closed"]),
      choice("unseen", ["yes", "declared"], { refill: true }),
      bounds("params", t.million),
      bounds("dim"),
      bounds("tokens"),
      license,
      h(
        "button",
        {
          type: "button",
          class: "kel-button",
          onclick: () =>
            board.reset(["q", "precision", "params", "dim", "tokens", "license", "open", "type", "unseen", "origin"]),
        },
        t.reset,
      ),
    ),
  );
  const weights = h(
    "details",
    { class: "kel-drop" },
    h("summary", {}, t.weights),
    h(
      "div",
      { class: "kel-sheet" },
      h("p", {}, t.weightsHint),
      board.data.suite.categories.map((category, i) => {
        const output = h("output", {}, String(state.w[i]));
        return h(
          "label",
          { class: "kel-weight" },
          h("span", {}, category.label),
          h("input", {
            type: "range",
            min: "0",
            max: "5",
            step: "0.5",
            value: String(state.w[i]),
            name: `weight-${category.id}`,
            oninput: (event) => {
              const next = state.w.map((w, j) => (j === i ? +event.target.value : w));
              if (!next.some(Boolean)) {
                event.target.value = String(state.w[i]);
                return;
              }
              output.textContent = event.target.value;
              board.change({ w: next }, { refill: true, rename: true });
            },
          }),
          output,
        );
      }),
      h("button", { type: "button", class: "kel-button", onclick: () => board.reset(["w"]) }, t.reset),
    ),
  );
  const columns = h(
    "details",
    { class: "kel-drop" },
    h("summary", {}, t.columns),
    h("div", { class: "kel-sheet kel-columns" }),
  );
  columns.addEventListener("toggle", () => columns.open && fill(columns.lastChild, ...columnChecks(board)));
  const exports = h(
    "details",
    { class: "kel-drop" },
    h("summary", {}, t.export),
    h(
      "div",
      { class: "kel-sheet" },
      h("p", {}, t.exportHint),
      h("button", { type: "button", class: "kel-button", onclick: () => exportCsv(board) }, "CSV"),
      " ",
      h("button", { type: "button", class: "kel-button", onclick: () => exportJson(board) }, "JSON"),
      " ",
      h(
        "a",
        {
          class: "kel-button",
          href: new URL("./leaderboard.parquet", import.meta.url).href,
          download: "leaderboard.parquet",
        },
        "Parquet",
      ),
    ),
  );
  const origins = h(
    "fieldset",
    { class: "kel-origins" },
    h("legend", { class: "kel-hidden" }, t.filters.origin),
    ORIGINS.map((origin) =>
      h(
        "label",
        { title: t.originHint[origin] },
        h("input", {
          type: "checkbox",
          name: "origin",
          value: origin,
          checked: state.origin.includes(origin),
          onchange: (event) =>
            board.change({ origin: toggled(state.origin, origin, event.target.checked) }, { refill: true }),
        }),
        ` ${t.origin[origin]}`,
      ),
    ),
  );
  const count = h("output", { class: "kel-count", "aria-live": "polite" });
  const copy = h(
    "button",
    {
      type: "button",
      class: "kel-button",
      onclick: () => copyText(location.href, copy, t.copied),
    },
    t.copyLink,
  );
  const drops = [filters, weights, columns, exports];
  const bar = h("div", { class: "kel-bar" }, wayIn(board), origins, drops, copy, count);
  bar.addEventListener(
    "toggle",
    (event) =>
      event.target.open &&
      drops.forEach((d) => {
        if (d !== event.target) d.open = false;
      }),
    true,
  );
  bar.addEventListener("keydown", (event) => {
    const open = drops.find((d) => d.open);
    if (event.key === "Escape" && open) {
      open.open = false;
      open.firstChild.focus();
    }
  });
  const update = () => {
    const number = filterCount(state);
    filters.querySelector(".kel-badge").textContent = number ? ` ${number}` : "";
    for (const part of [columns, exports]) part.hidden = !VIEWS.includes(state.tab); // a plot has no columns
  };
  update();
  return { bar, count, update };
}

function columnChecks(board) {
  const { labels: t, state } = board;
  const table = board.table();
  if (!table) return [];
  const checks = table.names.filter((name) => name !== "Model").map((name) => {
    const extra = EXTRAS.includes(name);
    const set = (on) => (extra ? { cols: toggled(state.cols, name, on) } : { hide: toggled(state.hide, name, !on) });
    return h(
      "label",
      {},
      h("input", {
        type: "checkbox",
        value: name,
        checked: extra ? state.cols.includes(name) : !state.hide.includes(name),
        onchange: (event) => board.change(set(event.target.checked), { columns: true, refill: name === "borda" }),
      }),
      ` ${t.extras[name] ?? costName(board, name) ?? table.titles.get(name) ?? name}`,
    );
  });
  return [...checks, deviceChoice(board)];
}

// A cell that no spreadsheet takes for a formula, quoted where it has to be.
function csvCell(value) {
  const text = value == null ? "" : String(value);
  const plain =
    typeof value === "string" && /^[=+\-@\t\r]/.test(text) && !/^-?\d+(\.\d+)?$/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}

function exportCsv(board) {
  const { names, rows } = board.table().shown(true);
  const lines = [names, ...rows].map((row) => row.map(csvCell).join(","));
  save(`ko-embedding-${board.state.tab}.csv`, "text/csv", `\ufeff${lines.join("\n")}\n`);
}

function exportJson(board) {
  const { names, rows, entries } = board.table().shown(false);
  const { suite, states } = board.data;
  const training = ({ seen }) => Object.fromEntries(suite.tasks.map(({ column }, i) => [column, states[seen[i]] ?? null]));
  const records = rows.map((row, i) => ({
    model: entries[i].model,
    origin: entries[i].origin,
    precision: entries[i].precision,
    training: training(entries[i]),
    ...Object.fromEntries(names.map((name, j) => [name, row[j]])),
  }));
  save(
    `ko-embedding-${board.state.tab}.json`,
    "application/json",
    JSON.stringify({ revision: board.data.revision, unseen: board.state.unseen || null, rows: records }, null, 1),
  );
}
