// The board in the browser: one table a view, made of board.json when its tab is first opened.
import { choose, percent, readEntries, viewOf } from "./scores.js";

const HUB = "https://huggingface.co/";
const lastBothWays = sign => (a, b) => a == null ? (b == null ? 0 : 1) : b == null ? -1 : (a - b) * sign;

// The data, or null while it is the same as `known` (an ETag): then the server answers with 304 and no body.
async function fetchData(known) {
  const answer = await fetch(new URL("./board.json", import.meta.url), { credentials: "same-origin" });
  const tag = answer.headers.get("etag");
  return tag === known ? null : { tag, data: await answer.json() };
}

export async function mount(element, props) {
  const [{ default: DataTable }, first] = await Promise.all([import("./dt_bundle.js"), fetchData()]);
  DataTable.type("score", { className: "dt-type-numeric", order: { asc: lastBothWays(1), desc: lastBothWays(-1) } });
  const escape = DataTable.util.escapeHtml;
  let { tag, data } = first;
  const listed = () => choose(readEntries(data), ["measured", "published"]);
  let entries = listed();
  const tabs = [...element.querySelectorAll("[role=tab]")];
  const made = new Map();

  const modelCell = entry => entry.local ? escape(entry.name)
    : `<a href="${HUB}${encodeURI(entry.model)}" target="_blank" rel="noopener">${escape(entry.name)}</a>`;
  const build = panel => {
    const { columns, rows } = viewOf(data, entries, panel.dataset.view);
    const number = (name, i) => ({ data: i, type: "score", orderSequence: ["desc", "asc"],
      render: (value, kind) => kind !== "display" ? value : value == null ? "–" : name === "Rank" ? value : percent(value) });
    const table = document.createElement("table");
    table.innerHTML = `<thead><tr>${columns.map(c => `<th scope="col">${escape(c)}</th>`).join("")}</tr></thead>`;
    panel.replaceChildren(table);
    const rank = columns.length - 1;
    return new DataTable(table, { data: rows, autoWidth: false, deferRender: true, pageLength: 100, searching: false,
      lengthChange: false, paging: rows.length > 100, info: rows.length > 100, language: props.labels,
      order: [[rank, "asc"]],
      columns: columns.map((name, i) => i ? { ...number(name, i), ...(i === rank && { orderSequence: ["asc", "desc"] }) }
        : { data: 0, render: (entry, kind) => kind === "display" ? modelCell(entry) : entry.name }) });
  };
  const open = tab => {
    for (const other of tabs) {
      other.setAttribute("aria-selected", other === tab);
      other.tabIndex = other === tab ? 0 : -1;
      const panel = element.querySelector(`#${other.getAttribute("aria-controls")}`);
      panel.hidden = other !== tab;
      if (other === tab && !made.has(panel)) made.set(panel, build(panel));
    }
  };
  tabs.forEach((tab, i) => {
    tab.onclick = () => open(tab);
    tab.onkeydown = ({ key }) => {
      const next = tabs[i + ({ ArrowRight: 1, ArrowLeft: -1 }[key] ?? 0)];
      if (next && next !== tab) { open(next); next.focus(); }
    };
  });
  open(tabs[0]);

  setInterval(async () => {
    const news = document.hidden || !element.isConnected ? null : await fetchData(tag).catch(() => null);
    if (!news) return;
    ({ tag, data } = news);
    entries = listed();
    for (const [panel, table] of made) table.clear().rows.add(viewOf(data, entries, panel.dataset.view).rows).draw(false);
  }, props.refresh_seconds * 1000);
}
