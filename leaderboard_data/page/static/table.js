// One view as a DataTable: rank and model first, then the score that it ranks by, then the other scores and columns. What
// stands in the cells: cells.js.
import { extraColumn, modelColumn, rankColumn, scoreColumn, widthOf } from "./cells.js";
import { costText } from "./costs.js";
import { applyDensity, densitySwitch } from "./density.js";
import { fill, h } from "./dom.js";
import { nothingLeft } from "./empty.js";
import { GAIN, gainColumn } from "./hybrid.js";
import { matches, percent, searchWords, viewOf } from "./scores.js";
import { EXTRAS, defaultColumns, filterCount, filterKey } from "./state.js";
import { TABLE_WORDS } from "./table_words.js";
import { headButton } from "./task_links.js";
import { legend } from "./training.js";
import { markAnswer } from "./wayin.js";

const lastBothWays = (sign) => (a, b) => (a == null ? (b == null ? 0 : 1) : b == null ? -1 : (a - b) * sign);

export function registerTypes(DataTable) {
  const order = { asc: lastBothWays(1), desc: lastBothWays(-1) };
  DataTable.type("score", { className: "dt-type-numeric", order });
}

export class Table {
  constructor(DataTable, panel, view, board) {
    Object.assign(this, { DataTable, panel, view, board, escape: DataTable.util.escapeHtml });
    this.build();
  }

  build() {
    const { board, panel, view } = this;
    const { data, state, labels } = board;
    applyDensity(board);
    this.words = searchWords(state);
    this.made = viewOf(data, board.listed(), view, state);
    this.gain = gainColumn(board, view, this.made.rows);
    // The score that the view ranks by stands beside the name: on a phone it is the one that is seen. `scores`: which of
    // the view's score columns each column of the table is.
    const first = this.made.key;
    this.scores = [null, null, first, ...this.made.columns.map((_, i) => i).filter((i) => i !== first)];
    const score = (i) => scoreColumn(board, view, this.made.columns[i], i, () => this.made, this.escape);
    const columns = [
      rankColumn(board, this.escape),
      modelColumn(board, this.escape),
      ...this.scores.slice(2).map(score),
      this.gain,
      ...EXTRAS.map((name) => extraColumn(board, name, this.escape)),
    ];
    this.names = columns.map((c) => c.name);
    this.titles = new Map(columns.map((c) => [c.name, c.title]));
    columns.forEach((c) => {
      c.visible = this.wants(c.name);
    });
    const head = columns.map((c) =>
      h("th", { scope: "col", title: c.hint, class: widthOf(c.title), "data-name": c.name }, c.title),
    );
    const table = h("table", { "aria-label": board.tabLabel(view) }, h("thead", {}, h("tr", {}, head)));
    this.legend = h("div", {}, legend(board));
    // The server's first rows stay until these are drawn, in the same frame: they are where those were.
    const before = panel.querySelector("table[data-first]")?.closest(".dt-layout-cell");
    const place = [before?.scrollLeft ?? 0, before?.scrollTop ?? 0];
    this.empty = h("div", {});
    fill(panel, table, this.empty, h("div", { class: "kel-foot" }, this.marks(), densitySwitch(board)), this.legend);
    const wanted = this.names.indexOf(state.sort?.[0]);
    this.table = new this.DataTable(table, {
      data: this.made.rows,
      columns,
      autoWidth: false,
      orderDescReverse: false, // equal ones keep the view's order, whichever way
      deferRender: true,
      pageLength: 50, // as many as the server sends first
      lengthChange: false,
      language: labels.table,
      order: wanted >= 0 ? [[wanted, state.sort[1]]] : [[0, "asc"]],
      layout: { topStart: null, topEnd: null, bottomStart: "info", bottomEnd: "paging" },
      drawCallback: () => this.afterDraw(),
    });
    this.scores.forEach((i, column) => {
      const task = i == null ? null : this.made.columns[i].task;
      if (task != null) this.table.column(column).header().append(headButton(board, data.suite.tasks[task]));
    });
    this.table.search.fixed("filters", (_, row) => matches(row.entry, board.state, this.words));
    this.filtered = filterKey(state);
    if (filterCount(state))
      this.table.draw(); // else it was just drawn
    else this.afterDraw();
    if (before) panel.querySelector(".dt-layout-table > .dt-layout-cell").scrollTo(...place);
    this.table.on("order", () => this.noteOrder());
    table.tHead.addEventListener("keydown", (event) => {
      // DataTables sorts on Enter alone
      if (event.key === " " && event.target.closest("th")) {
        event.preventDefault();
        event.target.closest("th").click();
      }
    });
    table.tBodies[0].addEventListener("click", (event) => this.open(event.target.closest("td"), event));
    table.tBodies[0].addEventListener("keydown", (event) => this.move(event));
    this.wide = defaultColumns((names) => {
      if (new URLSearchParams(location.search).has("cols")) return;
      board.state.cols = names;
      this.showColumns();
    });
  }

  // What the marks beside a name, the bars and the whiskers mean.
  marks() {
    const t = TABLE_WORDS[this.board.state.lang].legend;
    return h("p", { class: "kel-marks" }, [t.origin, t.kind, t.precision, t.bar, t.whisker].map((line) => [h("span", {}, line), " "]));
  }

  // Other rows in the same columns: after new results, other weights or other origins.
  refill() {
    const { data, state } = this.board;
    this.made = viewOf(data, this.board.listed(), this.view, state);
    this.words = searchWords(state);
    this.filtered = filterKey(state);
    fill(this.legend, legend(this.board));
    this.table.clear().rows.add(this.made.rows).draw(false);
  }

  filter() {
    const { state } = this.board;
    if (this.filtered === filterKey(state)) return;
    this.filtered = filterKey(state);
    this.words = searchWords(state);
    this.table.draw();
  }

  wants(name) {
    const { cols, hide } = this.board.state;
    if (name === GAIN) return this.gain.any;
    return name === "Model" || (EXTRAS.includes(name) ? cols.includes(name) : !hide.includes(name));
  }

  showColumns() {
    const changed = this.names
      .map((_, i) => i)
      .filter((i) => this.table.column(i).visible() !== this.wants(this.names[i]));
    for (const i of changed) this.table.column(i).visible(this.wants(this.names[i]), false);
    if (changed.length) this.table.columns.adjust();
  }

  noteOrder() {
    const [[index, direction] = []] = this.table.order();
    const usual = index === 0 && direction === "asc";
    this.board.change({ sort: index == null || usual ? null : [this.names[index], direction] }, { quiet: true });
  }

  afterDraw() {
    const first = this.panel.querySelector("tbody td.kel-score");
    if (first) first.tabIndex = 0; // one stop for the Tab key; arrows move on from there
    if (!this.table) return;
    this.board.showCount(this.count());
    fill(this.empty, this.count() ? "" : nothingLeft(this.board));
    markAnswer(this.board, this.panel, this.table, this.made);
    this.panel.classList.toggle("kel-onepage", this.table.page.info().pages <= 1);
  }

  count() {
    return this.table.rows({ search: "applied" }).count();
  }

  cellOf(td) {
    const index = td && this.table.cell(td).index();
    return index && { row: this.table.row(index.row).data(), column: this.made.columns[this.scores[index.column]] };
  }

  open(td, event) {
    if (event.target.closest("a")) return;
    const compared = event.target.closest("[data-compare]"),
      model = event.target.closest("[data-model]");
    if (compared) return this.board.compareWith(compared.dataset.compare, compared.checked);
    if (model) return this.board.openModel(model.dataset.model);
    const cell = this.cellOf(td);
    if (cell?.column) this.board.explain(cell.row.entry, cell.column, td);
    else if (cell && td.matches(".kel-c-rank, .kel-c-model") && event.target.tagName !== "INPUT")
      this.board.openModel(cell.row.entry.model);
  }

  move(event) {
    const td = event.target.closest("td");
    if (!td || event.target !== td) return;
    const step = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key];
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.open(td, event);
    }
    if (!step) return;
    event.preventDefault();
    const next =
      this.panel.querySelector("tbody").rows[td.parentElement.sectionRowIndex + step[0]]?.cells[td.cellIndex + step[1]];
    if (!next) return;
    td.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  }

  // What is shown, as text or as numbers: visible columns in the order of the exports (model, scores, rank, others), filtered
  // rows in their order.
  shown(asText) {
    const column = (name) => this.names.indexOf(name);
    const order = ["Model", ...this.made.columns.map((c) => c.name), "Rank", GAIN, ...EXTRAS];
    const columns = order.map(column).filter((i) => this.table.column(i).visible());
    const rows = this.table.rows({ search: "applied", order: "applied" }).data().toArray();
    const value = (row, i) => {
      const name = this.names[i];
      const score = this.scores[i];
      if (name === "Model") return row.entry.name;
      if (name === "Rank") return row.rank;
      if (score != null) return asText && row.values[score] != null ? percent(row.values[score]) : row.values[score];
      if (name === GAIN) return asText && this.gain.value(row) != null ? percent(this.gain.value(row)) : this.gain.value(row);
      if (name === "borda") return row.borda;
      return Array.isArray(row.entry[name]) || name === "matryoshka" ? costText(this.board, row.entry, name) : row.entry[name];
    };
    return {
      names: columns.map((i) => (this.names[i] === "Rank" ? this.board.data.suite.rank_column : this.names[i])),
      rows: rows.map((row) => columns.map((i) => value(row, i))),
      entries: rows.map((r) => r.entry),
    };
  }

  destroy() {
    this.wide.stop();
    this.table.destroy(true);
  }
}
