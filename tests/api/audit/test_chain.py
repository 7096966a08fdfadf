"""Chains: whatever somebody does to them in the database itself is found, and two writers at once make chains that hold.

Five hundred harms in every chain, of each kind that who has no key can do; then whole chains and files.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, select, text, update

from api.app import create_app
from api.audit import verifying
from api.audit.chain import CHECKS, ENDS, Chain, end_of, verify
from api.audit.noting import begin_logs, note_ends
from api.audit.service import note
from api.audit.tables import AUDIT, INSTALLATION, LOOKS
from api.consents import service as consents
from api.consents.tables import CONSENTS
from api.participants import people
from api.record.actor import Actor
from api.record.key_store import open_keys
from api.record.transaction import KEY_FILE, attach_record, open_record
from tests.chains import faults_in, looks_in
from tests.installation import Clock

CHAINS = ("installation", "audit", "consents", "looks")
ROWS, HARMS = 12, 500


class _NeverMind(Exception):
    """Undoes what was tried."""


@pytest.fixture
def with_rows(kail):
    """An installation with a dozen entries in each chain, of two organisations."""
    for login, times in (("mentor", ROWS), ("other_mentor", 3)):
        person, actor = kail.participant(login, consents=("record",)), kail.actors[login]
        for number in range(times):
            given = bool(number % 2)
            with kail.record.write() as tx:
                said = {"given": given, "channel": "phone", "said_on": date(2026, 11, 1)}
                consents.say(tx, actor, person, "training", **said)
                note(tx, None, "wrote", "test", f"{login}-{number}")
            with kail.record.look() as tx:
                people.see(tx, actor, person)
    return kail


def chain_named(kail, name, login="mentor"):
    organisation = kail.actors[login].organisation_id
    return {
        "installation": INSTALLATION,
        "audit": Chain(AUDIT, organisation),
        "consents": Chain(CONSENTS, organisation),
        "looks": Chain(LOOKS, "1"),
    }[name]


def writing(kail, chain):
    """A transaction where a chain stands."""
    return kail.record.note_looks(chain.id) if chain.table is LOOKS else kail.record.write()


def found(kail, chain, *harms):
    """What `verify` finds after something was done to the tables, all of which is undone again."""
    try:
        with writing(kail, chain) as tx:
            for harm in harms:
                harm(tx)
            faults = verify(tx, chain)[1]
            raise _NeverMind
    except _NeverMind:
        return faults


def rows_in(tx, chain):
    rows = tx.all(select(chain.table).where(chain.table.c.chain == chain.id).order_by(chain.table.c.seq))
    return [dict(row._mapping) for row in rows]


def rows_of(kail, chain):
    with writing(kail, chain) as tx:
        return rows_in(tx, chain)


def other(value, column, draw):
    """Another value of the same column."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, datetime):
        return value + timedelta(seconds=draw.choice([-1, 1, 86_400]))
    if isinstance(value, date) or column.name == "expires_on":
        return (value or date(2026, 1, 1)) + timedelta(days=draw.choice([-1, 1, 365]))
    if value is None:
        return "somebody"
    return draw.choice([value[:-1], value[:-1] + "~", "~" + value[1:]]) if value else "~"


def rewritten(chain, rows):
    """Put rows in the place of all that stand in a chain."""

    def harm(tx):
        tx.run(delete(chain.table).where(chain.table.c.chain == chain.id))
        tx.run(insert(chain.table).values(rows)) if rows else None

    return harm


def end_set(chain, seq, link):
    return lambda tx: tx.run(update(ENDS).where(ENDS.c.chain == chain.name).values(seq=seq, hash=link))


def one_harm(chain, rows, draw):
    """Something that somebody could do who can write to the database but has no key: its name and its steps."""
    kind = draw.choice(
        [
            "edit",
            "edit",
            "hash",
            "first",
            "middle",
            "last",
            "some",
            "swap",
            "renumber",
            "copy",
            "forge",
            "cut",
            "end",
            "no end",
        ]
    )
    rows = [dict(row) for row in rows]
    place = draw.randrange(len(rows))
    if kind == "edit":
        column = draw.choice([c for c in chain.table.columns if c.name not in ("hash", "seq", "chain")])
        rows[place][column.name] = other(rows[place][column.name], column, draw)
        return f"edit of {column.name}", [rewritten(chain, rows)]
    if kind == "hash":
        rows[place]["hash"] = draw.choice([hashlib.sha256(b"x").hexdigest(), rows[place]["hash"][:-1] + "g", "0" * 64])
    elif kind in ("first", "middle", "last"):
        del rows[{"first": 0, "middle": draw.randrange(1, len(rows) - 1), "last": -1}[kind]]
    elif kind == "some":
        gone = draw.sample(range(1, len(rows) + 1), 3)
        rows = [row for row in rows if row["seq"] not in gone]
        return kind, [rewritten(chain, rows[: ROWS // 2])]
    elif kind in ("swap", "renumber"):
        one, two = draw.sample(range(len(rows)), 2)
        keep = ("seq", "hash") if kind == "renumber" else ("seq",)
        first, second = ({name: rows[at][name] for name in keep} for at in (one, two))
        rows[one], rows[two] = {**rows[two], **first}, {**rows[one], **second}
    elif kind == "copy":  # at the end, with the end moved along
        rows.append({**rows[place], "seq": len(rows) + 1})
        return kind, [rewritten(chain, rows), end_set(chain, len(rows), rows[-1]["hash"])]
    elif kind == "forge":  # in between, all later rows renumbered
        rows.insert(place, {**rows[place], "hash": hashlib.sha256(str(rows[place]).encode()).hexdigest()})
        rows = [{**row, "seq": number} for number, row in enumerate(rows, 1)]
        return kind, [rewritten(chain, rows), end_set(chain, len(rows), rows[-1]["hash"])]
    elif kind == "cut":  # the last rows gone, and an earlier one made the end
        rows = rows[: draw.randrange(1, len(rows))]
        return kind, [rewritten(chain, rows), end_set(chain, len(rows), rows[-1]["hash"])]
    elif kind == "end":
        return kind, [
            end_set(
                chain,
                *draw.choice(
                    [(len(rows) - 1, rows[-2]["hash"]), (len(rows), "0" * 64), (len(rows) + 1, rows[-1]["hash"])]
                ),
            )
        ]
    else:
        return kind, [lambda tx: tx.run(delete(ENDS).where(ENDS.c.chain == chain.name))]
    return kind, [rewritten(chain, rows)]


@pytest.mark.parametrize("name", CHAINS)
def test_five_hundred_random_harms_are_all_found_and_an_untouched_chain_has_no_fault(with_rows, name):
    chain, draw = chain_named(with_rows, name), random.Random(f"harm to {name}")
    rows = rows_of(with_rows, chain)
    assert len(rows) >= ROWS
    assert found(with_rows, chain) == []
    kinds = set()
    for _ in range(HARMS):
        kind, harms = one_harm(chain, rows, draw)
        if kind in ("swap", "renumber") and rows_equal_after(with_rows, chain, rows, harms):
            continue  # two entries that say the same
        assert found(with_rows, chain, *harms), kind
        kinds.add(kind.partition(" of ")[0])
    assert len(kinds) == 13
    assert rows_of(with_rows, chain) == rows
    assert faults_in(with_rows.record) == {}


def rows_equal_after(kail, chain, rows, harms):
    after = []
    found(kail, chain, *harms, lambda tx: after.extend(rows_in(tx, chain)))
    return after == rows


@pytest.mark.parametrize("way", ["to the installation's", "from the installation's", "to another organisation's"])
@pytest.mark.parametrize("name", ["audit", "consents"])
def test_rows_moved_with_all_that_follow_them_to_another_chain_are_found_there(with_rows, name, way):
    """Wherever they are put: in the place of rows of the same numbers, or behind the end, which is moved along."""
    here, table = chain_named(with_rows, name), chain_named(with_rows, name).table
    there = chain_named(with_rows, name, "other_mentor") if way.endswith("organisation's") else Chain(table)
    here, there = (there, here) if way.startswith("from") else (here, there)
    moved, others = rows_of(with_rows, here), rows_of(with_rows, there)
    for first in range(len(moved)):
        kept = others[:first]
        in_place = kept + [{**row, "chain": there.id} for row in moved[first:]]
        behind = others + [{**r, "chain": there.id, "seq": n} for n, r in enumerate(moved[first:], len(others) + 1)]
        for rows in (in_place, behind):
            ends = (
                lambda tx: tx.run(delete(ENDS).where(ENDS.c.chain == there.name)),
                lambda tx, last=rows[-1]: tx.run(
                    insert(ENDS).values(chain=there.name, seq=last["seq"], hash=last["hash"])
                ),
            )
            assert found(with_rows, there, rewritten(there, rows), *ends)
    assert faults_in(with_rows.record) == {}


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
    assert note_ends(with_rows.record) == 2  # audit and consents of one organisation
    assert note_ends(with_rows.record) == 0
    assert faults_in(with_rows.record) == {}


# -- single places -----------------------------------------------------------------------------------------------------


def test_a_row_written_over_a_hole_does_not_heal_the_chain(with_rows):
    gone = rows_of(with_rows, INSTALLATION)[-1]["seq"]

    def harm(tx):
        tx.run(delete(AUDIT).where(AUDIT.c.chain == INSTALLATION.id, AUDIT.c.seq == gone))
        note(tx, None, "saw", "participant", "somebody")

    assert found(with_rows, INSTALLATION, harm)[0].seq == gone


def test_a_fault_says_where_it_is(with_rows):
    chain = chain_named(with_rows, "consents")

    def harm(tx):
        fifth = (CONSENTS.c.chain == chain.id) & (CONSENTS.c.seq == 5)
        tx.run(update(CONSENTS).where(fifth).values(given=False, channel="paper"))

    assert [fault.seq for fault in found(with_rows, chain, harm)] == [5]


def test_a_chain_without_rows_has_no_fault_and_ends_at_zero(small_kail):
    with small_kail.record.read() as tx:
        assert verify(tx, Chain(CONSENTS)) == (0, [])
        assert end_of(tx, Chain(CONSENTS)) == (0, "0" * 64)


def test_the_end_to_note_down_elsewhere_is_the_last_row(with_rows):
    chain = chain_named(with_rows, "audit")
    last = rows_of(with_rows, chain)[-1]
    with with_rows.record.read() as tx:
        assert end_of(tx, chain) == (last["seq"], last["hash"])


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
            raise _NeverMind
    except _NeverMind:
        return faults


# -- several processes -------------------------------------------------------------------------------------------------


def _write(folder: str, url: str, writer: str, times: int) -> None:
    record = open_record(Path(folder), url, Clock())
    actor = Actor(writer, "organisation", "mentor", writer)
    for number in range(times):
        with record.write() as tx:
            note(tx, None, "wrote", "test", f"{writer}-{number}")
            consents.say(tx, actor, writer, "record", given=True, channel="paper", said_on=date(2026, 11, 1))
    record.close()


def test_two_processes_that_write_at_once_leave_chains_that_verify(kail, url):
    folder, times = str(kail.settings.data), 40
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_write, args=(folder, url, f"writer{n}", times)) for n in (1, 2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0]
    with kail.record.read() as tx:
        assert verify(tx, Chain(CONSENTS, "organisation")) == (2 * times, [])
    assert faults_in(kail.record) == {}
    written = [row["object_id"] for row in rows_of(kail, INSTALLATION) if row["action"] == "wrote"]
    assert sorted(written) == sorted(f"writer{n}-{i}" for n in (1, 2) for i in range(times))


def _look(folder: str, url: str, looker: str, times: int, many: int) -> None:
    record = open_record(Path(folder), url, Clock())
    begin_logs(record, many)
    for number in range(times):
        with record.look() as tx:
            note(tx, None, "saw", "test", f"{looker}-{number}")
    record.close()


def test_three_processes_that_look_at_once_note_all_of_it_in_chains_that_verify(kail, url):
    folder, times = str(kail.settings.data), 60
    context = multiprocessing.get_context("spawn")
    lookers = [context.Process(target=_look, args=(folder, url, f"looker{n}", times, 2)) for n in (1, 2, 3)]
    for looker in lookers:
        looker.start()
    for looker in lookers:
        looker.join()
    assert [looker.exitcode for looker in lookers] == [0, 0, 0]
    seen = [row.object_id for row in looks_in(kail.record)]
    assert sorted(seen) == sorted(f"looker{n}-{i}" for n in (1, 2, 3) for i in range(times))
    assert faults_in(kail.record) == {}
