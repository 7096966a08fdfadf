"""The pages of evidence: a form for everything the programme asks, and the history of what was said and when."""

from __future__ import annotations

from typing import Any, Final
from zoneinfo import ZoneInfo

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, RawBody

from api.accounts import service as accounts
from api.files.texts import Hints, Reader
from api.participants import doubts, evidence
from api.participants.evidence import MOST_FACTS
from api.participants.gate import RECORD, may
from api.participants.questions import PREFIX, groups_of, said
from api.record.live import Live
from api.record.refusals import Trouble
from api.web.asking import Asking, ask, in_thread, look_up
from api.web.errors import language_of
from api.web.forms import Form
from api.web.frame import go, page
from api.web.typed import NOTHING, Fields, Typed, attempt
from matcher.message import Message
from matcher.programme.entries import PROOFS, Programme, Signal
from words.telling import teller

GONE: Final = "gone."
NONE: Final = "-"
"""The box "none of these" of a question with several answers."""


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
        facts = {} if confirmed else facts_of(form, live, on.isoformat(), proof)
        form.done()
        if confirmed:
            ask(request, doubts.confirm, person_id, rules, confirmed, version)
            return go(request, f"/participants/{person_id}", "confirmed")
        if not facts:
            ask(request, may, person_id, RECORD, version)
            return go(request, f"/participants/{person_id}", "nothing_new")
        said = facts, language_of(request), said_by, version
        new, _ = ask(request, evidence.record, person_id, rules, *said)
        return go(request, f"/participants/{person_id}", "evidence" if new else "nothing_new")

    return attempt(request, body, record, lambda typed: _evidence_page(request, person_id, live, typed))


def facts_of(form: Form, live: Live, on: str, proof: str) -> dict[str, dict[str, Any]]:
    """The facts of a form: what was filled in, and what was taken back. A proof goes with signals that can have it.

    What has two readings is a trouble of its field.
    """
    facts: dict[str, dict[str, Any]] = {}
    fields: Fields = form.fields
    for field in fields:
        if field.startswith(GONE):
            facts[field.removeprefix(GONE)] = {"value": None, "on": on}
    for field, raw in fields.items():
        if not field.startswith(PREFIX) or raw == "":
            continue
        name = field.removeprefix(PREFIX)
        signal = live.rules.signals.get(name)
        value, question = value_of(live.programme, signal, raw)
        if question is not None:
            form.troubles.append(Trouble(field, question.code, raw, **question.args))
        if value is None:  # nobody knew
            continue
        fact = {"value": value, "on": on}
        facts[name] = fact | ({"proof": proof} if proof and signal and proof in (signal.proof or PROOFS) else {})
    return facts


def value_of(programme: Programme, signal: Signal | None, raw: Any) -> tuple[Any, Message | None]:
    """A field as the programme reads it, or the question it raises; left as it was typed where nothing can be made of it, so
    that the problem can name it. A field is a column of one, and its unit stands beside it."""
    if signal is None:
        return raw, None
    if signal.kind == "choices":
        ticked = raw if isinstance(raw, list) else [raw]
        return [code for code in ticked if code != NONE], None
    if signal.kind == "yes_no" and raw in ("true", "false"):
        return raw == "true", None
    if signal.kind in ("number", "money", "date") and isinstance(raw, str):
        reader = Reader(signal, programme.writing, ZoneInfo(programme.timezone), Hints(unit=signal.unit))
        read = reader.read(raw, reader.evidence(raw))
        value = read.value.isoformat() if signal.kind == "date" and read.value else read.value
        return raw if read.refused else value, read.question
    return raw, None


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
