"""Training sets asked for and made: by a job, or by the command line itself; for an analyst or an operator, in their name.

It is other people's data, so a second person approves it where there is one: an operator, for one day and one outcome. Who
was read is noted. A file is made of rows that were read a page at a time, in looks for which nobody waits.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import func, select

from api.accounts.second_person import ask_second, how_done
from api.audit.service import note
from api.outcomes.known import Asked, end_of, read_page
from api.outcomes.sets import Row, TrainingSet, basis_of, put_together
from api.participants.tables import PARTICIPANTS
from api.record.actor import Actor
from api.record.approvals import DONE, WAITING, Approval, Waits, approvals_of, grants
from api.record.doing import Doing
from api.record.jobs import TRAINING_SET, enqueue
from api.record.live import Live
from api.record.refusals import Refused, Trouble
from api.record.transaction import Record, Transaction

ROLES: Final = ("analyst", "operator")
GRANTED: Final = timedelta(hours=24)
"""How long a training set may be made after it was approved, as with a person's copy."""
MOST_AT_ONCE: Final = 100
"""People in a look: each of them has some dozens of facts to open."""
CHUNK: Final = 128 * 1024
"""Bytes of the file in a step."""


def check(tx: Transaction, actor: Actor, live: Live, asked: Asked) -> None:
    """See that there is something to be known on that day, and that it is over: later it would be another file.

    Raises:
        Refused: 400.
    """
    if asked.known_at >= live.today:
        raise Refused(400, Trouble("known_at", "day_not_over", asked.known_at.isoformat(), today=live.today))
    ours = PARTICIPANTS.c.organisation_id == actor.organisation_id
    row = tx.one(select(func.min(PARTICIPANTS.c.created_at).label("first")).where(ours))
    if row is None or row.first is None:
        raise Refused(400, Trouble("known_at", "nobody_yet"))
    if row.first >= end_of(live, asked.known_at):
        first = row.first.astimezone(live.zone).date()
        raise Refused(400, Trouble("known_at", "before_anybody", asked.known_at.isoformat(), on=first))


def permit(tx: Transaction, actor: Actor, live: Live, asked: Asked) -> Waits | dict[str, Any]:
    """See that a training set may be made now, and return what the audit says of that; or else let it wait for approval.

    Raises:
        Refused: 400 as `check`; 409 where one of the asking account's waits already.
    """
    check(tx, actor, live, asked)
    granted = grants(tx, actor, TRAINING_SET, actor.account_id, GRANTED, asked.given)
    if granted is not None:
        return granted.noted | {"approved_by": granted.decided_by}
    return ask_second(tx, actor, TRAINING_SET, actor.account_id, given=asked.given) or how_done(None)


def ask_for(tx: Transaction, actor: Actor, live: Live, asked: Asked, language: str) -> Waits | str:
    """Ask for a training set; return the job that makes it, or what waits for approval first.

    Raises:
        Refused: as `permit`; 409 where too many jobs of one's own wait.
    """
    allowed = permit(tx, actor, live, asked)
    if isinstance(allowed, Waits):
        return allowed
    given = {**asked.given, "ending": asked.ending, "name": name_of(asked)}
    job = enqueue(tx, actor, TRAINING_SET, language, given, reads_out=True)
    note(tx, actor, "asked_for_job", "job", job, job=TRAINING_SET, **asked.given, **allowed)
    return job


def approved(tx: Transaction, actor: Actor) -> list[Approval]:
    """The asking account's training sets that wait for approval, or that may be made now."""
    mine = [one for one in approvals_of(tx, actor) if (one.kind, one.asked_by) == (TRAINING_SET, actor.account_id)]
    may = [one for one in mine if one.state == DONE and one.decided_at and one.decided_at > tx.now - GRANTED]
    return [*(one for one in mine if one.state == WAITING), *may]


def name_of(asked: Asked) -> str:
    """The name of a file."""
    return f"kail-{asked.outcome or 'all'}-{asked.known_at.isoformat()}{asked.ending}"


def make(
    record: Record,
    live: Live,
    actor: Actor,
    asked: Asked,
    allowed: Mapping[str, Any],
    progress: Callable[[int, int], None],
) -> TrainingSet:
    """Make a training set at once, for whom that was permitted; who is in it is noted before it is returned."""
    rows: list[Row] = []
    people, left_out, read = Counter[str](), Counter[str](), list[list[str]]()
    with record.read() as tx:
        basis, total, done = basis_of(tx, actor), _how_many(tx, actor, live, asked), 0
        after: str | None = ""
        while after is not None:
            page = read_page(tx, actor, live, asked.known_at, after, MOST_AT_ONCE)
            rows += page.rows
            people, left_out, after, done = (
                people + page.people,
                left_out + page.left_out,
                page.after,
                done + page.count,
            )
            read.append(page.read)
            progress(done, total)
    made = put_together(live.programme, asked, basis, rows, people, left_out)
    with record.write(actor.organisation_id) as tx:
        note(
            tx,
            actor,
            "asked_for_job",
            "organisation",
            actor.organisation_id,
            job=TRAINING_SET,
            **asked.given,
            **allowed,
        )
        for some in read:
            _note(tx, actor, some)
    return made


def make_in_steps(job: Doing) -> Mapping[str, Any]:
    """Make a training set as a job; its bytes, in base64, are the job's pieces. Returns {rows, people, manifest}."""
    asked = Asked.read(job.given)
    if "made" in job.place:
        return dict(job.place["made"])
    if "after" not in job.place:
        with job.record.read() as tx:
            job.total = _how_many(tx, job.actor, job.live, asked)
        job.place = {"after": "", "people": {}, "left_out": {}, "chunks": 0}
    while job.place["after"] is not None:
        with job.record.read() as tx:
            page = read_page(tx, job.actor, job.live, asked.known_at, job.place["after"], MOST_AT_ONCE)
        counted = {name: dict(Counter(job.place[name]) + getattr(page, name)) for name in ("people", "left_out")}
        with job.step() as tx:
            job.add(*page.rows)
            _note(tx, job.actor, page.read)
            job.place |= {"after": page.after, **counted}
            job.done += page.count
    return _stored(job, asked)


def _stored(job: Doing, asked: Asked) -> Mapping[str, Any]:
    """Keep the file in the place of the rows that it is made of: the same bytes, however often this begins."""
    with job.record.read() as tx:
        basis = basis_of(tx, job.actor)
        pieces = job.pieces(tx)
    last = job.place.setdefault("rows", pieces[-1][0] if pieces else 0)
    rows = [(name, columns) for number, things in pieces if number <= last for name, columns in things]
    made = put_together(job.live.programme, asked, basis, rows, job.place["people"], job.place["left_out"])
    for start in range(job.place["chunks"] * CHUNK, len(made.content), CHUNK):
        with job.step():
            job.add(base64.b64encode(made.content[start : start + CHUNK]).decode())
            job.place["chunks"] += 1
    said = {"rows": made.manifest["rows"], "people": made.manifest["people"], "manifest": dict(made.manifest)}
    with job.step() as tx:
        job.drop_pieces(tx, last)
        job.place["made"] = said
    return said


def _how_many(tx: Transaction, actor: Actor, live: Live, asked: Asked) -> int:
    known = PARTICIPANTS.c.created_at < end_of(live, asked.known_at)
    ours = PARTICIPANTS.c.organisation_id == actor.organisation_id
    row = tx.one(select(func.count()).select_from(PARTICIPANTS).where(ours, known))
    return int(row[0]) if row else 0


def _note(tx: Transaction, actor: Actor, people: list[str]) -> None:
    if people:
        note(tx, actor, "read_for_training", "account", actor.account_id, participants=people)
