// How much room a row takes: comfortable, or compact. The choice is in the address, and kept for the next visit.
import { fill, h } from "./dom.js";
import { DENSITIES } from "./state.js";
import { TABLE_WORDS } from "./table_words.js";

const KEPT = "kel-density";

// Where storage is forbidden, nothing is kept.
function kept(value) {
  try {
    if (value != null) localStorage.setItem(KEPT, value);
    return localStorage.getItem(KEPT);
  } catch {
    return null;
  }
}

// What the address says, else what was chosen last.
export function applyDensity(board) {
  const { state } = board;
  const told = new URLSearchParams(location.search).has("density");
  const before = kept();
  if (!told && state.density === DENSITIES[0] && DENSITIES.includes(before) && before !== state.density)
    board.change({ density: before }, { quiet: true });
  document.documentElement.dataset.density = state.density;
}

// The switch, for the foot of a table.
export function densitySwitch(board) {
  const t = TABLE_WORDS[board.state.lang].density;
  const place = h("div", { class: "kel-density", role: "group", "aria-label": t.name });
  const draw = () =>
    fill(
      place,
      h("span", { "aria-hidden": "true" }, t.name),
      DENSITIES.map((density) =>
        h(
          "button",
          {
            type: "button",
            "aria-pressed": String(board.state.density === density),
            onclick: () => {
              kept(density);
              board.change({ density }, { quiet: true });
              document.documentElement.dataset.density = density;
              draw();
              place.querySelector("[aria-pressed=true]").focus();
            },
          },
          t[density],
        ),
      ),
    );
  draw();
  return place;
}
