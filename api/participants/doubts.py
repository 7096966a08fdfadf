"""Doubts about what is recorded of a person today: said with what was understood, and confirmed or corrected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from api.participants import evidence
from api.participants.gate import RECORD, may
from api.record.actor import Actor
from api.record.transaction import Transaction
from matcher.facts.doubts import Doubted
from matcher.facts.participant import ParticipantError, know, read_participant
from matcher.programme.rules import Rules
from words.telling import Teller


class Doubts(NamedTuple):
    """Doubts for a page: what each says and the signals it is about, what to correct (with labels), the latest day of it."""

    each: list[tuple[str, tuple[str, ...]]]
    asked: dict[str, str]
    on: str


def doubts_about(rules: Rules, signals: Mapping[str, dict[str, Any]]) -> Sequence[Doubted]:
    """The doubts about signals of the rules' day; where they contradict each other, which is said elsewhere, none."""
    try:
        return know(rules, read_participant(rules, evidence.readable(rules, signals))).doubts
    except ParticipantError:
        return ()


def in_words(t: Teller, signals: Mapping[str, dict[str, Any]]) -> Doubts:
    """The doubts about signals of the rules' day, for a page."""
    found = doubts_about(t.rules, signals)
    asked = {name: t.word("signal", name) for one in found for name in one.signals}
    on = max((signals[name]["on"] for name in asked), default="")
    return Doubts([(t.doubt(one), one.signals) for one in found], asked, on)


def confirm(tx: Transaction, actor: Actor, person_id: str, rules: Rules, names: Sequence[str], version: int) -> int:
    """Record what is known today of these signals once more, as confirmed: the same value, day and proof.

    Returns how many were new.

    Raises:
        Refused: 404; 409 without consent or where the participant was changed since that version was read.
    """
    person = may(tx, actor, person_id, RECORD, version)
    before = evidence.evidence_of(tx, person)
    today = evidence.readable(rules, evidence.signals_of(before, rules.day))
    fresh = {name: {"proof": "", **today[name], "sure": True} for name in names if name in today}
    return evidence.store(tx, actor, person, fresh, before, "")


def record(
    tx: Transaction,
    actor: Actor,
    person_id: str,
    rules: Rules,
    facts: Any,
    language: str,
    said_by: str = "",
    version: int | None = None,
) -> tuple[int, int, Sequence[Doubted]]:
    """Record facts as `evidence.record` does; return how many were new, the version, and what is doubtful now.

    Raises:
        Refused: as `evidence.record`.
    """
    new, now = evidence.record(tx, actor, person_id, rules, facts, language, said_by, version)
    signals = evidence.signals_on(tx, may(tx, actor, person_id, RECORD), rules.day)
    return new, now, doubts_about(rules, signals)
