"""Rights: a copy of everything held about one person and nothing of others, and an erasure that no backup undoes."""

from __future__ import annotations

import itertools
import json
import shutil
import sqlite3

import pytest
from sqlalchemy import LargeBinary, select

from api.accounts.guard import MATRIX
from api.app import create_app
from api.assessments import service
from api.audit.tables import AUDIT
from api.consents import service as consents
from api.jobs.worker import tidy
from api.participants import rights
from api.participants.tables import PARTICIPANTS
from api.record.crypto import unseal_json
from api.record.key_store import Erased
from api.record.transaction import open_record
from api.referrals.said import Why
from tests.chains import faults_in, looks_in
from tests.every_table import METADATA
from tests.keys import key_of
from tests.referring import Referring

PERSON_COLUMNS = {"person_id", "participant_id"}
OF_PEOPLE = {"participants", "evidence", "consents", "assessments", "overrides", "objections"}
OF_PEOPLE |= {"referrals", "referral_events", "declines"}
SECRETS = {
    "mentor": {"name": "Bu Ani Wijaya", "nik": "3171014101800001", "phone": "6281234567890"},
    "mentor2": {"name": "Pak Budi Santoso", "nik": "3171014101800002", "phone": "6281234567891"},
}


@pytest.fixture
def two(kail):
    """Two people with something in every table: the first of mentor, the second of mentor2."""
    return kail, [with_everything(kail, login) for login in ("mentor", "mentor2")]


def with_everything(kail, login):
    who = SECRETS[login]
    person = kail.participant(login, own_id=f"own-{login}", **who)
    kail.evidence(person, login)
    kail.evidence(person, login, cash_at_hand={"value": 123_457, "on": "2026-11-20"})
    assessment, worked = service.assess(kail.record, kail.live, kail.actors[login], person)
    with kail.client(login) as client:
        other = worked.core["interventions"][1][0]
        body = {"chosen": other, "code": "other", "note": f"note about {who['name']}"}
        assert client.post(f"/api/v1/assessments/{assessment}/override", json=body).status_code == 201
        body = {"words": f"words of {who['name']}"}
        objection = client.post(f"/api/v1/assessments/{assessment}/objection", json=body).json()["id"]
        client.get("/api/v1/participants")
    with kail.client("operator") as client:
        body = {"decision": "rejected", "reason": f"reason about {who['name']}"}
        assert client.post(f"/api/v1/objections/{objection}/decision", json=body).status_code == 200
    referring = Referring(kail, moves_clock=False)
    referring.agrees(person, referring.bank, login, said_on=kail.clock.now.date(), text_version="2026-11-29")
    sent = referring.move(login, referring.draft(person, login=login, amount=4_000_123), "send")
    no = Why("other", f"refusal of {who['name']}")
    referring.move("officer", sent, "decline", reasons=(no,), note=f"answer about {who['name']}")
    return person, assessment, objection


def version_of(kail, login, person):
    with kail.client(login) as client:
        return client.get(f"/api/v1/participants/{person}").json()["version"]


def erase(kail, login, person):
    version = version_of(kail, login, person)
    with kail.client(login) as client:
        answer = client.post(f"/api/v1/participants/{person}/erasure", json={"version": version})
    assert answer.status_code == 200, answer.text
    return answer.json()["erased"]


# -- the schema --------------------------------------------------------------------------------------------------------


def test_every_table_with_a_column_of_a_person_says_so_that_exports_and_erasures_find_it():
    for table in METADATA.sorted_tables:
        persons = PERSON_COLUMNS & set(table.columns.keys())
        persons |= {c.name for c in table.columns for key in c.foreign_keys if key.column.table.name == "participants"}
        if persons:
            assert {table.info.get("person")} == persons, table.name
        if "person" in table.info:
            assert table.info["person"] in table.columns, table.name
    assert {table.name for table in rights.tables_of_people()} == OF_PEOPLE


def test_every_column_of_bytes_in_a_table_of_people_is_sealed_and_can_be_emptied():
    for table in rights.tables_of_people():
        binary = {column.name for column in table.columns if isinstance(column.type, LargeBinary)}
        sealed = {column.name for column in table.columns if column.info.get("sealed")}
        assert binary == sealed, table.name
        assert all(table.c[name].nullable for name in sealed), table.name
    others = {table.name for table in METADATA.sorted_tables if any(c.info.get("sealed") for c in table.columns)}
    of_jobs = {"jobs", "job_pieces"}  # sealed with the job's key, emptied by `forget_people` of api/record/jobs.py
    assert others - of_jobs <= {table.name for table in rights.tables_of_people()}


# -- the copy ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("login", ["mentor", "operator"])
def test_an_export_holds_every_row_of_one_person_readable_and_nothing_of_others(two, login):
    kail, [(person, _assessment, _objection), (stranger, *of_stranger)] = two
    with kail.record.read() as tx:
        expected = {
            table.name: len(tx.all(select(table).where(table.c[table.info["person"]] == person)))
            for table in METADATA.sorted_tables
            if "person" in table.info
        }
        changed = tx.all(select(AUDIT).order_by(AUDIT.c.chain, AUDIT.c.seq))
    seen = [*changed, *looks_in(kail.record)]
    with kail.client(login) as client:
        answer = client.get(f"/api/v1/participants/{person}/export")
    assert answer.headers["content-disposition"] == f'attachment; filename="kail-{person}.json"'
    assert answer.headers["cache-control"] == "no-store"
    held = answer.json()["held"]
    assert all(expected.values())
    assert {name: len(rows) for name, rows in held.items() if name != "audit"} == expected
    # Whoever looked at a list with this person in it looked at them, too.
    about = [(row.seq, row.action) for row in seen if row.object_id == person or person in row.detail]
    assert [(entry["seq"], entry["action"]) for entry in held["audit"]] == about
    assert {"listed", "registered", "assessed", "overrode", "decided"} <= {entry["action"] for entry in held["audit"]}

    assert held["participants"][0]["sealed"] == SECRETS["mentor"] | {"own_id": "own-mentor"}
    assert any(fact["sealed"]["value"] == 123_457 for fact in held["evidence"])
    assert held["assessments"][0]["result"]["tier"]["tier"] == "kail"
    assert held["assessments"][0]["inputs"]["signals"]["cash_at_hand"]["value"] == 200_000
    assert held["overrides"][0]["note"] == "note about Bu Ani Wijaya"
    assert held["objections"][0]["words"] == "words of Bu Ani Wijaya"
    assert held["objections"][0]["reason"] == "reason about Bu Ani Wijaya"
    assert held["referrals"][0]["pack"]["person"]["name"] == "Bu Ani Wijaya"
    assert held["referral_events"][-1]["said"]["texts"] == {"other": "refusal of Bu Ani Wijaya"}
    for secret in (stranger, *of_stranger, *SECRETS["mentor2"].values(), "own-mentor2"):
        assert secret not in answer.text
    assert "_index" not in answer.text


def test_an_export_is_for_nobody_elses_people_and_is_noted(two):
    kail, [(person, *_), _] = two
    for login in ("mentor2", "other_mentor", "other_operator"):
        with kail.client(login) as client:
            assert client.get(f"/api/v1/participants/{person}/export").status_code == 404
    for login in ("lender", "analyst"):
        with kail.client(login) as client:
            assert client.get(f"/api/v1/participants/{person}/export").status_code == 403
    with kail.client("mentor") as client:
        client.get(f"/api/v1/participants/{person}/export")
        again = client.get(f"/api/v1/participants/{person}/export").json()["held"]["audit"]
    exported = [entry["account_id"] for entry in again if entry["action"] == "exported"]
    assert exported == [kail.actors["mentor"].account_id]


# -- the erasure -------------------------------------------------------------------------------------------------------


def routes_about(person, assessment, objection):
    """Every route that names a participant, an assessment or an objection."""
    ids = {"{person_id}": person, "{assessment_id}": assessment, "{objection_id}": objection}
    for route, allowed in MATRIX.items():
        method, path = route.split()
        if any(name in path for name in ids):
            for name, value in ids.items():
                path = path.replace(name, value)
            for role in allowed:
                yield method, path, role


BODIES = {
    "mentor": {"mentor_id": "x", "version": 1},
    "evidence": {"signals": {"nib": True}},
    "consents": {"purpose": "record", "given": True, "channel": "paper"},
    "erasure": {"version": 1},
    "assessments": {},
    "override": {"chosen": "nib", "code": "cannot_now"},
    "objection": {"words": "No."},
    "decision": {"decision": "upheld", "reason": "Because."},
    "referrals": {"product": "kur_super_mikro", "lender_id": "x"},
    "preview": {"product": "kur_super_mikro", "lender_id": "x"},
}


def test_after_an_erasure_every_route_about_the_person_answers_404(two):
    kail, [erased, (stranger, of_stranger, _)] = two
    erase(kail, "mentor", erased[0])
    asked = 0
    for role, routes in itertools.groupby(sorted(routes_about(*erased), key=lambda r: r[2]), key=lambda r: r[2]):
        with kail.client(role) as client:
            for method, path, _ in routes:
                body = {"name": "Bu Ina", "version": 1} if method == "PATCH" else BODIES.get(path.rpartition("/")[2])
                sent = "json" if path.startswith("/api/") else "data"  # a page sends a form
                more = {} if method == "GET" else {sent: body}
                answer = client.request(method, path, **more)
                # a page's form reads its fields first, which these are not
                refused = (404,) if method == "GET" or path.startswith("/api/") else (400, 404)
                assert answer.status_code in refused, (method, path, answer.text)
                assert SECRETS["mentor"]["name"] not in answer.text
                asked += 1
    assert asked >= 20
    with kail.client("mentor") as client:
        assert client.get("/api/v1/participants").json()["items"] == []
        found = client.post("/api/v1/participants/search", json={"text": "3171014101800001"})
        assert found.json()["participants"] == []
        assert client.get("/api/v1/work-list").json()["entries"] == []
    with kail.client("operator") as client:
        assert client.get("/api/v1/objections").json()["items"] == []
    with kail.client("mentor2") as client:  # the other one is as before
        assert client.get(f"/api/v1/participants/{stranger}/export").status_code == 200
        assert client.get(f"/api/v1/assessments/{of_stranger}/replay").json()["same"] is True


def test_after_an_erasure_the_chains_still_verify_and_only_ids_and_moments_are_left(two):
    kail, [(person, *_), _] = two
    with kail.record.read() as tx:
        rows = sum(
            getattr(row, column.name) is not None
            for table in rights.tables_of_people()
            for column in table.columns
            if column.info.get("sealed")
            for row in tx.all(select(table).where(table.c[table.info["person"]] == person))
        )
    assert rows > 15
    assert erase(kail, "mentor", person) > 15
    assert faults_in(kail.record) == {}
    with kail.record.read() as tx:
        for table in rights.tables_of_people():
            for row in tx.all(select(table).where(table.c[table.info["person"]] == person)):
                left = row._mapping
                assert not any(isinstance(value, bytes) for value in left.values())
                assert not any(name.endswith("_index") and value for name, value in left.items())
        with pytest.raises(Erased):
            key_of(tx.vault, person)
        assert rights.count(tx) == 1


def test_the_same_nik_can_be_registered_again_after_an_erasure(two):
    kail, [(person, *_), _] = two
    erase(kail, "mentor", person)
    again = kail.participant("mentor2", own_id="own-mentor", **SECRETS["mentor"])
    assert again != person


def test_no_copy_of_the_database_from_before_can_be_read_with_the_keys_from_after(small_kail, tmp_path):
    kail = small_kail
    person, _assessment, _ = with_everything(kail, "mentor")
    stranger, *_ = with_everything(kail, "mentor2")
    copy = tmp_path / "copy"
    copy.mkdir()
    source, target = sqlite3.connect(kail.settings.data / "kail.sqlite"), sqlite3.connect(copy / "kail.sqlite")
    source.backup(target)
    source.close()
    target.close()
    before = (kail.settings.data / "persons.keys").read_bytes()
    wrapped = _wrapped(kail.settings.data / "persons.keys", person)
    assert wrapped in before
    erase(kail, "mentor", person)
    for name in ("kail.key", "persons.keys"):
        shutil.copy(kail.settings.data / name, copy / name)

    record = open_record(copy, "", kail.clock)
    try:
        with record.read() as tx:
            rows = {table.name: tx.all(select(table)) for table in rights.tables_of_people()}
            with pytest.raises(Erased):
                key_of(tx.vault, person)
            keys = [key_of(record.vault, stranger), *record.keys.masters.values()]
            assert len(keys) == 2
            read = set()
            for table in rights.tables_of_people():
                for row in rows[table.name]:
                    for column in table.columns:
                        if column.info.get("sealed") and row._mapping[column.name]:
                            read |= {
                                (row._mapping[table.info["person"]], opens(key, table, column, row)) for key in keys
                            }
            assert {who for who, opened in read if opened} == {stranger}
            assert person in {who for who, _ in read}  # there was something to be read
    finally:
        record.close()
    raw = b"".join(path.read_bytes() for path in sorted(copy.iterdir()))
    for secret in SECRETS["mentor"].values():
        assert secret.encode() not in raw
    # Nothing of the key is left in the free pages of its file, and of the sealed data nothing in those of the database.
    assert wrapped not in b"".join(path.read_bytes() for path in kail.settings.data.iterdir() if "keys" in path.name)


def _wrapped(path, person):
    store = sqlite3.connect(path)
    (wrapped,) = store.execute("SELECT wrapped FROM person_keys WHERE person = ?", (person,)).fetchone()
    store.close()
    return wrapped


def opens(key, table, column, row):
    try:
        unseal_json(key, row._mapping[column.name], f"{table.name}.{column.name}:{row.id}")
    except Exception:  # of whatever kind: it cannot be read
        return False
    return True


def test_an_erasure_interrupted_before_the_key_went_is_finished_later(small_kail, monkeypatch):
    kail = small_kail
    person, *_ = with_everything(kail, "mentor")
    monkeypatch.setattr(rights, "forget", lambda record, keys: None)  # as if the power went
    erase(kail, "mentor", person)
    assert person in kail.record.vault.persons()
    monkeypatch.undo()
    create_app(kail.settings, clock=kail.clock).state.record.close()  # the next start
    assert person not in kail.record.vault.persons()
    assert rights.sweep(kail.record) == 0


def test_somebody_who_withdrew_everything_can_still_be_erased(small_kail):
    kail = small_kail
    person, *_ = with_everything(kail, "mentor")
    with kail.record.write() as tx:
        for purpose in ("record", "recommendation"):
            consents.say(
                tx, kail.actors["mentor"], person, purpose, given=False, channel="phone", said_on=kail.live.today
            )
    with kail.client("operator") as client:
        version = client.get(f"/api/v1/participants/{person}").json()["version"]
        assert client.post(f"/api/v1/participants/{person}/erasure", json={"version": version}).status_code == 200


def test_what_is_logged_about_people_is_no_more_than_ids_codes_and_counts(two):
    kail, _ = two
    with kail.record.read() as tx:
        told = json.dumps([list(map(str, row)) for row in [*tx.all(select(AUDIT)), *looks_in(kail.record)]])
    for who in SECRETS.values():
        for secret in who.values():
            assert secret not in told


def test_what_was_sealed_about_somebody_is_in_no_file_of_the_data_folder_after_their_erasure(small_kail):
    """Not in the log of the database either, in which the last changes lie beside it."""
    kail = small_kail
    person, *_ = with_everything(kail, "mentor")
    kail.evidence(person, staff=7)  # the database stays open from here on, as a server's does
    version = version_of(kail, "mentor", person)
    kail.evidence(person, staff=8)
    with kail.record.read() as tx:
        sealed = [
            row._mapping[column.name]
            for table in rights.tables_of_people()
            for row in tx.all(select(table).where(table.c[table.info["person"]] == person))
            for column in table.columns
            if column.info.get("sealed") and row._mapping[column.name]
        ]
    assert len(sealed) > 15
    assert any(part[:64] in (kail.settings.data / "kail.sqlite-wal").read_bytes() for part in sealed)
    rights.erase(kail.record, kail.actors["mentor"], person, version + 1)
    for path in kail.settings.data.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert not any(part[:64] in content for part in sealed), path.name


def test_a_log_that_somebody_reads_is_emptied_later(small_kail):
    person = small_kail.participant()
    with small_kail.record.read() as tx:
        sealed = tx.one(select(PARTICIPANTS.c.sealed)).sealed
        with small_kail.record.database.read() as reading:  # whoever reads still sees what was there
            reading.execute(select(PARTICIPANTS.c.id)).all()
            rights.erase(small_kail.record, small_kail.actors["mentor"], person, 1)
            assert any(sealed in path.read_bytes() for path in small_kail.settings.data.rglob("kail.sqlite*"))
    tidy(small_kail.record, small_kail.settings.data)
    for path in small_kail.settings.data.rglob("kail.sqlite*"):
        assert sealed not in path.read_bytes()
