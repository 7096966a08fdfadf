"""A training set: rows put together, in an order of their own, and a manifest that says what they are and who is missing.

Its bytes hang on what was known and on the programme alone: not on the database, nor on when or how many at once were read.
The manifest counts: of people and of rows why they were left out.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from sqlalchemy import select

from api import __version__
from api.accounts.tables import ORGANISATIONS
from api.outcomes.known import Asked, Columns
from api.record.actor import Actor
from api.record.transaction import Transaction
from matcher.programme.entries import Programme
from training_data.schema import (
    FORMAT,
    MISSING,
    SOURCES,
    Ints,
    Rows,
    check_rows,
    fields,
    pack_rows,
    rows_for,
    window_end,
)

MANIFEST_FORMAT: Final = 1
_MADE_BY: Final = ("api", "matcher", "training_data", "words")
Row = tuple[str, Columns]
"""A pseudonym and the columns of a row."""


@dataclass(frozen=True)
class TrainingSet:
    """A file of training rows, as bytes, with its manifest."""

    content: bytes
    manifest: Mapping[str, Any]


def basis_of(tx: Transaction, actor: Actor) -> str:
    """Whether the people of an organisation live ("outcomes"), or are a demo's ("synthetic")."""
    row = tx.one(select(ORGANISATIONS.c.synthetic).where(ORGANISATIONS.c.id == actor.organisation_id))
    return SOURCES[0] if row is not None and row.synthetic else SOURCES[1]


def put_together(
    programme: Programme,
    asked: Asked,
    basis: str,
    found: Sequence[Row],
    people: Mapping[str, int],
    left_out: Mapping[str, int],
) -> TrainingSet:
    """The training set of rows that were read; `people`, `left_out`: how many had none, or were left out, and why."""
    missing = Counter(left_out)
    rows = _rows(programme, basis, found)
    wrong = {problem.row - 1 for problem in check_rows(rows)}
    missing["contradictory"] += len(wrong)
    rows = rows.take(np.array([place not in wrong for place in range(len(rows))], dtype=np.bool_))
    if asked.outcome:
        chosen = rows_for(rows, asked.outcome)
        missing.update(_why_not(rows, asked.outcome))
        rows = chosen
    content = pack_rows(Path(f"rows{asked.ending}"), rows)
    manifest = {
        "format": MANIFEST_FORMAT,
        "rows_format": FORMAT,
        "known_at": asked.known_at.isoformat(),
        "outcome": asked.outcome or None,
        "basis": basis,
        "rows": len(rows),
        "people": len(set(rows.participant)),
        "sha256": hashlib.sha256(content).hexdigest(),
        "programme": {"id": programme.id, "digest": programme.digest},
        "code": {"kail": __version__, "digest": code_digest()},
        "left_out": {"people": _counted(people), "rows": _counted(missing)},
    }
    return TrainingSet(content, manifest)


def written(manifest: Mapping[str, Any]) -> str:
    """A manifest as the text of its file."""
    return json.dumps(manifest, indent=2, sort_keys=True) + "\n"


def _counted(counts: Mapping[str, int]) -> dict[str, int]:
    return {why: counts[why] for why in sorted(counts) if counts[why]}


def _rows(programme: Programme, basis: str, found: Sequence[Row]) -> Rows:
    """Training rows by pseudonym, and of one person in the order in which they were referred."""
    ordered = sorted(found, key=lambda row: (row[0], row[1].get("referral", 0)))
    names = [one.name for one in fields(programme) if one.name not in ("participant", "source")]
    columns: dict[str, Ints] = {
        name: np.array([row.get(name, MISSING) for _, row in ordered], dtype=np.int64) for name in names
    }
    columns["source"] = np.full(len(ordered), SOURCES.index(basis), dtype=np.int64)
    return Rows(programme, [name for name, _ in ordered], columns)


def _why_not(rows: Rows, outcome: str) -> Counter[str]:
    """Of the rows that do not enter for an outcome, why; each for the first reason there is."""
    referred, disbursed = rows.known("referred_on"), rows.known("disbursed_on")
    grants = [one.id for one in rows.programme.products if one.kind == "grant"]
    grant = np.array([name in grants for name in rows.values("product")], dtype=np.bool_)
    reasons = [("never_referred", ~referred), ("grant", grant), ("window_open", ~rows.known("funded"))]
    if outcome == "kept":
        after = rows["observed_until"] >= window_end(rows["disbursed_on"])
        reasons += [("not_disbursed", ~disbursed), ("window_open", ~after), ("outcome_unknown", ~rows.known("kept"))]
    found, left = Counter[str](), np.ones(len(rows), dtype=np.bool_)
    for why, which in reasons:
        found[why] += int((left & which).sum())
        left &= ~which
    return found


@cache
def code_digest() -> str:
    """The SHA-256 of all that a training set is made by: the sources of Kail, by their names."""
    whole = hashlib.sha256()
    root = Path(__file__).parents[2]
    found = {path.relative_to(root).as_posix(): path for name in _MADE_BY for path in (root / name).rglob("*.py")}
    for name in sorted(found):
        content = found[name].read_bytes()
        whole.update(f"{name}\0{len(content)}\0".encode() + content)
    return whole.hexdigest()
