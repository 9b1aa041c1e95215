// The explorer of a task's items: of one model what it got wrong, of two what one finds and the other misses.
import { ask, fill, h } from "./dom.js";
import { percent } from "./scores.js";
import { documentCell, itemTable } from "./task.js";
import { TASK_TEXTS } from "./task_words.js";

const AGAIN = [1500, 3000, 6000, 12_000]; // until the server has read the files

export async function explorer(board, task, place) {
  const t = TASK_TEXTS[board.state.lang];
  if (!task.measured.length) return fill(place, h("p", {}, t.noMeasured));
  const view = { order: "first", page: 0 };
  const result = h("div", { "aria-live": "polite" });
  const choice = (slot) =>
    h(
      "select",
      {
        "aria-label": slot ? t.second : t.first,
        onchange: ({ target }) => {
          const look = [...board.state.look];
          look[slot] = target.value;
          board.change({ look: look.filter(Boolean) }, { quiet: true });
          Object.assign(view, { order: "first", page: 0 });
          draw();
        },
      },
      h("option", { value: "" }, slot ? t.nobody : t.choose),
      task.measured.map(({ model, name }) =>
        h("option", { value: model, selected: board.state.look[slot] === model }, name),
      ),
    );
  fill(place, h("div", { class: "kel-look" }, choice(0), choice(1)), result);

  let asked = 0;
  async function draw(tries = 0) {
    const mine = ++asked;
    const models = board.state.look.slice(0, 2);
    if (!models.length) return fill(result, h("p", { class: "kel-note" }, t.chooseHint));
    if (!tries) fill(result, h("p", {}, board.labels.loading));
    let told;
    try {
      told = await ask(board, "items", { task: task.id, models: models.join(","), order: view.order, page: view.page });
    } catch (error) {
      return mine === asked && fill(result, h("p", { role: "alert" }, `${t.failed} (${error.message})`));
    }
    if (mine !== asked || !place.isConnected) return;
    if (!told.ready && tries < AGAIN.length) return setTimeout(() => mine === asked && draw(tries + 1), AGAIN[tries]);
    if (!told.ready) return fill(result, h("p", {}, t.later));
    fill(result, shown(told));
  }

  const turn = (order, page) => {
    Object.assign(view, { order, page });
    draw();
  };

  function shown(told) {
    const two = told.models.length === 2;
    const orders = two ? [t.finds(told.models[0].name, told.models[1].name), t.finds(told.models[1].name, told.models[0].name)] : t.orders;
    const buttons = ["first", "second"].map((order, i) =>
      h(
        "button",
        {
          type: "button",
          class: `kel-button ${view.order === order ? "kel-primary" : ""}`,
          "aria-pressed": String(view.order === order),
          onclick: () => turn(order, 0),
        },
        orders[i],
        two && ` (${i ? told.sign.second : told.sign.first})`,
      ),
    );
    const heads = told.models.flatMap(({ name }) => [two ? `${t.value}: ${name}` : t.value, two ? `${t.foundBy}: ${name}` : t.found]);
    const table = told.rows.length
      ? itemTable(task, told.rows, t, heads, (row) =>
          told.models.flatMap((_, i) => [percent(row.values[i] * 100), found(row.found[i])]),
        )
      : h("p", {}, t.nothing);
    const step = (text, page) =>
      h("button", { type: "button", class: "kel-button", disabled: page < 0 || page >= told.pages, onclick: () => turn(view.order, page) }, text);
    return [
      h("p", {}, told.models.map(({ name }, i) => h("div", {}, `${name}: `, h("b", {}, percent(told.scores[i] * 100)), ` (n = ${told.items})`))),
      two && h("p", { class: "kel-sign" }, t.sign(told.sign, told.items)),
      h("div", { class: "kel-look" }, buttons),
      table,
      h("div", { class: "kel-look" }, step(t.previous, told.page - 1), h("span", {}, t.pages(told.page + 1, told.pages)), step(t.next, told.page + 1)),
      h("p", { class: "kel-note" }, t.values[task.type], " ", t.adds),
    ];
  }

  function found(told) {
    if (!told) return t.notStored;
    if (told.documents)
      return [
        told.documents.map((document) => documentCell(document, t, document.relevance > 0 ? "✓ " : "✗ ")),
        h("small", { class: "kel-verdict" }, told.first_right ? t.firstRight(told.first_right) : t.noRight(told.seen)),
      ];
    if (told.similarity != null) return t.similar(told.similarity.toFixed(4), told.place, told.of);
    if (told.label != null) return told.times ? t.predicted(told.label, told.times, told.of) : t.cluster(told.label);
    return told.text ?? h("code", {}, told.item);
  }
  await draw();
}
