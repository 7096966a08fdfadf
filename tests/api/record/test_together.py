"""What several threads want written: each thing once, in few transactions, and each hears of its own end."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from api.audit.noting import begin_logs
from api.participants import people
from api.record import deadlines
from api.record.together import Entry, Together
from api.record.unavailable import Unavailable
from tests.chains import faults_in, looks_in


class Paper:
    """Where entries are written, a transaction after the other; the one of number `fails` fails.

    Each waits in its end while `may_end` is not set.
    """

    def __init__(self, fails=0):
        self.written, self.sheets, self.fails = [], 0, fails
        self.has_begun, self.may_end = threading.Event(), threading.Event()

    @contextmanager
    def begin(self):
        sheet = []
        self.has_begun.set()
        yield sheet
        assert self.may_end.wait(30)
        self.sheets += 1
        if self.sheets == self.fails:
            raise ValueError
        self.written += sheet


def add(sheet, table, *values):
    sheet += [(table, value) for value in values]


def started(together, paper, *wants):
    """Threads that want something written: the first is in its transaction, the others wait for it."""
    threads = [threading.Thread(target=want, args=(n,)) for n, want in enumerate(wants)]
    threads[0].start()
    assert paper.has_begun.wait(30)
    for other in threads[1:]:
        other.start()
    ends = time.monotonic() + 30
    while len(together._waiting) < len(wants) - 1:  # nothing else says that a thread waits
        assert time.monotonic() < ends
        time.sleep(0.001)
    return threads


def test_what_many_want_written_meanwhile_is_written_in_one_transaction():
    paper, together = Paper(), Together()

    def want(who):
        together.write([Entry(add, "t", (who, part)) for part in range(2)], paper.begin)

    threads = started(together, paper, *[want] * 8)
    paper.may_end.set()
    for thread in threads:
        thread.join()
    assert paper.sheets == 2
    assert sorted(value for _, value in paper.written) == [(who, part) for who in range(8) for part in range(2)]


def test_what_many_want_written_is_written_once_each_before_they_go_on():
    paper, together = Paper(), Together()
    paper.may_end.set()

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


def test_who_wrote_for_others_and_failed_hears_it_alone():
    paper, together, found = Paper(fails=2), Together(), {}

    def want(who):
        try:
            together.write([Entry(add, "t", who)], paper.begin)
            found[who] = "written"
        except ValueError:
            found[who] = "failed"

    threads = started(together, paper, *[want] * 6)
    paper.may_end.set()
    for thread in threads:
        thread.join()
    assert found[0] == "written"
    assert sorted(found.values()) == ["failed"] + ["written"] * 5
    assert sorted(value for _, value in paper.written) == sorted(who for who, how in found.items() if how == "written")


def test_who_waits_too_long_is_told_and_nothing_of_theirs_is_written_later():
    paper, together = Paper(), Together()
    (first,) = started(together, paper, lambda _: together.write([Entry(add, "t", "first")], paper.begin))
    with deadlines.within(0.1), pytest.raises(Unavailable):
        together.write([Entry(add, "t", "late")], paper.begin)
    paper.may_end.set()
    first.join()
    together.write([Entry(add, "t", "last")], paper.begin)
    assert [value for _, value in paper.written] == ["first", "last"]


def test_who_looks_waits_for_no_writer_and_is_noted_before_they_are_answered(kail):
    person, mentor = kail.participant(name="Bu Ani"), kail.actors["mentor"]
    with kail.record.write(), deadlines.within(20):  # whoever waited for that one would wait in vain
        with kail.record.look() as tx:
            assert people.see(tx, mentor, person).identity["name"] == "Bu Ani"
        assert [row.action for row in looks_in(kail.record)] == ["saw"]
    assert faults_in(kail.record) == {}


def test_who_looks_is_answered_when_the_log_is_written_not_before(kail):
    person, mentor = kail.participant(), kail.actors["mentor"]
    has_read, answered = threading.Event(), threading.Event()

    def look():
        with kail.record.look() as tx:
            people.see(tx, mentor, person)
            has_read.set()
        answered.set()

    with kail.record.note_looks():
        looking = threading.Thread(target=look)
        looking.start()
        assert has_read.wait(10)
        assert not answered.wait(0.2)
    looking.join()
    assert [row.action for row in looks_in(kail.record)] == ["saw"]


def test_of_several_logs_the_first_that_nobody_writes_in_is_taken_and_kept(kail):
    begin_logs(kail.record, 3)
    with kail.record.note_looks() as one, kail.record.note_looks() as two:
        with kail.record.note_looks() as three:
            assert sorted([one.log, two.log, three.log]) == ["1", "2", "3"]
        with kail.record.note_looks() as again:
            assert again.log == three.log
    with kail.record.note_looks() as last:
        assert last.log == three.log
    assert faults_in(kail.record) == {}


def test_a_look_that_is_refused_is_not_noted(kail):
    with pytest.raises(Exception, match="404"), kail.record.look() as tx:
        people.see(tx, kail.actors["mentor2"], kail.participant())
    assert looks_in(kail.record) == []
