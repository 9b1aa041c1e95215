// The board in the browser: one table a view, made of board.json when its tab is first opened.
import { choose, percent, readEntries, viewOf } from "./scores.js";

const HUB = "https://huggingface.co/";
const lastBothWays = sign => (a, b) => a == null ? (b == null ? 0 : 1) : b == null ? -1 : (a - b) * sign;

export async function mount(element, props) {
  const [{ default: DataTable }, data] = await Promise.all([
    import("./dt_bundle.js"), fetch(new URL("./board.json", import.meta.url)).then(answer => answer.json())]);
  DataTable.type("score", { className: "dt-type-numeric", order: { asc: lastBothWays(1), desc: lastBothWays(-1) } });
  const escape = DataTable.util.escapeHtml;
  const entries = choose(readEntries(data), ["measured", "published"]);
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
}
