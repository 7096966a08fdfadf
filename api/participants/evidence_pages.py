"""The pages of evidence: a form for everything the programme asks, and the history of what was said and when."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, RawBody

from api.accounts import service as accounts
from api.audit.service import note
from api.consents import service as consents
from api.participants import evidence
from api.participants.people import check_version, find
from api.record.live import Live
from api.web.asking import Asking, actor_of, in_thread, record_of
from api.web.errors import language_of
from api.web.forms import Form
from api.web.frame import MOST_BYTES, NOTHING, Fields, Typed, attempt, fields_of, go, page
from matcher.facts.participant import as_date
from matcher.programme.entries import PROOFS, Signal
from matcher.programme.rules import Rules
from words.telling import teller

PREFIX: Final = "signals."
GONE: Final = "gone."
NONE: Final = "-"
"""The box "none of these" of a question with several answers."""
_GROUPED: Final = re.compile(r"(?:Rp\.?\s*)?(-?)\s*(\d{1,3}(?:[.,\s]\d{3})+|\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class Asked:
    """A signal as the form asks for it, in words."""

    name: str
    kind: str
    label: str
    question: str
    unit: str
    options: list[tuple[str, str]]
    negative: bool
    known: str
    since: str


@dataclass(frozen=True)
class Group:
    """The signals of a step."""

    id: str
    name: str
    asked: list[Asked]

    @property
    def known(self) -> int:
        """How many of them are known."""
        return sum(bool(one.known) for one in self.asked)

    def touched(self, typed: Typed) -> bool:
        """Whether anything was typed or is wrong here, so that the page opens the group."""
        return any(typed.value(PREFIX + one.name) or typed.wrong(PREFIX + one.name) for one in self.asked)


def groups_of(rules: Rules, language: str, signals: Mapping[str, Mapping[str, Any]]) -> list[Group]:
    """Everything that may be asked, grouped by step, with what is known; first what belongs to no step."""
    t = teller(rules, language)
    steps = {"": t.sentence("page", "the_person_and_the_business")}
    steps |= {rule.step.id: f"{rule.step.id} {t.text(rule.step.name)}" for rule in rules.steps}
    asked = [signal for signal in rules.signals.values() if not signal.derived]
    groups = [
        Group(step, name, [_asked(t, one, signals) for one in asked if one.step == step])
        for step, name in steps.items()
    ]
    return [group for group in groups if group.asked]


def _asked(t: Any, signal: Signal, signals: Mapping[str, Mapping[str, Any]]) -> Asked:
    fact = signals.get(signal.id)
    return Asked(
        name=signal.id,
        kind=signal.kind,
        label=t.text(signal.label),
        question=t.text(signal.question),
        unit=t.name("unit_name", "rupiah" if signal.kind == "money" else signal.unit),
        options=[(code, t.text(label)) for code, label in signal.values.items()],
        negative=signal.minimum < 0,
        known=said(t, signal, fact["value"]) if fact else "",
        since=fact["on"] if fact else "",
    )


def said(t: Any, signal: Signal | None, value: Any) -> str:
    """A recorded value in words; as it stands where the programme of today does not know it."""
    if value is None:
        return ""
    try:
        return str(t.value(signal.id, as_date(value) if signal.kind == "date" else value)) if signal else str(value)
    except (KeyError, TypeError, AttributeError):
        return str(value)


# -- the form ----------------------------------------------------------------------------------------------------------


@get("/participants/{person_id:str}/evidence")
@in_thread
def get_evidence(request: Asking, person_id: FromPath[str], live: NamedDependency[Live]) -> Response[Any]:
    """Show the form of everything the programme asks."""
    return _evidence_page(request, person_id, live)


def _evidence_page(request: Asking, person_id: str, live: Live, typed: Typed = NOTHING) -> Response[Any]:
    with record_of(request).write() as tx:
        person = find(tx, actor_of(request), person_id)
        consents.require(tx, person_id, "record")
        note(tx, actor_of(request), "saw", "participant", person_id)
        signals = evidence.signals_of(evidence.evidence_of(tx, person), live.rules.day)
    groups = groups_of(live.rules, language_of(request), signals)
    return page(request, "evidence.html", typed=typed, person=person, groups=groups, proofs=PROOFS)


@post("/participants/{person_id:str}/evidence", request_max_body_size=MOST_BYTES)
@in_thread
def post_evidence(
    request: Asking, person_id: FromPath[str], body: RawBody, live: NamedDependency[Live]
) -> Response[Any]:
    """Record what was filled in, all of it or nothing."""
    fields = fields_of(body)

    def record() -> Response[Any]:
        rules, language = live.rules, language_of(request)
        form = Form(fields, from_page=True)
        version, on = form.number("version"), form.day("on", rules.day) or rules.day
        said_by, proof = form.text("said_by", wanted=False, most=60), form.choice("proof", PROOFS, "")
        if on > rules.day:
            form.trouble("on", "future_day")
        form.asked += [name for name in fields if name.startswith((PREFIX, GONE))]
        form.done()
        facts = facts_of(fields, rules, on.isoformat(), proof)
        with record_of(request).write() as tx:
            person = find(tx, actor_of(request), person_id)
            check_version(person, version)
            new = evidence.add(tx, actor_of(request), person, rules, facts, language, said_by) if facts else 0
        return go(request, f"/participants/{person_id}", "evidence" if new else "nothing_new")

    return attempt(request, fields, record, lambda typed: _evidence_page(request, person_id, live, typed))


def facts_of(fields: Fields, rules: Rules, on: str, proof: str) -> dict[str, dict[str, Any]]:
    """The facts of a form: what was filled in, and what was taken back. A proof goes with signals that can have it."""
    facts: dict[str, dict[str, Any]] = {}
    for field in fields:
        if field.startswith(GONE):
            facts[field.removeprefix(GONE)] = {"value": None, "on": on}
    for field, raw in fields.items():
        if not field.startswith(PREFIX) or raw == "":
            continue
        name = field.removeprefix(PREFIX)
        signal = rules.signals.get(name)
        fact = {"value": value_of(signal, raw), "on": on}
        facts[name] = fact | ({"proof": proof} if proof and signal and proof in (signal.proof or PROOFS) else {})
    return facts


def value_of(signal: Signal | None, raw: Any) -> Any:
    """A field as the programme reads it; left as it was typed where it cannot be, so that the problem can name it."""
    if signal is None:
        return raw
    if signal.kind == "choices":
        ticked = raw if isinstance(raw, list) else [raw]
        return [code for code in ticked if code != NONE]
    if signal.kind == "yes_no" and raw in ("true", "false"):
        return raw == "true"
    if signal.kind in ("number", "money") and isinstance(raw, str):
        found = _GROUPED.fullmatch(raw.strip())
        return int(found[1] + re.sub(r"\D", "", found[2])) if found and len(found[2]) < 20 else raw
    return raw


# -- the history -------------------------------------------------------------------------------------------------------


@get("/participants/{person_id:str}/history")
@in_thread
def get_history(request: Asking, person_id: FromPath[str], live: NamedDependency[Live]) -> Response[Any]:
    """Show everything recorded: when it was true, when it became known, who said and who wrote it."""
    actor, t = actor_of(request), teller(live.rules, language_of(request))
    with record_of(request).write() as tx:
        person = find(tx, actor, person_id)
        consents.require(tx, person_id, "record")
        note(tx, actor, "saw_evidence", "participant", person_id)
        facts = evidence.evidence_of(tx, person)
        names = accounts.names_of(tx, actor)
    rows = [(t.word("signal", f.signal), said(t, t.signals.get(f.signal), f.value), f) for f in reversed(facts)]
    return page(request, "history.html", person=person, rows=rows, names=names)


HANDLERS: Final = (get_evidence, post_evidence, get_history)
