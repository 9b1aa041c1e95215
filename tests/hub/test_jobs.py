"""The stand-in's rented machines, as huggingface_hub speaks to them."""

import time
from collections.abc import Iterator

import pytest
from huggingface_hub import HfApi, JobInfo, Volume
from huggingface_hub.errors import HfHubHTTPError

from tests.hub.repositories import Repositories


@pytest.fixture
def api(hub: Repositories) -> Iterator[HfApi]:
    hub.jobs.clear()
    hub.add_user("hf_rents", "renting", orgs=("renting-org",))
    hub.add_user("hf_visits", "visiting")
    yield HfApi(token="hf_rents")
    hub.jobs.clear()


def ended(api: HfApi, job: JobInfo) -> JobInfo:
    for _ in range(600):
        found = api.inspect_job(job_id=job.id, namespace="renting-org")
        if found.status.stage not in ("SCHEDULING", "RUNNING"):
            return found
        time.sleep(0.02)
    raise AssertionError("it did not end")


def run(api: HfApi, script: str, **fields: object) -> JobInfo:
    command = ["bash", "-c", script]
    return api.run_job(image="python:3.12", command=command, namespace="renting-org", **fields)  # type: ignore[arg-type]


def test_a_job_runs_with_its_environment_and_secrets_and_its_log_is_read(api: HfApi) -> None:
    job = run(api, "echo one $A; echo two $B; echo $ACCELERATOR", env={"A": "a"}, secrets={"B": "b"}, flavor="l4x1")
    found = ended(api, job)
    assert (found.status.stage, found.status.message, found.flavor) == ("COMPLETED", None, "l4x1")
    assert found.secrets is None
    assert found.durations is not None
    assert found.durations.running_secs == 0
    assert list(api.fetch_job_logs(job_id=job.id, namespace="renting-org")) == ["one a", "two b", "l4x1"]
    assert list(api.fetch_job_logs(job_id=job.id, namespace="renting-org", tail=1)) == ["l4x1"]


def test_jobs_fail_run_out_of_time_and_are_cancelled(api: HfApi, hub: Repositories) -> None:
    failed = ended(api, run(api, "exit 3"))
    assert (failed.status.stage, failed.status.message) == ("ERROR", "Job failed with exit code: 3")
    hub.jobs.hurry = 1000.0
    late = ended(api, run(api, "sleep 60", timeout="5m"))
    assert (late.status.stage, late.status.message) == ("ERROR", "Job timeout")
    hub.jobs.hurry = 1.0
    job = run(api, "sleep 60")
    api.cancel_job(job_id=job.id, namespace="renting-org")
    assert ended(api, job).status.stage == "CANCELED"


def test_jobs_are_listed_by_label_and_stage_over_pages(api: HfApi, hub: Repositories) -> None:
    hub.jobs.held = True
    ids = [run(api, "true", labels={"of": f"board-{number % 2}"}).id for number in range(45)]
    listed = [job.id for job in api.list_jobs(namespace="renting-org")]
    assert listed == ids[::-1]
    assert [job.id for job in api.list_jobs(namespace="renting-org", labels={"of": "board-1"})] == ids[1::2][::-1]
    assert list(api.list_jobs(namespace="renting-org", status=["RUNNING"])) == []
    changed = api.update_job_labels(job_id=ids[0], labels={"of": "nobody"}, namespace="renting-org")
    assert changed.labels == {"of": "nobody"}


def test_what_a_job_writes_into_a_bucket_is_read_by_its_account_alone(api: HfApi, hub: Repositories) -> None:
    from huggingface_hub import constants
    from huggingface_hub.utils import build_hf_headers, get_session

    space = hub.create("spaces", "renting-org/code")
    hub.commit(space, {"text.txt": b"from the Space"}, message="m", parent=None)
    volumes = [
        Volume(type="space", source="renting-org/code", mount_path="/code"),
        Volume(type="bucket", source="renting-org/left", path="one", mount_path="/left"),
    ]
    ended(api, run(api, "cat /code/text.txt > /left/copy.txt", volumes=volumes))
    url = f"{constants.ENDPOINT}/buckets/renting-org/left/resolve/one/copy.txt"
    assert get_session().get(url, headers=build_hf_headers(token="hf_rents")).content == b"from the Space"
    assert get_session().get(url, headers=build_hf_headers(token="hf_visits")).status_code == 404


def test_prices_are_told_and_strangers_rent_nothing(api: HfApi) -> None:
    prices = {machine.name: machine.unit_cost_usd * 60 for machine in api.list_jobs_hardware()}
    assert prices["l4x1"] == pytest.approx(0.80)
    for token, status in (("hf_visits", 403), (False, 401)):
        with pytest.raises(HfHubHTTPError) as refused:
            run(HfApi(token=token), "true")
        assert refused.value.response.status_code == status
