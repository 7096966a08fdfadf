"""Jobs: acts that take long, as rows with a state, a progress and a result.

Whoever asks for one gets its id at once; the data folder's worker does it, in steps so short that nobody waits for them
(`doing.py`). What is asked, what came out and every piece of it is sealed with a key of the job's own, which lies in
the key store like a person's and is destroyed with the job, a week after it ended. When somebody is erased, the pieces of
ended jobs and whatever was read out of the record go at once, since nothing says whom they are about.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    Text,
    UniqueConstraint,
    delete,
    func,
    insert,
    select,
    update,
)

from api.record.actor import Actor
from api.record.crypto import Tampered, seal, seal_json, unseal, unseal_json
from api.record.database import METADATA, SEALED, Moment
from api.record.key_file import KeyProblem
from api.record.key_store import Erased
from api.record.listed import MOMENT, Choice, ListColumn, Listing, Page, View, page_in
from api.record.refusals import Refused, Trouble
from api.record.transaction import Record, Transaction, new_id

QUEUED, RUNNING, DONE, FAILED, CANCELLED = "queued", "running", "done", "failed", "cancelled"
STATES: Final = (QUEUED, RUNNING, DONE, FAILED, CANCELLED)
WAITING: Final = (QUEUED, RUNNING)
"""The states of a job that is not over. One that is running and has no worker was left by it, and waits too."""
KEPT: Final = timedelta(days=7)
"""How long after its end a job and its result are kept: our choice."""
LISTED: Final = Listing(
    (ListColumn("asked_at", "moment", MOMENT), ListColumn("job"), ListColumn("state", "job_state")),
    "-asked_at",
    (Choice("of_state", STATES, "job_state"),),
)
"""What may be asked of one's jobs."""
MOST_PIECES: Final = 50
"""How many pieces of a file are read at once."""
MOST_WAITING: Final = 5
"""Jobs of one account that may wait: our choice, so that nobody fills the line alone."""
TRAINING_SET: Final = "training_set"
"""The kind of job, and of approval, by which everybody in an organisation who agrees to it is read out."""
_KEYS: Final = "job:"


def key_name(job_id: str, round_: int = 0) -> str:
    """Under which name the key store has a job's key, anew for each round; no participant is called so."""
    return f"{_KEYS}{job_id}:{round_}" if round_ else f"{_KEYS}{job_id}"


JOBS: Final = Table(
    "jobs",
    METADATA,
    Column("id", String(24), primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("account_id", String(24), ForeignKey("accounts.id"), nullable=False),
    Column("organisation_id", String(24), ForeignKey("organisations.id"), nullable=False),
    Column("language", String(10), nullable=False),
    Column("state", String(10), nullable=False),
    Column("stop", Boolean, nullable=False),  # somebody asked that it be cancelled
    Column("reads_out", Boolean, nullable=False),  # makes a file of people's data
    Column("round", Integer, nullable=False),  # how often it had to begin again
    Column("asked_at", Moment, nullable=False),
    Column("turn", Integer, nullable=False),  # its place in the line; whoever had a turn goes to its end
    Column("ended_at", Moment),
    Column("tries", Integer, nullable=False),  # turns that ended without a step done
    Column("done", Integer, nullable=False),
    Column("total", Integer),
    Column("place", Text, nullable=False),  # where it goes on, as JSON: numbers, ids and codes
    Column("given", LargeBinary, info=SEALED),
    Column("result", LargeBinary, info=SEALED),
    Index("ix_jobs_state_turn", "state", "turn"),
    Index("ix_jobs_account_id", "account_id"),
)

END_OF_LINE: Final = select(func.coalesce(func.max(JOBS.c.turn), 0) + 1).scalar_subquery()

PIECES: Final = Table(
    "job_pieces",
    METADATA,
    Column("id", String(24), primary_key=True),
    Column("job_id", String(24), ForeignKey("jobs.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("content", LargeBinary, info=SEALED, nullable=False),
    UniqueConstraint("job_id", "number"),
)
"""What came out on the way, in order: each piece a list of things, stored with the step that it belongs to."""


@dataclass(frozen=True)
class Job:
    """A job as whoever asked for it sees it. `name`: what it is about in their own words, such as the name of a file.

    `done` of `total` (None: not known yet) in the units of its kind; `ahead`: jobs that come before it. `result` is what
    its kind says of it when it is over, None before; `pieces` what came out on the way; both are empty once forgotten. Of a
    job that reads people out `pieces` stay empty here: `read_out` has them.
    """

    id: str
    kind: str
    state: str
    stopping: bool
    language: str
    asked_at: datetime
    ended_at: datetime | None
    done: int
    total: int | None
    reads_out: bool
    ahead: int
    name: str = ""
    result: Mapping[str, Any] | None = None
    pieces: list[Any] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come."""
        return self.state not in WAITING


def enqueue(
    tx: Transaction,
    actor: Actor,
    kind: str,
    language: str,
    given: Mapping[str, Any],
    *,
    place: Mapping[str, Any] | None = None,
    reads_out: bool = False,
) -> str:
    """Ask for a job; return its id. `given`: what its kind needs to know, as JSON can write it; `name` in it is the job's.

    `place`: where it begins; `files` in it are the ids of staged files that it needs. `reads_out`: whether it makes a file
    of people's data, which ends with the next erasure.

    Raises:
        Refused: 409 where too many of the same account wait.
    """
    mine = (JOBS.c.account_id == actor.account_id) & JOBS.c.state.in_(WAITING)
    waiting = tx.one(select(func.count()).select_from(JOBS).where(mine))
    if waiting and waiting[0] >= MOST_WAITING:
        raise Refused(409, Trouble("job", "many_jobs", most=MOST_WAITING))
    job = new_id()
    key = tx.vault.make(key_name(job))
    values = {
        "id": job,
        "kind": kind,
        "account_id": actor.account_id,
        "organisation_id": actor.organisation_id,
        "language": language,
        "state": QUEUED,
        "stop": False,
        "reads_out": reads_out,
        "round": 0,
        "asked_at": tx.now,
        "turn": END_OF_LINE,
        "tries": 0,
        "done": 0,
        "place": json.dumps(place or {}),
        "given": seal_json(key, given, f"jobs.given:{job}"),
    }
    tx.run(insert(JOBS).values(values))
    return job


def see_job(tx: Transaction, actor: Actor, job_id: str) -> Job:
    """One of the asking account's own jobs, with its result.

    Raises:
        Refused: 404.
    """
    return _opened(tx, _find(tx, actor, job_id))


def see_jobs(tx: Transaction, actor: Actor, view: View) -> Page[Job]:
    """A page of the asking account's own jobs, without their results."""
    mine = select(JOBS).where(JOBS.c.account_id == actor.account_id)
    page = page_in(tx, mine, {"asked_at": JOBS.c.asked_at, "of_state": JOBS.c.state}, JOBS.c.id, view)
    keys = tx.vault.keys_of([key_name(row.id, row.round) for row in page.rows])
    return page.of([_named(_job(tx, row), row, keys.get(key_name(row.id, row.round))) for row in page.rows])


def cancel(tx: Transaction, actor: Actor, job_id: str) -> Job:
    """Stop one of the asking account's own jobs before its next step; what was done stays done.

    Raises:
        Refused: 404, or 409 where it is over already.
    """
    row = _find(tx, actor, job_id)
    if row.state not in WAITING:
        raise Refused(409, Trouble("job", "job_is_over"))
    tx.run(update(JOBS).where(JOBS.c.id == job_id).values(stop=True))
    return see_job(tx, actor, job_id)


def read_out(tx: Transaction, actor: Actor, job_id: str, after: int = 0) -> tuple[list[Any], int]:
    """The next things that one of the asking account's own jobs read out, and the number to ask for more after.

    Nothing is left where there is none. A file is sent piece by piece, so that no reader of it holds a transaction.

    Raises:
        Refused: 404, also where it read nothing out or is forgotten; 409 where it is not done.
    """
    row = _find(tx, actor, job_id)
    if not row.reads_out:
        raise _unknown()
    if row.state != DONE:
        raise Refused(409, Trouble("job", "job_not_done"))
    try:
        key = tx.vault.key(key_name(job_id, row.round))
    except Erased:
        raise _unknown() from None
    pieces = pieces_of(tx, job_id, key, after, MOST_PIECES)
    return [thing for _, things in pieces for thing in things], pieces[-1][0] if pieces else after


def _find(tx: Transaction, actor: Actor, job_id: str) -> Row[Any]:
    row = tx.one(select(JOBS).where(JOBS.c.id == job_id, JOBS.c.account_id == actor.account_id))
    if row is None:
        raise _unknown()
    return row


def _unknown() -> Refused:
    return Refused(404, Trouble("job", "not_found"))


def _job(tx: Transaction, row: Row[Any]) -> Job:
    ahead = None
    if row.state == QUEUED:
        before = JOBS.c.state.in_(WAITING) & (JOBS.c.turn < row.turn)
        ahead = tx.one(select(func.count()).select_from(JOBS).where(before))
    said = (row.id, row.kind, row.state, row.stop, row.language, row.asked_at, row.ended_at, row.done, row.total)
    return Job(*said, row.reads_out, ahead[0] if ahead else 0)


def _opened(tx: Transaction, row: Row[Any]) -> Job:
    job = _job(tx, row)
    try:
        key = tx.vault.key(key_name(row.id, row.round))
    except Erased:
        return job
    job, result = _named(job, row, key), _result_of(row, key)
    pieces = [] if row.reads_out else [one for _, things in pieces_of(tx, row.id, key) for one in things]
    return replace(job, result=result, pieces=pieces)


def _result_of(row: Row[Any], key: bytes) -> dict[str, Any] | None:
    return unseal_json(key, row.result, f"jobs.result:{row.id}") if row.result else None


def _named(job: Job, row: Row[Any], key: bytes | None) -> Job:
    """The job with its name, which is sealed with what was given and, when it is over, with its result."""
    if key is None:
        return job
    given = unseal_json(key, row.given, f"jobs.given:{row.id}") if row.given else _result_of(row, key) or {}
    return replace(job, name=given.get("name", ""))


def pieces_of(
    tx: Transaction, job_id: str, key: bytes, after: int = 0, most: int | None = None
) -> list[tuple[int, list[Any]]]:
    """What a job kept after a piece, each with its number."""
    mine = select(PIECES).where(PIECES.c.job_id == job_id, PIECES.c.number > after).order_by(PIECES.c.number)
    return [
        (row.number, unseal_json(key, row.content, f"job_pieces.content:{row.id}")) for row in tx.all(mine.limit(most))
    ]


def files_wanted(tx: Transaction) -> set[str]:
    """The ids of the staged files that jobs under way need."""
    rows = tx.all(select(JOBS.c.place).where(JOBS.c.state.in_(WAITING)))
    return {file for row in rows for file in files_of(row.place)}


def files_of(place: str) -> list[str]:
    """The ids of the staged files that are named in where a job goes on."""
    found: list[str] = json.loads(place).get("files", [])
    return found


# -- when they are over ------------------------------------------------------------------------------------------------


def forget_people(tx: Transaction, account_id: str | None = None, organisation_id: str = "") -> list[str]:
    """Forget what jobs may say of somebody who is erased: pieces of those that are over, and what was read out.

    `account_id`: only what was read out to that account, to whom somebody is not to be read out any more, and the training
    sets of an organisation.

    What reads people out gets another round, so that its key is nobody's any more: a job under way begins again with a new
    one. Returned are the names of the old ones, to be destroyed once all this is committed; `forget_old` does it where that
    was not done.
    """
    sets = (JOBS.c.kind == TRAINING_SET) & (JOBS.c.organisation_id == organisation_id)
    reads_out = (
        JOBS.c.reads_out if account_id is None else JOBS.c.reads_out & ((JOBS.c.account_id == account_id) | sets)
    )
    told = reads_out | JOBS.c.state.not_in(WAITING) if account_id is None else reads_out
    tx.run(delete(PIECES).where(PIECES.c.job_id.in_(select(JOBS.c.id).where(told))))
    rows = tx.all(select(JOBS.c.id, JOBS.c.state, JOBS.c.round, JOBS.c.given).where(reads_out))
    # A key of the next round is left of an erasure that was undone: as long as the row says this one, it is nobody's.
    if rows:
        tx.vault.destroy([key_name(row.id, row.round + 1) for row in rows])
    for row in rows:
        waits = row.state in WAITING
        again = {"place": "{}", "done": 0, "given": _sealed_anew(tx, row)} if waits else {"result": None}
        tx.run(update(JOBS).where(JOBS.c.id == row.id).values(round=row.round + 1, **again))
    return [key_name(row.id, row.round) for row in rows]


def _sealed_anew(tx: Transaction, row: Row[Any]) -> bytes | None:
    """What a job was given, under the key of its next round; None where it cannot be read, so that the job ends."""
    place, again = f"jobs.given:{row.id}", key_name(row.id, row.round + 1)
    try:
        given = unseal(tx.vault.key(key_name(row.id, row.round)), row.given, place)
    except (Erased, KeyProblem, Tampered, TypeError):
        return None
    return seal(tx.vault.make(again), given, place)


def forget_old(record: Record) -> None:
    """Delete jobs that ended long enough ago and destroy every key without a job.

    Keys are listed before the transaction: one that is in the list and has no row in it belongs to no job that will be.
    """
    keys = {name for name in record.vault.persons() if name.startswith(_KEYS)}
    with record.write() as tx:
        old = select(JOBS.c.id).where(JOBS.c.ended_at <= tx.now - KEPT)
        tx.run(delete(PIECES).where(PIECES.c.job_id.in_(old)))
        tx.run(delete(JOBS).where(JOBS.c.ended_at <= tx.now - KEPT))
        left = {key_name(row.id, row.round) for row in tx.all(select(JOBS.c.id, JOBS.c.round))}
    record.vault.destroy(sorted(keys - left))
