"""The referrals of a programme: their states, the ways between them and the reasons, read from its file and checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from matcher.programme.entries import (
    Consequence,
    Figure,
    Intervention,
    Reason,
    Referrals,
    Signal,
    State,
    Transition,
)
from matcher.programme.noting import Notes
from matcher.programme.parts import dated, figure
from matcher.programme.reading import Entry, ProgrammeProblem

TURNS: Final = ("mentor", "lender", "nobody")
MOVERS: Final = ("mentor", "lender", "operator", "kail")
ASKS: Final = ("consent", "pack", "documents", "amount", "day", "quota", "repayment")
REASON_KINDS: Final = ("decline", "withdrawal", "fell_through", "hold", "quiet", "error")
CONSEQUENCES: Final = ("more", "first", "parked", "not_this_lender", "none")
TASK_STATUSES: Final = (
    "draft requested received accepted rejected in-progress on-hold completed failed cancelled entered-in-error"
).split()
FORM_C1: Final = 24
"""How many reasons the sample form C-1 of Regulation B prints, the last of them "other"."""
REFERRAL_KEYS: Final = (
    "quiet_days", "office_days", "ends_without_consent", "facts", "area", "state", "transition", "reason",
)  # fmt: skip
NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "more": ("signal", "more"),
    "first": ("intervention",),
    "parked": ("days",),
    "not_this_lender": (),
    "none": (),
}
"""What a consequence of each kind says; beside it all may say `starts_with`, and `not_this_lender` may say `days`."""


def referrals_of(
    root: Entry, states: list[Entry], transitions: list[Entry], reasons: list[Entry], languages: Iterable[str]
) -> Referrals:
    """Turn the entries of the file into Referrals, noting every problem on the way."""
    return Referrals(
        states=tuple(_state(e, languages) for e in states),
        transitions=tuple(_transition(e, languages) for e in transitions),
        reasons=tuple(_reason(e, languages) for e in reasons),
        quiet_days=figure(root, "quiet_days", languages),
        office_days=figure(root, "office_days", languages),
        ends_without_consent=root.take("ends_without_consent", str, "", required=True),
        facts=root.texts("facts"),
        area=root.take("area", str, ""),
    )


def _state(e: Entry, languages: Iterable[str]) -> State:
    state = State(
        **dated(e, languages),
        name=e.text("name", languages),
        turn=e.choice("turn", TURNS, "nobody", required=True),
        days=figure(e, "days", languages) if "days" in e.table else None,
        then=e.take("then", str, ""),
        ends=e.take("ends", bool, False),
        holds_quota=e.take("holds_quota", bool, False),
        hl7=e.choice("hl7", TASK_STATUSES, "draft", required=True),
    )
    e.close()
    return state


def _transition(e: Entry, languages: Iterable[str]) -> Transition:
    e.known.add("begins")
    if "begins" not in e.table:
        e.problem("key_missing", key="begins")  # left out it would make referrals; that must be said
    transition = Transition(
        **dated(e, languages),
        name=e.text("name", languages),
        begins=e.texts("begins"),
        to=e.take("to", str, "", required=True),
        by=e.texts("by"),
        reasons=e.choice("reasons", REASON_KINDS),
        asks=e.texts("asks"),
    )
    e.close()
    return transition


def _reason(e: Entry, languages: Iterable[str]) -> Reason:
    reason = Reason(
        **dated(e, languages),
        name=e.text("name", languages),
        says=e.text("says", languages),
        kind=e.choice("kind", REASON_KINDS, "decline", required=True),
        about=e.choice("about", ("participant", "lender"), "participant", required=True),
        consequence=_consequence(e.table_of("consequence"), languages),
        needs_text=e.take("needs_text", bool, False),
        for_good=e.take("for_good", bool, False),
        form_c1=tuple(e.take("form_c1", list, [])),
    )
    e.close()
    return reason


def _consequence(part: Entry | None, languages: Iterable[str]) -> Consequence:
    if part is None:
        return Consequence()
    kind = part.choice("kind", CONSEQUENCES, "none", required=True)
    needed = NEEDED[kind]
    consequence = Consequence(
        kind=kind,
        signal=part.take("signal", str, "", required="signal" in needed),
        more=part.take("more", int, 0, required="more" in needed),
        intervention=part.take("intervention", str, "", required="intervention" in needed),
        days=figure(part, "days", languages) if "days" in part.table or "days" in needed else None,
        starts_with=part.take("starts_with", str, ""),
    )
    fitting = {"kind", "starts_with", *needed, *(("days",) if kind == "not_this_lender" else ())}
    for key in part.table.keys() & {"signal", "more", "intervention", "days"} - fitting:
        part.problem("consequence_key", key=key, kind=kind)
    part.close()
    return consequence


def check_referrals(
    referrals: Referrals, signals: Mapping[str, Signal], interventions: Mapping[str, Intervention]
) -> list[ProgrammeProblem]:
    """Return every problem that only shows when the entries are read together, and with the rest of the programme."""
    return _Check(referrals, signals, interventions).run()


class _Check(Notes):
    def __init__(
        self, referrals: Referrals, signals: Mapping[str, Signal], interventions: Mapping[str, Intervention]
    ) -> None:
        super().__init__()
        self.referrals, self.signals, self.interventions = referrals, signals, interventions
        self.states = {state.id: state for state in referrals.states}

    def run(self) -> list[ProgrammeProblem]:
        referrals = self.referrals
        self._days("quiet_days", referrals.quiet_days)
        self._days("office_days", referrals.office_days)
        entries: Sequence[tuple[State, ...] | tuple[Transition, ...] | tuple[Reason, ...]]
        entries = (referrals.states, referrals.transitions, referrals.reasons)
        for some in entries:
            self.overlaps("referrals", some)
        for state in referrals.states:
            self._state(state)
        for transition in referrals.transitions:
            self._transition(transition)
        for reason in referrals.reasons:
            self._reason(reason)
        self._ways()
        self._roles()
        return self.problems

    def _roles(self) -> None:
        """The transitions and signals that are named: the draft, what sends it, what ends it without a consent."""
        referrals = self.referrals
        named = {one.id: one for one in referrals.transitions}
        if self.known("referrals", "file", "ends_without_consent", referrals.ends_without_consent, named):
            if named[referrals.ends_without_consent].by != ("kail",):
                self.note("referrals", "file", "ends_without_consent_by", transition=referrals.ends_without_consent)
        first = [one for one in referrals.transitions if not one.begins]
        if len(first) == 1 and (first[0].asks or first[0].reasons or first[0].by != ("mentor",)):
            self.note("referrals", f"transition {first[0].id}", "draft_asks_nothing")
        drafts = {one.to for one in first}
        if drafts and not any("pack" in one.asks and drafts & {*one.begins} for one in referrals.transitions):
            self.note("referrals", "file", "nothing_sends")
        for key, names in (("facts", referrals.facts), ("area", (referrals.area,) if referrals.area else ())):
            for name in names:
                self.known("referrals", "file", key, name, self.signals)

    def _days(self, entry: str, days: Figure) -> None:
        if days.signal:
            self.note("referrals", entry, "days_signal")
        elif not 1 <= days.value <= 3650:
            self.note("referrals", entry, "setting_range", value=days.value, least=1, most=3650)

    def _state(self, state: State) -> None:
        where = f"state {state.id}"
        if state.days is not None:
            self._days(f"{where} days", state.days)
        if not state.then:
            return
        if state.days is None:
            self.note("referrals", where, "then_without_days", then=state.then)
        if self.known("referrals", where, "then", state.then, self.states):
            if not any("kail" in one.by and one.to == state.then for one in self._leaving(state.id)):
                self.note("referrals", where, "then_by_nobody", then=state.then)

    def _leaving(self, state: str) -> list[Transition]:
        return [transition for transition in self.referrals.transitions if state in transition.begins]

    def _transition(self, transition: Transition) -> None:
        where = f"transition {transition.id}"
        for name in transition.begins:
            if self.known("referrals", where, "begins", name, self.states) and transition.to in self.states:
                self._end(where, self.states[name], self.states[transition.to])
        self.known("referrals", where, "to", transition.to, self.states)
        if not transition.by:
            self.note("referrals", where, "key_missing", key="by")
        for name in transition.by:
            self.known("referrals", where, "by", name, MOVERS)
        for name in transition.asks:
            self.known("referrals", where, "asks", name, ASKS)
        if transition.reasons and transition.reasons not in {reason.kind for reason in self.referrals.reasons}:
            self.note("referrals", where, "reasons_none", kind=transition.reasons)

    def _end(self, where: str, state: State, to: State) -> None:
        """What has ended stays so: it can only turn out to be an error, or what is completed be told more of."""
        more = state.hl7 == to.hl7 == "completed" and to.ends
        if state.ends and to.hl7 != "entered-in-error" and not more:
            self.note("referrals", where, "state_over", state=state.id)

    def _ways(self) -> None:
        """Every referral begins in the same state; every state can be come to, and left unless it ends."""
        transitions, states = self.referrals.transitions, self.referrals.states
        starts = sorted({transition.to for transition in transitions if not transition.begins})
        if len(starts) != 1:
            self.note("referrals", "file", "referral_starts" if starts else "referral_no_start", states=starts)
        steps = {(name, one.to) for one in transitions for name in one.begins} | {(s.id, s.then) for s in states}
        reached, waiting = set(starts), list(starts)
        while waiting:
            begun = waiting.pop()
            found = {to for begins, to in steps if begins == begun} - reached
            reached |= found
            waiting.extend(found)
        for state in self.states.values():
            if starts and state.id not in reached:
                self.note("referrals", f"state {state.id}", "state_unreached")
            if not state.ends and not state.then and not self._leaving(state.id):
                self.note("referrals", f"state {state.id}", "state_unleft")

    def _reason(self, reason: Reason) -> None:
        where, said = f"reason {reason.id}", reason.consequence
        for number in reason.form_c1:
            if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= FORM_C1:
                self.note("referrals", where, "form_c1", value=number, most=FORM_C1)
        shuts = said.kind == "not_this_lender" and said.days is None
        if reason.for_good != shuts:
            self.note("referrals", where, "for_good" if shuts else "not_for_good")
        if said.days is not None:
            self._days(f"{where} consequence days", said.days)
        for key, name in (("starts_with", said.starts_with), ("intervention", said.intervention)):
            if name:
                self.known("referrals", where, key, name, self.interventions)
        begun = self.interventions.get(said.starts_with)
        if begun is not None and begun.kind in ("wait", "referral"):  # the matcher suggests neither for this
            self.note("referrals", where, "starts_with_never", intervention=begun.id, kind=begun.kind)
        step = self.interventions.get(said.intervention)
        if step is not None and not (step.sets or step.reveals or step.requests):
            self.note("referrals", where, "first_changes_nothing", intervention=step.id)
        if said.signal and self.known("referrals", where, "signal", said.signal, self.signals):
            self._more(where, self.signals[said.signal], said.more)

    def _more(self, where: str, signal: Signal, more: int) -> None:
        if signal.kind not in ("number", "money"):
            self.note("referrals", where, "more_no_number", signal=signal.id, kind=signal.kind)
        elif not 1 <= more <= signal.maximum:
            self.note("referrals", where, "more_range", value=more, most=signal.maximum)
