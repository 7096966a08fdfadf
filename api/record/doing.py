"""Doing jobs: one at a time, in short steps, each of which is stored with how far it came.

A kind of job is a function that goes from step to step. What it writes in a step is committed together with the place
where it goes on, so that a worker that is killed loses at most the step it was in, and does none twice. Between two
steps everybody else gets in: a step holds the one writer's lock for some 20 ms at most, and how much is put into one
follows what the last ones took.
"""

from __future__ import annotations

import json
import logging
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Row, delete, func, insert, select, true, update
from sqlalchemy.exc import SQLAlchemyError

from api.record.actor import Actor
from api.record.crypto import Tampered, seal_json, unseal_json
from api.record.jobs import (
    CANCELLED,
    DONE,
    END_OF_LINE,
    FAILED,
    JOBS,
    PIECES,
    RUNNING,
    WAITING,
    files_of,
    key_name,
    pieces_of,
)
from api.record.key_file import KeyProblem
from api.record.key_store import Erased
from api.record.live import Live
from api.record.refusals import Refused, Trouble
from api.record.staging import FOLDER
from api.record.transaction import Record, Transaction, new_id
from api.record.unavailable import Unavailable, why_unavailable

log = logging.getLogger("kail")
MOST_SECONDS: Final = 0.020
"""How long a step may hold the writer's lock, unless the disk alone takes longer."""
LEAST_AT_ONCE: Final = 4
MOST_AT_ONCE: Final = 200
_ROOM: Final = 0.75
TURN_SECONDS: Final = 2.0
"""How long a job goes on while others wait, before they take turns."""
MOST_TRIES: Final = 5
"""Turns that a job may lose its worker, or fail unexpectedly, without a step done: then it is given up."""


class Failed(Exception):
    """A job's turn ended with a mistake of ours, which is logged. It is tried again, better not at once."""


class Ended(Exception):
    """Not an error: a job's turn is over, or it was cancelled."""


class Pace:
    """How many things fit into a step, found out from what the last ones took."""

    def __init__(self) -> None:
        self.size = LEAST_AT_ONCE

    def took(self, many: int, seconds: float) -> None:
        """Note how long a step of so many things held the lock: below the limit it grows by and by, above it is cut.

        Never below a few: where one alone takes too long, because the disk is slow, so do four.
        """
        if seconds > MOST_SECONDS:
            self.size = max(LEAST_AT_ONCE, many // 2, int(many * MOST_SECONDS / seconds))
        elif many >= self.size and seconds < MOST_SECONDS * _ROOM:
            self.size = min(self.size + max(1, self.size // 4), MOST_AT_ONCE)


@dataclass
class Doing:
    """A job while it is done. `data`: the data folder; `place`: where it goes on, by its kind.

    `hold`: whether its turn is to end after the step, whoever waits. `may`: whether its account may still have it done.
    """

    record: Record
    live: Live
    data: Path
    id: str
    actor: Actor
    language: str
    round: int
    key: bytes
    given: Mapping[str, Any]
    place: dict[str, Any]
    done: int = 0
    total: int | None = None
    hold: Callable[[], bool] = bool
    may: Callable[[Transaction], bool] = bool

    def __post_init__(self) -> None:
        self.pace = Pace()
        self._pieces: list[Any] = []
        self._stored = self.done, json.dumps(self.place)
        self._until = time.monotonic() + TURN_SECONDS

    def add(self, *things: Any) -> None:
        """Keep things that came out, with the step that they belong to."""
        self._pieces += things

    def pieces(self, tx: Transaction) -> list[tuple[int, list[Any]]]:
        """What was kept so far, a piece a step, each with its number."""
        return pieces_of(tx, self.id, self.key)

    def drop_pieces(self, tx: Transaction, last: int) -> None:
        """Forget what was kept up to a piece."""
        tx.run(delete(PIECES).where(PIECES.c.job_id == self.id, PIECES.c.number <= last))

    @contextmanager
    def step(self, many: int = 1, *organisations: str, goes_on: bool = False) -> Iterator[Transaction]:
        """A transaction that does `many` things; `place`, `done`, `total` and pieces as they then are are stored with it.

        `organisations`: ids of others of whom it changes something. `goes_on`: its turn does not end with this step, and it
        is no reason to be tried for ever, since what comes next would have to begin again.

        Raises:
            Ended: where the job was cancelled, before anything is done; or its turn is over, after all of it is.
        """
        with self.record.write(self.actor.organisation_id, *organisations) as tx:
            began = time.monotonic()
            self._check(tx)
            yield tx
            self._keep(tx, came_further=not goes_on)
            others = JOBS.c.state.in_(WAITING) & (JOBS.c.id != self.id)
            waited = not goes_on and time.monotonic() > self._until
            crowded = (waited and tx.one(select(JOBS.c.id).where(others).limit(1)) is not None) or self.hold()
        held = time.monotonic() - began
        self.pace.took(many, held)
        if crowded:
            raise Ended("its turn is over")
        time.sleep(held)  # whoever waits for the lock on SQLite looks for it now and then: half the time it is free

    def _check(self, tx: Transaction) -> None:
        row = tx.one(select(JOBS.c.stop, JOBS.c.state, JOBS.c.round).where(JOBS.c.id == self.id))
        if row is None or row.state != RUNNING or row.round != self.round:
            raise Ended("it begins again, or is done by somebody else")
        if row.stop or not self.may(tx):
            raise Ended("it was cancelled, or its account may not have it done any more")

    def _keep(self, tx: Transaction, *, came_further: bool) -> None:
        if self._pieces:
            self._add_pieces(tx)
        values: dict[str, Any] = {"done": self.done, "total": self.total, "place": json.dumps(self.place)}
        if came_further and (self.done, values["place"]) != self._stored:
            values["tries"] = 0
        self._stored = self.done, values["place"]
        tx.run(update(JOBS).where(JOBS.c.id == self.id).values(values))

    def _add_pieces(self, tx: Transaction) -> None:
        last = tx.one(select(func.max(PIECES.c.number)).where(PIECES.c.job_id == self.id))
        name = new_id()
        content = seal_json(self.key, self._pieces, f"job_pieces.content:{name}")
        number = ((last[0] if last else None) or 0) + 1
        tx.run(insert(PIECES).values(id=name, job_id=self.id, number=number, content=content))
        self._pieces = []


Kind = Callable[[Doing], Mapping[str, Any]]
"""Does a job of a kind to its end and returns what there is to say of it, as JSON can write it.

It may be begun any number of times and goes on from `place`. It raises `Refused` where it cannot be done.
"""
Who = Callable[[Transaction, str, str], Actor | None]
"""Finds who an account is, if it may have that kind of job done."""


def do_next(
    record: Record,
    live: Live,
    data: Path,
    kinds: Mapping[str, Kind],
    who: Who,
    hold: Callable[[], bool] = bool,
    *,
    stopped_only: bool = False,
) -> bool:
    """Let the job whose turn it is go on, until it ends or others have waited long enough; return whether there was one.

    `hold`: asked after each step whether to stop there for now. `stopped_only`: end those that were cancelled, and no more.

    Raises:
        Failed: after a mistake of ours. What is unavailable for now comes through too.
    """
    with record.write() as tx:
        waiting = JOBS.c.state.in_(WAITING) & (JOBS.c.stop if stopped_only else true())
        row = tx.one(select(JOBS).where(waiting).order_by(JOBS.c.turn, JOBS.c.id).limit(1))
        if row is None:
            return False
        line = tx.one(select(END_OF_LINE))
        values = {"state": RUNNING, "turn": line[0] if line else 1, "tries": row.tries + 1}
        tx.run(update(JOBS).where(JOBS.c.id == row.id).values(values))
        actor = who(tx, row.account_id, row.kind)
    try:
        key, given = _opened(record, row)
        if row.stop or actor is None or key is None or row.tries >= MOST_TRIES:
            state = CANCELLED if row.stop else FAILED
            said = [] if row.stop else [Trouble("job", "job_lost" if actor else "job_of_nobody").said(row.language)]
            _end(record, data, row.id, row.round, key, state, {"problems": said} | _name(given))
            return True
        known = (row.id, actor, row.language, row.round, key, given, json.loads(row.place), row.done, row.total, hold)
        job = Doing(record, live, data, *known, may=lambda tx: who(tx, row.account_id, row.kind) is not None)
        _do(job, kinds[row.kind])
    except Exception as error:
        if why_unavailable(error):  # no fault of the job: whoever does jobs comes back later
            _give_back(record, row)
        raise
    return True


def _opened(record: Record, row: Row[Any]) -> tuple[bytes | None, Mapping[str, Any]]:
    """A job's key and what it was given; no key where that cannot be read, so that nothing can be done."""
    try:
        key = record.vault.key(key_name(row.id, row.round))
        return key, unseal_json(key, row.given, f"jobs.given:{row.id}")
    except (Erased, KeyProblem, Tampered, TypeError):  # TypeError: there is nothing to unseal
        return None, {}


def _give_back(record: Record, row: Row[Any]) -> None:
    """Count a turn as none."""
    with suppress(SQLAlchemyError, Unavailable), record.write() as tx:
        tx.run(update(JOBS).where(JOBS.c.id == row.id, JOBS.c.tries == row.tries + 1).values(tries=row.tries))


def _do(job: Doing, kind: Kind) -> None:
    try:
        state, result = DONE, {**kind(job), "problems": []}
    except Ended:
        return  # how it goes on, or that it does not, is seen when its turn comes
    except Refused as refused:
        state, result = FAILED, {"problems": refused.problems(job.language)}
    except Exception as error:
        if why_unavailable(error):
            raise
        where = "".join(traceback.format_tb(error.__traceback__))  # not its message, which may hold somebody's values
        log.error("unexpected %s in a job\n%s", type(error).__name__, where)
        raise Failed from None
    _end(job.record, job.data, job.id, job.round, job.key, state, result | _name(job.given))


def _name(given: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": given["name"]} if "name" in given else {}


def _end(
    record: Record, data: Path, job_id: str, round_: int, key: bytes | None, state: str, result: Mapping[str, Any]
) -> None:
    """Store how a job ended, unless it was made to begin again meanwhile; then take its files away."""
    with record.write() as tx:
        values: dict[str, Any] = {"state": state, "ended_at": tx.now, "given": None}
        if key is not None:
            values["result"] = seal_json(key, result, f"jobs.result:{job_id}")
        under_way = (JOBS.c.id == job_id) & JOBS.c.state.in_(WAITING) & (JOBS.c.round == round_)
        tx.run(update(JOBS).where(under_way).values(values))
        row = tx.one(select(JOBS.c.state, JOBS.c.place).where(JOBS.c.id == job_id))
    for file in files_of(row.place) if row and row.state not in WAITING else ():
        (data / FOLDER / file).unlink(missing_ok=True)
