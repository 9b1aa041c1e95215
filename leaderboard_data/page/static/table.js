// One view as a DataTable: columns, cells, sorting, keyboard. Renderers return HTML, so every value is escaped.
import { comparable, costHint, costName, costText, deviceMark, isOfDevice } from "./costs.js";
import { compact, fill, h, hubAddress } from "./dom.js";
import { GAIN, gainColumn, kindMark, notApplicable, placeCell } from "./hybrid.js";
import { matches, orderOf, percent, searchWords, viewOf } from "./scores.js";
import { COSTS, EXTRAS, filterCount, filterKey } from "./state.js";
import { headButton } from "./task.js";
import { legend, seenMark } from "./training.js";

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
    const { data, state, labels } = this.board;
    this.words = searchWords(state);
    this.made = viewOf(data, this.board.listed(), this.view, state);
    this.gain = gainColumn(this.board, this.view, this.made.rows);
    const columns = [
      this.modelColumn(),
      ...this.made.columns.map((c, i) => this.scoreColumn(c, i)),
      this.rankColumn(),
      this.gain,
      ...EXTRAS.map((name) => this.extraColumn(name)),
    ];
    this.names = columns.map((c) => c.name);
    columns.forEach((c) => {
      c.visible = this.wants(c.name);
    });
    const head = columns.map((c) => h("th", { scope: "col", title: c.hint }, c.title));
    const table = h("table", { "aria-label": this.board.tabLabel(this.view) }, h("thead", {}, h("tr", {}, head)));
    this.legend = h("div", {}, legend(this.board));
    fill(this.panel, table, this.legend);
    const wanted = this.names.indexOf(state.sort?.[0]);
    this.table = new this.DataTable(table, {
      data: this.made.rows,
      columns,
      autoWidth: false,
      deferRender: true,
      pageLength: 100,
      lengthChange: false,
      language: labels.table,
      order: wanted >= 0 ? [[wanted, state.sort[1]]] : [[this.made.columns.length + 1, "asc"]],
      layout: { topStart: null, topEnd: null, bottomStart: "info", bottomEnd: "paging" },
      drawCallback: () => this.afterDraw(),
    });
    this.made.columns.forEach((column, i) => {
      if (column.task != null) this.table.column(i + 1).header().append(headButton(this.board, data.suite.tasks[column.task]));
    });
    this.table.search.fixed("filters", (_, row) => matches(row.entry, this.board.state, this.words));
    this.filtered = filterKey(state);
    if (filterCount(state))
      this.table.draw(); // else it was just drawn
    else this.afterDraw();
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
  }

  modelColumn() {
    const { labels, state } = this.board;
    const cell = ({ entry, rank }) => {
      const name = this.escape(entry.name),
        id = this.escape(entry.model);
      const ranked = rank == null ? "" : ` data-rank="${rank}"`;
      const linked = entry.local || entry.lexical
        ? `<span${ranked}>${name}</span>`
        : `<a${ranked} href="${this.escape(hubAddress(entry.model))}" target="_blank" rel="noopener noreferrer">${name}</a>`;
      const why = this.escape(entry.doubts.map((code) => labels.warning[code] ?? code).join(" "));
      const doubt = why ? `<i class="kel-doubt" role="img" aria-label="${why}" title="${why}"></i>` : "";
      const compared = state.compare.includes(entry.model) ? " checked" : "";
      return (
        `<span class="kel-model"><input type="checkbox" data-compare="${id}"${compared} aria-label="${labels.compareWith} ${name}">` +
        `<button type="button" class="kel-open" data-model="${id}" aria-label="${labels.openModel} ${name}" title="${labels.openModel}"></button>` +
        `${linked}${kindMark(this.board, entry, this.escape)}${doubt}<i class="kel-origin" data-origin="${entry.origin}" data-label="${labels.origin[entry.origin]}" title="${labels.originHint[entry.origin]}"></i></span>`
      );
    };
    return {
      name: "Model",
      title: "Model",
      data: null,
      type: "string",
      orderSequence: ["asc", "desc"],
      render: (_, kind, row) => (kind === "display" ? cell(row) : row.entry.name),
    };
  }

  scoreColumn(column, i) {
    const seen = seenMark(this.board, column, this.escape);
    const odd = (entry) => {
      const why = this.board.labels.odd[entry.odd[column.task]];
      const text = why && this.escape(why);
      return text ? `<i class="kel-odd" role="img" aria-label="${text}" title="${text}"></i>` : "";
    };
    const show = (value, row) => {
      const none = row.entry.notApplicable.size ? notApplicable(this.board, column, row.entry, this.escape) : "";
      if (none) return none;
      if (value == null) {
        const failure = row.entry.failures[column.task];
        return (failure ? `<span class="kel-gap" title="${this.escape(failure)}">–</span>` : "–") + odd(row.entry) + seen(row.entry, value);
      }
      const interval =
        column.task != null ? row.entry.intervals?.[column.task] : row.entry.meanIntervals?.[column.mean];
      const best = value === this.made.best[i] ? ` class="kel-best"` : "";
      return (
        `<span${best}>${percent(value)}</span>${odd(row.entry)}${seen(row.entry, value)}` +
        (interval
          ? `<small class="kel-ci" data-low="${percent(interval[0])}" data-high="${percent(interval[1])}"></small>`
          : "")
      );
    };
    const { labels } = this.board;
    return {
      name: column.name,
      title: column.weighted ? `${column.name}*` : column.name,
      searchable: false,
      data: null,
      type: "score",
      hint: column.weighted ? labels.weightedHint : labels.columnHint[column.name],
      orderSequence: ["desc", "asc"],
      className: "kel-score",
      render: (_, kind, row) => (kind === "display" ? show(row.values[i], row) : row.values[i]),
    };
  }

  rankColumn() {
    const show = ({ rank, place, ties }) =>
      rank == null
        ? place == null ? "–" : placeCell(this.board, place, this.escape)
        : rank +
          (ties && ties[0] !== ties[1]
            ? `<small class="kel-ci" data-low="${ties[0]}" data-high="${ties[1]}" title="${this.board.labels.tieHint}"></small>`
            : "");
    return {
      name: "Rank",
      title: this.board.data.suite.rank_column,
      searchable: false,
      data: null,
      type: "score",
      orderSequence: ["asc", "desc"],
      render: (_, kind, row) => (kind === "display" ? show(row) : row.rank ?? (row.place == null ? null : orderOf(row))),
    };
  }

  extraColumn(name) {
    const { labels, state } = this.board;
    const words = ["fits", "matryoshka", "device"].includes(name);
    const cost = COSTS.includes(name);
    const number = ["parameters", "dimension", "max_tokens", "speed", "borda", "zero_shot"].includes(name) || (cost && !words);
    const value = (row) =>
      name === "borda" ? row.borda : words ? costText(this.board, row.entry, name) : comparable(this.board, row.entry, name);
    const show = (row) => {
      const v = name === "borda" ? row.borda : row.entry[name];
      const device = isOfDevice(name) && v != null ? deviceMark(this.board, row.entry, this.escape) : "";
      if (cost || device) return v == null ? "–" : this.escape(costText(this.board, row.entry, name)) + device;
      if (name === "origin") return labels.origin[v];
      if (v == null) return "–";
      return name === "parameters" ? compact(v, state.lang) : number ? v.toLocaleString(state.lang) : this.escape(v);
    };
    return {
      name,
      title: labels.extras[name] ?? costName(this.board, name),
      hint: labels.columnHint[name] ?? costHint(this.board, name),
      searchable: false,
      data: null,
      type: number ? "score" : "string",
      orderSequence: name === "borda" ? ["asc", "desc"] : ["desc", "asc"],
      render: (_, kind, row) => (kind === "display" ? show(row) : (value(row) ?? (number ? null : ""))),
    };
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
    const usual = index === this.made.columns.length + 1 && direction === "asc";
    this.board.change({ sort: index == null || usual ? null : [this.names[index], direction] }, { quiet: true });
  }

  afterDraw() {
    const first = this.panel.querySelector("tbody td:nth-child(2)");
    if (first) first.tabIndex = 0; // one stop for the Tab key; arrows move on from there
    if (!this.table) return;
    this.board.showCount(this.count());
    this.panel.classList.toggle("kel-onepage", this.table.page.info().pages <= 1);
  }

  count() {
    return this.table.rows({ search: "applied" }).count();
  }

  cellOf(td) {
    const index = td && this.table.cell(td).index();
    return index && { row: this.table.row(index.row).data(), column: this.made.columns[index.column - 1] };
  }

  open(td, event) {
    if (event.target.closest("a")) return;
    const compared = event.target.closest("[data-compare]"),
      model = event.target.closest("[data-model]");
    if (compared) return this.board.compareWith(compared.dataset.compare, compared.checked);
    if (model) return this.board.openModel(model.dataset.model);
    const cell = this.cellOf(td);
    if (cell?.column) this.board.explain(cell.row.entry, cell.column, td);
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

  // What is shown, as text or as numbers: visible columns, filtered rows, in their order.
  shown(asText) {
    const columns = this.names.map((_, i) => i).filter((i) => this.table.column(i).visible());
    const rows = this.table.rows({ search: "applied", order: "applied" }).data().toArray();
    const score = this.made.columns.length;
    const value = (row, i) => {
      if (i === 0) return row.entry.name;
      if (i > score + 1) {
        const name = this.names[i];
        if (name === GAIN) return asText && this.gain.value(row) != null ? percent(this.gain.value(row)) : this.gain.value(row);
        if (name === "borda") return row.borda;
        return Array.isArray(row.entry[name]) || name === "matryoshka" ? costText(this.board, row.entry, name) : row.entry[name];
      }
      const number = i === score + 1 ? row.rank : row.values[i - 1];
      return asText && number != null && i <= score ? percent(number) : number;
    };
    return {
      names: columns.map((i) => (i === score + 1 ? this.board.data.suite.rank_column : this.names[i])),
      rows: rows.map((row) => columns.map((i) => value(row, i))),
      entries: rows.map((r) => r.entry),
    };
  }

  destroy() {
    this.table.destroy(true);
  }
}
