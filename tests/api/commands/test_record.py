"""The commands that work on a record, as an operator types them."""

from __future__ import annotations

import csv
import io
import re
import sqlite3
from contextlib import ExitStack, closing
from functools import partial

import pytest
from click.testing import CliRunner
from litestar.testing import TestClient
from sqlalchemy import delete, select, update

from api.app import create_app
from api.assessments import rescreening
from api.assessments.service import assess
from api.audit.tables import AUDIT
from api.commands.main import cli
from api.consents.service import Agreement
from api.jobs.worker import tidy
from api.participants.people import people_of, register
from api.participants.tables import PARTICIPANTS
from api.record.database import Database
from api.record.key_store import open_keys
from api.record.live import utc_now
from api.record.transaction import KEY_FILE, VAULT_FILE, open_record
from api.settings import Settings
from tests.changed_programmes import ANOTHER_LETTER, changed
from tests.installation import installation
from tests.keys import key_of
from tests.strategies import JAKARTA


def run(*arguments):
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


@pytest.fixture
def demo(tmp_path):
    """A data folder with a small demo, and what the command printed."""
    answer = run("demo", "--data", tmp_path / "data", "-n", 16)
    assert answer.exit_code == 0, answer.output
    return tmp_path / "data", answer.output


def passwords(printed):
    return {found[1]: found[2] for found in re.finditer(r"^  \w+ +(\w+) +(\S+)$", printed, re.MULTILINE)}


def test_a_demo_says_that_nobody_ever_lived_and_every_role_can_sign_in(demo):
    folder, printed = demo
    assert "SYNTHETIC: 16 people who never lived" in printed
    with TestClient(create_app(Settings(data=folder))) as client:
        roles = set()
        for login, password in passwords(printed).items():
            answer = client.post("/api/v1/session", json={"login": login, "password": password})
            assert answer.status_code == 200
            roles.add(answer.json()["role"])
            if answer.json()["role"] == "mentor":
                people = client.get("/api/v1/participants").json()["items"]
                assert len(people) == 8
                assert all("(contoh)" in person["name"] for person in people)
                assert client.get("/api/v1/work-list").json()["entries"]
        assert roles == {"mentor", "lender", "analyst", "operator"}


def test_a_demos_people_are_marked_so_that_no_training_set_of_theirs_passes_for_a_true_one(demo):
    with closing(sqlite3.connect(demo[0] / "kail.sqlite")) as database:
        marked = database.execute("SELECT name FROM organisations WHERE synthetic").fetchall()
    assert marked == [("OK OCE (contoh)",)]


def test_in_a_demo_referrals_lie_with_its_lenders(demo):
    folder, printed = demo
    known, lines = passwords(printed), []
    with TestClient(create_app(Settings(data=folder))) as client:
        for login in ("bank", "bankdua", "koperasi"):
            client.post("/api/v1/session", json={"login": login, "password": known[login]})
            lines += client.get("/api/v1/referrals").json()["items"]
            assert all(one["answer"] for one in client.get("/api/v1/rooms").json()["rooms"][:2])
    named = [line["name"] for line in lines if line["state"] != "entered_in_error"]
    assert named
    assert all("(contoh)" in name for name in named)


def test_in_a_demo_what_needs_two_people_can_be_tried_at_once(demo):
    folder, printed = demo
    known = passwords(printed)
    with TestClient(create_app(Settings(data=folder))) as client:

        def sign_in(login):
            assert client.post("/api/v1/session", json={"login": login, "password": known[login]}).status_code == 200

        sign_in("operator")
        [mentor] = [a for a in client.get("/api/v1/accounts").json()["items"] if a["login"] == "pendamping1"]
        asked = client.post(f"/api/v1/accounts/{mentor['id']}/password")
        assert asked.status_code == 202
        sign_in("operator2")
        done = client.post(f"/api/v1/approvals/{asked.json()['id']}/approve").json()
        assert (done["state"], done["same_browser"], bool(done["password"])) == ("done", True, True)


def test_a_demo_never_mixes_with_people_who_are_there(demo):
    folder, _ = demo
    answer = run("demo", "--data", folder)
    assert answer.exit_code != 0
    assert "holds people already" in answer.output


def test_the_first_account_of_an_organisation_is_added_with_a_password_that_works(tmp_path):
    arguments = ("budi", "--role", "operator", "--organisation", "Koja", "--data", tmp_path / "data")
    printed = run("account", "add", *arguments).output
    password = re.search(r"this once: (\S+)", printed)[1]
    with TestClient(create_app(Settings(data=tmp_path / "data"))) as client:
        assert client.post("/api/v1/session", json={"login": "budi", "password": password}).status_code == 200
    again = run("account", "add", *arguments)
    assert again.exit_code != 0
    assert "The login budi is taken." in again.output


def test_verify_finds_what_was_taken_out_of_the_audit(demo):
    folder, _ = demo
    whole = run("audit", "verify", "--data", folder)
    assert whole.exit_code == 0
    assert "0 faults" in whole.output
    record = open_record(folder, "", utc_now)
    with record.write() as tx:
        tx.run(delete(AUDIT).where(AUDIT.c.seq == 7))
    record.close()
    broken = run("audit", "verify", "--data", folder)
    assert broken.exit_code == 3
    assert "from entry 7" in broken.output


def test_verify_tells_whether_the_end_that_was_noted_down_is_still_there(demo):
    folder, _ = demo
    end = re.search(r"audit: .* ends at (\S+)", run("audit", "verify", "--data", folder).output)[1]
    assert run("audit", "verify", "--data", folder, "--end", end).exit_code == 0
    assert run("audit", "verify", "--data", folder, "--end", "9999:abc").exit_code == 3


def test_verify_is_given_an_end_for_each_chain_and_names_those_that_are_gone(demo):
    folder, _ = demo
    ends = re.findall(r"ends at (\S+)", run("audit", "verify", "--data", folder).output)
    assert {re.split(r"[:\d]", end)[0] for end in ends} == {"audit", "consents"}
    assert len(ends) == len(set(ends)) > 2
    given = [part for end in ends for part in ("--end", end)]
    assert run("audit", "verify", "--data", folder, *given).exit_code == 0
    name, number, link = ends[-1].rsplit(":", 2)
    gone = [f"{name}:{int(number) + 1}:{link}", f"{ends[1].rsplit(':', 2)[0]}:1:{link}", f"looks:77:1:{link}"]
    told = run("audit", "verify", "--data", folder, *given, *(part for end in gone for part in ("--end", end)))
    assert told.exit_code == 3
    assert told.output.count("is not in the chain any more") == 3
    for missing in gone:
        chain, _, place = missing.rpartition(":")[0].rpartition(":")
        assert f"{chain}: entry {place}:{link} is not" in told.output


def test_an_end_noted_down_when_there_was_one_chain_is_still_understood(demo):
    folder, _ = demo
    first = re.search(r"^audit: .* ends at audit:(\S+)", run("audit", "verify", "--data", folder).output, re.M)[1]
    assert run("audit", "verify", "--data", folder, "--end", first).exit_code == 0


@pytest.mark.parametrize(
    "end", ["12", "accounts:1:abc", "audit:x:abc", "audit:1:", ":1:", "audit:²:abc", "nothing:1:a"]
)
def test_what_is_no_end_is_refused_with_the_remedy(demo, end):
    folder, _ = demo
    told = run("audit", "verify", "--data", folder, "--end", end)
    assert told.exit_code == 2
    assert "is not the end of a chain.\n  Remedy: write CHAIN:NUMBER:HASH" in told.output


def test_verify_looks_at_what_is_new_or_at_all_of_it(demo):
    folder, _ = demo
    assert run("audit", "verify", "--data", folder).exit_code == 0
    record = open_record(folder, "", utc_now)
    with record.write() as tx:
        tx.run(update(AUDIT).where(AUDIT.c.chain != "", AUDIT.c.seq == 2).values(action="nothing"))
    record.close()
    assert run("audit", "verify", "--data", folder, "--from-checked").exit_code == 0
    assert run("audit", "verify", "--data", folder).exit_code == 3


def test_rescreening_prints_a_table_and_changes_nothing_by_itself(demo, tmp_path):
    folder, _ = demo
    printed = run("rescreen", "--data", folder, "-o", tmp_path / "changes.csv")
    assert printed.exit_code == 0
    assert re.search(r"\d+ people changed;", printed.output)
    rows = list(csv.DictReader(io.StringIO((tmp_path / "changes.csv").read_text(encoding="utf-8"))))
    assert all(row["because"] in ("rules", "facts_or_time") and row["text"] for row in rows)


def test_a_re_screening_that_another_writer_stops_tells_whom_it_stored(tmp_path, monkeypatch):
    with installation(tmp_path / "data") as kail, ExitStack() as held:
        people = sorted(kail.participant() for _ in range(2))
        for person in people:
            kail.evidence(person, **JAKARTA | {"registered": True, "nib": False, "sku": False, "npwp": True})
            assess(kail.record, kail.live, kail.actors["mentor"], person)
        monkeypatch.setattr("api.record.live.utc_now", kail.clock)
        monkeypatch.setattr("api.record.transaction.Database", partial(Database, wait_seconds=1))
        real, seen = rescreening.work_out, []

        def work_out(*given):
            seen.append(given)
            if len(seen) == 2:
                held.enter_context(kail.record.write())
            return real(*given)

        monkeypatch.setattr(rescreening, "work_out", work_out)
        monkeypatch.setattr(rescreening, "TOGETHER", 1)  # each in a transaction of their own
        newer = changed(tmp_path / "newer", ANOTHER_LETTER)
        options = ("--model", "none", "--programme", newer, "--keep", "-o", tmp_path / "changes.csv")
        told = run("rescreen", "--data", tmp_path / "data", *options)
    assert told.exit_code == 2
    assert "1 person listed changed; 1 stored." in told.output
    rows = list(csv.DictReader(io.StringIO((tmp_path / "changes.csv").read_text(encoding="utf-8"))))
    assert {row["participant"] for row in rows} == {people[0]}


def test_rescreening_under_another_programme_stores_what_changed_once(tmp_path, monkeypatch):
    with installation(tmp_path / "data") as kail:
        person = kail.participant()
        kail.evidence(person, **JAKARTA | {"registered": True, "nib": False, "sku": False, "npwp": True})
        assess(kail.record, kail.live, kail.actors["mentor"], person)
    monkeypatch.setattr("api.record.live.utc_now", kail.clock)
    newer = changed(tmp_path / "newer", ANOTHER_LETTER)
    again = ("rescreen", "--data", tmp_path / "data", "--model", "none", "--programme", newer)
    told = run(*again, "--keep")
    assert "1 person changed, 1 stored; 1 of them gained a product because the rules did." in told.output
    assert f"{person}," in told.output
    assert "0 people changed, 0 stored; 0 of them" in run(*again, "--keep").output
    missing = run(*again[:-1], tmp_path / "nowhere")
    assert missing.exit_code == 2
    assert "does not exist" in missing.output
    (newer / "tiers.toml").unlink()
    broken = run(*again)
    assert broken.exit_code not in (0, None)
    assert "tiers.toml" in broken.output


def test_new_keys_leave_everybody_readable(tmp_path):
    with installation(tmp_path / "data") as kail:
        person = kail.participant(name="Bu Rini")
    before = open_keys(tmp_path / "data" / KEY_FILE)
    printed = run("keys", "rotate", "--data", tmp_path / "data")
    assert "Master key 2 wraps the keys of 1 person" in printed.output
    after = open_keys(tmp_path / "data" / KEY_FILE)
    assert set(after.masters) == {"2"}
    assert after.index != before.index
    assert after.chain == before.chain
    record = open_record(tmp_path / "data", "", utc_now)
    with record.read() as tx:
        assert tx.one(select(PARTICIPANTS)).id == person
        assert len(key_of(tx.vault, person)) == 32
    record.close()


@pytest.mark.parametrize("command", [("rescreen",), ("audit", "verify"), ("keys", "rotate")])
def test_a_folder_that_is_no_data_folder_is_named_with_a_remedy(command, tmp_path):
    answer = run(*command, "--data", tmp_path)
    assert answer.exit_code != 0
    assert "is no data folder of Kail.\n  Remedy:" in answer.output
    assert list(tmp_path.iterdir()) == []


def test_a_key_file_that_others_may_read_is_refused_with_a_remedy(demo):
    folder, _ = demo
    (folder / KEY_FILE).chmod(0o644)
    answer = run("audit", "verify", "--data", folder)
    assert answer.exit_code != 0
    assert "chmod 600" in answer.output


def test_a_chain_that_is_gone_altogether_is_found(tmp_path):
    with installation(tmp_path / "data") as kail:
        kail.participant()
    store = sqlite3.connect(tmp_path / "data" / "kail.sqlite")
    for table in ("audit", "consents"):
        store.execute(f"DELETE FROM {table}")
    store.execute("DELETE FROM chain_ends")
    store.commit()
    store.close()
    answer = run("audit", "verify", "--data", tmp_path / "data")
    assert answer.exit_code == 3
    assert answer.output.count("the whole chain is gone") == 2


def test_keys_of_nobody_are_listed_and_only_those_old_enough_are_destroyed(tmp_path):
    with installation(tmp_path / "data") as kail:
        person = kail.participant()
        kail.record.vault.make_each(["0" * 24, "1" * 24])
    vault = tmp_path / "data" / VAULT_FILE
    with closing(sqlite3.connect(vault, isolation_level=None)) as store:
        store.execute("UPDATE person_keys SET made = made - 31 * 86400 WHERE person != ?", ("1" * 24,))
    listed = run("keys", "list", "--data", tmp_path / "data")
    assert [line.split()[0] for line in listed.stdout.splitlines()] == ["0" * 24, "1" * 24]
    assert "Keys of nobody: 2." in listed.output
    swept = run("keys", "sweep", "--older-than", "30d", "--data", tmp_path / "data")
    assert "Keys of nobody destroyed: 1." in swept.output
    record = open_record(tmp_path / "data", "", utc_now)
    assert record.vault.persons() == sorted([person, "1" * 24])
    record.close()


@pytest.mark.parametrize("wrong", ["", "30", "0d", "-1d", "1w", "999999d"])
def test_a_span_that_is_none_is_named(tmp_path, wrong):
    with installation(tmp_path / "data"):
        pass
    told = run("keys", "sweep", "--older-than", wrong, "--data", tmp_path / "data")
    assert told.exit_code == 2
    assert f"{wrong!r} is no number of days such as 30d." in told.output


def test_after_an_older_database_was_put_back_nobodys_keys_are_theirs_again(tmp_path):
    """So they are never destroyed by themselves: old database beside new keys, a start, the new database back."""
    with installation(tmp_path / "data") as kail:
        kail.participant(name="Bu Ani")
    data, database = tmp_path / "data", tmp_path / "data" / "kail.sqlite"
    old = database.read_bytes()
    record = open_record(data, "", utc_now)
    agreed = Agreement(("record",), "paper", utc_now().date(), "2026-11")
    with record.write() as tx:
        register(tx, kail.actors["mentor"], {"name": "Bu Budi"}, agreed)
    record.close()
    new = database.read_bytes()
    database.write_bytes(old)
    tidied = open_record(data, "", utc_now)
    tidy(tidied, data)
    tidied.close()
    assert "Keys of nobody: 1." in run("keys", "list", "--data", data).output
    database.write_bytes(new)
    assert "Keys of nobody: 0." in run("keys", "list", "--data", data).output
    record = open_record(data, "", utc_now)
    with record.read() as tx:
        found = people_of(tx, kail.actors["mentor"])
    record.close()
    assert [person.identity["name"] for person in found] == ["Bu Ani", "Bu Budi"]
