"""Faults: an error at any statement of a use case, or at its commit, leaves everything as it was, and is told as such."""

from __future__ import annotations

import csv
import io
import itertools
import logging
import sqlite3
from contextlib import contextmanager
from dataclasses import replace

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError

from api.files.cage import InProcess
from api.imports.tables import IMPORTS
from api.jobs.worker import do_all
from api.participants import rights
from api.participants.tables import EVIDENCE, PARTICIPANTS
from api.record import doing
from api.record.database import Database
from api.record.key_store import Erased, Vault
from api.record.staging import FOLDER
from tests.every_table import METADATA
from tests.importing import outcome, post
from tests.installation import A_TRADER
from tests.keys import key_of
from tests.reading import read

PLANTED = {
    "name": "Bu Wahyuningsih Trisnawati",
    "nik": "3174097612345098",
    "phone": "6281276543210",
    "word": "rahasiadapur",
    "profit": "187654321",
}
AGREED = {"consents": ["record", "recommendation"], "channel": "paper"}


def dump(record):
    """Every row of every table."""
    with record.read() as tx:
        return {table.name: sorted(map(repr, tx.all(select(table)))) for table in METADATA.sorted_tables}


def staged_files(kail):
    return sorted(path.name for path in (kail.settings.data / FOLDER).glob("*"))


class Faults:
    """Errors to come: at the statement of a number, or at the commit (number 0); None is no error at all."""

    def __init__(self, database):
        self.engine, self.at, self.count, self.commits = database.engine, None, 0, 0

    def statement(self, *_):
        self.count += 1
        if self.count == self.at:
            self.fail()

    def commit(self, _):
        self.commits += 1
        if self.at == -self.commits:
            self.fail()

    def fail(self):
        raise OperationalError("INSERT ...", dict(PLANTED), Exception(f"planted fault about {PLANTED['nik']}"))

    @contextmanager
    def planted(self, at):
        """Fail at statement `at` from 1 on, at commit -`at` if it is below 0, nowhere if it is None."""
        self.at, self.count, self.commits = at, 0, 0
        event.listen(self.engine, "before_cursor_execute", self.statement)
        event.listen(self.engine, "commit", self.commit)
        try:
            yield self
        finally:
            event.remove(self.engine, "before_cursor_execute", self.statement)
            event.remove(self.engine, "commit", self.commit)
            self.at = None


def sheet():
    written = io.StringIO()
    columns = {"participant": "", "nama": "", "nik": "", "hp": "", "monthly_profit": "", "business_running": "ya"}
    writer = csv.DictWriter(written, columns)
    writer.writeheader()
    for number in range(3):
        row = {"participant": f"W{number}", "nama": f"{PLANTED['name']} {number}", "hp": f"+{PLANTED['phone']}"}
        row |= {"nik": str(int(PLANTED["nik"]) + 1 + number), "monthly_profit": PLANTED["profit"]}
        writer.writerow(columns | row)
    return written.getvalue().encode()


def the_use_cases(kail, client):
    """Each use case as (its name, who asks, a way to ask that gives the same question each time)."""
    known = {}

    def ask(method, path, **what):
        headers = what.pop("headers")
        client.cookies.clear()
        return client.request(method, path.format(**known), headers=headers, **what)

    def import_a_sheet(headers):
        data = {"consents": "record,recommendation", "channel": "paper"}
        return ask("POST", "/api/v1/imports", files={"file": ("w.csv", sheet())}, data=data, headers=headers)

    def register(headers):
        who = {name: PLANTED[name] for name in ("name", "nik", "phone")}
        return ask("POST", "/api/v1/participants", json=who | AGREED, headers=headers)

    def add_evidence(headers):
        facts = {"signals": A_TRADER | {"monthly_profit": int(PLANTED["profit"])}, "said_by": PLANTED["word"]}
        return ask("POST", "/api/v1/participants/{person}/evidence", json=facts, headers=headers)

    def assess(headers):
        return ask("POST", "/api/v1/participants/{person}/assessments", json={}, headers=headers)

    def consent(given):
        def say(headers):
            body = {"purpose": "training", "given": given, "channel": "spoken"}
            return ask("POST", "/api/v1/participants/{person}/consents", json=body, headers=headers)

        return say

    def override(headers):
        body = {"chosen": known["second"], "code": "other", "note": PLANTED["word"]}
        return ask("POST", "/api/v1/assessments/{assessment}/override", json=body, headers=headers)

    def objects(headers):
        body = {"words": PLANTED["word"]}
        return ask("POST", "/api/v1/assessments/{assessment}/objection", json=body, headers=headers)

    def decide(headers):
        body = {"decision": "rejected", "reason": PLANTED["word"]}
        return ask("POST", "/api/v1/objections/{objection}/decision", json=body, headers=headers)

    def erase(headers):
        return ask("POST", "/api/v1/participants/{person}/erasure", json=known["erase"], headers=headers)

    cases = [
        ("ask for an import", "mentor", import_a_sheet),
        ("register", "mentor", register),
        ("add evidence", "mentor", add_evidence),
        ("assess", "mentor", assess),
        ("give consent", "mentor", consent(True)),
        ("take consent back", "mentor", consent(False)),
        ("override", "mentor", override),
        ("object", "mentor", objects),
        ("decide", "operator", decide),
        ("erase", "mentor", erase),
    ]
    return cases, known


def remember(kail, known, name, answer):
    """Keep what the use cases after this one need."""
    told = answer.json()
    if name == "register":
        known["person"] = told["id"]
    if name == "assess":
        known |= {"assessment": told["id"], "second": told["core"]["interventions"][1][0]}
    if name == "object":
        known["objection"] = told["id"]
    if "person" in known:
        with kail.record.read() as tx:
            row = tx.one(select(PARTICIPANTS.c.version).where(PARTICIPANTS.c.id == known["person"]))
        known["erase"] = {"version": row.version}
    return known


def tells_nothing(texts):
    found = [planted for planted in PLANTED.values() for text in texts if planted in text]
    assert found == []


def test_a_fault_at_any_statement_of_a_use_case_changes_nothing(kail, caplog):
    caplog.set_level(logging.DEBUG)
    faults, tried = Faults(kail.record.database), {}
    with kail.client() as client:
        cases, known = the_use_cases(kail, client)
        for name, who, act in cases:
            headers = kail.headers(who)
            before, files = dump(kail.record), staged_files(kail)
            at = 0
            while True:
                at += 1
                with faults.planted(at):
                    answer = act(headers)
                if faults.count < at:
                    break  # more than it has: this time it was done
                tells_nothing([answer.text])
                if name == "erase" and faults.commits:
                    assert answer.status_code == 200  # it is committed: what remains is the key, of which below
                    break
                assert answer.status_code >= 500, (name, at, answer.text)
                assert dump(kail.record) == before, f"{name}, statement {at}"
                assert staged_files(kail) == files, f"{name}, statement {at}"
            tried[name] = at - 1
            if name == "erase":
                break
            assert answer.status_code in (200, 201, 202), (name, answer.text)
            assert dump(kail.record) != before
            known = remember(kail, known, name, answer)
    assert min(tried.values()) > 6
    assert sum(tried.values()) > 100, tried
    tells_nothing([caplog.text])


def test_a_fault_at_a_commit_changes_nothing(kail, caplog):
    caplog.set_level(logging.DEBUG)
    faults, commits = Faults(kail.record.database), 0
    with kail.client() as client:
        cases, known = the_use_cases(kail, client)
        for name, who, act in cases:
            headers = kail.headers(who)
            before, files = dump(kail.record), staged_files(kail)
            at = 0
            while True:
                at -= 1
                with faults.planted(at):
                    answer = act(headers)
                if faults.commits < -at:
                    break
                commits += 1
                assert answer.status_code >= 500, (name, at, answer.text)
                tells_nothing([answer.text])
                assert dump(kail.record) == before, f"{name}, commit {-at}"
                assert staged_files(kail) == files, f"{name}, commit {-at}"
            assert answer.status_code in (200, 201, 202), (name, answer.text)
            known = remember(kail, known, name, answer)
    assert commits >= len(cases)
    tells_nothing([caplog.text])


class Locks(Faults):
    """The same, where others were first for too long: whoever does jobs comes back later."""

    def fail(self):
        raise OperationalError("INSERT ...", dict(PLANTED), sqlite3.OperationalError(f"database is locked {PLANTED}"))


def done_with_a_fault(kail, client, faults, at, number):
    """Import a good row and a bad one, with a fault at `at`, and see that it comes out as without; whether it was met."""
    counts = {table.name: len(rows) for table, rows in rows_of(kail, PARTICIPANTS, EVIDENCE, IMPORTS)}
    content = (
        f"participant,nama,monthly_profit\nS{number},Bu Baik,{3_000_000 + number}\nT{number},Bu Ani,{PLANTED['word']}\n"
    )
    sent = post(client, content)
    assert sent.status_code == 202, sent.text
    met = False
    with faults.planted(at):
        try:
            do_all(kail.record, kail.live, kail.settings.data)
        except OperationalError:
            met = True
    now = client.get(sent.headers["location"]).json()
    added = {
        table.name: len(rows) - counts[table.name] for table, rows in rows_of(kail, PARTICIPANTS, EVIDENCE, IMPORTS)
    }
    assert "total" in now, now
    stored = now["done"] if now["total"] else 0  # before that, what was read is told
    assert (added["participants"], added["evidence"], len(now["pieces"])) == (stored > 0, stored > 0, stored > 1), (
        at,
        now,
    )
    assert now["state"] in (("queued", "running", "done") if met else ("done",)), (at, now)
    do_all(kail.record, kail.live, kail.settings.data)
    found = outcome(client, sent.json()["id"])
    assert (found.status, found.counts, len(found.problems)) == ("done", (2, 1, 1, 1, 1), 1), (at, found)
    after = {
        table.name: len(rows) - counts[table.name] for table, rows in rows_of(kail, PARTICIPANTS, EVIDENCE, IMPORTS)
    }
    assert set(after.values()) == {1}, (at, after)
    assert staged_files(kail) == []
    return met


def rows_of(kail, *tables):
    with kail.record.read() as tx:
        return [(table, tx.all(select(table.c.id))) for table in tables]


@pytest.mark.parametrize("step", [1, -1], ids=["statement", "commit"])
def test_a_fault_wherever_the_worker_is_leaves_nothing_half_done_and_the_import_goes_on(
    kail, caplog, monkeypatch, step
):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr("api.imports.service.Cage", InProcess)  # a cage has no part in this, and takes its time
    monkeypatch.setattr(doing, "TURN_SECONDS", 600.0)
    faults = Locks(kail.record.database)
    with kail.client("mentor") as client:
        tried = next(
            number
            for number in itertools.count(1)
            if not done_with_a_fault(kail, client, faults, step * number, number)
        )
    assert tried > (40 if step > 0 else 5)
    tells_nothing([caplog.text])
    assert "unexpected" not in caplog.text


@pytest.fixture
def assessed(kail):
    """Somebody with evidence and an assessment, as (id, version)."""
    person = kail.participant(name=PLANTED["name"], nik=PLANTED["nik"])
    kail.evidence(person)
    with kail.client("mentor") as client:
        assert client.post(f"/api/v1/participants/{person}/assessments", json={}).status_code == 201
        return person, client.get(f"/api/v1/participants/{person}").json()["version"]


def test_an_erasure_whose_key_could_not_be_destroyed_is_finished_by_a_sweep(kail, assessed, monkeypatch, caplog):
    caplog.set_level(logging.DEBUG)
    person, version = assessed
    others = kail.participant(name="Pak Slamet")

    def fail(*_):
        raise OSError(28, f"no space for {PLANTED['name']}")

    with kail.client("mentor") as client:
        with monkeypatch.context() as patched:
            patched.setattr(Vault, "destroy", fail)
            answer = client.post(f"/api/v1/participants/{person}/erasure", json={"version": version})
        assert answer.status_code == 200  # it is erased: what the key could read is gone
        tells_nothing([answer.text, caplog.text])
        # nothing can be read already, and nothing changed either, while the key is still there
        assert person in kail.record.vault.persons()
        for rest in ("", "/evidence", "/consents", "/export", "/assessments"):
            assert client.get(f"/api/v1/participants/{person}{rest}").status_code == 404
        assert client.post(f"/api/v1/participants/{person}/erasure", json={"version": version + 1}).status_code == 404
        assert rights.sweep(kail.record) == 1
        assert rights.sweep(kail.record) == 0
        with pytest.raises(Erased):
            key_of(kail.record.vault, person)
        assert client.get(f"/api/v1/participants/{others}").status_code == 200
    assert kail.record.vault.persons() == [others]


def test_an_erasure_that_a_stop_interrupted_is_finished_when_the_service_starts(kail, assessed, monkeypatch):
    from api.app import create_app

    person, version = assessed

    class Stop(BaseException):
        pass

    def stop(*_):
        raise Stop

    with monkeypatch.context() as patched:
        patched.setattr(Vault, "destroy", stop)
        with pytest.raises(Stop):
            rights.erase(kail.record, kail.actors["mentor"], person, version)
    assert person in kail.record.vault.persons()
    create_app(kail.settings, clock=kail.clock).state.record.close()
    assert person not in kail.record.vault.persons()


def test_after_an_erasure_no_sealed_field_is_left(kail, assessed):
    person, version = assessed
    assert rights.erase(kail.record, kail.actors["mentor"], person, version) > len(A_TRADER)
    with kail.record.read() as tx:
        for table in rights.tables_of_people():
            for row in tx.all(select(table).where(table.c[table.info["person"]] == person)):
                for column in table.columns:
                    if column.info.get("sealed") or column.name.endswith("_index"):
                        assert row._mapping[column.name] is None


def test_who_waited_too_long_for_another_writer_is_told_to_come_back(kail, monkeypatch):
    address = kail.record.database.engine.url.render_as_string(hide_password=False)
    impatient = Database(address, wait_seconds=1)
    monkeypatch.setattr(kail.app.state, "record", replace(kail.record, database=impatient))
    try:
        with kail.client("mentor") as client, kail.record.database.write():
            said = client.post("/api/v1/participants", json={"name": "Bu Ani", **AGREED})
            seen = client.post("/participants?language=en", data={"search": "Ani"})
            typed = {"name": "Bu Ani", "consents": "record", "channel": "paper"}
            page = client.post("/participants/new?language=en", data=typed)
        assert (said.status_code, said.headers["retry-after"]) == (503, "5")
        assert said.json()["type"] == "urn:kail:problem:busy"
        assert seen.status_code == 200  # who only looks waits for nobody
        assert (page.status_code, page.headers["retry-after"]) == (503, "5")
        assert "Held up just now" in read(page, 503).text
    finally:
        impatient.close()
    with kail.record.read() as tx:
        assert tx.one(select(PARTICIPANTS)) is None
