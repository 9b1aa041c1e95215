// What takes longer than half a second says so: a line at the top, and a text for who does not see it.
import { wayWords } from "./wayin_words.js";

const PATIENCE = 500; // milliseconds
const running = new Set();
let line = null;

function show() {
  if (!running.size) {
    line?.remove();
    line = null;
  } else if (!line) {
    line = document.createElement("div");
    line.className = "kel-working";
    line.setAttribute("role", "status");
    const text = document.createElement("span");
    text.className = "kel-hidden";
    text.textContent = wayWords(document.documentElement.lang).working;
    line.append(text);
    document.body.append(line);
  }
}

// `promise`, with a sign of progress while it lasts longer than a visitor takes for at once.
export async function working(promise) {
  const mark = {};
  const timer = setTimeout(() => {
    running.add(mark);
    show();
  }, PATIENCE);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    if (running.delete(mark)) show();
  }
}
