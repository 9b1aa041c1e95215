// A field that finds models by name: a combobox with a list below it, for the mouse and the keyboard.
// https://www.w3.org/WAI/ARIA/apg/patterns/combobox/
import { fill, h, withValues } from "./dom.js";
import { COMPARE_TEXTS } from "./compare_words.js";

const MOST_SHOWN = 12;

// `models`: ids; `add(model)` is called with the chosen one.
export function modelSearch(board, models, add, most) {
  const t = COMPARE_TEXTS[board.state.lang];
  const list = h("ul", { role: "listbox", id: "kel-found", class: "kel-suggested", "aria-label": t.add, hidden: true });
  const said = h("span", { class: "kel-hidden", role: "status" });
  let found = [];
  let active = -1;

  const input = h("input", {
    type: "text",
    class: "kel-search",
    role: "combobox",
    autocomplete: "off",
    "aria-label": t.add,
    "aria-autocomplete": "list",
    "aria-controls": "kel-found",
    "aria-expanded": "false",
    "aria-describedby": "kel-found-hint",
    placeholder: `${t.add} (org/name)`,
    maxlength: "200",
    oninput: () => look(),
    onblur: () => close(),
    onkeydown: (event) => press(event),
  });

  function close() {
    list.hidden = true;
    active = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function look() {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    if (!words.length) return close();
    found = models.filter((model) => words.every((word) => model.toLowerCase().includes(word))).slice(0, MOST_SHOWN);
    active = -1;
    fill(
      list,
      found.length
        ? found.map((model, i) =>
            h(
              "li",
              {
                role: "option",
                id: `kel-found-${i}`,
                "aria-selected": "false",
                onmousedown: (event) => {
                  event.preventDefault(); // the field keeps the focus
                  add(model);
                },
              },
              model,
            ),
          )
        : h("li", { role: "option", "aria-disabled": "true", "aria-selected": "false" }, t.nobody),
    );
    said.textContent = withValues(t.found, { count: found.length });
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    input.removeAttribute("aria-activedescendant");
  }

  function mark(number) {
    if (!found.length) return;
    active = (number + found.length) % found.length;
    [...list.children].forEach((item, i) => item.setAttribute("aria-selected", String(i === active)));
    input.setAttribute("aria-activedescendant", `kel-found-${active}`);
    list.children[active].scrollIntoView({ block: "nearest" });
  }

  function press(event) {
    const { key } = event;
    if (event.isComposing) return; // Enter ends a Korean syllable
    if (key === "ArrowDown" || key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) look();
      else mark(key === "ArrowDown" ? active + 1 : active < 0 ? -1 : active - 1);
    } else if (key === "Escape") close();
    else if (key === "Enter" && !list.hidden) {
      event.preventDefault();
      const text = input.value.trim().toLowerCase();
      const chosen = found[active] ?? found.find((model) => model.toLowerCase() === text) ?? found[0];
      if (chosen) add(chosen);
    }
  }

  return h(
    "div",
    { class: "kel-finder" },
    input,
    list,
    h("small", { id: "kel-found-hint", class: "kel-note" }, withValues(t.addHint, { most })),
    said,
  );
}
