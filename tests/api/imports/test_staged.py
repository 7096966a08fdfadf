"""Nothing that somebody sends lies in clear on a disk: not while it arrives, not while it is read, not after kill -9."""

from __future__ import annotations

import os
import signal
import socket
import time
from pathlib import Path

import httpx
import pytest

from api.record.staging import FOLDER
from tests.api.imports.test_imports import ANI, everything
from tests.api.test_secrecy import found_in, planted, sheet
from tests.importing import imported, post, send
from tests.installation import PASSWORD
from tests.installed import serving

BOUNDARY = "kail-kail-kail"
ONES = planted(40)


def body(content: bytes) -> bytes:
    fields = {"consents": "record", "channel": "paper", "said_on": "2026-11-20"}
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'
        for name, text in fields.items()
    ]
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="people.csv"\r\n\r\n'
    return "".join([*parts, head]).encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()


def lying_in(*folders: Path) -> dict[str, bytes]:
    """All files in these folders, with what stands in them; also those that have no name any more."""
    return {str(path): path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file()}


def opened_by(pids) -> dict[str, bytes]:
    """What stands in the files that these processes hold open for writing, with a name or without."""
    found = {}
    for pid in pids:
        for handle in Path(f"/proc/{pid}/fd").iterdir() if Path("/proc").is_dir() else ():
            if (
                handle.is_file()
                and os.readlink(handle).startswith("/")
                and not os.readlink(handle).startswith(("/dev", "/proc"))
            ):
                found[f"{pid}: {os.readlink(handle)}"] = handle.read_bytes()
    return found


@pytest.mark.parametrize("workers", [1, 2])
def test_a_request_that_stands_still_and_a_server_that_is_killed_leave_nothing_in_clear(
    small_kail, kail_by_dev, tmp_path, workers
):
    data, temporary = small_kail.settings.data, tmp_path / "temporary"
    temporary.mkdir()
    options, environment = ["--workers", workers, "--data", data], {**os.environ, "TMPDIR": str(temporary)}
    content = body(sheet(ONES) * 700)
    assert len(content) > 1_500_000
    with serving(kail_by_dev, tmp_path, *options, environment=environment) as service:
        port = int(service.address.rpartition(":")[2])
        signed_in = httpx.post(f"{service.address}/api/v1/session", json={"login": "mentor", "password": PASSWORD})
        cookie = "; ".join(f"{name}={value}" for name, value in signed_in.cookies.items())
        head = (
            f"POST /api/v1/imports HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {cookie}\r\n"
            f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(head.encode() + content[:-400_000])
            end = time.monotonic() + 30
            while sum(path.stat().st_size for path in (data / FOLDER).glob("*")) < len(content) - 600_000:
                assert time.monotonic() < end
                time.sleep(0.05)
            assert httpx.get(f"{service.address}/health").status_code == 200
            started = {service.process.pid, *service.processes()}
            standing = lying_in(data, temporary) | opened_by(started)
            assert found_in(ONES, standing) == []
            for pid in started:
                os.kill(pid, signal.SIGKILL)
            service.process.wait()
        assert found_in(ONES, lying_in(data, temporary)) == []
        assert len(list((data / FOLDER).iterdir())) == 1
    with serving(kail_by_dev, tmp_path, *options, environment=environment):
        end = time.monotonic() + 30
        while list((data / FOLDER).iterdir()):  # the worker beside it begins with that
            assert time.monotonic() < end
            time.sleep(0.1)


def test_what_was_sent_is_gone_when_its_job_is_over_however_that_ended(small_kail):
    folder = small_kail.settings.data / FOLDER
    imported(small_kail, f"name,nik,nib\nBu Ani,{ANI},true\n")
    assert list(folder.iterdir()) == []
    for content, name in ((f"name,nik,nib\nBu Ani,{ANI},true\n", "people.csv"), (b"x", "people.pdf")):
        assert send(small_kail, content, name).status == "failed"
        assert list(folder.iterdir()) == []


@pytest.mark.parametrize("wrong", [{"consents": ""}, {"channel": "telepathy"}, {"owner": "me"}, {"columns": "x" * 10}])
def test_what_is_refused_at_once_does_not_stay_and_what_is_accepted_does(small_kail, wrong):
    folder = small_kail.settings.data / FOLDER
    with small_kail.client("mentor") as client:
        answer = post(client, f"name,nik,nib\nBu Ani,{ANI},true\n", **wrong)
        refused = "columns" not in wrong  # a map that is none is found when it is read
        assert answer.status_code == (400 if refused else 202)
        assert len(list(folder.iterdir())) == (0 if refused else 2)


def test_a_map_that_is_too_large_is_refused_while_it_arrives(small_kail):
    before = everything(small_kail)
    answer = send(small_kail, "nik\n1\n", columns="# " + "x" * 100_000)
    assert answer.status == 413
    assert [problem["field"] for problem in answer.problems] == ["columns"]
    assert list((small_kail.settings.data / FOLDER).iterdir()) == []
    assert everything(small_kail) == before
