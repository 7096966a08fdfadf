"""Chains as wholes: one that is gone or older than it should be, from where they were checked, and what there was before."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import delete, select, text, update

from api.app import create_app
from api.audit import verifying
from api.audit.chain import CHECKS, ENDS, Chain, verify
from api.audit.noting import note_ends
from api.audit.service import note
from api.audit.tables import AUDIT, INSTALLATION, LOOKS
from api.consents import service as consents
from api.consents.tables import CONSENTS
from api.participants import people, rights
from api.record.actor import Actor
from api.record.database import Database
from api.record.key_store import open_keys
from api.record.transaction import KEY_FILE, attach_record
from tests.chains import CHAINS, NeverMind, chain_named, end_set, faults_in, rewritten, rows_in, rows_of, writing
from tests.installation import Clock

# -- whole chains ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CHAINS)
def test_a_whole_chain_that_was_taken_away_with_its_end_is_missed(with_rows, name):
    chain = chain_named(with_rows, name)
    note_ends(with_rows.record)
    with writing(with_rows, chain) as tx:
        tx.run(delete(chain.table).where(chain.table.c.chain == chain.id))
        tx.run(delete(ENDS).where(ENDS.c.chain == chain.name))
    assert faults_in(with_rows.record)[chain.name]
    if name in ("audit", "consents"):  # and it is no better for one that began anew in its place
        with_rows.participant()
        assert faults_in(with_rows.record)[chain.name]


@pytest.mark.parametrize("name", CHAINS)
def test_a_chain_that_was_put_back_to_an_older_state_is_found_once_its_end_was_noted(with_rows, name):
    chain = chain_named(with_rows, name)
    with writing(with_rows, chain) as tx:
        rows, end = rows_in(tx, chain), tx.one(select(ENDS).where(ENDS.c.chain == chain.name))
    with with_rows.record.look() as tx:
        people.look_for(tx, with_rows.actors["mentor"], "")
    with_rows.participant()
    with with_rows.record.write() as tx:
        note(tx, None, "wrote", "test", "")
    note_ends(with_rows.record)
    assert faults_in(with_rows.record) == {}
    with writing(with_rows, chain) as tx:
        rewritten(chain, rows)(tx)
        end_set(chain, end.seq, end.hash)(tx)
        assert verify(tx, chain)[1] == []  # by itself it is whole
    assert faults_in(with_rows.record)[chain.name]


def test_a_log_of_looks_whose_file_was_taken_away_is_missed_also_after_a_start(small_kail):
    person = small_kail.participant()
    with small_kail.record.look() as tx:
        people.see(tx, small_kail.actors["mentor"], person)
    small_kail.record.close()
    for path in (small_kail.settings.data / "looks").iterdir():
        path.unlink()
    assert [str(fault) for fault in faults_in(small_kail.record)["looks:1"]][-1] == "gone"
    create_app(small_kail.settings, clock=small_kail.clock).state.record.close()
    assert faults_in(small_kail.record)["looks:1"]


def kept(kail, *chains):
    """Chains as they are, to be put back."""
    with kail.record.read() as tx:
        ends = {chain: tx.one(select(ENDS).where(ENDS.c.chain == chain.name)) for chain in chains}
        return [(chain, rows_in(tx, chain), ends[chain]) for chain in chains]


def put_back(kail, old):
    with kail.record.write() as tx:
        for chain, rows, end in old:
            rewritten(chain, rows)(tx)
            end_set(chain, end.seq, end.hash)(tx)


@pytest.mark.parametrize("login", ["mentor", "other_mentor"])
@pytest.mark.parametrize("elsewhere", ["in another organisation", "in a log of looks"])
def test_the_installations_chain_is_not_put_back_unseen_with_all_of_one_organisation(with_rows, login, elsewhere):
    other = {"mentor": "other_mentor", "other_mentor": "mentor"}[login]
    theirs = [chain_named(with_rows, name, login) for name in ("installation", "audit", "consents")]
    note_ends(with_rows.record)
    old = kept(with_rows, *theirs)
    with with_rows.record.write() as tx:
        note(tx, None, "wrote", "test", "")
    person = with_rows.participant(login)
    if elsewhere == "in a log of looks":
        with with_rows.record.look() as tx:
            people.see(tx, with_rows.actors[login], person)
    else:
        with_rows.participant(other)
    note_ends(with_rows.record)
    assert faults_in(with_rows.record) == {}
    put_back(with_rows, old)
    assert "not_as_noted" in {fault.what.code for fault in faults_in(with_rows.record)[INSTALLATION.name]}


def test_noting_comes_to_rest_where_only_the_installation_went_on(with_rows):
    note_ends(with_rows.record)
    with with_rows.record.write() as tx:
        note(tx, None, "wrote", "test", "")
    assert note_ends(with_rows.record) == 2  # in one organisation, and where that ends
    assert note_ends(with_rows.record) == 0


# -- files of looks ----------------------------------------------------------------------------------------------------


def look(kail, person, login="mentor"):
    with kail.record.look() as tx:
        people.see(tx, kail.actors[login], person)


def shown(kail, person):
    """The looks that the page of the audit and a copy of everything about somebody tell of."""
    with kail.client("operator") as client:
        page = client.get("/api/v1/audit").json()["entries"]
    with kail.record.write() as tx:
        copy = rights.export(tx, kail.actors["mentor"], person)["held"]["audit"]
    return [[one["chain"] for one in some if one["chain"].startswith("looks")] for some in (page, copy)]


def test_rows_of_another_chain_in_a_file_of_looks_are_shown_nowhere_and_found(small_kail):
    person = small_kail.participant()
    look(small_kail, person)
    with small_kail.record.note_looks("1") as tx:
        row = rows_in(tx, Chain(LOOKS, "1"))[-1]
        tx.run(LOOKS.insert().values(row | {"chain": "2", "account_id": small_kail.actors["mentor2"].account_id}))
    assert shown(small_kail, person) == [["looks:1"], ["looks:1"]]
    [fault] = faults_in(small_kail.record)["looks:1"]
    assert (fault.seq, fault.what.code) == (row["seq"], "of_another_chain")


@pytest.mark.parametrize("name", ["3.sqlite", "1-backup.sqlite", "x.sqlite"])
@pytest.mark.parametrize("is_copy", [True, False])
def test_a_file_that_lies_beside_the_logs_of_looks_stops_nothing(small_kail, name, is_copy):
    person = small_kail.participant()
    look(small_kail, person)
    logs = small_kail.settings.data / "looks"
    small_kail.record.logs.close()
    (logs / name).write_bytes((logs / "1.sqlite").read_bytes() if is_copy else b"")
    for _ in range(2):
        assert shown(small_kail, person) == [["looks:1"], ["looks:1"]]
        note_ends(small_kail.record)
        strange = {"looks:3"} if is_copy and name == "3.sqlite" else set()
        assert set(faults_in(small_kail.record)) == strange
        create_app(small_kail.settings, clock=small_kail.clock).state.record.close()


def test_a_log_of_looks_that_was_only_begun_gets_its_tables_at_the_start(small_kail):
    database = Database(f"sqlite:///{small_kail.settings.data / 'looks' / '7.sqlite'}")
    database.create()
    database.close()
    create_app(small_kail.settings, clock=small_kail.clock).state.record.close()
    person = small_kail.participant()
    look(small_kail, person)
    assert shown(small_kail, person) == [["looks:1"], ["looks:1"]]
    assert faults_in(small_kail.record) == {}


def test_a_chain_that_none_tells_of_is_found(with_rows):
    with with_rows.record.write() as tx:
        tx.run(delete(AUDIT).where(AUDIT.c.chain == INSTALLATION.id))
        tx.run(delete(ENDS).where(ENDS.c.chain == INSTALLATION.name))
    told = faults_in(with_rows.record)
    assert "never_noted" in {fault.what.code for fault in told[chain_named(with_rows, "audit").name]}


def test_noting_where_chains_end_comes_to_rest(with_rows):
    assert note_ends(with_rows.record) > 0
    assert note_ends(with_rows.record) == 0
    with_rows.participant()
    assert note_ends(with_rows.record) == 3  # audit and consents of one organisation, and there the installation's
    assert note_ends(with_rows.record) == 0
    assert faults_in(with_rows.record) == {}


def test_noting_comes_to_rest_also_after_the_clock_went_back(with_rows):
    with_rows.clock.forward(days=30)
    with_rows.participant()
    note_ends(with_rows.record)
    with_rows.clock.forward(days=-30)
    with_rows.participant()
    assert note_ends(with_rows.record) > 0
    assert [note_ends(with_rows.record) for _ in range(3)] == [0, 0, 0]
    assert faults_in(with_rows.record) == {}


@pytest.mark.parametrize("name", ["installation", "audit", "consents"])
def test_work_goes_on_where_it_stands_nowhere_any_more_where_a_chain_ends_and_that_is_found(with_rows, name):
    chain = chain_named(with_rows, name)
    with with_rows.record.write() as tx:
        tx.run(delete(ENDS).where(ENDS.c.chain == chain.name))
        tx.run(delete(chain.table).where(chain.table.c.chain == chain.id, chain.table.c.seq > 10))
    with_rows.participant()
    with with_rows.record.write() as tx:
        note(tx, None, "wrote", "test", "")
    rows = rows_of(with_rows, chain)
    assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
    assert len(rows) > 10
    assert 11 in {fault.seq for fault in faults_in(with_rows.record)[chain.name]}


# -- from a checked point ----------------------------------------------------------------------------------------------


def test_from_a_checked_point_only_what_came_after_is_gone_over(with_rows):
    chain = chain_named(with_rows, "audit")
    kept_as_checked(with_rows, chain)
    last = rows_of(with_rows, chain)[-1]["seq"]
    with_rows.participant()
    change(with_rows, chain, 2)
    assert faults_in(with_rows.record, from_check=True) == {}
    assert faults_in(with_rows.record)[chain.name]
    change(with_rows, chain, last + 1)
    assert [fault.seq for fault in faults_in(with_rows.record, from_check=True)[chain.name]] == [last + 1]


def test_a_chain_in_which_something_was_found_is_gone_over_from_its_first_entry_again(with_rows):
    chain = chain_named(with_rows, "audit")
    kept_as_checked(with_rows, chain)
    change(with_rows, chain, 2)
    kept_as_checked(with_rows, chain)
    assert [fault.seq for fault in faults_in(with_rows.record, from_check=True)[chain.name]] == [2]


@pytest.mark.parametrize("made_up", ["another hash", "another number", "of another chain", "the entry is another one"])
def test_a_checked_point_that_was_made_up_is_none(with_rows, made_up):
    chain = chain_named(with_rows, "audit")
    kept_as_checked(with_rows, chain)
    change(with_rows, chain, 2)
    with with_rows.record.write() as tx:
        mine = CHECKS.c.chain == chain.name
        if made_up == "another hash":
            tx.run(update(CHECKS).where(mine).values(hash=rows_in(tx, chain)[-1]["hash"]))
        elif made_up == "another number":
            tx.run(update(CHECKS).where(mine).values(seq=CHECKS.c.seq - 1))
        elif made_up == "of another chain":
            of_another = tx.one(select(CHECKS.c.hash).where(CHECKS.c.chain == INSTALLATION.name)).hash
            tx.run(update(CHECKS).where(mine).values(hash=of_another))
    if made_up == "the entry is another one":
        change(with_rows, chain, rows_of(with_rows, chain)[-1]["seq"], "hash", "0" * 64)
    assert 2 in {fault.seq for fault in faults_in(with_rows.record, from_check=True)[chain.name]}


def kept_as_checked(kail, *more):
    chains = [INSTALLATION, *more]
    walks = [(chain, verifying.begin(kail.record, chain)) for chain in chains]
    for chain, walk in walks:
        while verifying.go_on(kail.record, chain, walk):
            pass
    verifying.keep(kail.record, walks)


def change(kail, chain, seq, column="object_id", value="somebody"):
    with kail.record.write() as tx:
        one = (chain.table.c.chain == chain.id) & (chain.table.c.seq == seq)
        assert tx.run(update(chain.table).where(one).values({column: value})) == 1


# -- before there were others ------------------------------------------------------------------------------------------


def test_what_was_entered_before_chains_had_names_holds_and_goes_on(tmp_path, url):
    """Entries of a database of before are put in as it wrote them; then it is brought up to date."""
    keys = open_keys(tmp_path / KEY_FILE)
    record = attach_record(tmp_path, url, Clock(), keys)
    record.database.migrate("head")
    record.database.migrate("0008")
    with record.write() as tx:
        for table, row in BEFORE.items():
            entered_before(tx, table, row)
    record.database.migrate()
    assert faults_in(record) == {}
    with record.read() as tx:
        for table in (AUDIT, CONSENTS):
            assert verify(tx, Chain(table))[0] == 3
    actor = Actor("a" * 24, "f" * 24, "mentor", "Mentor")
    with record.write() as tx:
        assert consents.stands(tx, "p" * 24, "record")
        consents.say(tx, actor, "p" * 24, "record", given=False, channel="paper", said_on=date(2026, 11, 2))
        assert not consents.stands(tx, "p" * 24, "record")
        assert [entry["given"] for entry in consents.ledger_of(tx, "p" * 24)] == [True, True, True, False]
        assert [(row.chain, row.seq) for row in tx.all(select(CONSENTS).order_by(CONSENTS.c.chain))][-1] == (
            "f" * 24,
            1,
        )
    note_ends(record)
    assert faults_in(record) == {}
    for table in (AUDIT, CONSENTS):
        for harm in (lambda tx, t=table: tx.run(update(t).where(t.c.seq == 2).values(account_id="b" * 24)),
                     lambda tx, t=table: tx.run(delete(t).where(t.c.chain == "", t.c.seq == 3)),
                     lambda tx, t=table: tx.run(update(t).where(t.c.chain == "").values(chain="e" * 24))):  # fmt: skip
            assert found_with(record, Chain(table), harm) + found_with(record, Chain(table, "e" * 24), harm)
    record.close()


BEFORE = {
    "audit": {"at": datetime(2026, 11, 1, 2), "account_id": "a" * 24, "organisation_id": "f" * 24, "action": "saw",
              "kind": "participant", "object_id": "p" * 24, "detail": "{}"},
    "consents": {"person_id": "p" * 24, "purpose": "record", "recipient": "", "given": True, "text_version": "2026-11",
                 "channel": "paper", "said_on": date(2026, 11, 1), "expires_on": None,
                 "recorded_at": datetime(2026, 11, 1, 2), "account_id": "a" * 24},
}  # fmt: skip
"""An entry of each table, as it was before."""


def entered_before(tx, table, row):
    """Enter a row three times as it was done before, by the hand of nobody's code: numbers, hashes and the end."""
    link = "0" * 64
    for seq in (1, 2, 3):
        content = {"seq": seq} | {
            name: value.replace(tzinfo=UTC).isoformat()
            if isinstance(value, datetime)
            else value.isoformat()
            if isinstance(value, date)
            else value
            for name, value in row.items()
        }
        written = json.dumps([table, content], sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
        link = tx.keys.link(link, written)
        columns = {"seq": seq, **row, "hash": link}
        names = ", ".join(columns)
        tx.sql.execute(
            text(f"INSERT INTO {table} ({names}) VALUES ({', '.join(':' + name for name in columns)})"), columns
        )
    end = tx.keys.link(link, f"{table} ends at 3".encode())
    tx.sql.execute(
        text("INSERT INTO chain_ends (chain, seq, hash) VALUES (:chain, 3, :hash)"), {"chain": table, "hash": end}
    )


def found_with(record, chain, harm):
    try:
        with record.write() as tx:
            harm(tx)
            faults = verify(tx, chain)[1]
            raise NeverMind
    except NeverMind:
        return faults
