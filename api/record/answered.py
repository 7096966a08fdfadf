"""Answers kept for a day: what is asked for twice is done once and answered alike.

A row is written in the transaction of the act itself, so that a stop leaves both or neither. It holds nothing readable:
who asked for what under which key only as a blind index, and the answer sealed with a key made of just that. Whoever asks
again brings the key along; nobody else can read the answer, not even with the key file, as long as the key cannot be
guessed. A password or an API key that is told once can therefore be told again, to nobody but who asked.

Nothing says whom an answer is about, so an erasure empties all of them; that the acts were done stays known.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, NamedTuple

import msgspec
from sqlalchemy import Column, Index, LargeBinary, String, Table, delete, insert, select, true, update

from api.record.crypto import seal, unseal
from api.record.database import METADATA, Moment
from api.record.refusals import Refused, Trouble
from api.record.transaction import Transaction

KEPT: Final = timedelta(hours=24)
"""How long an answer is kept: our choice. After that the same key is a new one."""
KEY_FIELD: Final = "Idempotency-Key"

ANSWERS: Final = Table(
    "answers",
    METADATA,
    Column("mark", String(64), primary_key=True),
    Column("asked", String(64), nullable=False),
    Column("at", Moment, nullable=False),
    Column("answer", LargeBinary),
    Column("whose", String(64)),
    Index("ix_answers_at", "at"),
    Index("ix_answers_whose", "whose"),
)


class Answer(NamedTuple):
    """What was answered: the status, the headers and the body."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes


@dataclass(frozen=True, repr=False)  # a name holds the key, which opens the answer
class Act:
    """Something that is done once however often it is asked for.

    `name`: who asks, an account, for what under which key. `asked`: a digest of all that was sent.
    """

    name: Sequence[str]
    asked: str

    def answer(self, tx: Transaction) -> Answer | None:
        """Return what was answered when this was done; None if it was not, or longer ago than answers are kept.

        Raises:
            Refused: 422 if something else was asked for under the same key, 409 if the answer was emptied since.
        """
        mark = self._blind(tx, "act")
        row = tx.one(select(ANSWERS).where(ANSWERS.c.mark == mark, ANSWERS.c.at > tx.now - KEPT))
        if row is None:
            return None
        if row.asked != self._blind_asked(tx):
            raise Refused(422, Trouble(KEY_FIELD, "once_for_something_else"))
        if row.answer is None:
            raise Refused(409, Trouble(KEY_FIELD, "once_and_answered"))
        content = zlib.decompress(unseal(self._key(tx), row.answer, f"answers.answer:{mark}"))
        return msgspec.msgpack.decode(content, type=Answer)

    def keep(self, tx: Transaction, answer: Answer) -> None:
        """Keep what is answered, and forget what was kept long enough."""
        mark = self._blind(tx, "act")
        forget(tx)
        content = zlib.compress(msgspec.msgpack.encode(answer))
        sealed = seal(self._key(tx), content, f"answers.answer:{mark}")
        row = {"mark": mark, "asked": self._blind_asked(tx), "at": tx.now, "answer": sealed}
        tx.run(insert(ANSWERS).values(row | {"whose": _whose(tx, self.name[0])}))

    def _blind(self, tx: Transaction, kind: str) -> str:
        return tx.keys.blind(kind, json.dumps(self.name))

    def _blind_asked(self, tx: Transaction) -> str:
        return tx.keys.blind(
            "asked", json.dumps([*self.name, self.asked])
        )  # else who guesses what was sent could try it

    def _key(self, tx: Transaction) -> bytes:
        return bytes.fromhex(self._blind(tx, "answer"))


def forget(tx: Transaction) -> None:
    """Delete every answer that was kept long enough."""
    old = select(ANSWERS.c.mark).where(ANSWERS.c.at <= tx.now - KEPT)
    tx.run(delete(ANSWERS).where(ANSWERS.c.mark.in_(old.with_for_update(skip_locked=True))))  # or two wait crosswise


def empty(tx: Transaction, account_id: str | None = None) -> None:
    """Delete what all kept answers say, since any may speak of somebody who is erased; or those of one account."""
    theirs = true() if account_id is None else ANSWERS.c.whose == _whose(tx, account_id)
    tx.run(update(ANSWERS).where(ANSWERS.c.answer.is_not(None), theirs).values(answer=None))


def _whose(tx: Transaction, account_id: str) -> str:
    return tx.keys.blind("answers of", account_id)
