"""One core: what a server that answers alone keeps to, and what gets all of them."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from api.commands import serve
from api.settings import Settings
from api.web import cores
from api.web.bulkheads import Bulkhead
from api.web.cores import all_cores, one_core

pytestmark = pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2, reason="nothing to choose from"
)


def mine():
    return os.sched_getaffinity(0)


def test_a_server_keeps_to_one_core_with_every_thread_that_it_starts():
    all_of_them = mine()
    with one_core():
        with ThreadPoolExecutor(1) as pool:
            assert mine() == pool.submit(mine).result()
        assert len(mine()) == 1
        assert cores.count() == len(all_of_them)
    assert mine() == all_of_them
    assert cores.count() == len(all_of_them)


def test_another_process_and_the_threads_for_passwords_get_all_of_them():
    def started():
        all_cores()
        told = subprocess.run(
            [sys.executable, "-c", "import os; print(os.sched_getaffinity(0))"],
            capture_output=True,
            text=True,
            check=True,
        )
        return told.stdout.strip()

    all_of_them = mine()
    with one_core():
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(started).result() == str(all_of_them)
        passwords = Bulkhead("more", 1, 1, begin=all_cores)
        assert passwords._begin(mine).result() == all_of_them
        assert len(mine()) == 1


@pytest.mark.parametrize("workers", [1, 2])
def test_of_several_workers_none_is_kept_to_a_core(monkeypatch, workers):
    found, all_of_them = [], mine()
    monkeypatch.setattr("uvicorn.run", lambda *_, **__: found.append(mine()))
    monkeypatch.setattr("signal.signal", lambda *_: None)
    serve.listen(Settings(workers=workers))
    assert len(found[0]) == (1 if workers == 1 else len(all_of_them))
    assert mine() == all_of_them


def test_where_the_system_tells_of_no_cores_nothing_is_chosen(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity")
    with one_core():
        assert cores.count() == (os.cpu_count() or 1)
