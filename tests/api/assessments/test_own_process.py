"""The process of assessments: what it does is what a thread would do, and it lives and ends with its server."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import textwrap
from dataclasses import replace

import pytest
from litestar.testing import TestClient

import api.app
from api.app import create_app
from api.assessments import service, stored
from api.participants.gate import RECOMMENDATION, may
from api.record.refusals import Refused, Trouble
from api.settings import Settings
from tests.api.assessments.processes import gone, only_there, refused, stored_of, until
from tests.chains import faults_in


def test_it_stores_what_a_thread_would(small_kail, make_process, asked, monkeypatch):
    kail = small_kail
    first, by_thread = service.assess(kail.record, kail.live, *asked)
    own = make_process()
    with only_there(monkeypatch):
        second, by_process = own.assess(*asked)
    assert by_process == by_thread
    assert stored_of(kail, asked[1]) == ([first, second], 2)
    with kail.record.read() as tx:
        kept, _ = stored.find_assessment(tx, asked[0], second)
    assert faults_in(kail.record) == {}
    assert (kept.content, kept.at) == (by_thread.content, kail.clock.now)
    assert stored.replay(kail.live, kept)[0]


def test_nobody_waits_for_it_to_start(small_kail, make_process, asked):
    own = make_process(ready=False)
    first, _ = own.assess(*asked)
    assert not own._is_ready
    assert stored_of(small_kail, asked[1]) == ([first], 1)
    until(own._ready)


def test_a_refusal_is_the_same_as_a_threads_in_the_language_asked_for(small_kail, make_process, asked, monkeypatch):
    kail, own = small_kail, make_process()
    mentor, person, *_ = asked
    bare = kail.participant(consents=("record",))
    for wrong in (
        (mentor, "0" * 24, None, "en"),
        (kail.actors["mentor2"], person, None, "id"),
        (mentor, person, "no_such_product", "en"),
        (mentor, bare, None, "id"),
    ):
        with pytest.raises(Refused) as by_thread:
            service.assess(kail.record, kail.live, *wrong)
        with only_there(monkeypatch):
            assert refused(own, wrong) == (by_thread.value.status, by_thread.value.problems(wrong[3]))
    assert stored_of(kail, person) == stored_of(kail, bare) == ([], 0)


def test_a_refusal_comes_through_a_pipe_whole():
    told = Refused.told(409, [{"field": "signals.nib", "message": "x"}])
    for one in (Refused(400, Trouble("goal", "no_such_goal", "x"), Trouble("a", "b", c=1)), told):
        other = pickle.loads(pickle.dumps(one))
        assert (other.status, other.troubles, other.already_told, other.args, str(other)) == (
            one.status,
            one.troubles,
            one.already_told,
            one.args,
            str(one),
        )
    assert str(Refused(400, Trouble("nik", "bad_nik", "3171"))) == "400: nik (bad_nik)"


def test_a_consent_taken_back_counts_at_the_next_request(small_kail, make_process, asked):
    own = make_process()
    own.assess(*asked)
    with small_kail.client("mentor") as client:
        said = {"purpose": "recommendation", "given": False, "channel": "phone"}
        assert client.post(f"/api/v1/participants/{asked[1]}/consents", json=said).status_code == 201
    assert refused(own, asked)[0] == 409
    with small_kail.record.read() as tx, pytest.raises(Refused):
        may(tx, small_kail.actors["mentor"], asked[1], RECOMMENDATION)
    assert len(stored_of(small_kail, asked[1])[0]) == 1


def test_somebody_erased_is_gone_for_it_too(small_kail, make_process, asked):
    own = make_process()
    own.assess(*asked)
    with small_kail.client("mentor") as client:
        version = client.get(f"/api/v1/participants/{asked[1]}").json()["version"]
        done = client.post(f"/api/v1/participants/{asked[1]}/erasure", json={"version": version})
        assert done.status_code == 200
    assert refused(own, asked)[0] == 404


def test_it_makes_no_key_file_and_has_the_keys_of_the_server(small_kail, make_process, asked, monkeypatch):
    key_file = small_kail.settings.data / "kail.key"
    away = key_file.rename(key_file.with_suffix(".away"))
    own = make_process()
    with only_there(monkeypatch):
        own.assess(*asked)
    assert not key_file.exists()
    away.rename(key_file)
    assert faults_in(small_kail.record) == {}


# -- in a server -------------------------------------------------------------------------------------------------------


def test_it_ends_with_a_server_that_is_killed_whatever_the_server_was_doing(tmp_path):
    program = textwrap.dedent(
        """
        import pathlib, sys, time
        from api.assessments.own_process import OwnProcess
        from api.record.live import go_live, utc_now
        from api.record.transaction import open_record
        from api.settings import Settings
        folder = pathlib.Path(sys.argv[1])
        own = OwnProcess(open_record(folder, "", utc_now), go_live(Settings()), folder)
        own._ready()
        while not own._process or (sys.argv[2] == "ready" and not own._ready()):
            time.sleep(0.01)
        print(own._process.pid, flush=True)
        time.sleep(600)
        """
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    for state in ("starting", "ready"):
        command = [sys.executable, "-c", program, str(tmp_path / state), state]
        errors = tmp_path / f"{state}.txt"
        with (
            errors.open("wb") as file,
            subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=file) as server,
        ):
            try:
                pid = int(server.stdout.readline())
                assert not gone(pid)
            finally:
                server.kill()
        until(lambda: gone(pid))  # noqa: B023 - asked at once
        assert errors.read_bytes() == b""


def test_an_application_does_its_assessments_in_it_and_ends_it(small_kail, monkeypatch):
    person = small_kail.participant()
    small_kail.evidence(person)
    served = create_app(small_kail.settings, clock=small_kail.clock, own_process=True)
    own = served.state.own_process
    with TestClient(served) as client:
        client.headers.update(small_kail.headers("mentor"))
        address = f"/participants/{person}/assessments"
        assert client.post(f"/api/v1{address}").status_code == 201
        pid = until(own._ready).pid
        with only_there(monkeypatch):
            assert client.post(f"/api/v1{address}", json={"goal": "no_such"}).status_code == 400
            made = client.post(f"/api/v1{address}").json()
            assert client.post(address, follow_redirects=False).status_code == 303
        assert client.get(f"/api/v1/assessments/{made['id']}/replay").json()["digest"] == made["digest"]
    assert gone(pid)
    assert own._ready() is None
    assert len(stored_of(small_kail, person)[0]) == 3


@pytest.mark.parametrize(("workers", "cores", "has"), [(1, 2, True), (1, 1, False), (2, 8, False)])
def test_a_server_has_one_where_there_is_a_core_for_it(tmp_path, monkeypatch, workers, cores, has):
    for name, value in Settings(workers=workers, data=tmp_path / "data").to_environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(api.app, "_cores", lambda: cores)
    served = api.app.from_environment()
    assert (served.state.own_process is not None) is has
    served.state.record.close()


def test_there_is_none_for_a_database_elsewhere(small_kail, tmp_path):
    """What it opens is the file of the data folder."""
    elsewhere = replace(small_kail.settings, database=f"sqlite:///{tmp_path / 'elsewhere.sqlite'}")
    served = create_app(elsewhere, clock=small_kail.clock, own_process=True)
    assert served.state.own_process is None
    served.state.record.close()


def test_there_is_none_on_postgresql(kail):
    served = create_app(kail.settings, clock=kail.clock, own_process=True)
    assert (served.state.own_process is None) is bool(kail.settings.database)
    served.state.record.close()
