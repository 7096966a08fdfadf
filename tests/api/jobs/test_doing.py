"""Doing jobs: in steps that are stored with how far they came, in turns, and given up where nothing helps."""

from __future__ import annotations

import logging
import sqlite3

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import OperationalError

from api.accounts.sessions import actor_of_account
from api.accounts.tables import ACCOUNTS, TRIES
from api.record import doing
from api.record.doing import LEAST_AT_ONCE, MOST_TRIES, Failed, Pace, do_next
from api.record.jobs import JOBS, KEPT, PIECES, cancel, enqueue, forget_old, key_name, see_job
from api.record.refusals import Refused, Trouble
from api.record.transaction import new_id

MANY = 30


def count_up(job):
    """Writes thirty rows, one a step, and says each."""
    job.total = MANY
    for number in range(job.place.get("next", 0), MANY):
        with job.step() as tx:
            tx.run(insert(TRIES).values(bucket=f"{job.id}:{number}", last=tx.now, count=1))
            job.add(number)
            job.place, job.done = {"next": number + 1}, number + 1
    return {"counted": MANY}


def ask_for(kail, kind="count", login="mentor", **more):
    with kail.record.write() as tx:
        return enqueue(tx, kail.actors[login], kind, "en", {"word": "rahasia"}, **more)


def may_have(tx, account_id, _):
    return actor_of_account(tx, account_id)


def turn(kail, **kinds):
    """Whether there was a job to go on; a turn that failed unexpectedly was one."""
    try:
        return one_turn(kail, **kinds)
    except Failed:
        return True


def one_turn(kail, **kinds):
    return do_next(kail.record, kail.live, kail.settings.data, {"count": count_up, **kinds}, may_have)


def look(kail, job, login="mentor"):
    with kail.record.read() as tx:
        return see_job(tx, kail.actors[login], job)


def written(kail, job):
    """The rows that a job wrote, in its own order."""
    with kail.record.read() as tx:
        found = tx.all(select(TRIES.c.bucket).where(TRIES.c.bucket.startswith(f"{job}:")))
    return sorted(int(row.bucket.partition(":")[2]) for row in found)


def test_a_job_waits_is_done_and_says_what_came_out(kail):
    job = ask_for(kail)
    before = look(kail, job)
    assert (before.state, before.done, before.total, before.result, before.pieces) == ("queued", 0, None, None, [])
    assert turn(kail)
    after = look(kail, job)
    assert (after.state, after.done, after.total) == ("done", MANY, MANY)
    assert after.result == {"counted": MANY, "problems": []}
    assert after.pieces == written(kail, job) == list(range(MANY))
    assert not turn(kail)


class _KilledError(BaseException):
    """Ends a worker where it stands: nothing catches it."""


@pytest.mark.parametrize("at", [1, 2, 7, MANY])
@pytest.mark.parametrize("where", ["in the step", "after it"])
def test_a_worker_that_is_killed_loses_no_step_and_does_none_twice(kail, at, where):
    job, steps = ask_for(kail), []

    def killed(doing):
        step = doing.step

        def counted(many=1):
            steps.append(many)
            if len(steps) == at + (where == "after it"):
                raise _KilledError
            return step(many)

        doing.step = counted
        return count_up(doing)

    try:
        turn(kail, count=killed)
    except _KilledError:
        assert look(kail, job).state == "running"
        assert written(kail, job) == look(kail, job).pieces == list(range(at - 1 + (where == "after it")))
        turn(kail)
    assert look(kail, job).state == "done"
    assert written(kail, job) == look(kail, job).pieces == list(range(MANY))


def test_jobs_take_turns_so_that_a_short_one_need_not_wait_for_a_long_one(kail, monkeypatch):
    monkeypatch.setattr(doing, "TURN_SECONDS", -1.0)
    long, short = ask_for(kail), ask_for(kail, login="mentor2")
    assert look(kail, short, "mentor2").ahead == 1
    for number in range(3):
        turn(kail)
        turn(kail)
        assert written(kail, long) == written(kail, short) == list(range(number + 1))
    assert look(kail, long).state == look(kail, short, "mentor2").state == "running"


def test_a_job_alone_goes_on_to_its_end(kail, monkeypatch):
    monkeypatch.setattr(doing, "TURN_SECONDS", -1.0)
    job = ask_for(kail)
    turn(kail)
    assert look(kail, job).state == "done"


def test_a_cancelled_job_stops_before_its_next_step_and_keeps_what_was_done(kail):
    waiting, under_way = ask_for(kail), ask_for(kail)
    with kail.record.write() as tx:
        assert cancel(tx, kail.actors["mentor"], waiting).stopping

    def cancelled(doing):
        for number in range(3):
            with doing.step() as tx:
                tx.run(insert(TRIES).values(bucket=f"{doing.id}:{number}", last=tx.now, count=1))
                doing.done = number + 1
            if number == 1:
                with kail.record.write() as tx:
                    cancel(tx, kail.actors["mentor"], under_way)

    while turn(kail, count=cancelled):
        pass
    assert (look(kail, waiting).state, written(kail, waiting)) == ("cancelled", [])
    assert (look(kail, under_way).state, written(kail, under_way)) == ("cancelled", [0, 1])
    with kail.record.write() as tx, pytest.raises(Refused, match="job_is_over"):
        cancel(tx, kail.actors["mentor"], waiting)


def test_nobody_sees_or_cancels_anothers_job(kail):
    job = ask_for(kail)
    for login in ("mentor2", "operator", "other_mentor"):
        for use_case in (see_job, cancel):
            with kail.record.write() as tx, pytest.raises(Refused, match="404"):
                use_case(tx, kail.actors[login], job)


def test_what_cannot_be_done_says_why(kail):
    job = ask_for(kail)

    def refused(doing):
        raise Refused(409, Trouble("participant", "changed_meanwhile"))

    turn(kail, count=refused)
    found = look(kail, job)
    assert found.state == "failed"
    [problem] = found.result["problems"]
    assert problem["field"] == "participant"
    assert problem["message"]
    assert problem["remedy"]


def test_a_job_that_fails_again_and_again_is_given_up_and_no_value_is_logged(kail, caplog):
    job = ask_for(kail)

    def broken(doing):
        raise ValueError(f"{doing.given['word']} is wrong")

    with caplog.at_level(logging.ERROR, "kail"):
        turns = 0
        while turn(kail, count=broken):
            turns += 1
    assert turns == MOST_TRIES + 1
    assert look(kail, job).state == "failed"
    assert "again and again" in look(kail, job).result["problems"][0]["message"]
    assert "unexpected ValueError in a job" in caplog.text
    assert "rahasia" not in caplog.text


def test_a_job_that_comes_further_each_time_is_not_given_up(kail):
    job = ask_for(kail)

    def lame(doing):
        if doing.done == MANY:
            return {}
        with doing.step():
            doing.done += 1
        raise ValueError

    while turn(kail, count=lame):
        pass
    assert look(kail, job).state == "done"


def test_steps_that_have_to_be_done_again_do_not_keep_a_job_from_being_given_up(kail):
    job = ask_for(kail)

    def never_ends(doing):
        for many in (10, 20):
            with doing.step(goes_on=True):
                doing.done, doing.place = many, {"files": [*doing.place.get("files", []), new_id()]}
        raise ValueError

    turns = 0
    while turn(kail, count=never_ends):
        turns += 1
    assert turns == MOST_TRIES + 1
    assert look(kail, job).state == "failed"


def test_a_job_whose_key_cannot_be_unwrapped_is_ended_and_others_are_done(kail):
    lost, other = ask_for(kail), ask_for(kail)
    with sqlite3.connect(kail.settings.data / "persons.keys") as store:
        store.execute("UPDATE person_keys SET master = '99' WHERE person = ?", (key_name(lost),))
    store.close()
    while turn(kail):
        pass
    with kail.record.read() as tx:
        assert tx.one(select(JOBS.c.state).where(JOBS.c.id == lost)).state == "failed"
    assert look(kail, other).state == "done"


@pytest.mark.parametrize("message", ["database or disk is full", "disk I/O error", "unable to open database file"])
def test_a_database_that_is_away_is_no_fault_of_the_job(kail, message):
    job = ask_for(kail)

    def away(doing):
        raise OperationalError("SELECT", {}, sqlite3.OperationalError(message))

    with pytest.raises(OperationalError):
        turn(kail, count=away)
    turn(kail)
    assert look(kail, job).state == "done"


def test_nothing_is_done_in_the_name_of_a_closed_account(kail):
    job = ask_for(kail)
    with kail.record.write() as tx:
        tx.run(update(ACCOUNTS).where(ACCOUNTS.c.id == kail.actors["mentor"].account_id).values(active=False))
    turn(kail)
    assert (look(kail, job).state, written(kail, job)) == ("failed", [])


def test_the_line_of_one_account_is_bounded(kail):
    for _ in range(5):
        ask_for(kail)
    with pytest.raises(Refused, match="many_jobs"):
        ask_for(kail)
    ask_for(kail, login="mentor2")


def test_what_is_asked_and_what_came_out_lies_sealed(kail):
    job = ask_for(kail)
    turn(kail, count=lambda doing: {"word": doing.given["word"]})
    assert look(kail, job).result["word"] == "rahasia"
    with kail.record.read() as tx:
        row = tx.one(select(JOBS))
    assert row.given is None
    assert b"rahasia" not in row.result


def test_after_a_week_a_job_is_forgotten_with_its_key(kail):
    old = ask_for(kail)
    turn(kail)
    kail.clock.forward(days=KEPT.days, seconds=1)
    new = ask_for(kail)
    with kail.record.write() as tx:
        tx.vault.make(key_name("never-asked"))  # as a stop between key and row leaves it
    forget_old(kail.record)
    assert [name for name in kail.record.vault.persons() if name.startswith("job:")] == [key_name(new)]
    with kail.record.read() as tx:
        assert tx.all(select(PIECES)) == []
        with pytest.raises(Refused, match="404"):
            see_job(tx, kail.actors["mentor"], old)


def test_the_pace_follows_what_steps_take_and_never_leaps():
    pace = Pace()
    assert pace.size == LEAST_AT_ONCE == 4
    sizes = []
    for _ in range(30):
        pace.took(pace.size, 0.005 + 0.001 * pace.size)  # some of it whatever is done
        sizes.append(pace.size)
    assert sizes[:4] == [5, 6, 7, 8]
    assert set(sizes[-5:]) <= {10, 11, 12}
    pace.took(12, 0.2)
    assert pace.size == 6  # a single stall does not throw it back to the beginning
    for _ in range(30):
        pace.took(pace.size, 0.03)
    assert pace.size == LEAST_AT_ONCE
