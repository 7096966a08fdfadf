"""Chains: whatever somebody does to them in the database itself is found, and two writers at once make one chain."""

from __future__ import annotations

import hashlib
import multiprocessing
import random
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, select, update

from api.audit.chain import ENDS, end_of, verify
from api.audit.service import note
from api.audit.tables import AUDIT
from api.consents import service as consents
from api.consents.tables import CONSENTS
from api.record.transaction import open_record
from tests.installation import Clock

CHAINS = {"audit": AUDIT, "consents": CONSENTS}
ROWS = 12


class _NeverMind(Exception):
    """Undoes what was tried."""


@pytest.fixture
def with_rows(kail):
    """An installation with a dozen entries in each chain."""
    person = kail.participant(consents=("record",))
    with kail.record.write() as tx:
        for number in range(ROWS - 1):
            given = bool(number % 2)
            consents.say(
                tx, kail.actors["mentor"], person, "training", given=given, channel="phone", said_on=date(2026, 11, 1)
            )
    return kail


def found(kail, table, *harms):
    """What `verify` finds after something was done to the tables, all of which is undone again."""
    try:
        with kail.record.write() as tx:
            for harm in harms:
                harm(tx)
            faults = verify(tx, table)[1]
            raise _NeverMind
    except _NeverMind:
        return faults


def rows_of(kail, table):
    with kail.record.read() as tx:
        return [dict(row._mapping) for row in tx.all(select(table).order_by(table.c.seq))]


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


def rewritten(table, rows):
    """Put rows in the place of all that stand in a table."""

    def harm(tx):
        tx.run(delete(table))
        tx.run(insert(table).values(rows)) if rows else None

    return harm


def end_set(table, seq, link):
    return lambda tx: tx.run(update(ENDS).where(ENDS.c.chain == table.name).values(seq=seq, hash=link))


def one_harm(table, rows, draw):
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
        column = draw.choice([c for c in table.columns if c.name not in ("hash", "seq")])
        rows[place][column.name] = other(rows[place][column.name], column, draw)
        return f"edit of {column.name}", [rewritten(table, rows)]
    if kind == "hash":
        rows[place]["hash"] = draw.choice([hashlib.sha256(b"x").hexdigest(), rows[place]["hash"][:-1] + "g", "0" * 64])
    elif kind in ("first", "middle", "last"):
        del rows[{"first": 0, "middle": draw.randrange(1, len(rows) - 1), "last": -1}[kind]]
    elif kind == "some":
        rows = [row for row in rows if row["seq"] not in draw.sample(range(1, len(rows) + 1), 3)]
        return kind, [rewritten(table, rows[: ROWS // 2])]
    elif kind in ("swap", "renumber"):
        one, two = draw.sample(range(len(rows)), 2)
        keep = ("seq", "hash") if kind == "renumber" else ("seq",)
        first, second = ({name: rows[at][name] for name in keep} for at in (one, two))
        rows[one], rows[two] = {**rows[two], **first}, {**rows[one], **second}
    elif kind == "copy":  # at the end, with the end moved along
        rows.append({**rows[place], "seq": len(rows) + 1})
        return kind, [rewritten(table, rows), end_set(table, len(rows), rows[-1]["hash"])]
    elif kind == "forge":  # in between, all later rows renumbered
        rows.insert(place, {**rows[place], "hash": hashlib.sha256(str(rows[place]).encode()).hexdigest()})
        rows = [{**row, "seq": number} for number, row in enumerate(rows, 1)]
        return kind, [rewritten(table, rows), end_set(table, len(rows), rows[-1]["hash"])]
    elif kind == "cut":  # the last rows gone, and an earlier one made the end
        rows = rows[: draw.randrange(1, len(rows))]
        return kind, [rewritten(table, rows), end_set(table, len(rows), rows[-1]["hash"])]
    elif kind == "end":
        return kind, [
            end_set(
                table,
                *draw.choice(
                    [(len(rows) - 1, rows[-2]["hash"]), (len(rows), "0" * 64), (len(rows) + 1, rows[-1]["hash"])]
                ),
            )
        ]
    else:
        return kind, [lambda tx: tx.run(delete(ENDS).where(ENDS.c.chain == table.name))]
    return kind, [rewritten(table, rows)]


@pytest.mark.parametrize("name", CHAINS)
def test_two_hundred_random_harms_are_all_found_and_an_untouched_chain_has_no_fault(with_rows, name):
    table, draw = CHAINS[name], random.Random(f"harm to {name}")
    rows = rows_of(with_rows, table)
    assert len(rows) >= ROWS
    assert found(with_rows, table) == []
    kinds = set()
    for _ in range(200):
        kind, harms = one_harm(table, rows, draw)
        if kind in ("swap", "renumber") and rows_equal_after(with_rows, table, rows, harms):
            continue  # two entries that say the same
        assert found(with_rows, table, *harms), kind
        kinds.add(kind.partition(" of ")[0])
    assert len(kinds) == 13
    assert rows_of(with_rows, table) == rows
    assert found(with_rows, table) == []


def rows_equal_after(kail, table, rows, harms):
    after = []
    found(
        kail,
        table,
        *harms,
        lambda tx: after.extend(dict(r._mapping) for r in tx.all(select(table).order_by(table.c.seq))),
    )
    return after == rows


def test_a_row_written_over_a_hole_does_not_heal_the_chain(with_rows):
    gone = rows_of(with_rows, AUDIT)[-1]["seq"]

    def harm(tx):
        tx.run(delete(AUDIT).where(AUDIT.c.seq == gone))
        note(tx, None, "saw", "participant", "somebody")

    assert found(with_rows, AUDIT, harm)[0].seq == gone


def test_a_fault_says_where_it_is(with_rows):
    def harm(tx):
        tx.run(update(CONSENTS).where(CONSENTS.c.seq == 5).values(given=True, channel="paper"))

    assert [fault.seq for fault in found(with_rows, CONSENTS, harm)] == [5]


def test_a_chain_without_rows_has_no_fault_and_ends_at_zero(small_kail):
    with small_kail.record.read() as tx:
        assert verify(tx, CONSENTS) == (0, [])
        assert end_of(tx, CONSENTS) == (0, "0" * 64)


def test_the_end_to_note_down_elsewhere_is_the_last_row(with_rows):
    last = rows_of(with_rows, AUDIT)[-1]
    with with_rows.record.read() as tx:
        assert end_of(tx, AUDIT) == (last["seq"], last["hash"])


def _write(folder: str, url: str, writer: str, times: int) -> None:
    record = open_record(Path(folder), url, Clock())
    for number in range(times):
        with record.write() as tx:
            note(tx, None, "wrote", "test", f"{writer}-{number}")
            consents.say(tx, None, writer, "record", given=True, channel="paper", said_on=date(2026, 11, 1))
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
        assert verify(tx, CONSENTS) == (2 * times, [])
        count, faults = verify(tx, AUDIT)
    assert (faults, count) == ([], len(rows_of(kail, AUDIT)))
    written = [row["object_id"] for row in rows_of(kail, AUDIT) if row["action"] == "wrote"]
    assert sorted(written) == sorted(f"writer{n}-{i}" for n in (1, 2) for i in range(times))
