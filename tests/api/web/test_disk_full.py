"""The disk of the data folder fills up: nothing more is kept, but people can look, sign in and sign out; with room all is back."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import time
from collections import Counter
from contextlib import closing, contextmanager

import httpx
import pytest

from api.record.live import utc_now
from api.record.space import FILE, MEGABYTE, Space
from api.record.transaction import open_record
from tests.api.web.troubled import an_installation
from tests.chains import faults_in
from tests.installation import PASSWORD, skip_or_fail
from tests.installed import serving

RESERVE = 48
AGREED = {"consents": ["record"], "channel": "paper"}
PATIENCE = 20


@pytest.fixture
def small_disk(tmp_path):
    with a_disk(tmp_path / "disk", "120m") as disk:
        yield disk


@contextmanager
def a_disk(folder, size):
    """A disk in memory, in the place of a folder and with what is in it; only root may have one."""
    folder.mkdir(exist_ok=True)
    there = {path.name: path.read_bytes() for path in folder.iterdir()}
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        skip_or_fail("a small disk cannot be mounted here")
    try:
        for name, content in there.items():
            (folder / name).write_bytes(content)
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


@contextmanager
def filled(disk, free):
    """Fill a disk up to so many bytes."""
    rest = disk / "something-else"
    with rest.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(disk).free - free)
    try:
        yield
    finally:
        rest.unlink()


class Asking:
    """Asks a service as a mentor."""

    def __init__(self, service, cookie):
        self.client = httpx.Client(base_url=service.address, timeout=PATIENCE)
        self.headers = {"cookie": cookie, "accept": "text/html", "origin": service.address}

    def __call__(self, method, path, **more):
        return self.client.request(method, path, headers=self.headers, **more)

    def register(self, name):
        return self("POST", "/api/v1/participants", json={"name": name, **AGREED})

    def until(self, status, seconds=5.0):
        """Ask whether it is ready until it answers with a status: what was free is remembered for a second."""
        end = time.monotonic() + seconds
        while (answer := self("GET", "/ready")).status_code != status and time.monotonic() < end:
            time.sleep(0.1)
        assert answer.status_code == status
        return answer.json()


@pytest.mark.parametrize("workers", [1, 2])
def test_with_the_disk_nearly_full_people_look_and_come_and_go_and_nothing_else(
    small_disk, kail_by_dev, tmp_path, workers
):
    data = small_disk / "data"
    with an_installation(data) as (cookie, person):
        pass
    options = ["--workers", workers, "--data", data, "--reserve", RESERVE]
    with serving(kail_by_dev, tmp_path, *options) as service:
        ask = Asking(service, cookie)
        ask.until(200)
        assert ask("GET", "/account").status_code == 200
        assert (data / FILE).stat().st_blocks * 512 >= RESERVE * MEGABYTE // 4, "it is not truly allocated"
        with filled(small_disk, (RESERVE - 5) * MEGABYTE):
            assert ask.until(503)["troubles"][0]["code"] == "disk_full"
            refused = ask.register("Bu Ani")
            assert (refused.status_code, "hampir penuh" in refused.text) == (503, True)
            page = ask("POST", f"/participants/{person}/evidence", data={"version": "1"})
            assert (page.status_code, page.headers["content-type"]) == (503, "text/html; charset=utf-8")
            assert "hampir penuh" in page.text
            assert_people_come_look_and_go(ask, person)
        ask.until(200)
        with filled(small_disk, 0):
            time.sleep(1.1)  # until what was free is looked at again
            ask("GET", f"/participants/{person}")  # whoever meets the end first makes room for the others
            assert ask.register("Bu Ani").status_code == 503
            assert_people_come_look_and_go(ask, person)
        ask.until(200)
        assert ask.register("Bu Ani").status_code == 201
        ask.client.close()
    assert not (data / FILE).exists(), "what was set aside is left behind"
    assert "unexpected" not in service.log.read_text()


def test_a_look_that_cannot_be_noted_is_not_answered(tmp_path, kail_by_dev):
    """The disk of the logs of looks is full, that of the record is not: a search, a page and a list are refused in words."""
    data = tmp_path / "data"
    with an_installation(data) as (cookie, person):
        pass
    with a_disk(data / "looks", "3m") as disk:
        with serving(kail_by_dev, tmp_path, "--data", data) as service:
            ask, answered = Asking(service, cookie), Counter()
            ask.until(200)
            for free in (40_000, 0):
                with filled(disk, free):
                    for _ in range(30):
                        answered[ask("GET", f"/api/v1/participants/{person}").status_code] += 1
                    page = ask("GET", f"/participants/{person}")
                    found = ask("POST", "/participants", data={"search": "Ani"})
                    assert ask.register("Bu Ani").status_code == 201
                assert (page.status_code, found.status_code) == (503, 503)
                assert "penuh" in page.text
                answered[ask("GET", f"/api/v1/participants/{person}").status_code] += 1
            assert set(answered) == {200, 503}
            assert answered[200] == len(looks_at(data, person))
            ask.client.close()
        assert "unexpected" not in service.log.read_text()
        with closing(open_record(data, "", utc_now)) as record:
            assert faults_in(record) == {}


def looks_at(data, person):
    with closing(sqlite3.connect(data / "looks" / "1.sqlite")) as log:
        return log.execute("SELECT seq FROM looks WHERE object_id = ? AND action = 'saw'", (person,)).fetchall()


def assert_people_come_look_and_go(ask, person):
    for _ in range(20):
        seen = ask("GET", f"/participants/{person}")
        assert seen.status_code == 200, seen.text
    came = ask.client.post("/sign-in", data={"login": "mentor2", "password": PASSWORD}, headers={"accept": "text/html"})
    assert came.status_code == 303
    ask.client.cookies.clear()
    theirs = {"cookie": "; ".join(one.split(";")[0] for one in came.headers.get_list("set-cookie"))}
    gone = ask.client.post("/sign-out", headers=ask.headers | theirs)
    assert gone.status_code == 303
    assert ask.client.get("/account", headers=theirs).status_code == 303


def test_what_is_set_aside_is_given_up_once_and_taken_again(tmp_path, monkeypatch):
    now, free = [100.0], [100 * MEGABYTE]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(0, 0, free[0]))
    space = Space(tmp_path, 8 * MEGABYTE, sets_aside=True)
    seen = []
    for megabytes in (100, 7, 0, 7, 100):
        now[0], free[0] = now[0] + 2, megabytes * MEGABYTE
        seen.append((space.is_short(), (tmp_path / FILE).exists()))
    assert seen == [(False, True), (True, True), (True, False), (True, False), (False, True)]
    space.close()
    assert list(tmp_path.iterdir()) == []
