"""The entries of a programme: steps, signals, interventions, products, tiers, referrals; dated and sourced, all frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any, Final

from matcher.programme.criteria import Criterion
from matcher.programme.reading import Dated, Source, Text
from matcher.programme.writing import Writing

KINDS: Final = ("yes_no", "number", "money", "choice", "choices", "date")
PROOFS: Final = ("self_declared", "seen", "document", "system")
ASKED: Final = ("first", "amount", "usual", "last")
ROLES: Final = (
    "applicant wants_business business_running came_for wants_capital amount_asked purpose sharia_only monthly_profit "
    "monthly_instalments household_need cash_at_hand lending_group"
).split()
INTERVENTION_KINDS: Final = (
    "conversation support registration training mentoring group permit number market books account self_check arrears "
    "business tools skill first_capital wait ask_less referral"
).split()
SEATS: Final = ("class", "mentor", "desk", "helper", "stall", "none")
AVAILABILITIES: Final = ("running", "historical", "closed", "lead_only", "wrong_purpose")
BASES: Final = ("effective", "flat", "flat_total", "margin", "unstated")
UNITS: Final = ("months", "years", "hours", "times", "people", "days")
TENORS: Final = ("working_capital", "investment", "any")


@dataclass(frozen=True, kw_only=True)
class StepOrder(Dated):
    """After which steps a step comes: a rule while `hard`, else a habit."""

    after: tuple[str, ...]
    hard: bool


@dataclass(frozen=True, kw_only=True)
class Step(Dated):
    """A step of the programme and the evidence that proves it."""

    name: Text
    about: Text
    evidence: Text
    done: tuple[Criterion, ...]
    under_way: tuple[Criterion, ...]
    order: tuple[StepOrder, ...]


@dataclass(frozen=True)
class Grows:
    """A value that grows by one every month or year while a criterion holds."""

    every: str
    while_: Criterion | None


@dataclass(frozen=True)
class Follows:
    """What follows for a signal from others: it is `to` where `when` holds, or at least what the signal `at_least` is.

    Of sets, what is in the other one under the same code is in this one as well. `conflict`: an answer beside it that says
    otherwise contradicts it.
    """

    when: tuple[Criterion, ...]
    to: Any
    at_least: str
    conflict: bool


@dataclass(frozen=True, kw_only=True)
class Signal(Dated):
    """One thing that can be known about a participant."""

    step: str
    kind: str
    label: Text
    question: Text
    unit: str
    minimum: int
    maximum: int
    missing_codes: tuple[int, ...]
    values: Mapping[str, Text]
    direction: int
    scored: bool
    protected: bool
    proof: tuple[str, ...]
    stale_after_days: int | None
    asked: str
    role: str
    future: bool
    grows: Grows | None
    follows: tuple[Follows, ...]
    derived: tuple[Criterion, ...]

    @cached_property
    def codes(self) -> dict[str, int]:
        """The position of each code of a choice, the bit of each code of choices."""
        if self.kind == "choices":
            return {code: 1 << place for place, code in enumerate(self.values)}
        return {code: place for place, code in enumerate(self.values)}

    def encode(self, value: Any) -> int:
        """Turn a value as written (code, list of codes, date, boolean, integer) into this signal's integer."""
        if self.kind == "choices":
            return sum(self.codes[code] for code in dict.fromkeys(value))
        if self.kind == "choice":
            return self.codes[value]
        return value.toordinal() if isinstance(value, date) else int(value)

    def decode(self, value: int) -> Any:
        """Turn this signal's integer back into the value as written."""
        if self.kind == "yes_no":
            return bool(value)
        if self.kind == "choice":
            return list(self.values)[value]
        if self.kind == "choices":
            return [code for code, bit in self.codes.items() if value & bit]
        return date.fromordinal(value) if self.kind == "date" else value


@dataclass(frozen=True, kw_only=True)
class Doubt(Dated):
    """When values can hardly be: `signal` from 1 to under `below`, or above `times_percent` of `other` plus `plus`."""

    label: Text
    text: Text
    signal: str
    below: int
    other: str
    times_percent: int
    plus: int


@dataclass(frozen=True)
class Effect:
    """What an intervention does to a signal: `op` is to, at_least, at_most, or known (a check tells it)."""

    signal: str
    op: str
    value: Any


@dataclass(frozen=True)
class Figure:
    """Days or rupiah with the one who states them; `signal`: the figure is that signal's value."""

    value: int
    source: tuple[Source, ...] = ()
    our_choice: Text | None = None
    signal: str = ""


@dataclass(frozen=True)
class Evidence:
    """What a study found about an intervention like this one."""

    study: str
    outcome: str
    finding: str
    effect: str
    standard_error: str
    url: str
    date: date
    text: Text


@dataclass(frozen=True, kw_only=True)
class Intervention(Dated):
    """Something that can be done next: its needs, its effects, its days and rupiah, its evidence."""

    step: str
    kind: str
    tier: str
    name: Text
    about: Text
    provider: Text
    seat: str
    serves: tuple[str, ...]
    needs: tuple[Criterion, ...]
    sets: tuple[Effect, ...]
    reveals: tuple[Effect, ...]
    requests: tuple[Effect, ...]
    otherwise: Text
    days: Figure
    cost_idr: Figure
    starts_on: tuple[date, ...]
    evidence: tuple[Evidence, ...]
    evidence_outcome: str


@dataclass(frozen=True)
class Price:
    """A price as stated: a yearly percentage on a basis, perhaps for one form or for some people only."""

    rate_percent: float
    basis: str
    form: str
    when: tuple[Criterion, ...]
    text: Text
    source: tuple[Source, ...]


@dataclass(frozen=True)
class Notice:
    """A sentence to show with a product, always or where `when` holds."""

    text: Text
    when: tuple[Criterion, ...]


@dataclass(frozen=True, kw_only=True)
class Product(Dated):
    """A loan or a grant with its published terms; None: no source states it."""

    name: Text
    provider: str
    kind: str
    form: tuple[str, ...]
    availability: str
    as_of: str
    confidence: str
    tier: str
    scheme: str
    min_amount_idr: int | None
    max_amount_idr: int | None
    amount_per: str
    group_size: int | None
    tenor_months: Mapping[str, int]
    instalment_every: str
    instalments: int | None
    prices: tuple[Price, ...]
    criteria: tuple[Criterion, ...]
    register: Text
    group_lending: bool
    joint_liability: bool
    closes: tuple[str, ...]
    lender_days: Figure | None
    terms_unknown: tuple[str, ...]
    notices: tuple[Notice, ...]


@dataclass(frozen=True, kw_only=True)
class Tier(Dated):
    """A tier: what is offered, and the rule for it (the lowest has none, but a programme that is always there)."""

    name: Text
    offers: Text
    rule: tuple[Criterion, ...]
    programme: str


@dataclass(frozen=True, kw_only=True)
class State(Dated):
    """What a referral can be: whose turn it is, for how many days, and `then` which state follows ("": none).

    `holds_quota`: it takes a place of the lender's quota. `hl7`: the status of a FHIR Task that corresponds to it.
    """

    name: Text
    turn: str
    days: Figure | None
    then: str
    ends: bool
    holds_quota: bool
    hl7: str


@dataclass(frozen=True, kw_only=True)
class Transition(Dated):
    """How a referral comes from one of some states to another, by whom, and what must be given with it.

    `begins`: none for the one that makes a referral. `reasons`: the kind of reasons of which one must be given ("": none).
    """

    name: Text
    begins: tuple[str, ...]
    to: str
    by: tuple[str, ...]
    reasons: str
    asks: tuple[str, ...]


@dataclass(frozen=True)
class Consequence:
    """What follows for the participant: that much `more` of a signal than today, an intervention first, days, or nothing.

    `days`: how long it is parked, or not for this lender (None: for good). `starts_with`: an intervention that begins to
    mend it ("": none).
    """

    kind: str = "none"
    signal: str = ""
    more: int = 0
    intervention: str = ""
    days: Figure | None = None
    starts_with: str = ""


@dataclass(frozen=True, kw_only=True)
class Reason(Dated):
    """Why a referral went that way: what the lender chooses, and what the participant is told.

    `about`: whether it says something of the participant or of the lender. `for_good`: it shuts a door for good, so that a
    second officer is needed. `form_c1`: reasons of Regulation B's sample form C-1 that it corresponds to.
    """

    name: Text
    says: Text
    kind: str
    about: str
    consequence: Consequence
    needs_text: bool
    for_good: bool
    form_c1: tuple[int, ...]


@dataclass(frozen=True)
class Referrals:
    """The states of referrals, the ways between them and the reasons; when a silent one is asked about (`quiet_days`).

    After `office_days` more without an answer it goes to the office. `ends_without_consent`: the transition that is made
    when the participant no longer agrees. `facts`: signals that a lender is told of everybody; `area`: that of where they
    live.
    """

    states: tuple[State, ...]
    transitions: tuple[Transition, ...]
    reasons: tuple[Reason, ...]
    quiet_days: Figure
    office_days: Figure
    ends_without_consent: str
    facts: tuple[str, ...]
    area: str

    def state(self, name: str) -> State:
        """A state by its id."""
        return next(one for one in self.states if one.id == name)

    @cached_property
    def first(self) -> Transition:
        """The transition that makes a referral."""
        return next(one for one in self.transitions if not one.begins)

    @cached_property
    def sending(self) -> Transition:
        """The transition by which what was made goes to the lender."""
        return next(one for one in self.transitions if self.first.to in one.begins and "pack" in one.asks)

    @cached_property
    def without_consent(self) -> Transition:
        """The transition that is made when the participant no longer agrees."""
        return next(one for one in self.transitions if one.id == self.ends_without_consent)

    def on(self, day: date) -> Referrals:
        """What of it stands on a day."""
        return replace(
            self,
            states=tuple(state for state in self.states if state.holds_on(day)),
            transitions=tuple(transition for transition in self.transitions if transition.holds_on(day)),
            reasons=tuple(reason for reason in self.reasons if reason.holds_on(day)),
        )


@dataclass(frozen=True)
class Programme:
    """Everything a programme says, over all its days. `digest` changes with every byte of its files."""

    id: str
    name: Text
    about: Text
    languages: tuple[str, ...]
    timezone: str
    valid_from: date
    valid_to: date | None
    steps: tuple[Step, ...]
    signals: tuple[Signal, ...]
    doubts: tuple[Doubt, ...]
    interventions: tuple[Intervention, ...]
    products: tuple[Product, ...]
    terms: Mapping[str, Text]
    tiers: tuple[Tier, ...]
    share_percent: int
    horizon_days: int
    talk_again_days: int
    tier_notice: Text
    referrals: Referrals
    writing: Writing
    digest: str

    def __hash__(self) -> int:
        return hash(self.digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Programme) and other.digest == self.digest
