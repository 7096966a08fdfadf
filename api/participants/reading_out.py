"""The job that reads a mentor's participants out: who they are and what is known of them today, as rows of a CSV file.

It can be imported again, and `kail recommend` reads it. Only whoever agrees to be kept is in it, and everybody who is in it
is noted. A cell that a spreadsheet would run as a formula is made a text.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import func, select

from api.audit.service import note
from api.files.outputs import safe_cell
from api.participants.evidence import readable, signals_on
from api.participants.gate import RECORD, may_each
from api.participants.tables import PARTICIPANTS
from api.record.doing import Doing
from api.record.transaction import Transaction
from matcher.programme.rules import Rules

IDENTITY: Final = ("own_id", "name", "nik", "phone")


def header(rules: Rules) -> tuple[str, ...]:
    """The names of the columns: who somebody is, then every signal that is asked."""
    return ("participant", *IDENTITY[1:], *asked_of(rules))


def asked_of(rules: Rules) -> list[str]:
    """The signals that somebody is asked, in the programme's order."""
    return [name for name, signal in rules.signals.items() if not signal.derived]


def read_out(job: Doing) -> Mapping[str, Any]:
    """Read out everybody of the mentor's; the lines are the job's pieces. Returns {people}, how many there are."""
    rules = job.live.rules
    mine = (PARTICIPANTS.c.mentor_id == job.actor.account_id) & PARTICIPANTS.c.sealed.is_not(None)
    while True:
        with job.step(job.pace.size) as tx:
            if job.total is None:
                count = tx.one(select(func.count()).select_from(PARTICIPANTS).where(mine))
                job.total = count[0] if count else 0
            if "after" not in job.place:
                job.place = {"after": "", "people": 0}
                job.add(as_line(header(rules)))
            more = mine & (PARTICIPANTS.c.id > job.place["after"])
            rows = tx.all(select(PARTICIPANTS).where(more).order_by(PARTICIPANTS.c.id).limit(job.pace.size))
            if rows:
                _read(job, tx, rules, rows)
        if not rows:
            return {"people": job.place["people"]}


def _read(job: Doing, tx: Transaction, rules: Rules, rows: Sequence[Any]) -> None:
    names = asked_of(rules)
    read = may_each(tx, job.actor, rows, RECORD)
    for person in read.values():
        known = readable(rules, signals_on(tx, person, rules.day))
        who = [person.identity.get(name, "") for name in IDENTITY]
        job.add(as_line([*who, *(known[name]["value"] if name in known else None for name in names)]))
    if read:
        note(tx, job.actor, "read_out", "account", job.actor.account_id, participants=list(read))
    job.place = {"after": rows[-1].id, "people": job.place["people"] + len(read)}
    job.done += len(rows)


def as_line(values: Iterable[Any]) -> str:
    """A line of a CSV file."""
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerow([safe_cell(value) for value in values])
    return written.getvalue()
