"""What several threads want written: each thing once, in few transactions, and each hears of its own end."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from api.audit.chain import verify
from api.audit.tables import AUDIT
from api.participants import people
from api.record import deadlines
from api.record.together import Entry, Together
from api.record.unavailable import Unavailable


class Paper:
    """Where entries are written, a transaction after the other; `slow`: seconds that each takes."""

    def __init__(self, slow=0.0):
        self.slow, self.written, self.sheets, self.fails = slow, [], 0, []

    @contextmanager
    def begin(self):
        sheet = []
        yield sheet
        time.sleep(self.slow)
        if self.fails:
            raise self.fails.pop()
        self.written += sheet
        self.sheets += 1


def add(sheet, table, *values):
    sheet += [(table, value) for value in values]


def test_what_many_want_written_is_written_once_each_in_few_transactions():
    paper, together = Paper(slow=0.002), Together()

    def want(who):
        for number in range(25):
            together.write([Entry(add, "t", (who, number, part)) for part in range(2)], paper.begin)
            assert (("t", (who, number, 1))) in paper.written

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(want, range(8)))
    values = [value for _, value in paper.written]
    assert len(values) == len(set(values)) == 400
    for who in range(8):
        assert [value for value in values if value[0] == who] == [(who, n, p) for n in range(25) for p in range(2)]
    assert paper.sheets < 100


def test_who_wrote_for_others_and_failed_hears_it_alone():
    paper, together = Paper(slow=0.05), Together()
    first = threading.Thread(target=together.write, args=([Entry(add, "t", "first")], paper.begin))
    first.start()
    time.sleep(0.02)
    found = {}

    def want(who):
        try:
            together.write([Entry(add, "t", who)], paper.begin)
            found[who] = "written"
        except ValueError:
            found[who] = "failed"

    others = [threading.Thread(target=want, args=(n,)) for n in range(5)]
    for other in others:
        other.start()
    first.join()
    paper.fails.append(ValueError())
    for other in others:
        other.join()
    assert sorted(found.values()) == ["failed"] + ["written"] * 4
    assert sorted(value for _, value in paper.written if value != "first") == sorted(
        who for who, how in found.items() if how == "written"
    )


def test_who_waits_too_long_is_told_and_nothing_of_theirs_is_written_later():
    paper, together = Paper(slow=0.5), Together()
    first = threading.Thread(target=together.write, args=([Entry(add, "t", "first")], paper.begin))
    first.start()
    time.sleep(0.1)
    with deadlines.within(0.1), pytest.raises(Unavailable):
        together.write([Entry(add, "t", "late")], paper.begin)
    first.join()
    together.write([Entry(add, "t", "last")], paper.begin)
    assert [value for _, value in paper.written] == ["first", "last"]


def test_who_looks_reads_while_somebody_writes_and_is_noted_before_they_are_answered(kail):
    person, mentor = kail.participant(name="Bu Ani"), kail.actors["mentor"]
    has_read, answered = threading.Event(), threading.Event()

    def look():
        with kail.record.look() as tx:
            assert people.see(tx, mentor, person).identity["name"] == "Bu Ani"
            has_read.set()
        answered.set()

    with kail.record.write():
        looking = threading.Thread(target=look)
        looking.start()
        assert has_read.wait(10)
        assert not answered.wait(0.2)
    looking.join()
    with kail.record.read() as tx:
        assert [row.action for row in tx.all(AUDIT.select())][-1] == "saw"
        assert verify(tx, AUDIT)[1] == []


def test_a_look_that_is_refused_is_not_noted(kail):
    with pytest.raises(Exception, match="404"), kail.record.look() as tx:
        people.see(tx, kail.actors["mentor2"], kail.participant())
    with kail.record.read() as tx:
        assert "saw" not in [row.action for row in tx.all(AUDIT.select())]
