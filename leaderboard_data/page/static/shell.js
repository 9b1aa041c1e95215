// What stands around the board, as the server sent it: the header (suite, search, language, theme), the submit part.
import { remember } from "./state.js";

const one = (selector) => document.querySelector(selector);

// Every text that stands here in both languages: the asked one is shown.
export function relabel(language) {
  document.documentElement.lang = language;
  for (const node of document.querySelectorAll("[data-ko]")) node.textContent = node.dataset[language];
  for (const node of document.querySelectorAll("[data-labels]")) {
    const labels = JSON.parse(node.dataset.labels);
    for (const name of labels.in) node.setAttribute(name, labels[language]);
  }
  const other = one(".kel-language");
  other.lang = language === "ko" ? "en" : "ko";
  other.href = `?lang=${other.lang}`;
  document.dispatchEvent(new CustomEvent("kel:language", { detail: language }));
}

// A plain click; with a key the visitor wants a new tab or window.
const isPlain = (event) => event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;

export const onPlainClick = (act) => (event) => {
  if (!isPlain(event)) return;
  event.preventDefault();
  act(event);
};

// Whether the submit part is shown, in place of the board. Its scripts are fetched when it is first opened.
export function showSubmit(on) {
  const part = one("#kel-submit");
  part.hidden = !on;
  if (!on) return;
  for (const place of part.querySelectorAll("[data-script]")) {
    const script = new URL(place.dataset.script, document.baseURI);
    place.removeAttribute("data-script");
    place.querySelector(":has(> .kel-wait)")?.setAttribute("aria-busy", "true");
    import(script).then((made) => made.mount(place));
  }
}

// `board()`: the board, or null until it is drawn; `go` changes its state, then or as soon as it is there.
export function wire(board, go) {
  const search = one(".kel-search");
  let typing;
  // typed before this script had come
  if (search.value !== search.defaultValue) go((b) => b.search(search.value.normalize("NFC")));
  search.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => go((b) => b.search(search.value.normalize("NFC"))), 120);
  });
  one(".kel-seek").addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(typing);
    go((b) => b.search(search.value.normalize("NFC")));
  });
  const suites = one(".kel-suite");
  const { value, selectedOptions } = suites; // chosen before this script had come
  if (selectedOptions[0]?.defaultSelected === false) go((b) => b.openSuite(value));
  suites.addEventListener("change", ({ target }) => {
    const asked = target.value;
    go((b) => b.openSuite(asked));
  });
  one(".kel-language").addEventListener(
    "click",
    onPlainClick(({ currentTarget }) => {
      const { lang } = currentTarget;
      remember("kel-lang", lang);
      document.cookie = `kel-lang=${lang}; path=/; max-age=31536000; SameSite=Lax`; // so that the server answers in it
      go((b) => b.speak(lang));
    }),
  );
  one(".kel-theme").addEventListener("click", () => {
    const dark = document.documentElement.classList.toggle("dark");
    remember("kel-theme", dark ? "dark" : "light");
    document.dispatchEvent(new CustomEvent("kel:theme"));
  });
  one(".kel-submitlink").addEventListener("click", onPlainClick(() => go((b) => b.submit())));
  one(".kel-home").addEventListener("click", onPlainClick(() => go((b) => b.home())));
  const place = one("#kel-login");
  if (place) import(new URL("desk/sign_in.js", document.baseURI)).then((made) => made.mount(place));
}

// The header says what the state is.
export function follow(state, suites) {
  const suite = one(".kel-suite");
  const asked = state.suite || suites[0].id;
  if (suite.value !== asked) suite.value = asked;
  const search = one(".kel-search");
  if (document.activeElement !== search && search.value !== state.q) search.value = state.q;
  one(".kel-submitlink").toggleAttribute("aria-current", Boolean(state.submitting));
  showSubmit(state.submitting);
}
