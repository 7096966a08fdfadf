"""The kinds of jobs: an export that can be imported again and names nobody who does not agree, chains gone over."""

from __future__ import annotations

import csv
import io
import json
from contextlib import suppress

import pytest
from sqlalchemy import delete, select, update

from api.assessments.everybody import rescreen_everybody
from api.assessments.service import assess
from api.assessments.tables import ASSESSMENTS
from api.audit.chain import Chain, hash_at, keep_check
from api.audit.tables import AUDIT
from api.consents.tables import CONSENTS
from api.jobs.worker import do_all, who
from api.participants import agreements, rights
from api.participants.people import hand_over
from api.participants.tables import PARTICIPANTS
from api.record.doing import do_next
from api.record.jobs import JOBS, PIECES, enqueue, forget_people, key_name, see_job
from tests.chains import faults_in
from tests.installation import A_TRADER


def rows_of(kail, job, login="mentor"):
    with kail.client(login) as client:
        answer = client.get(job["file"])
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith("attachment")
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


def test_an_export_holds_everybody_with_what_is_known_today(kail, done):
    ani = kail.participant(name="Bu Ani", nik="3171014101800001", phone="6281234567890", own_id="A-1")
    kail.evidence(ani)
    kail.participant(name="=HYPERLINK(1)")
    kail.participant("mentor2", name="Pak Budi")
    job = done("mentor", kind="export")
    assert (job["state"], job["done"], job["result"]["people"], job["pieces"]) == ("done", 2, 2, [])
    [first] = [row for row in rows_of(kail, job) if row["participant"] == "A-1"]
    [second] = [row for row in rows_of(kail, job) if row["participant"] != "A-1"]
    assert (first["name"], first["nik"], first["phone"]) == ("Bu Ani", "3171014101800001", "6281234567890")
    assert (first["business_running"], first["business_age_months"], first["came_for"]) == ("true", "24", "capital")
    assert second["name"] == "'=HYPERLINK(1)"
    with kail.record.read() as tx:
        entries = [row for row in tx.all(select(AUDIT)) if row.action == "read_out"]
    assert ani in {one for entry in entries for one in json.loads(entry.detail)["participants"]}


def test_who_took_consent_back_is_not_in_an_export(kail, done):
    gone, stays = kail.participant(name="Bu Ida"), kail.participant(name="Bu Umi")
    with kail.record.write() as tx:
        said = {"purpose": "record", "recipient": "", "given": False, "channel": "paper", "expires_on": None}
        agreements.say(tx, kail.actors["mentor"], gone, {**said, "said_on": kail.clock.now.date()})
    job = done("mentor", kind="export")
    assert job["result"]["people"] == 1
    assert [row["name"] for row in rows_of(kail, job)] == ["Bu Umi"]
    assert stays


def test_an_export_is_nobody_elses_and_not_there_before_it_is_done(kail, done):
    kail.participant()
    job = done("mentor", kind="export")
    for login in ("mentor2", "operator", "other_mentor"):
        with kail.client(login) as client:
            assert client.get(job["file"]).status_code == 404
    with kail.client("mentor") as client:
        waiting = client.post("/api/v1/jobs", json={"kind": "export"}).json()
        assert waiting["file"] is None
        assert client.get(f"/api/v1/jobs/{waiting['id']}/file").status_code == 409


def test_an_erasure_ends_every_export_and_makes_those_under_way_begin_again(kail, done):
    gone, stays = kail.participant(name="Bu Ida"), kail.participant(name="Bu Umi")
    finished = done("mentor", kind="export")
    with kail.client("mentor") as client:
        under_way = client.post("/api/v1/jobs", json={"kind": "export"}).json()
    with kail.record.read() as tx:
        version = tx.one(select(PARTICIPANTS.c.version).where(PARTICIPANTS.c.id == gone)).version
    rights.erase(kail.record, kail.actors["mentor"], gone, version)
    with kail.client("mentor") as client:
        assert client.get(finished["file"]).status_code == 404
        do_all(kail.record, kail.live, kail.settings.data)
        again = client.get(f"/api/v1/jobs/{under_way['id']}").json()
    assert [row["name"] for row in rows_of(kail, again)] == ["Bu Umi"]
    assert stays
    with kail.record.read() as tx:
        assert {row.job_id for row in tx.all(select(PIECES))} == {under_way["id"]}


def test_an_export_that_was_half_way_when_somebody_was_erased_does_not_name_them(kail, done):
    gone = kail.participant(name="Bu Ida")
    kail.participant(name="Bu Umi")
    job = done("mentor", kind="export")["id"]
    with kail.record.write() as tx:  # as if the worker had stopped just before the end
        tx.run(update(JOBS).where(JOBS.c.id == job).values(state="running", ended_at=None))
        version = tx.one(select(PARTICIPANTS.c.version).where(PARTICIPANTS.c.id == gone)).version
    rights.erase(kail.record, kail.actors["mentor"], gone, version)
    with kail.record.read() as tx:
        assert tx.one(select(PIECES)) is None
        assert tx.one(select(JOBS)).place == "{}"


@pytest.mark.parametrize("how_far", ["under way", "over"])
def test_an_erasure_that_was_undone_stands_in_the_way_of_none_that_comes_after_it(kail, done, how_far):
    """The key of the next round is made before the row is committed: of an undone erasure it is left over."""
    first, second = kail.participant(name="Bu Ida"), kail.participant(name="Bu Umi")
    with kail.client("mentor") as client:
        job = client.post("/api/v1/jobs", json={"kind": "export"}).json()["id"]

    class _UndoneError(Exception):
        pass

    with suppress(_UndoneError), kail.record.write() as tx:
        forget_people(tx)
        raise _UndoneError
    if how_far == "over":
        do_all(kail.record, kail.live, kail.settings.data)
    for person in (first, second):
        rights.erase(kail.record, kail.actors["mentor"], person, 1)
        with kail.client("mentor") as client:
            assert client.get("/jobs").status_code == 200
            assert client.get(f"/jobs/{job}").status_code == 200
            assert client.get("/api/v1/jobs").status_code == 200
            assert client.get(f"/api/v1/jobs/{job}/file").status_code == (404 if how_far == "over" else 409)
    do_all(kail.record, kail.live, kail.settings.data)
    with kail.client("mentor") as client:
        assert client.get(f"/api/v1/jobs/{job}").json()["state"] == "done"


def test_an_export_whose_key_is_lost_does_not_keep_anybody_from_being_erased(kail):
    person = kail.participant()
    with kail.client("mentor") as client:
        job = client.post("/api/v1/jobs", json={"kind": "export"}).json()["id"]
    kail.record.vault.destroy([key_name(job)])
    rights.erase(kail.record, kail.actors["mentor"], person, 1)
    do_all(kail.record, kail.live, kail.settings.data)
    with kail.client("mentor") as client:
        assert client.get(f"/api/v1/jobs/{job}").json()["state"] == "failed"


def withdraws(kail, person):
    said = {"purpose": "record", "recipient": "", "given": False, "channel": "paper", "expires_on": None}
    with kail.record.write() as tx:
        agreements.say(tx, kail.actors["mentor"], person, {**said, "said_on": kail.clock.now.date()})


def moves(kail, person):
    with kail.record.write() as tx:
        hand_over(tx, kail.actors["operator"], person, 1, kail.actors["mentor2"].account_id)


@pytest.mark.parametrize("happens", [withdraws, moves])
def test_what_was_read_out_ends_when_somebody_may_not_be_in_it_any_more(kail, done, happens):
    gone = kail.participant(name="Bu Ida")
    kail.participant(name="Bu Umi")
    kail.participant("mentor2", name="Bu Eka")
    mine, theirs = done("mentor", kind="export"), done("mentor2", kind="export")
    with kail.client("mentor") as client:
        under_way = client.post("/api/v1/jobs", json={"kind": "export"}).json()
    happens(kail, gone)
    with kail.client("mentor") as client:
        assert client.get(mine["file"]).status_code == 404
        do_all(kail.record, kail.live, kail.settings.data)
        again = client.get(f"/api/v1/jobs/{under_way['id']}").json()
    assert [row["name"] for row in rows_of(kail, again)] == ["Bu Umi"]
    assert [row["name"] for row in rows_of(kail, theirs, "mentor2")] == ["Bu Eka"]


def test_chains_that_are_whole_are_called_whole_with_their_ends(kail, done):
    kail.participant()
    kail.participant("other_mentor")
    job = done("operator", kind="verification")
    chains = {chain["chain"]: chain for chain in job["result"]["chains"]}
    assert list(chains) == ["installation", "audit", "consents", "looks", "others"]
    assert {chain["faults"] for chain in chains.values()} == {0}
    assert (chains["consents"]["entries"], chains["looks"]["id"]) == (2, "1")
    assert (chains["others"]["entries"], chains["others"]["end"]) == (5, "")  # registered, and two consents noted twice
    assert job["total"] == sum(chain["entries"] for chain in chains.values())
    name, number, link = chains["audit"]["end"].rsplit(":", 2)
    with kail.record.read() as tx:
        assert hash_at(tx, Chain(AUDIT, kail.actors["operator"].organisation_id), int(number)) == link
    assert name == f"audit:{kail.actors['operator'].organisation_id}"


@pytest.mark.parametrize("harm", ["changed", "cut off", "all of a chain"])
def test_what_was_done_to_a_chain_is_named(kail, done, harm, monkeypatch):
    monkeypatch.setattr("api.participants.verification.MOST_AT_ONCE", 3)  # over many parts
    for _ in range(4):
        kail.participant()
    with kail.record.write() as tx:
        if harm == "changed":
            tx.run(update(AUDIT).where(AUDIT.c.chain != "", AUDIT.c.seq == 5).values(action="saw"))
        elif harm == "cut off":
            tx.run(delete(CONSENTS).where(CONSENTS.c.seq == 8))
        else:
            tx.run(delete(CONSENTS))
    chains = {chain["chain"]: chain for chain in done("operator", kind="verification")["result"]["chains"]}
    wrong = chains["audit" if harm == "changed" else "consents"]
    assert wrong["faults"] == (3 if harm == "all of a chain" else 1)
    assert all(wrong["told"])
    assert sum(chain["faults"] for chain in chains.values()) == wrong["faults"]


def test_what_a_job_found_is_not_passed_over_from_a_checked_point(kail, done):
    kail.participant()
    chain = Chain(AUDIT, kail.actors["operator"].organisation_id)
    with kail.record.write() as tx:
        keep_check(tx, chain, 2, hash_at(tx, chain, 2))
        tx.run(update(AUDIT).where(AUDIT.c.chain == chain.id, AUDIT.c.seq == 1).values(action="saw"))
    assert faults_in(kail.record, from_check=True) == {}
    done("operator", kind="verification")
    assert [fault.seq for fault in faults_in(kail.record, from_check=True)[chain.name]] == [1]


# -- re-screening ------------------------------------------------------------------------------------------------------


@pytest.fixture
def assessed(kail):
    """Four people with a recommendation: two who had no permit then and have one now, one unchanged, one elsewhere."""
    people = [kail.participant(name=name) for name in ("Bu Ani", "Bu Ida", "Bu Umi")]
    elsewhere = kail.participant("other_mentor", name="Bu Eni")
    for person in people:
        kail.evidence(person, **A_TRADER, existing_credit=[], productive_credit_ever=[])
        assess(kail.record, kail.live, kail.actors["mentor"], person)
    kail.evidence(elsewhere, "other_mentor")
    assess(kail.record, kail.live, kail.actors["other_mentor"], elsewhere)
    for person in people[:2]:
        kail.evidence(person, nib=True)
    kail.evidence(elsewhere, "other_mentor", nib=True)
    return people


def stored(kail):
    with kail.record.read() as tx:
        return sorted(row.participant_id for row in tx.all(select(ASSESSMENTS)) if row.cause == "rescreened")


def test_a_preview_counts_whom_it_would_change_and_stores_nothing(kail, done, assessed):
    job = done("operator", kind="rescreening")
    found = job["result"]
    assert (job["state"], job["done"], job["total"]) == ("done", 3, 3)
    assert (found["people"], found["changed"], found["gained"], found["stored"]) == (3, 2, 0, 0)
    assert {"id": "kur_super_mikro", "gained": 2, "lost": 0} in found["products"]
    assert stored(kail) == []
    assert not any(person in json.dumps(job) for person in assessed)


def test_what_changed_is_kept_once_and_only_of_ones_own_organisation(kail, done, assessed):
    found = done("operator", kind="rescreening", keep=True)["result"]
    assert (found["changed"], found["stored"]) == (2, 2)
    assert stored(kail) == sorted(assessed[:2])
    again = done("operator", kind="rescreening", keep=True)["result"]
    assert (again["people"], again["changed"], again["stored"]) == (3, 0, 0)


@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_re_screening_that_was_killed_at_any_step_counts_everybody_once(kail, assessed, at):
    with kail.record.write() as tx:
        job = enqueue(tx, kail.actors["operator"], "rescreening", "en", {"keep": True})

    def killed(doing):
        step, count = doing.step, []

        def counted(many=1):
            count.append(many)
            if len(count) == at:  # a step stores one of the two who changed, or both; the last one ends the page
                raise KeyboardInterrupt
            return step(many)

        doing.step = counted
        return rescreen_everybody(doing)

    with suppress(KeyboardInterrupt):
        do_next(kail.record, kail.live, kail.settings.data, {"rescreening": killed}, who)
    do_all(kail.record, kail.live, kail.settings.data)
    with kail.record.read() as tx:
        found = see_job(tx, kail.actors["operator"], job).result
    assert (found["people"], found["changed"], found["stored"]) == (3, 2, 2)
    assert stored(kail) == sorted(assessed[:2])
