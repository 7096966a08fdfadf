"""A plain answer: what a phone can carry of a Recommendation. What it leaves out is not put into words at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from api.advice.answer import Table, Telling, affordable, doubt
from matcher.facts.participant import Known, Participant
from matcher.interventions import Suggestion
from matcher.lenders import Match
from matcher.programme.masks import truth_of
from matcher.programme.rules import Rules
from matcher.recommend import Recommendation
from words.telling import teller

MOST_TOLD: Final = 3
"""How many interventions are told in full; the first is the next step."""


def plain_answer(
    rules: Rules,
    participant: Participant,
    known: Known,
    recommendation: Recommendation,
    language: str,
    versions: Mapping[str, Any],
) -> Table:
    """Put into words what a phone can carry, each thing under the name that it has in `answer`.

    Three interventions and the products that come into question are told; of the others it says which there are. The
    score (and that it is synthetic), prices, sources, terms that no source states and what is noted of a product stand
    in the full answer alone.
    `known`: what the rules know of the participant.
    """
    told = Telling(teller(rules, language), rules, participant, recommendation)
    first, others = recommendation.interventions[:MOST_TOLD], recommendation.interventions[MOST_TOLD:]
    return {
        "tier": told.tier(recommendation.tier),
        "steps": told.steps(),
        "interventions": [told.intervention(one) for one in first] + [_named(told, one) for one in others],
        "products": [_product(told, known, found) for found in recommendation.products],
        "path": told.path(recommendation.path),
        "doubts": [doubt(told.t, one) for one in recommendation.doubts],
        "questions": [told.full_question(name) for name in recommendation.questions],
        "notices": [told.say(notice) for notice in recommendation.notices if notice.code != "synthetic"],
        "versions": {**versions, "as_of": participant.as_of.isoformat()},
    }


def _named(told: Telling, given: Suggestion) -> Table:
    return {"id": given.id, "name": told.t.word("intervention", given.id)}


def _product(told: Telling, known: Known, found: Match) -> Table:
    rule = told.rules.product_ids[found.id]
    if not rule.suggested:  # that its conditions are met would be read as an offer, and it is none today
        return {"id": found.id, "status": found.availability}
    if not _is_told(found):
        return {"id": found.id, "status": found.status}
    return {
        "id": found.id,
        "name": told.t.text(rule.entry.name),
        "provider": rule.entry.provider,
        "status": found.status,
        "offered": found.offered,
        "declined": told.declined(found.declined),
        "affordable": affordable(found.terms),
        "instalment_idr": found.terms.instalment_idr,
        "instalment_every": rule.entry.instalment_every,
        "open": _open(told, known, found),
    }


def _is_told(found: Match) -> bool:
    """Whether it can be had, or could be: offered, something lacking, or something still asked, be it only of money."""
    asked = found.status == "ask" or (found.status == "conditions_met" and found.terms.affordable == "unknown")
    return found.offered or asked or found.status == "not_yet"


def _open(told: Telling, known: Known, found: Match) -> Table | None:
    """The first condition that is not met, or else the first that nobody can answer yet, with its question."""
    rule = told.rules.product_ids[found.id]
    if found.unmet:
        return {"criterion": told.t.criterion(found.unmet[0].criterion), "question": None}
    if found.questions:  # in the order of the conditions
        unknown = next(one for one in rule.criteria if truth_of(one.clauses, known.yes, known.no) is None)
        return {"criterion": told.t.criterion(unknown.criterion), "question": told.question(found.questions[0])}
    if rule.entry.register:
        return {"criterion": told.t.text(rule.entry.register), "question": None}
    return None
