"""What was known at the end of a past day, person by person, as the columns of training rows.

A row is a referral that had been sent by then: with the facts that were known when it was sent, what was recommended last
before that, and how it ended as far as that was told by the day. Whoever was never referred has one row, as they were when
something was last worked out for them. What was learnt later changes nothing, whether it corrects a fact or tells an end.
"""

from __future__ import annotations

import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import Row, select

from api.assessments.tables import ASSESSMENTS, OBJECTIONS, OVERRIDES
from api.participants.evidence import Said, known_of_each, readable, signals_of
from api.participants.gate import TRAINING, let_each, pseudonym, unseal
from api.participants.tables import PARTICIPANTS
from api.record.actor import Actor
from api.record.live import Live
from api.record.transaction import Transaction
from api.referrals.tables import EVENTS, REFERRALS
from matcher.facts.participant import (
    Fact,
    ParticipantError,
    day_after_months,
    intervals,
    read_participant,
    read_value,
    take_doubts,
)
from matcher.programme.rules import Rules, rules_on
from training_data.schema import WINDOW_MONTHS, Field, fields

LATE_DAYS: Final = 90
"""A loan so many days late once is not kept."""
Columns = dict[str, int]
"""A row by its columns, encoded as training rows are; what is not in it is unknown."""


class Asked(NamedTuple):
    """What training set is asked for. `outcome` "": every row there is. `ending`: the file's."""

    known_at: date
    outcome: str
    ending: str

    @property
    def given(self) -> dict[str, str]:
        """It as codes, but for the kind of file: what a second person approves."""
        return {"known_at": self.known_at.isoformat(), "outcome": self.outcome}

    @classmethod
    def read(cls, given: Mapping[str, str]) -> Asked:
        """It again, from what a job was given."""
        return cls(date.fromisoformat(given["known_at"]), given["outcome"], given["ending"])


@dataclass
class Page:
    """Some people: their rows, each with a pseudonym; who they are; how many had none and why; where it goes on."""

    rows: list[tuple[str, Columns]] = field(default_factory=list)
    read: list[str] = field(default_factory=list)
    people: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    count: int = 0
    after: str | None = None


def end_of(live: Live, day: date) -> datetime:
    """The moment at which a day is over where the programme is run."""
    return datetime.combine(day + timedelta(days=1), time(), live.zone)


def read_page(tx: Transaction, actor: Actor, live: Live, known_at: date, after: str, most: int) -> Page:
    """The rows of the next people of the organisation who were registered by a day.

    Only of whom the gate lets through for training, today: whoever agrees, is not erased, and has no objection that waits.
    """
    c, end = PARTICIPANTS.c, end_of(live, known_at)
    ours = (c.organisation_id == actor.organisation_id) & (c.created_at < end) & (c.id > after)
    people = tx.all(select(PARTICIPANTS).where(ours).order_by(c.id).limit(most))
    page = Page(count=len(people), after=people[-1].id if len(people) == most else None)
    let = {row.id for row in let_each(tx, actor, people, TRAINING)}
    page.people.update(_why_not(row) for row in people if row.id not in let)
    page.read = [row.id for row in people if row.id in let]
    if page.read:
        _Reading(tx, live, known_at, end, page).all()
    return page


def _why_not(row: Row[Any]) -> str:
    if row.sealed is None:
        return "erased"
    return "consent_withdrawn" if row.withdrawn_at is not None else "objection_waits" if row.frozen else "no_consent"


class _Reading:
    """The people of a page, with all that is looked at for their rows."""

    def __init__(self, tx: Transaction, live: Live, known_at: date, end: datetime, page: Page) -> None:
        self.tx, self.live, self.known_at, self.end, self.page = tx, live, known_at, end, page
        self.fields = {one.name: one for one in fields(live.programme)}
        people = page.read
        self.facts = known_of_each(tx, people)
        mine = ASSESSMENTS.c.participant_id.in_(people) & (ASSESSMENTS.c.at < end)
        upheld = select(OBJECTIONS.c.assessment_id).where(OBJECTIONS.c.decision == "upheld")
        counts = select(*(ASSESSMENTS.c[name] for name in ("id", "participant_id", "at", "as_of", "propensity")))
        self.assessments = _by(
            tx.all(counts.where(mine, ASSESSMENTS.c.id.not_in(upheld)).order_by(ASSESSMENTS.c.place)), "participant_id"
        )
        overrides = select(OVERRIDES.c.assessment_id, OVERRIDES.c.at, OVERRIDES.c.chosen)
        theirs = OVERRIDES.c.participant_id.in_(people) & (OVERRIDES.c.at < end)
        self.overrides = _by(tx.all(overrides.where(theirs).order_by(OVERRIDES.c.at, OVERRIDES.c.id)), "assessment_id")
        sent = REFERRALS.c.participant_id.in_(people) & (REFERRALS.c.sent_at < end)
        asked = select(*(REFERRALS.c[name] for name in ("id", "participant_id", "product", "sent_at"))).where(sent)
        self.referrals = _by(tx.all(asked.order_by(REFERRALS.c.sent_at, REFERRALS.c.id)), "participant_id")
        told = EVENTS.c.participant_id.in_(people) & (EVENTS.c.at < end)
        events = select(*(EVENTS.c[name] for name in _EVENT)).where(told)
        self.events = _by(tx.all(events.order_by(EVENTS.c.referral_id, EVENTS.c.place)), "referral_id")

    def all(self) -> None:
        """Add everybody's rows to the page."""
        for person in self.page.read:
            name = pseudonym(self.tx, person)
            referred = [
                (number, row)
                for number, row in enumerate(self.referrals[person], 1)
                if not self._is_mistake(self.events[row.id])
            ]
            self.page.left_out["in_error"] += len(self.referrals[person]) - len(referred)
            rows = [self._referral(person, number, row) for number, row in referred]
            if not referred:
                rows = [self._never_referred(person)]
            self.page.rows += [(name, row) for row in rows if row is not None]

    def _never_referred(self, person: str) -> Columns | None:
        if not self.assessments[person]:
            self.page.people["never_worked_out"] += 1
            return None
        last = self.assessments[person][-1]
        known = self._signals(person, last.at, last.as_of, None)
        return known and known | self._suggested(person, self.end)

    def _referral(self, person: str, number: int, row: Row[Any]) -> Columns | None:
        day, events = row.sent_at.astimezone(self.live.zone).date(), self.events[row.id]
        product = self.fields["product"]
        if row.product not in product.codes:
            self._without("unknown_product")
            return None
        sending = (one.amount_idr for one in events if one.move in _sending(self.live.rules))
        sent = next(sending, None)  # what it was when it was sent, whatever was granted later
        known = self._signals(person, row.sent_at, day, sent)
        asked = self._role("amount_asked")
        if known is None or not asked or known.get(asked, 0) <= 0:
            if known is not None:
                self._without("no_amount")
            return None
        which = {"product": product.encode(row.product), "referral": number, "referred_on": day.toordinal()}
        return known | self._suggested(person, row.sent_at, referred=True) | which | self._ending(events, day)

    def _without(self, why: str) -> None:
        self.page.left_out[why] += 1

    def _role(self, role: str) -> str:
        return self.live.rules.roles.get(role, "")

    # -- what was known ------------------------------------------------------------------------------------------------

    def _signals(self, person: str, moment: datetime, day: date, amount_idr: int | None) -> Columns | None:
        """The signals of a day by what was known at a moment; None where they cannot be said under the programme."""
        programme = self.live.programme
        if not programme.valid_from <= day <= (programme.valid_to or day):
            self._without("before_the_programme")
            return None
        rules = rules_on(programme, day)
        said: Iterable[Said] = (fact for known_at, fact in self.facts[person] if known_at <= moment)
        try:
            participant = read_participant(rules, readable(rules, signals_of(said, day)))
        except ParticipantError:
            self._without("contradictory")
            return None
        asked = self._role("amount_asked")
        if amount_idr and asked in rules.signals:
            if read_value(rules.signals[asked], amount_idr)[1] is not None:
                self._without("contradictory")
                return None
            participant = replace(participant, facts={**participant.facts, asked: Fact(amount_idr, sure=True)})
        low, high, _ = intervals(rules, participant)
        take_doubts(rules, participant, low, high)  # what nobody confirmed is as unknown as it was to a recommendation
        found = {
            name: int(low[place])
            for name, place in rules.position.items()
            if low[place] == high[place] and not rules.signals[name].derived
        }
        return {"as_of": day.toordinal(), **found}

    def _suggested(self, person: str, moment: datetime, *, referred: bool = False) -> Columns:
        """What was recommended last by a moment, and what is known of what was done."""
        before = [row for row in self.assessments[person] if row.at <= moment]
        if not before:
            return {}
        last = before[-1]
        row = self.tx.one(select(ASSESSMENTS.c.result).where(ASSESSMENTS.c.id == last.id))
        assert row is not None
        core = msgspec.json.decode(zlib.decompress(unseal(self.tx, person, ASSESSMENTS.c.result, last.id, row.result)))
        listed, known = [one[0] for one in core["interventions"]], self.fields["suggested"].codes
        if not listed or listed[0] not in known:  # the programme of today has it no more
            return {}
        found = self._encoded("suggested", listed[0])
        found |= self._encoded("shown", [name for name in listed if name in known])
        if last.propensity is not None:
            found |= self._encoded("propensity", last.propensity)
        chosen = [one.chosen for one in self.overrides[last.id] if one.at <= moment]
        if not chosen and referred and listed[0] in _referring(self.live.rules):
            chosen = listed[:1]  # that it was sent is what was suggested
        return found | (self._encoded("chosen", chosen[-1]) if chosen and chosen[-1] in known else {})

    def _encoded(self, name: str, value: Any) -> Columns:
        one: Field = self.fields[name]
        return {name: one.encode(value)}

    # -- how it ended --------------------------------------------------------------------------------------------------

    def _is_mistake(self, events: Sequence[Row[Any]]) -> bool:
        """Whether it was known by the day that a referral should never have been."""
        states = {one.id: one for one in self.live.rules.referrals.states}
        last = states.get(events[-1].state) if events else None
        return last is not None and last.hl7 == "entered-in-error"

    def _ending(self, events: Sequence[Row[Any]], referred: date) -> Columns:
        """What was told of its end by the day, where the window in which it is looked for was over by then."""
        found = {"observed_until": self.known_at.toordinal()}
        window = day_after_months(referred, WINDOW_MONTHS)
        if window > self.known_at.toordinal():
            return found
        rules = self.live.rules
        paid = [one.on.toordinal() for one in events if one.on and one.move in paying_out(rules)]
        found["funded"] = int(bool(paid) and paid[-1] <= window)
        if not paid:
            return found
        found["disbursed_on"] = paid[-1]
        end = day_after_months(date.fromordinal(paid[-1]), WINDOW_MONTHS)
        kept = _kept(rules, [one for one in events if one.on and one.move in paying_back(rules)], end)
        return found | ({} if kept is None or end > self.known_at.toordinal() else {"kept": int(kept)})


_EVENT: Final = ("referral_id", "place", "at", "move", "state", "amount_idr", "on", "days_late")


def _kept(rules: Rules, told: Sequence[Row[Any]], end: int) -> bool | None:
    """Whether a loan was never so late by a day, by what its lender told of it; None: that cannot be said.

    Said is how late it was at the worst by the day of each report. That nobody reported anything says nothing.
    """
    late = [one for one in told if one.days_late is not None]
    if any(one.days_late >= LATE_DAYS and one.on.toordinal() <= end for one in late):
        return False
    final = {one.to for one in rules.referrals.transitions if "repayment" in one.asks}
    final -= {state for one in rules.referrals.transitions if "repayment" in one.asks for state in one.begins}
    settled = [one for one in late if one.on.toordinal() >= end or one.state in final]
    return True if any(one.days_late < LATE_DAYS for one in settled) else None


def paying_out(rules: Rules) -> set[str]:
    """The transitions by which it is told that a sum was paid out on a day."""
    return {one.id for one in rules.referrals.transitions if {"amount", "day"} <= set(one.asks)}


def paying_back(rules: Rules) -> set[str]:
    """The transitions by which it is told on a day how it was paid back."""
    return {one.id for one in rules.referrals.transitions if "repayment" in one.asks}


def _sending(rules: Rules) -> set[str]:
    return {one.id for one in rules.referrals.transitions if "pack" in one.asks}


def _referring(rules: Rules) -> set[str]:
    return {step.entry.id for step in rules.interventions if step.entry.kind == "referral"}


def _by(rows: Iterable[Row[Any]], name: str) -> defaultdict[str, list[Row[Any]]]:
    found = defaultdict(list)
    for row in rows:
        found[getattr(row, name)].append(row)
    return found
