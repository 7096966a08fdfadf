"""Entries as people read them: of all chains and logs, in order, each once however a list is turned over."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from api.accounts.passwords import Password
from api.accounts.service import add_account
from api.audit import service
from api.audit.noting import begin_logs
from api.audit.tables import AUDIT
from api.participants import people
from tests.chains import looks_in


@pytest.fixture
def busy(kail):
    """An installation in which much was done and seen at the same moments and at others, with a clock that once went back."""
    begin_logs(kail.record, 3)
    persons = [kail.participant(), kail.participant("other_mentor")]
    for number in range(12):
        with kail.record.note_looks() if number % 3 else kail.record.read(), kail.record.look() as tx:
            people.see(tx, kail.actors["mentor"], persons[0])
        with kail.record.look() as tx:
            people.see(tx, kail.actors["other_mentor"], persons[1])
        with kail.record.write() as tx:
            service.note(tx, kail.actors["mentor"], "wrote", "test", str(number))
        kail.clock.forward(seconds=(1, 0, 0, -3)[number % 4])
    return kail, persons[0]


@pytest.mark.parametrize("narrowed", [False, True])
def test_a_list_that_is_turned_over_shows_every_entry_once_the_latest_first(busy, narrowed, monkeypatch):
    kail, person = busy
    monkeypatch.setattr(service, "MOST_SHOWN", 3)
    question, listed = {"about": person} if narrowed else {}, []
    with kail.client("operator") as client:
        while found := client.get("/api/v1/audit", params=question).json()["entries"]:
            assert len(found) <= 3
            listed += found
            question["before"] = found[-1]["mark"]
    mine = kail.actors["mentor"].organisation_id
    with kail.record.read() as tx:
        rows = [row for row in [*tx.all(select(AUDIT)), *looks_in(kail.record)] if row.organisation_id == mine]
    rows = [row for row in rows if not narrowed or row.object_id == person]
    assert len(listed) == len(rows) > 12
    assert {entry["hash"] for entry in listed} == {row.hash for row in rows}
    assert [entry["at"] for entry in listed] == sorted((entry["at"] for entry in listed), reverse=True)
    assert {entry["chain"].partition(":")[0] for entry in listed} == {"audit", "looks"}
    assert len({entry["chain"] for entry in listed}) > 2


def test_a_page_turns_over_too(busy, monkeypatch):
    kail, _ = busy
    monkeypatch.setattr(service, "MOST_SHOWN", 3)
    monkeypatch.setattr("api.accounts.operator_pages.MOST_SHOWN", 3)
    with kail.client("operator") as client:
        first = client.get("/audit?language=en").text
        where = first.partition("before=")[2].partition('"')[0]
        second = client.get(f"/audit?language=en&before={where}")
    assert second.status_code == 200
    assert second.text != first
    assert "<tbody" in second.text


def test_an_account_that_was_made_from_the_shell_stands_on_the_page_of_its_organisation(small_kail):
    home = small_kail.actors["operator"].organisation_id
    with small_kail.record.write() as tx:
        made = add_account(tx, home, "shell", "S", "operator", Password("", "x"))
    for login, entries in (("operator", [("added", made.id, None)]), ("other_operator", [])):
        with small_kail.client(login) as client:
            found = client.get(f"/api/v1/audit?about={made.id}").json()["entries"]
            assert [(one["action"], one["object_id"], one["account_id"]) for one in found] == entries


@pytest.mark.parametrize(
    "mark", ["12", "x", "20261121T020000.000000.audit..", "20269921T020000.000000.audit..1", "a" * 99]
)
def test_what_is_no_mark_is_refused_in_words(small_kail, mark):
    with small_kail.client("operator") as client:
        answer = client.get("/api/v1/audit", params={"before": mark, "language": "en"})
    assert answer.status_code == 400
    [problem] = answer.json()["problems"]
    assert problem["field"] == "before"
    assert "mark of the last entry" in problem["remedy"]
