"""The pages of evidence: a form for everything the programme asks, and the history of what was said and when."""

from __future__ import annotations

import re
from typing import Any, Final

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, RawBody

from api.accounts import service as accounts
from api.participants import doubts, evidence
from api.participants.evidence import MOST_FACTS
from api.participants.gate import RECORD, may
from api.participants.questions import PREFIX, groups_of, said
from api.record.live import Live
from api.web.asking import Asking, ask, in_thread, look_up
from api.web.errors import language_of
from api.web.forms import Form
from api.web.frame import go, page
from api.web.typed import NOTHING, Fields, Typed, attempt
from matcher.programme.entries import PROOFS, Signal
from matcher.programme.rules import Rules
from words.telling import teller

GONE: Final = "gone."
NONE: Final = "-"
"""The box "none of these" of a question with several answers."""
_GROUPED: Final = re.compile(r"(?:Rp\.?\s*)?(-?)\s*(\d{1,3}(?:[.,\s]\d{3})+|\d+)", re.IGNORECASE)


# -- the form ----------------------------------------------------------------------------------------------------------


@get("/participants/{person_id:str}/evidence")
@in_thread
def get_evidence(request: Asking, person_id: FromPath[str], live: NamedDependency[Live]) -> Response[Any]:
    """Show the form of everything the programme asks."""
    return _evidence_page(request, person_id, live)


def _evidence_page(request: Asking, person_id: str, live: Live, typed: Typed = NOTHING) -> Response[Any]:
    person, facts = ask(request, evidence.see, person_id, "saw")
    signals, t = evidence.signals_of(facts, live.rules.day), teller(live.rules, language_of(request))
    doubted = {name: text for text, names in doubts.in_words(t, signals).each for name in names}
    groups = groups_of(live.rules, language_of(request), signals, doubted)
    return page(request, "evidence.html", typed=typed, person=person, groups=groups, proofs=PROOFS)


@post("/participants/{person_id:str}/evidence")
@in_thread
def post_evidence(
    request: Asking, person_id: FromPath[str], body: RawBody, live: NamedDependency[Live]
) -> Response[Any]:
    """Record what was filled in, all of it or nothing; or that what is known of the signals named `sure` is right."""

    def record(form: Form) -> Response[Any]:
        rules, fields = live.rules, form.fields
        version, on = form.number("version"), form.day("on", rules.day) or rules.day
        said_by, proof = form.text("said_by", wanted=False, most=60), form.choice("proof", PROOFS, "")
        if on > rules.day:
            form.trouble("on", "future_day")
        form.asked += [name for name in fields if name.startswith((PREFIX, GONE))]
        confirmed = form.ids("sure", MOST_FACTS) if form.has("sure") else ()
        form.done()
        if confirmed:
            ask(request, doubts.confirm, person_id, rules, confirmed, version)
            return go(request, f"/participants/{person_id}", "confirmed")
        facts = facts_of(fields, rules, on.isoformat(), proof)
        if not facts:
            ask(request, may, person_id, RECORD, version)
            return go(request, f"/participants/{person_id}", "nothing_new")
        said = facts, language_of(request), said_by, version
        new, _ = ask(request, evidence.record, person_id, rules, *said)
        return go(request, f"/participants/{person_id}", "evidence" if new else "nothing_new")

    return attempt(request, body, record, lambda typed: _evidence_page(request, person_id, live, typed))


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
    t = teller(live.rules, language_of(request))
    (person, facts), names = ask(request, evidence.see, person_id), look_up(request, accounts.names_of)
    rows = [(t.word("signal", f.signal), said(t, t.signals.get(f.signal), f.value), f) for f in reversed(facts)]
    return page(request, "history.html", person=person, rows=rows, names=names)


HANDLERS: Final = (get_evidence, post_evidence, get_history)
