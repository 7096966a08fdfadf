"""Working out: from given inputs a recommendation, and what of it is answered and stored. Nothing here knows a database.

The same inputs under the same versions give the same outcome, whenever and wherever that is done.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final, NamedTuple

import msgspec

from api.advice.answer import versions_of
from api.assessments.core import Core, written
from api.record.live import Live
from api.record.refusals import Refused, Trouble
from api.referrals.declines import read
from api.web.errors import told
from matcher.facts.participant import Participant, ParticipantError, read_participant
from matcher.programme.rules import Rules, rules_on
from matcher.recommend import Recommendation, recommend
from words.telling import teller

Inputs = Mapping[str, Any]
"""{signals, as_of, goal, first, declines}: what a recommendation is made from."""

CLASSES: Final = {
    "rank_referral": 0,
    "rank_tier_programme": 0,
    "rank_declined": 1,
    "rank_path": 1,
    "rank_came_for": 2,
    "rank_capacity": 2,
    "rank_earliest": 3,
    "rank_step": 3,
}
"""The places of the order of suggestions (matcher/interventions.py) by which a work list is ordered; others come last."""


class Outcome(NamedTuple):
    """What of a recommendation is answered and stored."""

    as_of: date
    content: bytes  # the core, written
    packed: bytes  # the same, compressed
    digest: str  # the SHA-256 of the core's bytes
    summary: Mapping[str, Any]  # what a work list needs to know, as codes
    tied: tuple[str, ...]  # the interventions that share the first place but for the programme's order

    @property
    def core(self) -> Core:
        """The core, read back from its bytes."""
        core: Core = msgspec.json.decode(self.content)
        return core


@dataclass(frozen=True)
class Worked:
    """A recommendation worked out for given inputs, with all that its words need."""

    rules: Rules
    participant: Participant
    found: Recommendation
    outcome: Outcome


def participant_from(rules: Rules, inputs: Inputs) -> Participant:
    """The participant that a recommendation was or is made of.

    Raises:
        ParticipantError: where the signals cannot be read under these rules.
    """
    return replace(read_participant(rules, inputs["signals"]), declines=read(inputs.get("declines", ())))


def work_out(live: Live, inputs: Inputs, language: str = "id") -> Worked:
    """Recommend for inputs.

    Raises:
        Refused: 400 for a goal that is no product; 409 where the signals contradict each other under the rules of that day.
    """
    rules = rules_on(live.programme, date.fromisoformat(inputs["as_of"]))
    try:
        participant = participant_from(rules, inputs)
    except ParticipantError as error:
        raise Refused.told(409, told(teller(rules, language), error.problems, "signals.")) from None
    goal = inputs.get("goal")
    if goal is not None and goal not in rules.product_ids:
        raise Refused(400, Trouble("goal", "no_product_today", goal))
    found = recommend(rules, participant, goal=goal, scorecard=live.scorecard)
    if inputs.get("first"):
        found = _put_first(found, inputs["first"])
    content = written(found, versions_of(live.programme, live.scorecard))
    made = outcome_of(rules.day, content, _summary_of(found), found.tied)
    return Worked(rules, participant, found, made)


def outcome_of(as_of: date, content: bytes, summary: Mapping[str, Any], tied: tuple[str, ...] = ()) -> Outcome:
    """Put an outcome together."""
    return Outcome(as_of, content, zlib.compress(content, 1), hashlib.sha256(content).hexdigest(), summary, tied)


def _put_first(found: Recommendation, name: str) -> Recommendation:
    """The same with one of the tied interventions first; as it was where it is not among them."""
    if name not in found.tied:
        return found
    chosen = [one for one in found.interventions if one.id == name]
    rest = [one for one in found.interventions if one.id != name]
    return replace(found, interventions=(*chosen, *rest))


def _summary_of(found: Recommendation) -> dict[str, Any]:
    first = found.interventions[0]
    doubts = {"doubts": found.doubts} if found.doubts else {}
    return doubts | {
        "tier": found.tier.tier,
        "provisional": found.tier.provisional,
        "next": first.id,
        "rank": [CLASSES.get(first.rank_reason.code, 4), found.path.days or 0, first.days, first.cost_idr or 0],
        "goal": found.path.goal,
        "offered": [match.id for match in found.products if match.offered],
        "question": next(iter(found.questions), None),
        "stale": sorted(found.stale),
        "talk_again_on": found.tier.talk_again_on.isoformat() if found.tier.talk_again_on else None,
    }
