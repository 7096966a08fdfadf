"""Bulkheads: what fills one pool of threads leaves the others alone, whoever comes to a full one is told so, and nobody waits
longer than their deadline."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import OperationalError

from api.accounts.tables import TRIES
from api.record import deadlines
from api.record.database import Database
from api.record.unavailable import Unavailable, why_unavailable
from api.web.bulkheads import RECORD, Bulkhead
from tests.api.web.troubled import an_installation
from tests.installation import PASSWORD
from tests.installed import serving


def run(*works):
    """Do all these at once; return what became of each: what it gave, or the code of why it was not done."""

    async def one(bulkhead, work):
        try:
            return await bulkhead.run(work)
        except Unavailable as unavailable:
            return unavailable.code

    async def everything():
        return await asyncio.gather(*(one(*work) for work in works))

    return asyncio.run(everything())


def test_who_comes_to_a_full_bulkhead_is_told_at_once_and_another_one_is_not_touched():
    free, full, other = threading.Event(), Bulkhead("full", 1, 1), Bulkhead("other", 1, 0)

    def held():
        assert free.wait(30)
        return "done"

    assert run((full, held), (full, held), (full, held), (other, lambda: (free.set(), "theirs")[1])) == [
        "done",
        "done",
        "busy",
        "theirs",
    ]
    assert run((full, lambda: "room again")) == ["room again"]


def test_nobody_waits_longer_than_their_deadline_and_a_thread_that_is_left_alone_still_counts():
    free, full = threading.Event(), Bulkhead("full", 1, 5)
    with deadlines.within(0.1):
        assert run((full, lambda: free.wait(30)), (full, lambda: "never")) == ["too_late", "busy"]
    with deadlines.within(0.1):
        assert run((full, lambda: "not yet")) == ["busy"]
    free.set()
    assert run((full, lambda: "done")) == ["done"]


def test_what_is_written_after_the_deadline_is_undone(kail):
    def write_slowly():
        with deadlines.within(3), kail.record.write() as tx:
            tx.run(insert(TRIES).values(bucket="late", last=tx.now, count=1))
            time.sleep(3.05)

    with pytest.raises(Unavailable, match="too_late"):
        write_slowly()
    with kail.record.read() as tx:
        assert tx.one(select(TRIES).where(TRIES.c.bucket == "late")) is None


def test_a_writer_waits_for_another_one_no_longer_than_its_deadline(kail):
    with kail.record.write():
        since = time.monotonic()
        with pytest.raises(OperationalError) as told, deadlines.within(3), kail.record.write():
            pass
        assert time.monotonic() - since < 10  # without one it waits for 30 seconds
    assert why_unavailable(told.value).code in ("busy", "too_late")
    with kail.record.write() as tx:  # the next one has no deadline, and its connection none left of the one before
        tx.run(insert(TRIES).values(bucket="x", last=tx.now, count=1))


def test_a_statement_that_computes_for_too_long_is_stopped(kail):
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    with pytest.raises(OperationalError) as told, deadlines.within(3), kail.record.read() as tx:
        tx.sql.execute(text(endless))
    assert why_unavailable(told.value).code == "too_late"


def test_people_who_wait_for_a_writer_keep_neither_files_nor_who_signs_in_nor_the_open_endpoint_waiting(
    kail_by_dev, tmp_path
):
    """More who change something than there are threads for them."""
    data = tmp_path / "data"
    with an_installation(data) as (cookie, person):
        pass
    database = Database(f"sqlite:///{data / 'kail.sqlite'}")
    with serving(kail_by_dev, tmp_path, "--data", data) as service, ThreadPoolExecutor(2 * RECORD.threads) as threads:
        headers = {"cookie": cookie, "accept": "text/html"}

        def view(path):
            return httpx.get(f"{service.address}{path}", headers=headers, timeout=30).status_code

        def rename(name):
            address, body = f"{service.address}/api/v1/participants/{person}", {"name": name, "version": 1}
            return httpx.patch(address, json=body, headers={"cookie": cookie}, timeout=30).status_code

        assert view("/account") == 200
        with database.write():
            assert view(f"/participants/{person}") == 200  # who looks waits for no writer
            waiting = [threads.submit(rename, f"Bu {number}") for number in range(2 * RECORD.threads)]
            time.sleep(0.5)
            for path in ("/health", "/ready", "/static/kail.css", "/"):
                assert view(path) == 200, path
            assert httpx.get(f"{service.address}/sign-in", timeout=30).status_code == 200
            advice = httpx.post(f"{service.address}/api/v1/recommendations", json={"signals": {}}, timeout=30)
            assert advice.status_code == 200
            assert not any(one.done() for one in waiting), "they were to wait all the while"
            assert {one.result() for one in waiting} == {503}
        came = httpx.post(f"{service.address}/sign-in", data={"login": "mentor", "password": PASSWORD}, timeout=30)
        assert came.status_code == 303
        assert view(f"/participants/{person}") == 200
    database.close()
