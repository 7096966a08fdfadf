"""The database is frozen or stopped while the service runs: everybody is told so in words, and soon after all is back."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.api.web.sockets import is_answered_again
from tests.api.web.troubled import an_installation, own_server
from tests.installation import missing, skip_or_fail
from tests.installed import serving

PATIENCE = 20  # of a client: whoever is not answered by then is not answered
AT_ONCE = 24
AGREED = {"consents": ["record"], "channel": "paper"}


@pytest.fixture
def postgres():
    if reason := missing():
        skip_or_fail(reason)
    with own_server() as made:
        yield made


def until_it_is_told(view):
    """What /ready answers once what it remembers of the moment before is over."""
    end = time.monotonic() + PATIENCE
    while (ready := view("/ready?language=en")).status_code == 200 and time.monotonic() < end:
        time.sleep(0.1)
    return ready


def ways(server):
    return {"frozen": (server.freeze, server.thaw), "stopped": (server.stop, server.start)}


@pytest.mark.parametrize("workers", [1, 2])
def test_while_the_database_is_away_everybody_is_told_and_then_all_is_back(postgres, kail_by_dev, tmp_path, workers):
    server, url = postgres
    record = ["--data", tmp_path / "data", "--database", url]
    with an_installation(tmp_path / "data", url) as (cookie, person):
        pass
    with serving(kail_by_dev, tmp_path, "--workers", workers, *record) as service:
        headers = {"cookie": cookie, "accept": "text/html", "origin": service.address}

        def view(path):
            return httpx.get(f"{service.address}{path}", headers=headers, timeout=PATIENCE)

        def register(name):
            body = {"name": name, **AGREED}
            return httpx.post(f"{service.address}/api/v1/participants", json=body, headers=headers, timeout=PATIENCE)

        pages = [f"/participants/{person}", "/account", "/work-list", "/sign-in"] * (AT_ONCE // 4)
        for leave, come_back in ways(server).values():
            with ThreadPoolExecutor(AT_ONCE) as threads:
                assert {answer.status_code for answer in map(view, pages[:8])} == {200, 303}
                leave()
                try:
                    seen = [threads.submit(view, path) for path in pages]
                    written = threads.submit(register, "Bu Ani")
                    for path in ("/health", "/", "/static/kail.css"):
                        assert view(path).status_code == 200, path
                    ready = until_it_is_told(view)
                    assert (ready.status_code, ready.json()["troubles"][0]["code"]) == (503, "database_away")
                    for answer in (one.result() for one in seen):
                        assert answer.status_code == 503
                        assert "retry-after" in answer.headers
                        assert answer.headers["content-type"].startswith("text/html")
                        assert "Sedang ada gangguan" in answer.text
                    answer = written.result()
                    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
                    assert "Tidak ada yang berubah" in answer.json()["problems"][0]["message"]
                finally:
                    come_back()
                is_answered_again(service.address, PATIENCE)
                assert {answer.status_code for answer in map(view, pages[:8])} == {200, 303}
        found = httpx.get(f"{service.address}/api/v1/participants", headers=headers, timeout=PATIENCE).json()
        assert len(found["items"]) == 1
    assert "unexpected" not in service.log.read_text()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_frozen_database_does_not_keep_the_service_from_ending(postgres, kail_by_dev, tmp_path, workers):
    server, url = postgres
    record = ["--data", tmp_path / "data", "--database", url]
    with an_installation(tmp_path / "data", url) as (cookie, _):
        pass
    with serving(kail_by_dev, tmp_path, "--workers", workers, *record) as service:
        headers = {"cookie": cookie, "accept": "text/html"}

        def view(path):
            return httpx.get(f"{service.address}{path}", headers=headers, timeout=PATIENCE).status_code

        with ThreadPoolExecutor(AT_ONCE) as threads:
            assert view("/account") == 200
            server.freeze()
            seen = [threads.submit(view, "/account") for _ in range(AT_ONCE)]
            assert view("/health") == 200
            assert service.end() < 10
            assert {one.result() for one in seen} == {503}  # they were answered before it ended
