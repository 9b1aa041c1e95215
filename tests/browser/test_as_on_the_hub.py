"""The page as a Space: stores on the Hub, visitors who sign in, a maintainer at the desk."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect
from pydantic import SecretStr

from evaluator.spec import ModelSpec
from store import open_store
from submissions.record import Status
from submissions.stored import Queue
from tests.attacks import Attacks
from tests.browser.calling import Caller
from tests.browser.conftest import CHROMIUM_FLAGS
from tests.browser.foreign import foreign_site
from tests.browser.running import ROOT, RunningApp, running_app
from tests.browser.test_accessibility import breaks_nothing
from tests.evaluator.models import bert, with_pooling
from tests.hub.repositories import Repositories

PAGE_TOKEN = "hf_space_page"


@pytest.fixture(scope="module")
def space(hub: Repositories, minilm_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """The page with Hub stores; its token may write the requests, not the results."""
    hub.add_user(PAGE_TOKEN, "space-page")
    hub.add_user("hf_space_visitor", "space-visitor", orgs=("space-org", "another-org"))
    hub.add_user("hf_space_maintainer", "space-maintainer")
    hub.create("datasets", "space/requests", writers={"space-page"})
    hub.create("datasets", "space/results", writers={"space-worker"})
    hub.add_folder("models", "space/minilm", minilm_folder)
    folder = tmp_path_factory.mktemp("space")
    login = {
        "SYSTEM": "spaces",
        "SPACE_ID": "space/page",
        "OAUTH_CLIENT_ID": "page",
        "OAUTH_CLIENT_SECRET": "page-secret",
        "OAUTH_SCOPES": "openid profile",
        "OPENID_PROVIDER_URL": os.environ["HF_ENDPOINT"],
        "HF_HOME": str(folder / "hf-home"),
    }
    with running_app(
        folder,
        login,
        requests_url="hf:datasets/space/requests",
        results_url="hf:datasets/space/results",
        requests_token=PAGE_TOKEN,
        login=True,
        maintainers="space-maintainer, somebody-else",
    ) as running:
        yield running


@pytest.fixture
def sign_in(browser: Browser, space: RunningApp) -> Iterator[Callable[[str | None], Page]]:
    """`sign_in(user)` opens the page as this user (None: nobody), at the submit tab."""
    with ExitStack() as contexts:

        def open_page(user: str | None) -> Page:
            context = browser.new_context(locale="ko-KR", viewport={"width": 1280, "height": 900})
            contexts.callback(context.close)
            return signed_in(context.new_page(), space, user)

        yield open_page


def signed_in(page: Page, space: RunningApp, user: str | None) -> Page:
    """The page as this user, at the submit tab."""
    page.goto(space.url)
    page.get_by_role("link", name="모델 제출").click()
    if user is not None:
        page.get_by_role("link", name="로그인").click()
        page.get_by_role("link", name=user, exact=True).click()
        page.wait_for_url(f"{space.url}**")
        page.get_by_role("link", name="모델 제출").click()
        expect(page.get_by_role("link", name=f"로그아웃 ({user})")).to_be_visible()
    return page


def submit(page: Page) -> None:
    page.get_by_label("모델 id").fill("space/minilm")
    page.get_by_role("button", name="제출", exact=True).click()


OUTER = """<!doctype html><title>Space</title><script>
addEventListener("message", (event) => { document.title = event.data?.queryString ?? document.title; });
</script><iframe name="space" width="1200" height="800" src="URL"></iframe>"""
"""The Hub's page around a Space, as far as the Space notices: it passes the address on once, and changes when told."""


@pytest.mark.browser
def test_in_the_hubs_frame_deep_links_work_and_the_outer_address_follows(space: RunningApp, browser: Browser) -> None:
    with closing(browser.new_context(locale="ko-KR", viewport={"width": 1280, "height": 900})) as context:
        page = context.new_page()
        outer = "https://huggingface.co/spaces/space/page"
        framed = OUTER.replace("URL", f"{space.url}?tab=nli&lang=en")
        context.route(f"{outer}**", lambda route: route.fulfill(body=framed, content_type="text/html"))
        context.grant_permissions(["local-network-access"], origin="https://huggingface.co")
        page.goto(f"{outer}?tab=nli&lang=en")
        inside = page.frame_locator("iframe")
        expect(inside.locator(".kel-host")).to_be_visible()
        expect(inside.get_by_role("tab", name="NLI")).to_have_attribute("aria-selected", "true")
        inside.get_by_role("tab", name="Retrieval").click()
        page.wait_for_function("document.title.includes('tab=retrieval')")
        assert "lang=en" in page.title()
        elsewhere = context.new_page()  # the Space's own address
        elsewhere.goto(f"{space.url}{page.title()}")
        expect(elsewhere.get_by_role("tab", name="Retrieval")).to_have_attribute("aria-selected", "true")


@pytest.mark.browser
def test_a_visitor_signs_in_and_submits_and_a_maintainer_approves_at_the_desk(
    space: RunningApp, sign_in: Callable[[str | None], Page]
) -> None:
    nobody = sign_in(None)
    submit(nobody)
    expect(nobody.locator("#kel-submit-message")).to_contain_text("먼저 로그인해 주세요")

    visitor = sign_in("space-visitor")
    submit(visitor)
    row = visitor.locator("#kel-queue tr", has_text="space/minilm")
    expect(row).to_have_attribute("data-status", "PENDING")
    expect(row).to_contain_text("space-visitor")
    expect(visitor.get_by_text("관리자 데스크")).to_have_count(0)

    maintainer = sign_in("space-maintainer")
    maintainer.get_by_text("관리자 데스크").click()
    waiting = maintainer.locator("#kel-desk tr[data-submission]", has_text="space/minilm")
    expect(waiting).to_contain_text("space-visitor")
    breaks_nothing(maintainer, "#kel-desk")
    waiting.get_by_role("link", name="space/minilm").click()
    about = maintainer.get_by_role("article")
    about.get_by_label("내용").fill("카드에 없는 프롬프트가 있나요?")
    about.get_by_role("button", name="질문").click()
    expect(about).to_have_attribute("data-status", "WAITING")

    expect(row).to_have_attribute("data-status", "WAITING")
    row.locator("a", has_text="Z-").click()
    own = visitor.get_by_role("article")
    expect(own).to_contain_text("카드에 없는 프롬프트가 있나요?")
    assert "submission=" in visitor.url
    own.get_by_label("내용").fill("없습니다.")
    own.get_by_role("button", name="답변").click()
    expect(own).to_have_attribute("data-status", "PENDING")

    expect(about).to_have_attribute("data-status", "PENDING")
    about.get_by_label("우선순위").fill("2")
    about.get_by_role("button", name="승인").click()
    expect(about).to_have_attribute("data-status", "QUEUED")
    expect(own).to_contain_text("1개 중 1번째")
    expect(maintainer.locator("#kel-queue tr", has_text="space/minilm")).to_have_attribute("data-status", "QUEUED")

    (submission,) = Queue(space.requests, space.results).listing().submissions
    assert submission.status is Status.QUEUED
    assert (submission.history[-1].who, submission.priority) == ("space-maintainer", 2)
    expect(row).to_have_attribute("data-status", "QUEUED")


@pytest.mark.browser
def test_the_published_board_is_shown_while_the_results_store_is_empty(sign_in: Callable[[str | None], Page]) -> None:
    page = sign_in(None)
    page.get_by_role("tab", name="종합").click()
    expect(page.locator("#view-overall tbody tr").first).to_contain_text("nlpai-lab/KURE-v1")


@pytest.mark.browser
def test_nothing_that_changes_the_queue_is_a_public_endpoint(space: RunningApp) -> None:
    with urllib.request.urlopen(f"{space.url}gradio_api/info", timeout=30) as answer:
        endpoints = json.load(answer)["named_endpoints"]
    assert not [name for name in endpoints if any(word in name for word in ("submit", "handle", "approve", "reject"))]


ATTACK = """async ([page, bodies]) => {
    const answers = [];
    const attempt = async (path, options) => {
        try {
            const answer = await fetch(page + path, {credentials: "include", ...options});
            answers.push(`${answer.type} ${answer.status} ${await answer.text()}`);
        } catch (error) { answers.push("blocked"); }
    };
    for (const body of bodies) {
        for (const type of ["application/json", "text/plain", "application/x-www-form-urlencoded"])
            for (const mode of ["cors", "no-cors"])
                for (const path of ["gradio_api/queue/join", "desk/act", "desk/policy", "desk/submit"])
                    await attempt(path, {method: "POST", mode, body, headers: {"Content-Type": type}});
        for (const path of ["gradio_api/queue/join", "gradio_api/mcp", "desk/act", "desk/submit"]) {
            const form = document.createElement("form");
            const frame = document.createElement("iframe");
            frame.name = "f" + answers.length + path;
            const loaded = new Promise(done => { frame.onload = done; setTimeout(done, 3000); });
            Object.assign(form, {action: page + path, method: "POST", enctype: "text/plain"});
            form.target = frame.name;
            const field = document.createElement("input");
            [field.name, field.value] = [body.slice(0, -1) + ', "x": "', '"}'];
            form.append(field);
            document.body.append(frame, form);
            form.submit();
            await loaded;
        }
    }
    const read = ["", "config", "desk/me.json", "gradio_api/queue/data?session_hash=foreign"];
    for (const path of read) await attempt(path, {});
    await attempt("logout", {mode: "no-cors"});
    return answers;
}"""


def pending(space: RunningApp, precision: str) -> str:
    """The id of a new submission that waits for a maintainer."""
    queue = Queue(open_store(space.requests_url, SecretStr(PAGE_TOKEN)), space.results)
    spec = ModelSpec.model_validate({"model": "space/minilm", "revision": "a" * 40, "precision": precision})
    return queue.submit(spec, who="space-visitor").id


def cookie_of(page: Page, space: RunningApp) -> str:
    return "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in page.context.cookies(space.url))


def states(space: RunningApp) -> dict[str, Status]:
    return {found.id: found.status for found in Queue(space.requests, space.results).listing().submissions}


@pytest.mark.browser
def test_another_site_cannot_use_a_maintainers_session(
    space: RunningApp, browser: Browser, tmp_path: Path, attacks: Attacks
) -> None:
    victim = pending(space, "float16")
    before = states(space)
    # A profile, not one of Playwright's contexts: those are private windows, where Chromium sends no such cookie.
    (tmp_path / "Default").mkdir()
    third_parties = {"profile": {"cookie_controls_mode": 0, "block_third_party_cookies": False}}
    (tmp_path / "Default" / "Preferences").write_text(json.dumps(third_parties))
    profile = browser.browser_type.launch_persistent_context(
        tmp_path, executable_path=shutil.which("chromium"), args=CHROMIUM_FLAGS, locale="ko-KR"
    )
    with closing(profile), foreign_site() as site:
        maintainer = signed_in(profile.new_page(), space, "space-maintainer")
        bodies = [
            json.dumps(body)
            for body in (
                {"verb": "approve", "ids": [victim]},
                {"verb": "opt_out", "name": "space"},
                {"model": "space/minilm", "precision": "float32"},
            )
        ]
        foreign = profile.new_page()
        foreign.goto(site.url)
        foreign.evaluate(
            "url => fetch(url, {credentials: 'include', mode: 'no-cors'}).then(() => true)", f"{site.beside}seen"
        )
        assert "session=" in site.cookies[-1], "the browser no longer sends the cookie, so this test shows nothing"
        answers = foreign.evaluate(ATTACK, [space.url, bodies])
        # No answer is readable: it never came, or it is opaque.
        assert {answer.split(" ")[0] for answer in answers} <= {"blocked", "opaque"}, answers
        foreign.evaluate(
            """url => new Promise(done => {
                const frame = document.createElement("iframe");
                frame.onload = () => done(true);
                frame.src = url;
                document.body.append(frame);
            })""",
            space.url,
        )
        assert not [part for part in foreign.frames if part.locator("#kel-page").count()]
        assert states(space) == before
        maintainer.reload()
        maintainer.get_by_role("link", name="모델 제출").click()
        expect(
            maintainer.get_by_role("link", name="로그아웃 (space-maintainer)")
        ).to_be_visible()  # not signed out either
    attacks.held("the page", "another site's script and forms, with a maintainer's cookie", len(answers) + 30)


@pytest.mark.browser
def test_a_maintainers_cookie_decides_nothing_without_the_sessions_token(
    space: RunningApp, sign_in: Callable[[str | None], Page], attacks: Attacks
) -> None:
    victim = pending(space, "bfloat16")
    maintainer, visitor = sign_in("space-maintainer"), sign_in("space-visitor")
    with (
        closing(Caller(space.url, cookie_of(maintainer, space))) as mine,
        closing(Caller(space.url, cookie_of(visitor, space))) as theirs,
        closing(Caller(space.url)) as nobody,
    ):
        own = mine.desk_token()
        before = states(space)
        false = [None, "", "x", own[:-1], own.upper(), own[::-1]]
        false += [caller.desk_token() for caller in (theirs, nobody)]
        for token in false:
            assert mine.act(token, verb="approve", ids=[victim]).status_code == 403
            assert mine.post("submit", token, model="space/minilm", precision="float32").status_code == 403
        assert nobody.act(mine.desk_token(), verb="approve", ids=[victim]).status_code == 403
        assert theirs.act(theirs.desk_token(), verb="approve", ids=[victim]).status_code == 403
        assert mine.act(mine.desk_token(), "http://localhost:1", verb="approve", ids=[victim]).status_code == 403
        assert states(space) == before
        assert mine.act(mine.desk_token(), verb="approve", ids=[victim]).status_code == 200
        assert states(space)[victim] is Status.QUEUED
    attacks.held(
        "the page",
        "a maintainer's cookie with no token, a false one or another session's",
        2 * len(false) + 3,
    )


def test_the_log_in_button_is_no_public_endpoint(space: RunningApp) -> None:
    for path in ("gradio_api/info", "gradio_api/info?all_endpoints=1", "gradio_api/mcp/schema"):
        with urllib.request.urlopen(space.url + path, timeout=30) as answer:
            assert "check_login_status" not in answer.read().decode()


@pytest.mark.browser
def test_an_owner_takes_a_model_off_the_board_and_brings_it_back(
    space: RunningApp, sign_in: Callable[[str | None], Page]
) -> None:
    address = f"{space.url}?model=nlpai-lab/KoE5"
    stranger = sign_in("space-visitor")
    stranger.goto(address)
    expect(stranger.get_by_role("heading", name="nlpai-lab/KoE5")).to_be_visible()
    expect(stranger.get_by_text("이 리더보드에서 제외")).to_have_count(0)

    maintainer = sign_in("space-maintainer")
    maintainer.goto(address)
    maintainer.get_by_label("이유").fill("소유자가 메일로 요청했습니다")
    maintainer.get_by_role("button", name="이 리더보드에서 제외").click()
    expect(maintainer.get_by_text("space-maintainer 님이")).to_be_visible()
    stranger.goto(space.url)
    expect(stranger.locator("#view-overall tbody tr")).to_have_count(8)
    expect(stranger.locator("#view-overall tbody")).not_to_contain_text("nlpai-lab/KoE5")
    stranger.goto(address)
    expect(stranger.get_by_text("소유자의 요청으로")).to_be_visible()

    maintainer.goto(address)
    maintainer.get_by_role("button", name="다시 보이기").click()
    expect(maintainer.get_by_role("button", name="이 리더보드에서 제외")).to_be_visible()
    stranger.goto(space.url)
    expect(stranger.locator("#view-overall tbody tr")).to_have_count(9)


@pytest.mark.browser
def test_settings_are_changed_on_the_submissions_page(
    space: RunningApp, sign_in: Callable[[str | None], Page], hub: Repositories
) -> None:
    queue = Queue(open_store(space.requests_url, SecretStr(PAGE_TOKEN)), space.results)
    commit = hub.get("models", "space/minilm").head.oid
    spec = ModelSpec.model_validate({"model": "space/minilm", "revision": commit, "max_tokens": 64})
    made = queue.submit(spec, who="space-visitor", maintainer=True)
    visitor = sign_in("space-visitor")
    visitor.goto(f"{space.url}?submission={made.id}")
    about = visitor.get_by_role("article")
    about.get_by_text("어떻게 평가하나").click()
    expect(about.locator(".kel-preview").first).to_contain_text("space/minilm")
    about.get_by_role("button", name="설정 바꾸기").click()
    form = visitor.locator("#kel-form")
    expect(form.get_by_label("모델 id")).to_have_value("space/minilm")
    form.locator("summary", has_text="불러오기").click()
    form.get_by_label("풀링").select_option("cls")
    form.get_by_role("button", name="바꾸기", exact=True).click()
    expect(form.locator("#kel-submit-message")).to_contain_text("설정을 바꿨습니다")
    expect(about).to_contain_text("pooling: cls")
    changed = queue.find(made.id)
    assert (changed.spec.pooling, changed.spec.max_tokens) == ("cls", 64)


@pytest.mark.browser
def test_what_was_typed_before_the_sign_in_is_there_after_it(
    space: RunningApp, sign_in: Callable[[str | None], Page]
) -> None:
    page = sign_in(None)
    draft = quote(json.dumps({"model": "space/minilm", "note": "메모입니다", "pooling": 7, "unknown": "x"}))
    page.goto("about:blank")
    page.goto(f"{space.url}?tab=submit#draft={draft}")
    expect(page.get_by_label("모델 id")).to_have_value("space/minilm")
    assert "draft" not in page.url
    page.locator("#kel-form summary", has_text="메모").click()
    page.get_by_label("메모").fill("다른 메모입니다")
    page.get_by_role("link", name="로그인").click()
    page.get_by_role("link", name="space-visitor", exact=True).click()
    page.wait_for_url(f"{space.url}**")
    page.get_by_role("link", name="모델 제출").click()
    expect(page.get_by_label("모델 id")).to_have_value("space/minilm")
    page.locator("#kel-form summary", has_text="메모").click()
    expect(page.get_by_label("메모")).to_have_value("다른 메모입니다")
    assert page.locator("#kel-own-tab").count() == 0, "this is no frame"


@pytest.mark.browser
def test_a_maintainer_allows_the_code_of_one_commit_after_reading_it(
    space: RunningApp, sign_in: Callable[[str | None], Page], hub: Repositories, tmp_path: Path
) -> None:
    auto_map = {"AutoModel": "modeling_own.OwnModel", "AutoConfig": "configuration_own.OwnConfig"}
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "own", "auto_map": auto_map}))
    (tmp_path / "modeling_own.py").write_text("class OwnModel: ...\n")
    (tmp_path / "configuration_own.py").write_text("class OwnConfig: ...\n")
    hub.add_folder("models", "space/own-code", tmp_path)
    commit = hub.get("models", "space/own-code").head.oid
    queue = Queue(open_store(space.requests_url, SecretStr(PAGE_TOKEN)), space.results)
    made = queue.submit(ModelSpec(model="space/own-code", revision=commit), who="space-visitor", maintainer=True)

    maintainer = sign_in("space-maintainer")
    maintainer.goto(f"{space.url}?submission={made.id}")
    about = maintainer.get_by_role("article")
    about.get_by_role("button", name="코드 확인").click()
    shown = about.get_by_role("link", name="space/own-code/modeling_own.py")
    expect(shown).to_have_attribute("href", f"https://huggingface.co/space/own-code/blob/{commit}/modeling_own.py")
    expect(about).to_contain_text(hashlib.sha256(b"class OwnModel: ...\n").hexdigest())
    about.get_by_label("아래 커밋의 코드를 읽었고").check()
    about.get_by_role("button", name="승인", exact=True).click()
    expect(about).to_have_attribute("data-status", "QUEUED")
    expect(about).to_contain_text(f"trusts the code of space/own-code@{commit}")
    assert queue.find(made.id).spec.trust_remote_code


@pytest.mark.browser
@pytest.mark.shared
def test_an_authors_whole_way_from_prompts_to_the_feed(
    space: RunningApp, sign_in: Callable[[str | None], Page], hub: Repositories, shared: Path, tmp_path: Path
) -> None:
    """Submitted with prompts, asked back, answered, approved, run by a worker, told in the feed, found in the table.

    By an author of his own: the open submissions of the other tests' visitors take nothing from him.
    """
    hub.add_user("hf_space_author", "space-author")
    hub.add_user("hf_space_worker", "space-worker")
    hub.add_folder("models", "space/authors-own", with_pooling(bert(tmp_path / "model")))

    author = sign_in("space-author")
    author.get_by_label("모델 id").fill("space/authors-own")
    author.locator("#kel-form summary", has_text="프롬프트와 지시문").click()
    author.get_by_label("프롬프트: STS, 글").fill("문장: ")
    expect(author.locator(".kel-looked .kel-prompts")).to_contain_text("문장: ")
    expect(author.locator(".kel-looked .kel-figures")).to_be_visible()
    author.get_by_role("button", name="제출", exact=True).click()
    author.locator("#kel-submit-message").get_by_role("link", name="Z-").first.click()
    own = author.get_by_role("article")
    expect(own).to_have_attribute("data-status", "PENDING")
    submission_id = parse_qs(urlsplit(author.url).query)["submission"][0]

    maintainer = sign_in("space-maintainer")
    maintainer.goto(f"{space.url}?tab=desk&submission={submission_id}")
    desk = maintainer.get_by_role("article")
    desk.get_by_label("내용").fill("프롬프트가 맞나요?")
    desk.get_by_role("button", name="질문").click()
    expect(own.locator("[data-at=asked]")).to_contain_text("답변 대기")
    expect(own).to_contain_text("프롬프트가 맞나요?")
    own.get_by_label("내용").fill("네, 카드에 적은 그대로입니다.")
    own.get_by_role("button", name="답변").click()
    expect(desk).to_have_attribute("data-status", "PENDING")
    desk.get_by_label("우선순위").fill("100")  # before what other tests left
    desk.get_by_role("button", name="승인").click()
    expect(own).to_contain_text("1번째")

    environment = {
        **os.environ,
        "KEL_REQUESTS_URL": space.requests_url,
        "KEL_RESULTS_URL": space.results_url,
        "KEL_REQUESTS_TOKEN": PAGE_TOKEN,
        "KEL_RESULTS_TOKEN": "hf_space_worker",
    }
    arguments = ["worker.py", "--once", "--datasets", str(shared / "datasets"), "--tasks", "KLUE-STS"]
    with (tmp_path / "worker.log").open("wb") as log:
        worker = subprocess.Popen([sys.executable, *arguments], cwd=ROOT, env=environment, stdout=log, stderr=log)
        try:
            expect(own).to_have_attribute("data-status", "RUNNING", timeout=60_000)
            expect(own.get_by_role("progressbar")).to_be_visible()
            expect(own).to_have_attribute("data-status", "FINISHED", timeout=90_000)
        finally:  # it would go on with what other tests left in the queue
            worker.terminate()
            worker.wait(timeout=60)
    expect(own.locator("[data-at=done]")).to_have_count(4)
    for language, title in (("ko", "평가 완료"), ("en", "Evaluated")):
        with urllib.request.urlopen(f"{space.url}feed.atom?lang={language}", timeout=30) as answer:
            assert f"<title>{title}: space/authors-own</title>" in answer.read().decode()
    space.wait_for_results()
    own.get_by_role("link", name="결과 보기").click()
    expect(author.get_by_role("heading", name="authors-own").first).to_be_visible()
    expect(author.locator("#kel-submit")).to_be_hidden()
    expect(author.locator(".kel-modelpage")).to_contain_text("문장: ")
