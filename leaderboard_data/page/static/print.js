// Before printing: the page's address and the date, which no paper has by itself, and light colours; after it as before.
import { h } from "./dom.js";

export function watchPrinting() {
  const { classList } = document.documentElement;
  let dark = false;
  const line = h("p", { class: "kel-printed" });
  addEventListener("beforeprint", () => {
    dark = classList.contains("dark");
    classList.remove("dark");
    line.textContent = `${location.href} · ${new Date().toISOString().slice(0, 10)}`;
    document.querySelector("#kel-main").prepend(line);
  });
  addEventListener("afterprint", () => {
    classList.toggle("dark", dark);
    line.remove();
  });
}
