"""A chain: whatever somebody does to its rows in the database itself is found, and two writers at once make ones that hold.

Five hundred harms in every chain, of each kind that who has no key can do.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import random
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, update

from api.audit.chain import ENDS, Chain, end_of, verify
from api.audit.noting import begin_logs
from api.audit.service import note
from api.audit.tables import AUDIT, INSTALLATION
from api.consents import service as consents
from api.consents.tables import CONSENTS
from api.record.actor import Actor
from api.record.transaction import open_record
from tests.api.audit.conftest import ROWS
from tests.chains import CHAINS, chain_named, end_set, faults_in, found, looks_in, rewritten, rows_in, rows_of
from tests.installation import Clock

HARMS = 500


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


def _begin_many(folder: str, url: str, writer: str, organisations: list[str]) -> None:
    record = open_record(Path(folder), url, Clock())
    for organisation in organisations:
        with record.write(organisation) as tx:
            note(tx, None, "wrote", "test", writer, organisation_id=organisation)
            consents.say(
                tx,
                Actor(writer, organisation, "mentor", writer),
                writer,
                "record",
                given=True,
                channel="paper",
                said_on=date(2026, 11, 1),
            )
    record.close()


def test_two_processes_that_write_about_two_organisations_each_begin_chains_that_verify(kail, url):
    folder = str(kail.settings.data)
    named = [f"organisation{number}" for number in range(40)]
    context = multiprocessing.get_context("spawn")
    orders = (named, named[::-1])
    workers = [context.Process(target=_begin_many, args=(folder, url, f"writer{n}", orders[n])) for n in (0, 1)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert faults_in(kail.record) == {}
    for organisation in named:
        written = [row["object_id"] for row in rows_of(kail, Chain(AUDIT, organisation)) if row["action"] == "wrote"]
        assert sorted(written) == ["writer0", "writer1"]


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
