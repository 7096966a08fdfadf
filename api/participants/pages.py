"""The pages of participants: list and search, registering, details, consents, rights, handing over, importing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final

from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath, RawBody

from api.accounts import service as accounts
from api.audit.service import note
from api.consents import service as consents
from api.consents.forms import AT_REGISTRATION
from api.consents.purposes import PURPOSES, current
from api.participants import people, rights
from api.participants.endpoints import (
    MOST_IMPORT_BYTES,
    check_consent,
    read_consent,
    read_registration,
    take_import,
)
from api.participants.imports import Imported
from api.participants.people import check_version, find
from api.record.live import Live
from api.record.refusals import Refused, Trouble
from api.web.asking import Asking, actor_of, in_thread, record_of
from api.web.errors import language_of
from api.web.forms import Form
from api.web.frame import MOST_BYTES, NOTHING, Fields, Typed, attempt, fields_of, go, page
from words.speaking import speaker


def asked_of(request: Asking, purposes: Sequence[str]) -> dict[str, Any]:
    """What people are asked to agree to today, for a page that asks: each purpose with its text, and their version."""
    live: Live = request.app.state.live
    document = current(live.today)
    agreements = [(purpose, document.text(purpose, language_of(request))) for purpose in purposes]
    return {"agreements": agreements, "text_version": document.version}


def _word_to_erase(language: str) -> str:
    """What must be written to erase somebody."""
    return speaker(language).name("page", "word_to_erase")


# -- list and search ---------------------------------------------------------------------------------------------------


@get("/participants")
@in_thread
def get_participants(request: Asking) -> Response[Any]:
    """List one's participants; an operator, who has all of them, searches or picks a mentor."""
    return _list_page(request, "")


@post("/participants", request_max_body_size=MOST_BYTES)
@in_thread
def post_search(request: Asking, body: RawBody) -> Response[Any]:
    """Search; a POST, so that no name, NIK or phone number stands in an address."""
    fields = fields_of(body)

    def search() -> Response[Any]:
        form = Form(fields, from_page=True)
        wanted, mentor = form.text("search", wanted=False), form.text("of_mentor", wanted=False)
        form.done()
        return _list_page(request, wanted, mentor, Typed(fields))

    return attempt(request, fields, search, lambda typed: _list_page(request, "", "", typed))


def _list_page(request: Asking, search: str, mentor: str = "", typed: Typed = NOTHING) -> Response[Any]:
    actor = actor_of(request)
    with record_of(request).write() as tx:
        asked = bool(search or mentor)
        found = people.people_of(tx, actor, search, mentor) if asked or actor.role == "mentor" else []
        note(tx, actor, "listed", "account", actor.account_id, participants=[person.id for person in found])
        context: dict[str, Any] = {
            "people": found,
            "search": search,
            "asked": asked,
            "names": accounts.names_of(tx, actor),
        }
        mentors = accounts.mentors_of(tx, actor, closed=True) if actor.role == "operator" else []
    return page(request, "participants.html", typed=typed, mentors=mentors, **context)


# -- registering and correcting ----------------------------------------------------------------------------------------


@get("/participants/new")
@in_thread
def get_new(request: Asking) -> Response[Any]:
    """Show the form to register somebody."""
    return _new_page(request)


def _new_page(request: Asking, typed: Typed = NOTHING) -> Response[Any]:
    return page(request, "participant_new.html", typed=typed, **asked_of(request, AT_REGISTRATION))


@post("/participants/new", request_max_body_size=MOST_BYTES)
@in_thread
def post_new(request: Asking, body: RawBody, live: NamedDependency[Live]) -> Response[Any]:
    """Register somebody and go to their page."""
    fields = fields_of(body)

    def register() -> Response[Any]:
        form = Form(fields, from_page=True)
        identity, own, agreed = read_registration(form, live)
        form.done()
        with record_of(request).write() as tx:
            person = people.register(tx, actor_of(request), identity, agreed, own)
        return go(request, f"/participants/{person}", "registered")

    return attempt(request, fields, register, lambda typed: _new_page(request, typed))


@get("/participants/{person_id:str}/identity")
@in_thread
def get_identity(request: Asking, person_id: FromPath[str]) -> Response[Any]:
    """Show the form to correct name, NIK and phone."""
    return _identity_page(request, person_id)


def _identity_page(request: Asking, person_id: str, typed: Typed = NOTHING) -> Response[Any]:
    with record_of(request).write() as tx:
        person = find(tx, actor_of(request), person_id)
        note(tx, actor_of(request), "saw", "participant", person_id)
    return page(request, "identity.html", typed=typed, person=person)


@post("/participants/{person_id:str}/identity", request_max_body_size=MOST_BYTES)
@in_thread
def post_identity(request: Asking, person_id: FromPath[str], body: RawBody) -> Response[Any]:
    """Correct name, NIK and phone; a NIK or phone left empty is taken away."""
    fields = fields_of(body)

    def correct() -> Response[Any]:
        form = Form(fields, from_page=True)
        identity = {"name": form.name(), "nik": form.nik(), "phone": form.phone()}
        version = form.number("version")
        form.done()
        with record_of(request).write() as tx:
            people.change(tx, actor_of(request), person_id, version, identity)
        return go(request, f"/participants/{person_id}", "identity")

    return attempt(request, fields, correct, lambda typed: _identity_page(request, person_id, typed))


# -- consents ----------------------------------------------------------------------------------------------------------


@get("/participants/{person_id:str}/consents")
@in_thread
def get_consents(request: Asking, person_id: FromPath[str]) -> Response[Any]:
    """Show what somebody agrees to, and everything they said about it."""
    return _consents_page(request, person_id)


def _consents_page(request: Asking, person_id: str, typed: Typed = NOTHING) -> Response[Any]:
    actor = actor_of(request)
    with record_of(request).write() as tx:
        person = find(tx, actor, person_id)
        note(tx, actor, "saw_consents", "participant", person_id)
        context: dict[str, Any] = {
            "person": person,
            "ledger": consents.ledger_of(tx, person_id),
            "standing": consents.standing(tx, person_id),
            "lenders": [(row.id, row.name) for row in accounts.lenders(tx)],
            "names": accounts.names_of(tx, actor),
        }
    return page(request, "consents.html", typed=typed, **asked_of(request, PURPOSES), **context)


@post("/participants/{person_id:str}/consents", request_max_body_size=MOST_BYTES)
@in_thread
def post_consent(
    request: Asking, person_id: FromPath[str], body: RawBody, live: NamedDependency[Live]
) -> Response[Any]:
    """Record that somebody agreed or took it back."""
    fields = fields_of(body)

    def say() -> Response[Any]:
        form = Form(fields, from_page=True)
        version, entry = form.number("version"), read_consent(form, live)
        form.done()
        with record_of(request).write() as tx:
            check_version(find(tx, actor_of(request), person_id), version)
            check_consent(tx, person_id, entry)
            consents.say(tx, actor_of(request), person_id, **entry)
            people.bump(tx, person_id)
        return go(request, f"/participants/{person_id}/consents", "consent")

    return attempt(request, fields, say, lambda typed: _consents_page(request, person_id, typed))


# -- rights and handing over -------------------------------------------------------------------------------------------


@get("/participants/{person_id:str}/rights")
@in_thread
def get_rights(request: Asking, person_id: FromPath[str]) -> Response[Any]:
    """Show what somebody may ask for: a copy of everything, and that all of it is erased."""
    return _rights_page(request, person_id)


def _rights_page(request: Asking, person_id: str, typed: Typed = NOTHING) -> Response[Any]:
    with record_of(request).write() as tx:
        person = find(tx, actor_of(request), person_id)
        note(tx, actor_of(request), "saw", "participant", person_id)
    return page(request, "rights.html", typed=typed, person=person, word=_word_to_erase(language_of(request)))


@post("/participants/{person_id:str}/erasure", request_max_body_size=MOST_BYTES)
@in_thread
def post_erasure(request: Asking, person_id: FromPath[str], body: RawBody) -> Response[Any]:
    """Erase somebody for good, where the word was written."""
    fields = fields_of(body)

    def erase() -> Response[Any]:
        form = Form(fields, from_page=True)
        version, word = form.number("version"), form.text("confirm", wanted=False)
        wanted = _word_to_erase(language_of(request))
        if word.upper() != wanted.upper():
            form.trouble("confirm", "word_not_written", wanted=wanted)
        form.done()
        rights.erase(record_of(request), actor_of(request), person_id, version)
        return go(request, "/participants", "erased")

    return attempt(request, fields, erase, lambda typed: _rights_page(request, person_id, typed))


@get("/participants/{person_id:str}/mentor")
@in_thread
def get_mentor(request: Asking, person_id: FromPath[str]) -> Response[Any]:
    """Show the form to hand somebody over to another mentor."""
    return _mentor_page(request, person_id)


def _mentor_page(request: Asking, person_id: str, typed: Typed = NOTHING) -> Response[Any]:
    actor = actor_of(request)
    with record_of(request).write() as tx:
        person = find(tx, actor, person_id)
        note(tx, actor, "saw", "participant", person_id)
        names = accounts.names_of(tx, actor)
        others = [(row.id, row.name) for row in accounts.mentors_of(tx, actor) if row.id != person.mentor_id]
    return page(request, "mentor.html", typed=typed, person=person, others=others, names=names)


@post("/participants/{person_id:str}/mentor", request_max_body_size=MOST_BYTES)
@in_thread
def post_mentor(request: Asking, person_id: FromPath[str], body: RawBody) -> Response[Any]:
    """Hand somebody over to another mentor."""
    fields = fields_of(body)

    def hand_over() -> Response[Any]:
        form = Form(fields, from_page=True)
        mentor, version = form.text("mentor_id"), form.number("version")
        form.done()
        with record_of(request).write() as tx:
            people.hand_over(tx, actor_of(request), person_id, version, mentor)
        return go(request, f"/participants/{person_id}", "handed")

    return attempt(request, fields, hand_over, lambda typed: _mentor_page(request, person_id, typed))


# -- importing ---------------------------------------------------------------------------------------------------------


@get("/imports")
@in_thread
def get_imports(request: Asking) -> Response[Any]:
    """Show the form to import a file."""
    return _imports_page(request)


def _imports_page(request: Asking, typed: Typed = NOTHING, result: Imported | None = None) -> Response[Any]:
    context: dict[str, Any] = {**asked_of(request, AT_REGISTRATION), "result": result}
    return page(request, "imports.html", typed=typed, **context)


@post("/imports", request_max_body_size=MOST_IMPORT_BYTES)
@in_thread
def post_import(
    request: Asking,
    data: Annotated[dict[str, Any], Body(media_type=RequestEncodingType.MULTI_PART)],
    live: NamedDependency[Live],
) -> Response[Any]:
    """Import a file and show what became of it, row by row where something was wrong."""
    sent = {name: value for name, value in data.items() if not _left_empty(value)}
    fields: Fields = {name: value for name, value in sent.items() if not isinstance(value, UploadFile)}

    def take() -> Response[Any]:
        for name in ("file", "columns"):
            if name in fields:
                raise Refused(400, Trouble(name, "wanted", name=name))
        return _imports_page(request, result=take_import(request, dict(sent), live))

    return attempt(request, fields, take, lambda typed: _imports_page(request, typed))


def _left_empty(value: Any) -> bool:
    """A field of a form with files that was not filled in."""
    return value in ("", None) or (isinstance(value, UploadFile) and not value.filename)


HANDLERS: Final = (
    get_participants,
    post_search,
    get_new,
    post_new,
    get_identity,
    post_identity,
    get_consents,
    post_consent,
    get_rights,
    post_erasure,
    get_mentor,
    post_mentor,
    get_imports,
    post_import,
)
