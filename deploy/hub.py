"""Each step of a deployment on the Hub: looks first, writes only what is missing or another, and says which it was."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from httpx2 import HTTPError
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils import build_hf_headers, get_session

from deploy.plan import Deployment, pushed_files
from leaderboard_data.benchmark import BENCHMARK_PATH, benchmark_file
from leaderboard_data.publish import CARD, CARD_PATH

FAILED = ("NO_APP_FILE", "CONFIG_ERROR", "BUILD_ERROR", "RUNTIME_ERROR", "DELETING", "STOPPED", "PAUSED")
"""Stages of a Space that it does not leave by itself."""

POLL_SECONDS = 5.0


class CannotDeploy(Exception):
    """A step failed; the text says which, why, and what to do."""


@contextmanager
def told(step: str) -> Iterator[None]:
    """Whatever the Hub's client raises as a sentence about this step."""
    try:
        yield
    except HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else None
        advice = {
            401: "the token is not known to the Hub: log in with `hf auth login`, or set HF_TOKEN",
            402: "the Hub wants a plan for a Gradio Space: PRO for a user, Team or Enterprise for an organisation",
            403: "the token may not: it needs the right to create and write repositories of this organisation",
            404: "it is not there, or the token may not see it",
            429: "too many requests: wait an hour, then run this again; it goes on where it stopped",
        }.get(status or 0, "run this again; it goes on where it stopped")
        raise CannotDeploy(f"{step}: HTTP {status}; {advice}") from error
    except (HTTPError, OSError) as error:
        raise CannotDeploy(f"{step}: the Hub cannot be reached; see network, proxy and HF_ENDPOINT") from error


class Deployer:
    """Runs the steps with one token. `dry`: it only looks, and says what it would do."""

    def __init__(self, deployment: Deployment, api: HfApi, *, dry: bool = False) -> None:
        self.deployment = deployment
        self.api = api
        self.dry = dry

    def who(self) -> str:
        """The token's user, if it is the organisation or one of its members.

        Raises:
            CannotDeploy
        """
        with told("who you are"):
            answer = self.api.whoami()
        names = {answer["name"], *(org.get("name") for org in answer.get("orgs") or ())}
        if self.deployment.organisation.lower() not in {str(name).lower() for name in names}:
            raise CannotDeploy(
                f"the token is of {answer['name']}, who is no member of {self.deployment.organisation};"
                f" its organisations: {', '.join(sorted(map(str, names - {answer['name']}))) or 'none'}"
            )
        return str(answer["name"])

    def repository(self, repo_id: str, kind: str) -> str:
        """Make a repository where there is none. What is there stays as visible as it is."""
        with told(f"{kind} {repo_id}"):
            if self.api.repo_exists(repo_id, repo_type=kind):
                return f"is there: {kind} {repo_id}"
            if not self.dry:
                sdk = {"space_sdk": "gradio"} if kind == "space" else {}
                private = self.deployment.private
                self.api.create_repo(repo_id, repo_type=kind, private=private, exist_ok=True, **sdk)  # type: ignore[arg-type]
        return self._did(f"made: {kind} {repo_id}{' (private)' if self.deployment.private else ''}")

    def file(self, repo_id: str, path: str, text: str) -> str:
        """Write one file of a data set where there is none: whoever changed it meant it."""
        with told(f"{path} of {repo_id}"):
            there = self.api.list_repo_files(repo_id, repo_type="dataset") if self._exists(repo_id) else []
            if path in there:
                return f"is there: {path} of {repo_id}"
            if not self.dry:
                operation = CommitOperationAdd(path, text.encode())
                self.api.create_commit(repo_id, [operation], commit_message=f"Add {path}", repo_type="dataset")
        return self._did(f"written: {path} of {repo_id}")

    def requests_card(self) -> str:
        return self.file(self.deployment.requests, CARD_PATH, self.deployment.card)

    def results_card(self) -> str:
        return self.file(self.deployment.results, CARD_PATH, CARD)

    def benchmark(self) -> str:
        """Say that the results are a benchmark. The Hub checks the file, and the leaderboard works without it."""
        try:
            return self.file(self.deployment.results, BENCHMARK_PATH, benchmark_file())
        except CannotDeploy as error:
            return f"left out: {error} (docs/deploying.md, As a benchmark of the Hub)"

    def variables(self) -> str:
        """Set the variables that are another; each change starts a Space anew."""
        space = self.deployment.space
        with told(f"variables of {space}"):
            there = self.api.get_space_variables(space) if self._exists(space, "space") else {}
            values = {name: variable.value for name, variable in there.items()}
            another = {name: value for name, value in self.deployment.variables.items() if values.get(name) != value}
            for name, value in another.items() if not self.dry else ():
                self.api.add_space_variable(space, name, value)
        return self._did(f"set: {', '.join(another)}") if another else "are there: the variables"

    def secrets(self, given: Mapping[str, str]) -> str:
        """Set the secrets that were given; the Hub tells no secret's value, so they are set each time."""
        space = self.deployment.space
        if not given:
            return "no secret was given: the page starts without the right to write submissions"
        with told(f"secrets of {space}"):
            for name, value in given.items() if not self.dry else ():
                self.api.add_space_secret(space, name, value)
        return self._did(f"set: {', '.join(given)} (secret)")

    def code(self) -> str:
        """Push the project in one commit, and take away what is no longer in it."""
        space, files = self.deployment.space, pushed_files()
        with told(f"code of {space}"):
            exists = self._exists(space, "space")
            there = set(self.api.list_repo_files(space, repo_type="space")) if exists else set()
            gone = sorted(there - set(files) - {".gitattributes"})
            if self.dry:
                return self._did(f"pushed: {len(files)} files, {len(gone)} taken away")
            before = self.api.repo_info(space, repo_type="space").sha
            operations: Sequence[CommitOperationAdd | CommitOperationDelete] = [
                *(CommitOperationAdd(path, file.read_bytes()) for path, file in files.items()),
                *(CommitOperationDelete(path, is_folder=False) for path in gone),
            ]
            pushed = self.api.create_commit(space, operations, commit_message="Deploy", repo_type="space")
        if pushed.oid == before:
            return "is there: the code"
        return f"pushed: {len(files)} files, {len(gone)} taken away ({pushed.oid[:12]})"

    def answers(self, seconds: float) -> str:
        """Wait until the Space runs and its page answers; returns its own address.

        Raises:
            CannotDeploy: it does not within `seconds`, or has come to a stage that it does not leave.
        """
        space, deadline = self.deployment.space, time.monotonic() + seconds
        stage, host = "unknown", ""
        logs = f"https://huggingface.co/spaces/{space}?logs=container"
        while True:
            with told(f"the stage of {space}"):
                stage = str(self.api.get_space_runtime(space).stage)
                if stage in FAILED:
                    raise CannotDeploy(f"{space} is in stage {stage}; its log says why: {logs}")
                if stage == "RUNNING":
                    host = host or str(self.api.space_info(space).host or "")
            if host and self._is_up(host):
                return host
            if time.monotonic() > deadline:
                raise CannotDeploy(f"{space} does not answer after {seconds:g} s (stage {stage}); its log: {logs}")
            time.sleep(min(POLL_SECONDS, max(0.1, deadline - time.monotonic())))

    def _is_up(self, host: str) -> bool:
        try:
            answer = get_session().get(f"{host}/", headers=build_hf_headers(token=self.api.token), timeout=20)
        except (HTTPError, OSError):
            return False
        return bool(answer.status_code == 200)

    def _exists(self, repo_id: str, kind: str = "dataset") -> bool:
        return not self.dry or self.api.repo_exists(repo_id, repo_type=kind)

    def _did(self, what: str) -> str:
        return f"would be {what}" if self.dry else what
