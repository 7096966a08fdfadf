"""The endpoints of participants: register, find, correct, record evidence and consent, export, erase."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from litestar import Response, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, RawBody

from api.advice.answer import doubt
from api.consents import service as consents
from api.participants import agreements, doubts, evidence, people, rights
from api.participants.forms import read_consent, read_identity, read_registration
from api.participants.gate import CONTACT, RECORD, Person
from api.participants.withdrawals import see_withdrawals
from api.record.actor import Actor
from api.record.approvals import Waits
from api.record.live import Live
from api.record.transaction import Transaction
from api.web.asking import Asking, actor_of, answer_json, ask, in_thread, record_of
from api.web.errors import language_of
from api.web.forms import Form
from api.web.listing import answer_page, view_of
from api.web.waiting import answer_waits
from words.telling import teller


def shown(person: Person) -> dict[str, Any]:
    """A participant as their mentor sees them."""
    return {
        "id": person.id,
        **person.identity,
        "mentor_id": person.mentor_id,
        "version": person.version,
        "objection_waits": person.frozen,
        "created_at": person.created_at,
        "erased_by": person.erased_by,
    }


@get("/api/v1/participants")
@in_thread
def get_participants(request: Asking) -> Response[bytes]:
    """List one's participants, a page at a time."""
    return answer_page(ask(request, people.see_people, view_of(request, people.LISTED)), shown)


@post("/api/v1/participants/search", status_code=200)
@in_thread
def post_search(request: Asking, body: RawBody) -> Response[bytes]:
    """Search one's participants by {text}: part of a name, or a whole NIK, phone number or own id. Never by an address."""
    form = Form.of_json(body)
    wanted = form.text("text")
    form.done()
    return answer_json({"participants": [shown(person) for person in ask(request, people.look_for, wanted).people]})


@post("/api/v1/participants", status_code=201)
@in_thread
def post_participant(request: Asking, body: RawBody, live: NamedDependency[Live]) -> Response[bytes]:
    """Register somebody from {name, nik, phone, own_id, consents, channel, said_on, text_version}."""
    person = ask(request, people.register, *read_registration(Form.of_json(body), live.today))
    return answer_json(shown(person), 201)


@get("/api/v1/participants/{person_id:str}")
@in_thread
def get_participant(request: Asking, person_id: FromPath[str], live: NamedDependency[Live]) -> Response[bytes]:
    """Show a participant with the signals of today and what they agree to; an operator sees no signals."""
    return answer_json(ask(request, _whole, person_id, live.rules.day))


def _whole(tx: Transaction, actor: Actor, person_id: str, day: date) -> dict[str, Any]:
    is_mentor = actor.role == "mentor"
    person = people.see(tx, actor, person_id, purpose=RECORD if is_mentor else CONTACT)
    found = shown(person) | {"consents": consents.standing(tx, person_id)}
    if is_mentor:
        found["signals"] = evidence.signals_on(tx, person, day)
    return found


@patch("/api/v1/participants/{person_id:str}")
@in_thread
def patch_participant(request: Asking, person_id: FromPath[str], body: RawBody) -> Response[bytes]:
    """Correct {name, nik, phone}, given the {version} that was read; an empty text takes a NIK or phone away."""
    form = Form.of_json(body)
    version = form.number("version")
    given = read_identity(form, name_wanted=form.has("name"))
    identity = {name: text for name, text in given.items() if name in form.fields}
    form.done()
    return answer_json({"version": ask(request, people.change, person_id, version, identity)})


@post("/api/v1/participants/{person_id:str}/mentor", status_code=200)
@in_thread
def post_mentor(request: Asking, person_id: FromPath[str], body: RawBody) -> Response[bytes]:
    """Hand a participant over to another mentor: {mentor_id, version}. To a new one it may have to be approved."""
    form = Form.of_json(body)
    mentor, version = form.text("mentor_id"), form.number("version")
    form.done()
    handed = ask(request, people.hand_over, person_id, version, mentor)
    return answer_waits(handed) if isinstance(handed, Waits) else answer_json({"version": handed})


@get("/api/v1/participants/{person_id:str}/evidence")
@in_thread
def get_evidence(request: Asking, person_id: FromPath[str]) -> Response[bytes]:
    """Show everything recorded about a participant: when it was true, when it became known, who said it."""
    _, facts = ask(request, evidence.see, person_id)
    return answer_json({"evidence": [fact._asdict() for fact in facts]})


@post("/api/v1/participants/{person_id:str}/evidence", status_code=201)
@in_thread
def post_evidence(
    request: Asking, person_id: FromPath[str], body: RawBody, live: NamedDependency[Live]
) -> Response[bytes]:
    """Record {signals: {name: value or {value, on, proof, sure}}, said_by, version}; all of them or none."""
    form = Form.of_json(body)
    facts, said_by = form.raw("signals"), form.text("said_by", wanted=False, most=60)
    version = form.number("version") if form.has("version") else None
    form.done()
    said = facts, language_of(request), said_by, version
    new, version, found = ask(request, doubts.record, person_id, live.rules, *said)
    t = teller(live.rules, language_of(request))
    return answer_json({"new": new, "version": version, "doubts": [doubt(t, one) for one in found]}, 201)


@get("/api/v1/participants/{person_id:str}/consents")
@in_thread
def get_consents(request: Asking, person_id: FromPath[str]) -> Response[bytes]:
    """Show everything a participant agreed to and took back."""
    _, said = ask(request, agreements.look_at, person_id)
    return answer_json(said)


@post("/api/v1/participants/{person_id:str}/consents", status_code=201)
@in_thread
def post_consent(
    request: Asking, person_id: FromPath[str], body: RawBody, live: NamedDependency[Live]
) -> Response[bytes]:
    """Record {purpose, recipient, given, channel, said_on, text_version, expires_on}; given false takes it back."""
    number, version = ask(request, agreements.say, person_id, read_consent(Form.of_json(body), live.today))
    return answer_json({"number": number, "version": version}, 201)


@get("/api/v1/withdrawals")
@in_thread
def get_withdrawals(request: Asking) -> Response[bytes]:
    """Show who took back that they are kept, and by when they are erased."""
    return answer_json({"withdrawals": ask(request, see_withdrawals)})


@get("/api/v1/participants/{person_id:str}/export")
@in_thread
def get_export(request: Asking, person_id: FromPath[str]) -> Response[bytes]:
    """Everything held about a participant, to be handed to them."""
    response = answer_json(ask(request, rights.export, person_id))
    response.headers["content-disposition"] = f'attachment; filename="kail-{person_id}.json"'
    return response


@post("/api/v1/participants/{person_id:str}/export", status_code=202)
@in_thread
def post_export(request: Asking, person_id: FromPath[str]) -> Response[bytes]:
    """Ask for a copy of everything held about a participant, as an operator; once approved it may be fetched for a day."""
    return answer_waits(ask(request, rights.ask_to_export, person_id))


@post("/api/v1/participants/{person_id:str}/erasure", status_code=200)
@in_thread
def post_erasure(request: Asking, person_id: FromPath[str], body: RawBody) -> Response[bytes]:
    """Erase a participant for good, given the {version} that was read. It may have to be approved."""
    form = Form.of_json(body)
    version = form.number("version")
    form.done()
    erased = rights.erase(record_of(request), actor_of(request), person_id, version)
    return answer_waits(erased) if isinstance(erased, Waits) else answer_json({"erased": erased})


HANDLERS: Final = (
    get_participants,
    post_search,
    post_participant,
    get_participant,
    patch_participant,
    post_mentor,
    get_evidence,
    post_evidence,
    get_consents,
    post_consent,
    get_withdrawals,
    get_export,
    post_export,
    post_erasure,
)
