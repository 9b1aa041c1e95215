// What leads to a task's page, whose own module (task.js) is fetched when it is first opened.
import { h } from "./dom.js";

const OPEN = { ko: "과제 자세히", en: "about this task" };

// Opens a task's page; `look`: the models whose items are shown there.
export const openTask = (board, task, look = []) => {
  board.change({ model: "", task, look }, { page: true });
  board.root.scrollIntoView({ block: "start" });
};

export const taskButton = (board, task, text = task) =>
  h("button", { type: "button", class: "kel-link", onclick: () => openTask(board, task) }, text);

// The small button in a column's head. Its click is not the head's, which sorts.
export function headButton(board, task) {
  const t = OPEN[board.state.lang];
  const stay = (event) => event.stopPropagation();
  return h("button", {
    type: "button",
    class: "kel-open kel-head",
    "aria-label": `${task.column} ${t}`,
    title: t,
    onclick: (event) => {
      stay(event);
      openTask(board, task.id);
    },
    onkeydown: stay,
    onmousedown: stay,
  });
}
