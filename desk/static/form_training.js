// What the model was trained on, one name a line: names to choose from, and which tasks of the board those written mean.
import { fill, h } from "../board/dom.js";

const named = (text) => text.split("\n").map((line) => line.trim()).filter(Boolean);

// Below the field of names `field`: a list to add from, and what is known of the names in it.
export function trainingHelp(field, v, offered, w, changed) {
  const area = field.querySelector("textarea");
  const tasksOf = new Map(Object.entries(offered.training).map(([name, tasks]) => [name.toLowerCase(), tasks]));
  const known = h("p", { class: "kel-hint", role: "status" });
  const tell = () => {
    const found = named(v.training).filter((name) => tasksOf.has(name.toLowerCase()));
    fill(known, found.length ? w.meansTasks(found.map((name) => `${name} → ${tasksOf.get(name.toLowerCase()).join(", ")}`).join(" · ")) : "");
  };
  const add = () => {
    const name = input.value.trim();
    if (!name) return;
    if (!named(v.training).includes(name)) v.training = [...named(v.training), name].join("\n");
    area.value = v.training;
    input.value = "";
    tell();
    changed("training");
  };
  const input = h("input", {
    type: "text",
    class: "kel-input",
    list: "kel-known-training",
    id: "kel-add-training",
    maxlength: "200",
    autocomplete: "off",
    "aria-label": w.chooseTraining,
    placeholder: w.chooseTraining,
    onkeydown: (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      add();
    },
  });
  area.addEventListener("input", tell);
  tell();
  field.append(
    h(
      "div",
      { class: "kel-verbs" },
      input,
      h("datalist", { id: "kel-known-training" }, Object.keys(offered.training).map((name) => h("option", { value: name }))),
      " ",
      h("button", { type: "button", class: "kel-button", onclick: add }, w.addTraining),
    ),
    known,
  );
  return field;
}
