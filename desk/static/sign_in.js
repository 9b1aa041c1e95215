// The sign-in with the Hub, in the page's header: a link to it, or who is signed in and a link out.
import { fill, h } from "../board/dom.js";
import { get } from "./calls.js";
import { language } from "./words.js";

const WORDS = {
  ko: { in: "Hugging Face로 로그인", out: (who) => `로그아웃 (${who})` },
  en: { in: "Sign in with Hugging Face", out: (who) => `Sign out (${who})` },
};

// Gradio's addresses for it; each leads back to where the visitor is.
const address = (path) => `${path}?${new URLSearchParams({ _target_url: `/${location.search}` })}`;

export async function mount(place) {
  const { who } = await get("me.json").catch(() => ({}));
  const draw = () => {
    const words = WORDS[language()];
    const [path, text] = who ? ["logout", words.out(who)] : ["login/huggingface", words.in];
    // the address is made when it is followed: by then the visitor may be elsewhere on the page
    const follow = ({ currentTarget }) => (currentTarget.href = address(path));
    fill(place, h("a", { class: "kel-button", href: address(path), onclick: follow, onauxclick: follow }, text));
  };
  draw();
  document.addEventListener("kel:language", draw);
}
