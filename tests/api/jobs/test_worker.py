"""The worker as it is shipped: beside one server process or two, on either database; killed, doubled, ended."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from api.jobs.worker import tidy
from api.record.staging import FOLDER
from tests.importing import post
from tests.installation import PASSWORD
from tests.installed import serving


def waited_for(look, seconds=60):
    """What `look` finds, as soon as it finds something."""
    end = time.monotonic() + seconds
    while not (found := look()) and time.monotonic() < end:
        time.sleep(0.05)
    assert found, "it did not come to that"
    return found


def worker_of(service):
    """The number of the process of a service that does jobs; None while there is none."""
    for pid in service.processes():
        listed = subprocess.run(
            ["ps", "-ww", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        if "api.jobs.worker" in listed.stdout:
            return pid
    return None


@contextmanager
def signed_in(service, login="operator"):
    # A connection is given up before the server, which waits five seconds, does: else a request may meet its end.
    with httpx.Client(base_url=service.address, timeout=60, limits=httpx.Limits(keepalive_expiry=2)) as client:
        assert client.post("/api/v1/session", json={"login": login, "password": PASSWORD}).status_code == 200
        yield client


def over(client, job):
    """A job as it is when it is over."""
    return waited_for(lambda: (found := client.get(f"/api/v1/jobs/{job}").json())["ended_at"] and found)


@pytest.fixture
def options(kail):
    return ["--data", kail.settings.data, "--database", kail.settings.database]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_job_is_done_also_after_its_worker_was_killed(kail, kail_by_dev, tmp_path, workers, options):
    with (
        serving(kail_by_dev, tmp_path, "--workers", workers, *options) as service,
        signed_in(service) as client,
    ):
        first = client.post("/api/v1/jobs", json={"kind": "verification"}).json()["id"]
        assert over(client, first)["state"] == "done"
        killed = worker_of(service)
        os.kill(killed, signal.SIGKILL)
        second = client.post("/api/v1/jobs", json={"kind": "verification"}).json()["id"]
        assert over(client, second)["state"] == "done"
        assert worker_of(service) not in (None, killed)
        assert service.end() < 10
    assert not Path(f"/proc/{killed}").exists()


def test_of_two_servers_on_one_folder_one_does_jobs_and_the_other_takes_over(kail, kail_by_dev, tmp_path, options):
    with (
        serving(kail_by_dev, tmp_path, *options) as first,
        serving(kail_by_dev, tmp_path, *options) as second,
        signed_in(second) as client,
    ):
        asked = [client.post("/api/v1/jobs", json={"kind": "verification"}).json()["id"] for _ in range(2)]
        assert {over(client, job)["state"] for job in asked} == {"done"}
        first.end()
        job = client.post("/api/v1/jobs", json={"kind": "verification"}).json()["id"]
        assert over(client, job)["state"] == "done"


def test_what_no_job_needs_any_more_is_tidied_away(small_kail):
    folder = small_kail.settings.data / FOLDER
    folder.mkdir()
    (folder / "of-nobody").write_bytes(b"x")
    with small_kail.client("mentor") as client:
        assert post(client, "nik\n1\n").status_code == 202
        [mine] = [path.name for path in folder.iterdir() if path.name != "of-nobody"]
        tidy(small_kail.record, small_kail.settings.data, 600)
        assert len(list(folder.iterdir())) == 2  # it may be of somebody who is at it just now
        tidy(small_kail.record, small_kail.settings.data)
    assert [path.name for path in folder.iterdir()] == [mine]
