"""The pack: what a lender is sent of a participant, and nothing else. No score, no tier, and no order made of them.

It holds who they are and how to reach them; the facts that the product's published conditions and the instalment ask
about, each with what proves it and its age; the steps that are proven; each condition, met or not, with their own value;
the sum by which the instalment fits; and the consent. It is made when it is sent and says so; papers stay with people.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

import msgspec

from api.accounts import service as accounts
from api.consents import service as consents
from api.participants.evidence import Evidence, evidence_of, readable, signals_of
from api.participants.gate import Person
from api.record.actor import Actor
from api.record.refusals import Refused, Trouble
from api.record.transaction import Transaction
from api.referrals.declines import declines_by, declines_of
from api.web.errors import told
from matcher.facts.participant import Known, Participant, ParticipantError, know, read_participant
from matcher.lenders import Match
from matcher.programme.compiled import ProductRule, Rule
from matcher.programme.criteria import Criterion
from matcher.programme.masks import truth_of
from matcher.programme.rules import Rules
from matcher.recommend import recommend
from words.telling import Teller, teller

FORMAT: Final = 1
MONEY: Final = ("monthly_profit", "monthly_instalments", "household_need", "amount_asked", "purpose", "sharia_only")
"""The roles of the signals that the instalment is worked out from."""


@dataclass(frozen=True, repr=False)
class Packed:
    """A pack with what its row shows of it: the amount, the area and how much of the conditions is met, in percent."""

    pack: Mapping[str, Any]
    match: Match
    complete: int
    area: str

    @property
    def shown(self) -> str:
        """What the mentor was shown, as a digest: but for the moment, and the consent that is asked for only then."""
        content = {name: value for name, value in self.pack.items() if name not in ("made_at", "consent")}
        return hashlib.sha256(msgspec.json.encode(content, order="sorted")).hexdigest()


def pack_of(
    tx: Transaction, actor: Actor, person: Person, rules: Rules, product: str, lender_id: str, amount_idr: int | None
) -> Packed:
    """Make the pack that a lender would be sent of a participant whom the gate let through for a recommendation.

    `amount_idr`: what is asked for; None: what they said that they need.

    Raises:
        Refused: 409 where what is known contradicts itself.
    """
    facts = evidence_of(tx, person)
    signals, participant = readable(rules, signals_of(facts, rules.day)), _known_of(tx, rules, person, facts, lender_id)
    asked = rules.roles.get("amount_asked")
    if asked and amount_idr is not None:
        participant = participant.with_facts(**{asked: amount_idr})
    known, rule = know(rules, participant), rules.product_ids[product]
    found = recommend(rules, participant, goal=product)
    match = next(one for one in found.products if one.id == product)
    conditions = [_condition(rules, known, one) for one in rule.criteria]
    met = sum(one["state"] == "met" for one in conditions)
    if amount_idr is None and asked and asked in participant.facts:
        amount_idr = participant.facts[asked].value
    pack = {
        "format": FORMAT,
        "made_at": tx.now.isoformat(),
        "as_of": rules.day.isoformat(),
        "person": {name: person.identity.get(name) for name in ("name", "phone", "nik")},
        "mentor": accounts.names_of(tx, actor).get(person.mentor_id),
        "programme": {"id": rules.programme.id, "digest": rules.programme.digest},
        "product": product,
        "amount_idr": amount_idr,
        "evidence": _evidence(rules, known, _asked_about(rules, rule), signals, facts, accounts.names_of(tx, actor)),
        "steps": [{"step": step, "status": status} for step, status in found.steps.items() if status == "done"],
        "conditions": conditions,
        "terms_unknown": list(match.terms_unknown),
        "affordability": _affordability(rules, known, rule, match),
        "consent": _consent(tx, person.id, lender_id),
    }
    area = rules.referrals.area
    fact = participant.facts.get(area) if area else None
    return Packed(pack, match, 100 * met // len(conditions) if conditions else 100, str(fact.value) if fact else "")


def offered_to(tx: Transaction, rules: Rules, person: Person) -> list[str]:
    """The products that are offered to a participant today."""
    participant = _known_of(tx, rules, person, evidence_of(tx, person))
    return [one.id for one in recommend(rules, participant).products if one.offered]


def _known_of(
    tx: Transaction, rules: Rules, person: Person, facts: Iterable[Evidence], lender_id: str = ""
) -> Participant:
    """What is known of somebody; with a lender, held back by that one's noes alone."""
    signals = readable(rules, signals_of(facts, rules.day))
    try:
        participant = read_participant(rules, signals)
    except ParticipantError as error:
        raise Refused.told(409, told(teller(rules, rules.programme.languages[0]), error.problems, "signals.")) from None
    return replace(
        participant, declines=declines_by(tx, person.id, lender_id) if lender_id else declines_of(tx, rules, person.id)
    )


def _asked_about(rules: Rules, rule: ProductRule) -> list[str]:
    """The signals whose facts go into a pack.

    They are those of the conditions and of the sum, those of which a lender may ask for more, and what the programme adds.
    """
    names: dict[str, None] = {}
    for one in rule.criteria:
        names |= dict.fromkeys(_signals(rules, one.criterion))
    names |= dict.fromkeys(rules.roles[role] for role in MONEY if role in rules.roles)
    added = [*rules.referrals.facts, *(one.consequence.signal for one in rules.referrals.reasons)]
    names |= dict.fromkeys(name for name in added if name in rules.signals)
    return [name for name in rules.signals if name in names]


def _signals(rules: Rules, criterion: Criterion) -> Iterable[str]:
    """The signals that somebody was asked for, behind a criterion: of what is worked out from others, those others."""
    if criterion.kind in ("any", "all"):
        for part in criterion.parts:
            yield from _signals(rules, part)
    elif criterion.kind == "signal":
        derived = rules.signals[criterion.signal].derived
        if not derived:
            yield criterion.signal
        for part in derived:
            yield from _signals(rules, part)


def _evidence(
    rules: Rules,
    known: Known,
    names: Iterable[str],
    signals: Mapping[str, Mapping[str, Any]],
    facts: Iterable[Evidence],
    seen_by: Mapping[str, str],
) -> list[dict[str, Any]]:
    """Of each signal what is known, with its proof, its age in days, who recorded it and when; what nobody knows as None."""
    by = {(one.signal, one.on.isoformat()): one for one in facts}  # the last of a day
    doubted = {name for doubt in known.doubts for name in doubt.signals}
    found: list[dict[str, Any]] = []
    for name in names:
        fact = signals.get(name)
        if fact is None:
            found.append({"signal": name, "value": None})
            continue
        one = by[name, fact["on"]]
        found.append(
            {
                "signal": name,
                "value": fact["value"],
                "on": fact["on"],
                "age_days": (rules.day - date.fromisoformat(fact["on"])).days,
                "old": name in known.stale,
                "proof": fact.get("proof", ""),
                "recorded_by": seen_by.get(one.account_id or ""),
                "recorded_at": one.known_at.isoformat(),
                **({"sure": True} if fact.get("sure") else {"doubted": True} if name in doubted else {}),
            }
        )
    return found


def _condition(rules: Rules, known: Known, rule: Rule) -> dict[str, Any]:
    """A published condition: how it stands, and what the person has; in every language, as it was said when it was sent.

    One that counts as met although nobody gave an answer is `assumed`.
    """
    truth = truth_of(rule.clauses, known.yes, known.no)
    have = {}
    for name in rule.signals:
        place = rules.position[name]
        is_known = known.low[place] == known.high[place]
        have[name] = rules.signals[name].decode(known.low[place]) if is_known else None
    known_of = {name: value for name, value in have.items() if value is not None}
    said = {language: teller(rules, language) for language in rules.programme.languages}
    state = "open" if truth is None else "unmet" if not truth else "met" if known_of else "assumed"
    return {
        "state": state,
        "condition": {language: t.criterion(rule.criterion) for language, t in said.items()},
        "have": {language: _have(t, known_of, alone=len(have) == 1) for language, t in said.items()},
    }


def _have(t: Teller, known_of: Mapping[str, Any], *, alone: bool) -> str:
    """What is known of what a condition asks about: of several things each with its name."""
    return "; ".join(
        t.value(name, value) if alone else f"{t.word('signal', name)}: {t.value(name, value)}"
        for name, value in known_of.items()
    )


def _affordability(rules: Rules, known: Known, rule: ProductRule, match: Match) -> dict[str, Any]:
    """The sum: the share of what an ordinary month leaves, and the instalment beside it. None is unknown."""

    def money(role: str) -> int | None:
        place = rules.role(role)
        if place is None or known.low[place] != known.high[place]:
            return None
        return known.low[place]

    profit, instalments, need = (money(role) for role in MONEY[:3])
    left = None if profit is None or instalments is None or need is None else profit - instalments - need
    share = rules.programme.share_percent
    return {
        "answer": match.terms.affordable,
        "monthly_profit_idr": profit,
        "monthly_instalments_idr": instalments,
        "household_need_idr": need,
        "left_idr": left,
        "share_percent": share,
        "capacity_idr": None if left is None else share * left // 100,
        "instalment_idr": match.terms.instalment_idr,
        "instalment_every": rule.entry.instalment_every,
    }


def _consent(tx: Transaction, person_id: str, lender_id: str) -> dict[str, Any] | None:
    """What they agreed to, for this lender; None as long as they did not."""
    for said in consents.standing(tx, person_id):
        if (said["purpose"], said["recipient"]) == ("referral", lender_id):
            kept = ("text_version", "channel", "said_on", "expires_on")
            return {name: v.isoformat() if isinstance(v := said[name], date) else v for name in kept}
    return None


def check_fits(packed: Packed, product: str) -> None:
    """See that a product may be asked for: it is running, and neither a lasting condition nor a lender's no shuts it.

    Raises:
        Refused: 409.
    """
    match = packed.match
    if match.declined is not None:
        raise Refused(409, Trouble("product", "declined_before", product, reason=match.declined.reason))
    if match.availability != "running":
        raise Refused(409, Trouble("product", "not_running", product))
    if match.status == "not_for_you":
        raise Refused(409, Trouble("product", "never_for_them", product))
