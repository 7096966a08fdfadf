"""What a person may ask for: a copy of everything held about them, and that all of it is erased.

Both go by the tables themselves: a table names the column of its person, a sealed column says that it is sealed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Table, delete, func, select, update

from api.accounts.second_person import ask_second, how_done, needs_second
from api.audit.service import about_person, note
from api.audit.tables import AUDIT
from api.participants.gate import CONTACT, RIGHTS, may, unseal_json
from api.participants.tables import PARTICIPANTS
from api.record import answered, jobs
from api.record.actor import Actor
from api.record.approvals import Approval, Waits, grants
from api.record.database import METADATA
from api.record.refusals import Refused, Trouble
from api.record.transaction import Record, Transaction

ERASURE, EXPORT = "erasure", "export"
"""The kinds of approvals about participants."""
GRANTED: Final = timedelta(hours=24)
"""How long an operator may fetch a copy after it was approved: our choice, since whoever it is for may come tomorrow."""


KNOWN_FILES: Final = "files:imported"
"""The key by which an imported file is known again. It goes with any erasure, since it could prove what a file said."""


def tables_of_people() -> list[Table]:
    """Every table that holds something about a person."""
    return [table for table in METADATA.sorted_tables if "person" in table.info]


def export(tx: Transaction, actor: Actor, person_id: str) -> dict[str, Any]:
    """Everything held about a participant, by table, with who saw and changed it.

    An operator needs a second person for it (`ask_to_export`), where there is one.

    Raises:
        Refused: 404; 409 where a second person has not approved it.
    """
    may(tx, actor, person_id, RIGHTS)
    noted = _how_exported(tx, actor, person_id)
    held = {}
    for table in tables_of_people():
        rows = tx.all(select(table).where(table.c[table.info["person"]] == person_id))
        held[table.name] = [_readable(tx, person_id, table, row._mapping) for row in rows]
    held[AUDIT.name] = [_plain(entry) for entry in about_person(tx, person_id)]
    note(tx, actor, "exported", "participant", person_id, **noted)
    return {"participant": person_id, "exported_at": tx.now.isoformat(), "held": held}


def _how_exported(tx: Transaction, actor: Actor, person_id: str) -> Mapping[str, Any]:
    """What the audit says of a copy. A mentor hands their own participants what they see of them anyway: none is needed."""
    if actor.role != "operator":
        return {}
    granted = grants(tx, actor, EXPORT, person_id, GRANTED)
    if granted is None and needs_second(tx, actor):
        raise Refused(409, Trouble("approval", "export_not_approved"))
    return granted.noted | {"approved_by": granted.decided_by} if granted else how_done(None)


def may_export(tx: Transaction, actor: Actor, person_id: str) -> bool:
    """Whether whoever asks may fetch a copy now, or has to ask for it first."""
    return (
        actor.role != "operator"
        or not needs_second(tx, actor)
        or grants(tx, actor, EXPORT, person_id, GRANTED) is not None
    )


def ask_to_export(tx: Transaction, actor: Actor, person_id: str) -> Waits:
    """Ask for a copy of everything held about a participant; once it is approved it may be fetched for a day.

    Raises:
        Refused: 404; 409 where it waits already, or may be fetched at once.
    """
    may(tx, actor, person_id, CONTACT)
    if may_export(tx, actor, person_id):
        raise Refused(409, Trouble("approval", "export_at_once"))
    waits = ask_second(tx, actor, EXPORT, person_id)
    assert waits is not None
    return waits


def _readable(tx: Transaction, person_id: str, table: Table, row: Any) -> dict[str, Any]:
    found = _plain({name: value for name, value in row.items() if not table.c[name].info.get("sealed")})
    for column in table.columns:
        if column.info.get("sealed") and row[column.name]:
            found[column.name] = unseal_json(tx, person_id, column, row["id"], row[column.name])
    return found


def _plain(row: Any) -> dict[str, Any]:
    return {name: v.isoformat() if isinstance(v, (date, datetime)) else v for name, v in row.items()}


def erase(record: Record, actor: Actor, person_id: str, version: int) -> int | Waits:
    """Erase a participant: everything sealed goes, then the key that could read its copies; return how many rows.

    What remains are ids and moments: that there was somebody, when they agreed and when it ended. It cannot be undone, so
    it needs a second person where there is one, an operator, whoever asks.

    Raises:
        Refused: 404, or 409 where the participant was changed meanwhile, or it waits for approval already.
    """
    with record.write() as tx:
        person = may(tx, actor, person_id, CONTACT, version)
        if waits := ask_second(tx, actor, ERASURE, person.id, version):
            return waits
        emptied, keys = erase_in(tx, actor, person_id, version)
    forget(record, keys)
    return emptied


def erase_in(
    tx: Transaction, actor: Actor, person_id: str, version: int, approved: Approval | None = None
) -> tuple[int, list[str]]:
    """Erase a participant in a transaction; return how many rows, and what `forget` needs once it is committed.

    Raises:
        Refused: 404, or 409 where the participant was changed meanwhile.
    """
    person = may(tx, actor, person_id, CONTACT, version)
    emptied, keys = _empty(tx, person_id)
    note(tx, actor, "erased", "participant", person.id, rows=emptied, **how_done(approved))
    return emptied, keys


def erase_one(record: Record, is_due: Callable[[Transaction], ColumnElement[bool]]) -> bool:
    """Erase one of those who are due, by nobody's hand; return whether there was one."""
    with record.write() as tx:
        due = select(PARTICIPANTS.c.id, PARTICIPANTS.c.organisation_id)
        row = tx.one(due.where(is_due(tx), PARTICIPANTS.c.erased_at.is_(None)).limit(1))
        if row is None:
            return False
        emptied, keys = _empty(tx, row.id)
        note(tx, None, "erased", "participant", row.id, organisation_id=row.organisation_id, rows=emptied)
    forget(record, keys)
    return True


def _empty(tx: Transaction, person_id: str) -> tuple[int, list[str]]:
    """Take away what is sealed about somebody; return how many rows, and the keys that go with it."""
    emptied = 0
    for table in tables_of_people():
        sealed = {c.name: c.info.get("goes") for c in table.columns if "sealed" in c.info or "goes" in c.info}
        if table.info.get("erased") == "rows":  # its codes speak of the person even without the words
            emptied += tx.run(delete(table).where(table.c[table.info["person"]] == person_id))
        elif sealed:
            emptied += tx.run(update(table).where(table.c[table.info["person"]] == person_id).values(sealed))
    gone: dict[str, Any] = {"erased_at": tx.now, "frozen": False, "withdrawn_at": None}
    gone |= {"version": PARTICIPANTS.c.version + 1}
    tx.run(update(PARTICIPANTS).where(PARTICIPANTS.c.id == person_id).values(gone))
    answered.empty(tx)
    return emptied, [person_id, KNOWN_FILES, *jobs.forget_people(tx)]


def forget(record: Record, keys: list[str]) -> None:
    """Destroy keys, and what the database's log still holds, now that all this is committed."""
    record.database.afterwards(lambda: record.vault.destroy(keys))
    record.database.afterwards(record.database.empty_log)


def sweep(record: Record) -> int:
    """Destroy the keys of everybody who was erased; return how many. Finishes what a stop may have interrupted."""
    with record.read() as tx:
        erased = {row.id for row in tx.all(select(PARTICIPANTS.c.id).where(PARTICIPANTS.c.erased_at.is_not(None)))}
        left = sorted(erased & set(record.vault.persons())) if erased else []
    if left:
        record.vault.destroy([*left, KNOWN_FILES])
    return len(left)


def nobodys(record: Record) -> dict[str, datetime]:
    """Keys without a person, and since when there are: an import that was cut off leaves some, and a restored database may.

    One of somebody who is being registered just now is among them: it is its age that tells.
    """
    ages = record.vault.ages()
    with record.read() as tx:
        there = {row.id for row in tx.all(select(PARTICIPANTS.c.id))}
    return {person: made for person, made in ages.items() if person not in there}


def count(tx: Transaction) -> int:
    """How many participants the record holds, the erased left out."""
    row = tx.one(select(func.count()).select_from(PARTICIPANTS).where(PARTICIPANTS.c.erased_at.is_(None)))
    return int(row[0]) if row else 0
