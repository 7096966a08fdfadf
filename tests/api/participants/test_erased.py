"""Erased is erased: a record from before is found by new marks, an old copy tells nothing, and hosts forget together."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
import re
import secrets
import shutil
import sqlite3
from contextlib import closing
from datetime import date, timedelta

import pytest
from sqlalchemy import MetaData, Table, insert, select, text

from api.accounts.tables import ACCOUNTS, ORGANISATIONS
from api.participants.tables import PARTICIPANTS
from api.record import key_store
from api.record.database import Database
from api.record.key_file import FORMAT, KeyProblem, open_keys
from api.record.refusals import Refused
from api.record.transaction import open_record
from tests.finding import NIK, again, copy_database, erase, found, marked
from tests.installation import Clock, a_database, installation


class Stop(Exception):
    """The process ends here."""


# -- a record from before ------------------------------------------------------------------------------------------------


def blinded(keys, kind, value):
    """The hash of a value as it stood in the database."""
    return hmac.digest(keys.index, f"{kind}:{value}".encode(), "sha256").hex()


def as_before(url, folder, rows, hashes):
    """Let the database of a folder hold these rows, with the tables of stop 21 and hashes of the first participant."""
    for path in folder.glob("kail.sqlite*"):
        path.unlink()
    with closing(Database(url or f"sqlite:///{folder / 'kail.sqlite'}")) as database:
        database.migrate()
        database.migrate("0008")
        with database.write() as sql:
            old = MetaData()
            for table in rows:
                columns = Table(table.name, old, autoload_with=sql).columns.keys()
                for row in rows[table]:
                    sql.execute(insert(old.tables[table.name]), {k: v for k, v in row.items() if k in columns})
            for column, value in hashes.items():
                sql.execute(
                    text(f"UPDATE participants SET {column} = :value WHERE erased_at IS NULL"), {"value": value}
                )


def test_a_record_from_before_is_found_by_new_marks_and_its_old_key_is_gone(tmp_path, url):
    """As it was before: hashes in the database, a key file of format 1, a key store without marks."""
    data = tmp_path / "data"
    with installation(data) as kail:
        kail.participant(name="Ani Wijaya", nik=NIK, phone="6281234567890", own_id="7")
        gone = kail.participant(name="Budi", nik="3171014101800002")
        erase(kail, gone)
        actors = kail.actors
        with kail.record.read() as tx:
            rows = {t: [row._asdict() for row in tx.all(select(t))] for t in (ORGANISATIONS, ACCOUNTS, PARTICIPANTS)}
    old, organisation = open_keys(data / "kail.key"), actors["mentor"].organisation_id
    blind = {
        name: blinded(old, f"{name}:{organisation}", value) for name, value in (("nik_index", NIK), ("own_index", "7"))
    }
    as_before(url, data, rows, blind)
    table = json.loads((data / "kail.key").read_text()) | {"format": 1}
    (data / "kail.key").write_text(json.dumps(table))
    with closing(sqlite3.connect(data / "persons.keys", isolation_level=None)) as store:
        for name in ("own_marks", "shared_marks", "unsettled", "key_file"):
            store.execute(f"DROP TABLE {name}")
        store.execute("ALTER TABLE person_keys DROP COLUMN made")

    with again(data, actors, url) as kail:
        for search in (NIK, "6281234567890", "7", "ani w"):
            assert found(kail, search) == ["Ani Wijaya"]
        with pytest.raises(Refused, match="409"):
            kail.participant(nik=NIK)
        kail.participant("mentor2", name="Budi", nik="3171014101800002")
        with kail.record.read() as tx:
            assert not {"nik_index", "phone_index", "own_index"} & set(
                tx.one(text("SELECT * FROM participants"))._mapping
            )
    new = open_keys(data / "kail.key")
    assert (new.format, new.chain, new.masters) == (FORMAT, old.chain, old.masters)
    assert new.index != old.index
    assert table["index"] not in "".join(path.read_text("latin-1") for path in data.rglob("*") if path.is_file())
    if not url:  # PostgreSQL keeps what it dropped in its files for a while: hashes under a key that is gone
        raw = b"".join(path.read_bytes() for path in data.rglob("*") if path.is_file())
        assert not [name for name, value in blind.items() if value.encode() in raw]
    yesterdays = tmp_path / "yesterdays"
    shutil.copytree(data, yesterdays)
    (yesterdays / "kail.key").write_text(json.dumps(table))
    with pytest.raises(KeyProblem, match="not the key file of this key store"):
        open_record(yesterdays, url, Clock())


def test_a_stop_while_the_key_for_looking_up_is_replaced_locks_nobody_out(tmp_path, monkeypatch):
    data = tmp_path / "data"
    with installation(data) as kail:
        kail.participant(name="Ani", nik=NIK)
        actors = kail.actors
    written = key_store.write_keys
    for before in (True, False, None):
        table = json.loads((data / "kail.key").read_text()) | {"format": 1}
        (data / "kail.key").write_text(json.dumps(table))

        def stop(path, keys, before=before):
            if not before:
                written(path, keys)
            if before is not None:
                raise Stop

        with monkeypatch.context() as patched:
            patched.setattr(key_store, "write_keys", stop)
            try:
                open_record(data, "", Clock()).close()
            except Stop:
                assert before is not None
        with again(data, actors) as kail:
            assert found(kail, NIK) == found(kail, "ani") == ["Ani"]
    with again(data, actors) as kail, kail.record.vault.store.read() as sql:
        assert len(sql.execute(select(key_store.KEY_FILE)).all()) == 1


# -- erased ------------------------------------------------------------------------------------------------------------


def niks_of(area, born, serials):
    """Every NIK that somebody of an area may have: the day of birth, a woman's with 40 added, and a number of the day."""
    for offset, woman, serial in itertools.product(range(365 * born), (0, 40), range(1, serials + 1)):
        day = date(1980, 1, 1) + timedelta(days=offset)
        yield f"{area}{day.day + woman:02d}{day:%m%y}{serial:04d}"


def guesses(keys, organisations, value, kind):
    """Every mark and every hash that somebody with all of today's keys can make of a value."""
    for key in (keys.index, keys.chain, *keys.masters.values()):
        for organisation in organisations:
            of_organisation = hmac.digest(key, f"organisation:{organisation}".encode(), hashlib.sha256)
            mark = hmac.digest(of_organisation, f"{kind}:{value}".encode(), hashlib.sha256)
            yield from (mark[:16], mark[:8])
            yield hmac.digest(key, f"{kind}_index:{organisation}:{value}".encode(), hashlib.sha256).hex().encode()


def everything_stored(*files):
    """Every blob and every text in some SQLite files."""
    found = set()
    for path in files:
        with closing(sqlite3.connect(path)) as store:
            for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                for row in store.execute(f'SELECT * FROM "{name}"'):
                    found |= {v if isinstance(v, bytes) else v.encode() for v in row if isinstance(v, (bytes, str))}
    return found


def test_after_an_erasure_an_old_copy_and_todays_keys_do_not_tell_whether_somebody_was_there(small_kail, tmp_path):
    kail = small_kail
    stays, goes = {"name": "Dewi Lestari", "nik": "3171014101800003", "phone": "6281111111111"}, {
        "name": "Ani Wijaya", "nik": "3171014101800001", "phone": "6281234567890",
    }  # fmt: skip
    kail.participant(**stays)
    with kail.client("mentor") as client:
        body = {**goes, "consents": ["record"], "channel": "paper", "said_on": "2026-11-20", "text_version": "2026-11"}
        person = client.post(
            "/api/v1/participants", json=body, headers={"Idempotency-Key": secrets.token_hex(8)}
        ).json()
        for login, search in itertools.product(("mentor", "operator"), goes.values()):
            found(kail, search, login)
        change = {"nik": goes["nik"], "version": person["version"]}
        sent = client.patch(
            f"/api/v1/participants/{person['id']}", json=change, headers={"Idempotency-Key": secrets.token_hex(8)}
        )
        assert sent.status_code == 200, sent.text
    data, old = kail.settings.data, tmp_path / "old"
    copy_database(data, old)
    before = everything_stored(data / "persons.keys")
    erase(kail, person["id"])
    keys = open_keys(data / "kail.key")
    organisations = {actor.organisation_id for actor in kail.actors.values()}
    stored = everything_stored(old / "kail.sqlite", data / "persons.keys", *data.glob("*.sqlite"))

    def tells(kept, values, kind):
        return {value for value in values for guess in guesses(keys, organisations, value, kind) if guess in kept}

    niks = list(niks_of("317101", 2, 3))
    assert {stays["nik"], goes["nik"]} <= set(niks)
    assert tells(before, niks, "nik") == {stays["nik"], goes["nik"]}  # the guesses are those that would find them
    assert tells(stored, niks, "nik") == {stays["nik"]}
    assert tells(stored, [stays["phone"], goes["phone"]], "phone") == {stays["phone"]}
    assert tells(stored, ["ani", "wijaya", "dewi"], "name") == {"dewi"}
    gone = [mark for mark in before - stored if len(mark) in (8, 16)]
    assert len(gone) == 9  # NIK, phone, two and five beginnings
    files = {path.name: path.read_bytes() for path in data.rglob("*") if path.is_file()}
    for name, content in files.items():
        assert not [mark for mark in gone if mark in content], name
        assert not [value for value in goes.values() if value.encode() in content], name
        assert not [value for value in goes.values() if base64.b64encode(value.encode()).rstrip(b"=") in content], name


# -- two hosts -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def two_hosts(tmp_path, server):
    """Two data folders with one record and one key store, both on PostgreSQL."""
    with a_database(server) as url, a_database(server) as keys, installation(tmp_path / "one", url, keys=keys) as one:
        (tmp_path / "two").mkdir(mode=0o700)
        shutil.copy(tmp_path / "one" / "kail.key", tmp_path / "two" / "kail.key")
        with again(tmp_path / "two", one.actors, url, keys) as other:
            yield one, other


def test_what_one_host_erases_the_other_cannot_open_at_its_next_request(two_hosts):
    one, other = two_hosts
    persons = [one.participant(name=f"Ani {n}", nik=f"31710141018{n:05d}") for n in range(200)]
    headers = other.headers("mentor")
    with other.client() as client:
        for number, person in enumerate(persons):
            if number < 3:
                assert client.get(f"/api/v1/participants/{person}", headers=headers).status_code == 200
            erase(one, person)
            assert client.get(f"/api/v1/participants/{person}", headers=headers).status_code == 404
            assert found(other, f"31710141018{number:05d}") == []
    assert not (one.settings.data / "persons.keys").exists()
    assert marked(other) == [0, 0, 0]
    assert other.record.vault.persons() == []


def test_a_host_with_another_key_file_or_the_key_store_in_the_record_is_refused(two_hosts, tmp_path):
    one, _ = two_hosts
    url, keys = one.settings.database, one.settings.keys
    with pytest.raises(KeyProblem, match="not the key file of this key store"):
        open_record(tmp_path / "third", url, Clock(), keys)
    with pytest.raises(KeyProblem, match="must not lie in the same database"):
        open_record(tmp_path / "one", url, Clock(), re.sub("^postgresql:", "postgresql+psycopg:", url))


def test_a_mark_without_a_key_finds_nobody(kail):
    person = kail.participant(name="Ani", nik=NIK)
    with kail.record.vault.store.write() as sql:
        sql.execute(text("DELETE FROM person_keys"))
    assert found(kail, NIK) == found(kail, "ani") == []
    with kail.record.read() as tx:
        assert tx.one(select(PARTICIPANTS.c.id)).id == person
