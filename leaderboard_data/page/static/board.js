// The board in the browser: one state (the page's address), one file of data, and the panel that the state asks for.
import { unreachable, watchConnection } from "./empty.js";
import { controls } from "./controls.js";
import { fill, h } from "./dom.js";
import { labelsOf } from "./labels.js";
import { watchPrinting } from "./print.js";
import { working } from "./progress.js";
import { choose, readEntries } from "./scores.js";
import { follow, onPlainClick, relabel, showSubmit, wire } from "./shell.js";
import { MOST_COMPARED, TABS, VIEWS, address, defaults, describe, readState, saveState } from "./state.js";
import { Table, registerTypes } from "./table.js";
import { unseenOnly } from "./training.js";
import { answerPlace, invitation } from "./wayin.js";

// What is not a table has modules of its own, which are fetched when it is first opened.
const PAGES = {
  compare: async () => (await import("./compare.js")).comparePage,
  plots: async () => (await import("./plots.js")).plotsPage,
  about: async () => (await import("./about.js")).aboutPage,
};
const LOADED = new Map(); // what draws a page, by what fetches it
const modelPage = async () => (await import("./model.js")).modelPage;
const taskPage = async () => (await import("./task.js")).taskPage;

// A suite's data ("": of the one that the page opens with), or null while it is the same as `known` (an ETag): then the
// server answers with 304 and no body. Of a suite that there is not, that of the first.
async function fetchData(suite, known) {
  const name = suite ? `./board-${encodeURIComponent(suite)}.json` : "./board.json";
  const answer = await fetch(new URL(name, import.meta.url), { credentials: "same-origin" });
  if (suite && answer.status === 404) return fetchData("", known);
  const tag = answer.headers.get("etag");
  return tag === known ? null : { tag, data: await answer.json() };
}

class Board {
  constructor(element, DataTable, first) {
    Object.assign(this, { element, DataTable, tables: new Map(), chosen: new Map() });
    this.open(first);
  }

  // The board of the suite whose data this is, in the state that the address gives.
  open({ tag, data }) {
    this.tag = tag;
    this.take(data);
    this.state = readState();
    const [first] = data.suites;
    this.state.suite = data.suite.id === first.id ? "" : data.suite.id;
    this.render();
  }

  // Another suite. Tables, weights and sorting are those of a suite, so they begin anew.
  async openSuite(id) {
    const suite = id === this.data.suites[0].id ? "" : id;
    this.change({ suite, tab: "overall", ...defaults(["w", "sort", "hide"]) }, { quiet: true, page: true });
    const news = await working(fetchData(suite)).catch(() => null);
    if (news && this.state.suite === suite) this.open(news);
  }

  tabLabel(tab) {
    return this.data.suite.titles.views[tab]?.[this.state.lang] ?? this.labels.tabs[tab];
  }

  take(data) {
    describe(data.suite);
    this.data = data;
    this.entries = readEntries(data);
    this.chosen.clear();
  }

  listed() {
    const { origin, unseen } = this.state;
    const key = [...origin, unseen].join();
    if (!this.chosen.has(key)) this.chosen.set(key, unseenOnly(choose(this.entries, origin), unseen, this.data));
    return this.chosen.get(key);
  }

  table() {
    return this.tables.get(this.state.tab);
  }

  render() {
    this.tables.forEach((table) => table.destroy());
    this.tables.clear();
    const t = (this.labels = labelsOf(this.state.lang));
    this.controls = controls(this);
    this.tabs = TABS.map((tab) =>
      h(
        "a",
        {
          role: "tab",
          id: `tab-${tab}`,
          "aria-controls": `view-${tab}`,
          href: address({ ...this.state, tab, model: "", task: "", look: [], sort: null, submitting: false }).href,
          onclick: onPlainClick(() => this.change({ tab, model: "", sort: null }, { page: true })),
          onkeydown: (event) => this.moveTab(event, tab),
        },
        this.tabLabel(tab),
      ),
    );
    this.panels = new Map(
      TABS.map((tab) => [
        tab,
        h("div", {
          role: "tabpanel",
          class: "kel-panel",
          id: `view-${tab}`,
          "data-view": tab,
          "aria-labelledby": `tab-${tab}`,
          hidden: true,
        }),
      ]),
    );
    this.modelPanel = h("section", { class: "kel-panel kel-modelpage", hidden: true });
    this.tray = h("div", { class: "kel-tray", hidden: true });
    this.root = h(
      "div",
      { class: "kel", lang: this.state.lang },
      h("div", { role: "tablist", class: "kel-tabs", "aria-label": t.tables }, this.tabs),
      this.controls.bar,
      answerPlace(this),
      [...this.panels.values()],
      this.modelPanel,
      this.tray,
      invitation(this),
    );
    // The first rows as they were sent stay until the table is drawn in the same frame (table.js).
    const sent = this.element.querySelector("table[data-first]")?.closest(".kel-panel");
    if (sent?.dataset.view === this.state.tab) this.panels.get(sent.dataset.view).append(...sent.childNodes);
    fill(this.element, this.root);
    this.element.removeAttribute("aria-busy");
    this.show();
  }

  // Show what has these words. Where nothing is listed, the overall table is opened.
  search(q) {
    const { tab, model, task, submitting } = this.state;
    const elsewhere = model || task || submitting || !(VIEWS.includes(tab) || tab === "plots");
    if (elsewhere) this.change({ q, model: "", tab: VIEWS.includes(tab) ? tab : VIEWS[0], submitting: false }, { page: true });
    else this.change({ q }, { filter: true });
  }

  // Everything in another language.
  speak(lang) {
    this.change({ lang }, {});
    relabel(lang);
    this.render();
  }

  submit() {
    this.change({ submitting: true }, { page: true });
    scrollTo(0, 0);
  }

  home() {
    this.change({ tab: VIEWS[0], model: "", submitting: false, ...defaults(["q", "sort"]) }, { page: true });
  }

  show() {
    const { state } = this;
    follow(state, this.data.suites);
    const onPage = Boolean(state.model || state.task || state.submitting); // something in place of the tables
    this.tabs.forEach((tab, i) => {
      const selected = TABS[i] === state.tab && !state.submitting;
      tab.setAttribute("aria-selected", String(selected));
      tab.tabIndex = TABS[i] === state.tab ? 0 : -1;
      this.panels.get(TABS[i]).hidden = !selected || onPage;
    });
    this.tabs[TABS.indexOf(state.tab)].scrollIntoView({ block: "nearest", inline: "nearest" });
    this.root.querySelector(".kel-answer").hidden = onPage || !state.pareto || !VIEWS.includes(state.tab);
    this.controls.bar.hidden = onPage || !(VIEWS.includes(state.tab) || state.tab === "plots");
    this.controls.update();
    const hello = this.root.querySelector(".kel-hello"); // invites to what ends in a table
    if (hello) hello.hidden = onPage || !VIEWS.includes(state.tab);
    this.modelPanel.hidden = !(state.model || state.task) || state.submitting;
    this.showTray();
    if (state.submitting) this.opening = null;
    else this.refresh();
  }

  // What the panel shows, anew.
  refresh() {
    const { model, tab, task } = this.state;
    if (model) this.openPage(modelPage, this.modelPanel);
    else if (task) this.openPage(taskPage, this.modelPanel);
    else if (PAGES[tab]) this.openPage(PAGES[tab], this.panels.get(tab));
    else {
      this.opening = null;
      this.showTable();
    }
  }

  // Draw what `load` gives into the panel, unless something else has been opened meanwhile.
  async openPage(load, panel) {
    this.opening = load;
    if (!LOADED.has(load)) {
      const drawn = await working(load()).catch(() => null);
      if (drawn) LOADED.set(load, drawn);
      if (this.opening !== load) return;
      if (!drawn) return fill(panel, unreachable(this.state.lang));
    }
    LOADED.get(load)(this, panel); // at once, so that what has the focus can be found again
  }

  showTable() {
    const { tab } = this.state;
    const known = this.tables.get(tab);
    if (!known) this.tables.set(tab, new Table(this.DataTable, this.panels.get(tab), tab, this));
    else if (known.stale) known.refill();
    else known.filter();
    const table = this.tables.get(tab);
    table.stale = false;
    table.showColumns();
    table.noteOrder();
    this.showCount(table.count());
  }

  // Take over a change of the state; `effect` says what has to follow.
  change(changed, effect) {
    const elsewhere = "tab" in changed || "model" in changed ? { task: "", look: [], submitting: false } : {};
    Object.assign(this.state, elsewhere, changed);
    saveState(this.state, effect.page);
    if (effect.quiet) return;
    if (effect.rename) {
      this.tables.forEach((table) => table.destroy());
      this.tables.clear();
    } else if (effect.refill)
      this.tables.forEach((table) => {
        table.stale = true;
      });
    if (effect.page) return this.show();
    this.controls.update();
    if (effect.rename || effect.refill || effect.filter) this.refresh();
    else if (effect.columns) this.table()?.showColumns();
  }

  // Another state as a whole, with controls that show it.
  restate(changed) {
    this.change(changed, { quiet: true, page: true });
    this.render();
  }

  reset(names) {
    Object.assign(this.state, defaults(names));
    const { bar } = this.controls;
    this.controls = controls(this);
    bar.replaceWith(this.controls.bar);
    this.change({}, { rename: true });
  }

  showCount(shown) {
    if (this.controls) this.controls.count.textContent = this.labels.count(shown, this.listed().length);
  }

  openModel(model) {
    this.change({ model }, { page: true });
    if (model) this.root.scrollIntoView({ block: "start" });
  }

  compareWith(model, on) {
    const others = this.state.compare.filter((m) => m !== model);
    this.change({ compare: on ? [...others, model].slice(-MOST_COMPARED) : others }, { quiet: true });
    for (const box of this.root.querySelectorAll("[data-compare]"))
      box.checked = this.state.compare.includes(box.dataset.compare);
    this.showTray();
    if (this.state.tab === "compare" && !this.state.model) this.show();
  }

  showTray() {
    const { compare, tab, model } = this.state;
    this.tray.hidden = !compare.length || (tab === "compare" && !model && !this.state.task);
    fill(
      this.tray,
      h("span", {}, compare.join(", ")),
      h(
        "button",
        {
          type: "button",
          class: "kel-button kel-primary",
          disabled: compare.length < 2,
          onclick: () => this.change({ tab: "compare", model: "" }, { page: true }),
        },
        this.labels.compareNow(compare.length),
      ),
      h(
        "button",
        {
          type: "button",
          class: "kel-button",
          onclick: () => {
            for (const m of [...compare]) this.compareWith(m, false);
          },
        },
        this.labels.clear,
      ),
    );
  }

  async explain(entry, column, anchor) {
    const { explain } = await working(import("./provenance.js"));
    explain(this, entry, column, anchor);
  }

  moveTab({ key }, tab) {
    const step = { ArrowRight: 1, ArrowLeft: -1, Home: -99, End: 99 }[key];
    if (!step) return;
    const next = TABS[Math.min(TABS.length - 1, Math.max(0, TABS.indexOf(tab) + step))];
    this.change({ tab: next, model: "", sort: null }, { page: true });
    this.tabs[TABS.indexOf(next)].focus();
  }

  async poll() {
    const news = document.hidden || !this.element.isConnected ? null : await fetchData(this.state.suite, this.tag).catch(() => null);
    if (!news) return;
    this.tag = news.tag;
    this.take(news.data);
    this.tables.forEach((table) => {
      table.stale = true;
    });
    if (!this.controls.bar.hidden) this.refresh();
  }
}

// Load the code of the tables and the data, and draw the board into `host`; null if they do not come.
async function draw(host) {
  const loaded = await working(Promise.all([import("./dt_bundle.js"), fetchData(readState().suite)])).catch(() => null);
  if (!loaded) {
    host.removeAttribute("aria-busy");
    // The first rows, where the server sent some, stay readable.
    if (host.querySelector("table[data-first]")) host.prepend(unreachable(readState().lang));
    else fill(host, unreachable(readState().lang));
    return null;
  }
  const [{ default: DataTable }, first] = loaded;
  registerTypes(DataTable);
  return (host.board = new Board(host, DataTable, first));
}

const host = document.querySelector(".kel-host");
watchPrinting();
watchConnection(() => readState().lang);
relabel(readState().lang);
showSubmit(readState().submitting);
const drawn = draw(host);
let board = null;
// What the header is for waits until the board is there; the submit part needs no board.
const go = (act) => (board ? act(board) : drawn.then((made) => made && act(made)));
wire(() => board, go);
board = await drawn;
if (board) {
  document.addEventListener("click", ({ target }) => {
    // a click elsewhere closes a menu
    for (const menu of document.querySelectorAll(".kel-drop[open]")) if (!menu.contains(target)) menu.open = false;
  });
  document.addEventListener("kel:theme", () => PAGES[board.state.tab] && board.refresh()); // plots have colours of their own
  addEventListener("popstate", async () => {
    const { suite } = readState();
    if (suite !== board.state.suite) board.open(await fetchData(suite));
    else {
      const { lang } = board.state;
      board.state = readState();
      if (board.state.lang !== lang) relabel(board.state.lang);
      board.render();
    }
  });
  setInterval(() => board.poll(), Number(host.dataset.refresh) * 1000);
}
