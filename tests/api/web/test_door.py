"""The door, as it is served: who is silent or slow keeps nobody out, and nothing keeps the service from ending."""

from __future__ import annotations

import os
import re
import subprocess
import time
from contextlib import suppress

import httpx
import pytest

from tests.api.web.sockets import HALF_A_BODY, HALF_A_HEAD, Opened, answer_of, is_closed
from tests.installed import serving

TRICKLE_SECONDS = 12


@pytest.fixture(params=[1, 2])
def workers(request):
    return request.param


def test_headers_that_trickle_in_are_not_waited_for(kail_by_dev, tmp_path):
    with serving(kail_by_dev, tmp_path) as service, Opened() as opened:
        silent, trickling = opened.connect(service.address), opened.connect(service.address, HALF_A_HEAD)
        kept = opened.connect(service.address, b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b" 200 " in kept.recv(65536)
        kept.sendall(HALF_A_HEAD)
        since = time.monotonic()
        while time.monotonic() - since < TRICKLE_SECONDS:
            for one in (trickling, kept):  # a byte now and then
                if not is_closed(one):
                    with suppress(OSError):  # closed just now
                        one.send(b"x")
            time.sleep(0.5)
        assert [is_closed(one) for one in (silent, trickling, kept)] == [True] * 3


def test_a_body_that_stops_coming_is_told_so_in_words_and_hung_up_on(kail_by_dev, tmp_path):
    with serving(kail_by_dev, tmp_path, "--data", tmp_path / "data") as service, Opened() as opened:
        page = opened.connect(service.address, HALF_A_BODY)
        program = opened.connect(service.address, HALF_A_BODY.replace(b"/sign-in", b"/api/v1/session"))
        trickling = opened.connect(service.address, HALF_A_BODY)
        for _ in range(2 * TRICKLE_SECONDS):
            try:
                trickling.sendall(b"x")
            except OSError:
                break
            time.sleep(0.5)
        assert is_closed(trickling)
        for one, kind in ((page, b"text/html"), (program, b"application/problem+json")):
            answer = answer_of(one)
            assert answer.startswith(b"HTTP/1.1 408 "), answer
            assert b"content-type: " + kind in answer
            assert b"terhenti" in answer


def test_with_few_handles_and_many_silent_ones_whoever_comes_gets_in(kail_by_dev, tmp_path):
    few = tmp_path / "kail"
    few.write_text(f'#!/bin/sh\nulimit -n 256\nexec "{kail_by_dev}" "$@"\n', encoding="utf-8")
    few.chmod(0o700)
    with serving(few, tmp_path, "--data", tmp_path / "data") as service, Opened() as opened:
        for number in range(260):
            opened.connect(service.address, HALF_A_HEAD if number % 2 else b"")
        since = time.monotonic()
        for path in ("/health", "/sign-in", "/static/kail.css"):
            assert httpx.get(f"{service.address}{path}", timeout=5).status_code == 200
        assert time.monotonic() - since < 5
    assert "Traceback" not in service.log.read_text()


def test_half_sent_requests_and_bodies_do_not_keep_it_from_ending(kail_by_dev, tmp_path, workers):
    options = ["--workers", workers, "--data", tmp_path / "data"]
    with serving(kail_by_dev, tmp_path, *options) as service, Opened() as opened:
        for number in range(300):
            opened.connect(service.address, HALF_A_BODY if number % 2 else HALF_A_HEAD)
        assert httpx.get(f"{service.address}/health").status_code == 200
        started = service.processes()
        assert service.end() < 10
    written = service.log.read_text()
    assert "Traceback" not in written
    assert "ended now" not in written
    assert not [pid for pid in started if re.search(r"^[^Z]", state_of(pid))]


def state_of(pid):
    shown = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return shown.stdout.strip()


def test_the_service_takes_as_many_handles_as_the_system_allows(kail_by_dev, tmp_path):
    modest = tmp_path / "kail"
    modest.write_text(f'#!/bin/sh\nulimit -S -n 100\nexec "{kail_by_dev}" "$@"\n', encoding="utf-8")
    modest.chmod(0o700)
    if not os.path.exists("/proc/self/limits"):
        pytest.skip("this system does not tell the limits of a process")
    with serving(modest, tmp_path) as service, open(f"/proc/{service.process.pid}/limits", encoding="utf-8") as told:
        soft, hard = re.search(r"Max open files\s+(\d+)\s+(\d+)", told.read()).groups()
    assert soft == hard
