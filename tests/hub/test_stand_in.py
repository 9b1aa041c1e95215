"""What the stand-in does besides storing: faults on demand, signing in, and being a command."""

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from evaluator.suite import KO_V1
from tests.hub.__main__ import environment, fill
from tests.hub.repositories import Repositories
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def client(hub: Repositories) -> httpx2.Client:
    hub.faults.clear()
    return httpx2.Client(base_url=os.environ["HF_ENDPOINT"])


def test_a_visitor_signs_in_with_openid(hub: Repositories, client: httpx2.Client) -> None:
    hub.add_user("hf_openid", "openid-user", ("korean-nlp",))
    with client:
        provider = client.get("/.well-known/openid-configuration").json()
        query = {
            "client_id": "page",
            "redirect_uri": "http://127.0.0.1:7860/login/callback",
            "state": "s",
            "nonce": "n",
            "response_type": "code",
        }
        choices = client.get(provider["authorization_endpoint"], params=query)
        assert "openid-user" in choices.text
        back = client.get(provider["authorization_endpoint"], params=query | {"user": "openid-user"})
        assert back.status_code == 302
        returned = parse_qs(urlsplit(back.headers["location"]).query)
        assert returned["state"] == ["s"]
        form = {"code": returned["code"][0], "client_id": "page", "grant_type": "authorization_code"}
        tokens = client.post(provider["token_endpoint"], data=form).json()
        keys = KeySet.import_key_set(client.get(provider["jwks_uri"]).json())
        claims = jwt.decode(tokens["id_token"], keys).claims
        assert (claims["preferred_username"], claims["aud"], claims["nonce"]) == ("openid-user", "page", "n")
        authorised = {"Authorization": f"Bearer {tokens['access_token']}"}
        assert client.get(provider["userinfo_endpoint"], headers=authorised).json()["sub"] == "openid-user"
        assert client.get("/api/whoami-v2", headers=authorised).json()["orgs"][0]["name"] == "korean-nlp"
        assert client.post(provider["token_endpoint"], data=form).status_code == 400, "a code counts once"


def test_faults_come_as_often_as_asked_and_where(hub: Repositories, client: httpx2.Client) -> None:
    with client:
        hub.faults.add("refuse", "/api/whoami", status=429, retry_after=7, times=2, skip=1)
        answers = [client.get("/api/whoami-v2") for _ in range(4)]
        assert [answer.status_code for answer in answers] == [401, 429, 429, 401]
        assert answers[1].headers["Retry-After"] == "7"
        assert client.get("/.well-known/openid-configuration").status_code == 200
        hub.faults.add("drop", "/api/whoami")
        with pytest.raises(httpx2.RemoteProtocolError):
            client.get("/api/whoami-v2")
        assert hub.faults.injected == 3
        assert client.post("/_faults", json=[{"kind": "refuse", "match": "jwks", "status": 503}]).status_code == 200
        assert client.get("/oauth/jwks").status_code == 503
    hub.faults.clear()


def test_as_a_command_it_serves_page_and_worker_with_a_token_each(tmp_path: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    model = tmp_path / "model"
    model.mkdir()
    (model / "config.json").write_text('{"architectures": ["BertModel"]}')
    (model / "pytorch_model.bin").write_bytes(b"x" * 10)
    hub = subprocess.Popen(
        [sys.executable, "-m", "tests.hub", "--port", str(port), "--model", f"org/tiny={model}"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert hub.stdout is not None
        printed = [hub.stdout.readline() for _ in range(4)]
        assert printed[1].rstrip().endswith("python app.py")
        assert printed[3].rstrip().endswith("python worker.py")
        wait_for(f"{url}/.well-known/openid-configuration", hub)
        both = {name: {"PATH": "/usr/bin:/bin"} | e for name, e in environment(url, tmp_path / "home").items()}

        def run(process: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
            command = [sys.executable, *arguments]
            return subprocess.run(
                command, cwd=ROOT, env=both[process], capture_output=True, text=True, timeout=120, check=False
            )

        submitted = run("page", "-m", "submissions", "submit", "org/tiny")
        assert submitted.returncode == 0, submitted.stderr
        submission_id = submitted.stdout.split()[0]
        assert run("page", "-m", "submissions", "approve", submission_id).returncode == 0
        told = json.loads(run("worker", "worker.py", "status", "--json").stdout)
        assert [each["id"] for each in told["next"]] == [submission_id]
        write = "from worker import *; q = open_queue(Settings()); q.results.commit({'x': b'1'}, 'm', q.results.head())"
        assert run("worker", "-c", write).returncode == 0
        refused = run("page", "-c", write)
        assert refused.returncode == 1
        assert "Forbidden" in refused.stderr
    finally:
        hub.terminate()
        hub.wait(20)
        if hub.stdout is not None:
            hub.stdout.close()


def wait_for(url: str, process: "subprocess.Popen[str]") -> None:
    """Ask until somebody answers."""
    while True:
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except OSError:
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.05)
        else:
            return


def test_data_sets_are_served_at_the_commits_that_the_tasks_name(tmp_path: Path) -> None:
    for data in ("klue/klue", "org/other"):
        (tmp_path / data).mkdir(parents=True)
        (tmp_path / data / "README.md").write_text("---\n{}\n---\n")
    repositories = Repositories(tmp_path / "hub")
    repositories.folder.mkdir()
    fill(repositories, [], tmp_path)
    pinned = KO_V1.task("KLUE-STS").data.revision
    assert repositories.get("datasets", "klue/klue").at(pinned).files.keys() >= {"README.md"}
    assert repositories.get("datasets", "org/other").head.oid != pinned
