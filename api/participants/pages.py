"""The pages of participants: list and search, registering, details, consents, rights, handing over."""

from __future__ import annotations

from typing import Any, Final

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, RawBody

from api.accounts import service as accounts
from api.accounts.second_person import needs_second
from api.consents.forms import AT_REGISTRATION
from api.consents.pages import asked_of
from api.consents.purposes import PURPOSES
from api.participants import agreements, people, rights
from api.participants.forms import read_consent, read_identity, read_registration
from api.participants.withdrawals import see_withdrawals
from api.record.actor import Actor
from api.record.approvals import Waits
from api.record.live import Live
from api.record.transaction import Transaction
from api.web.asking import Asking, actor_of, ask, in_thread, look_up, record_of
from api.web.errors import language_of
from api.web.forms import Form
from api.web.frame import go, page
from api.web.listing import show, view_on_page
from api.web.typed import NOTHING, Typed, attempt
from api.web.waiting import go_and_wait
from words.speaking import speaker

# -- list and search ---------------------------------------------------------------------------------------------------


@get("/participants")
@in_thread
def get_participants(request: Asking) -> Response[Any]:
    """List one's participants; an operator, who has all of them, searches or picks a mentor."""
    if actor_of(request).role != "mentor":
        return _list_page(request)
    view, typed = view_on_page(request, people.LISTED)
    shown = show(request, ask(request, people.see_people, view), "/participants")
    return page(request, "participants.html", typed=typed, shown=shown, people=shown.page.rows)


@post("/participants")
@in_thread
def post_search(request: Asking, body: RawBody) -> Response[Any]:
    """Search; a POST, so that no name, NIK or phone number stands in an address."""

    def search(form: Form) -> Response[Any]:
        wanted, mentor = form.text("search", wanted=False), form.text("of_mentor", wanted=False)
        form.done()
        return _list_page(request, Typed(form.fields), wanted, mentor)

    return attempt(request, body, search, lambda typed: _list_page(request, typed))


def _list_page(request: Asking, typed: Typed = NOTHING, search: str = "", mentor: str = "") -> Response[Any]:
    context = ask(request, _list, search, mentor) | {"search": search, "asked": bool(search or mentor)}
    return page(request, "participants.html", typed=typed, **context)


def _list(tx: Transaction, actor: Actor, search: str, mentor: str) -> dict[str, Any]:
    mentors = accounts.mentors_of(tx, actor, closed=True) if actor.role == "operator" else []
    found = people.look_for(tx, actor, search, mentor)
    return {"people": found.people, "more": found.more, "names": accounts.names_of(tx, actor), "mentors": mentors}


# -- registering and correcting ----------------------------------------------------------------------------------------


@get("/participants/new")
@in_thread
def get_new(request: Asking) -> Response[Any]:
    """Show the form to register somebody."""
    return _new_page(request)


def _new_page(request: Asking, typed: Typed = NOTHING) -> Response[Any]:
    return page(request, "participant_new.html", typed=typed, **asked_of(request, AT_REGISTRATION))


@post("/participants/new")
@in_thread
def post_new(request: Asking, body: RawBody, live: NamedDependency[Live]) -> Response[Any]:
    """Register somebody and go to their page."""

    def register(form: Form) -> Response[Any]:
        person = ask(request, people.register, *read_registration(form, live.today))
        return go(request, f"/participants/{person.id}", "registered")

    return attempt(request, body, register, lambda typed: _new_page(request, typed))


@get("/participants/{person_id:str}/identity")
@in_thread
def get_identity(request: Asking, person_id: FromPath[str]) -> Response[Any]:
    """Show the form to correct name, NIK and phone."""
    return _identity_page(request, person_id)


def _identity_page(request: Asking, person_id: str, typed: Typed = NOTHING) -> Response[Any]:
    return page(request, "identity.html", typed=typed, person=ask(request, people.see, person_id))


@post("/participants/{person_id:str}/identity")
@in_thread
def post_identity(request: Asking, person_id: FromPath[str], body: RawBody) -> Response[Any]:
    """Correct name, NIK and phone; a NIK or phone left empty is taken away."""

    def correct(form: Form) -> Response[Any]:
        identity, version = read_identity(form), form.number("version")
        form.done()
        ask(request, people.change, person_id, version, identity)
        return go(request, f"/participants/{person_id}", "identity")

    return attempt(request, body, correct, lambda typed: _identity_page(request, person_id, typed))


# -- consents ----------------------------------------------------------------------------------------------------------


@get("/participants/{person_id:str}/consents")
@in_thread
def get_consents(request: Asking, person_id: FromPath[str]) -> Response[Any]:
    """Show what somebody agrees to, and everything they said about it."""
    return _consents_page(request, person_id)


def _consents_page(request: Asking, person_id: str, typed: Typed = NOTHING) -> Response[Any]:
    context = ask(request, _consents, person_id) | asked_of(request, PURPOSES)
    return page(request, "consents.html", typed=typed, **context)


def _consents(tx: Transaction, actor: Actor, person_id: str) -> dict[str, Any]:
    person, said = agreements.look_at(tx, actor, person_id)
    lenders = [(row.id, row.name) for row in accounts.lenders(tx)]
    return {"person": person, **said, "lenders": lenders, "names": accounts.names_of(tx, actor)}


@post("/participants/{person_id:str}/consents")
@in_thread
def post_consent(
    request: Asking, person_id: FromPath[str], body: RawBody, live: NamedDependency[Live]
) -> Response[Any]:
    """Record that somebody agreed or took it back."""

    def say(form: Form) -> Response[Any]:
        version, entry = form.number("version"), read_consent(form, live.today)
        ask(request, agreements.say, person_id, entry, version)
        return go(request, f"/participants/{person_id}/consents", "consent")

    return attempt(request, body, say, lambda typed: _consents_page(request, person_id, typed))


# -- rights, withdrawals and handing over ------------------------------------------------------------------------------


def _word_to_erase(request: Asking) -> str:
    """What must be written to erase somebody."""
    return speaker(language_of(request)).name("page", "word_to_erase")


@get("/participants/{person_id:str}/rights")
@in_thread
def get_rights(request: Asking, person_id: FromPath[str]) -> Response[Any]:
    """Show what somebody may ask for: a copy of everything, and that all of it is erased."""
    return _rights_page(request, person_id)


def _rights_page(request: Asking, person_id: str, typed: Typed = NOTHING) -> Response[Any]:
    person, exports = ask(request, people.see, person_id), look_up(request, rights.may_export, person_id)
    second = look_up(request, needs_second)
    context: dict[str, Any] = {
        "person": person,
        "word": _word_to_erase(request),
        "may_export": exports,
        "needs_second": second,
    }
    return page(request, "rights.html", typed=typed, here=f"/participants/{person_id}/rights", **context)


@post("/participants/{person_id:str}/export")
@in_thread
def post_export(request: Asking, person_id: FromPath[str], body: RawBody) -> Response[Any]:
    """Ask for a copy of everything held about somebody, where a second person has to approve it."""

    def want(form: Form) -> Response[Any]:
        form.done()
        ask(request, rights.ask_to_export, person_id)
        return go_and_wait(request)

    return attempt(request, body, want, lambda typed: _rights_page(request, person_id, typed))


@post("/participants/{person_id:str}/erasure")
@in_thread
def post_erasure(request: Asking, person_id: FromPath[str], body: RawBody) -> Response[Any]:
    """Erase somebody for good, where the word was written."""

    def erase(form: Form) -> Response[Any]:
        version, word = form.number("version"), form.text("confirm", wanted=False)
        wanted = _word_to_erase(request)
        if word.upper() != wanted.upper():
            form.trouble("confirm", "word_not_written", wanted=wanted)
        form.done()
        erased = rights.erase(record_of(request), actor_of(request), person_id, version)
        return go_and_wait(request) if isinstance(erased, Waits) else go(request, "/participants", "erased")

    return attempt(request, body, erase, lambda typed: _rights_page(request, person_id, typed))


@get("/withdrawals")
@in_thread
def get_withdrawals(request: Asking) -> Response[Any]:
    """Show an operator who is to be erased, since they took back that they are kept."""
    found, names = ask(request, see_withdrawals), look_up(request, accounts.names_of)
    return page(request, "withdrawals.html", found=found, names=names)


@get("/participants/{person_id:str}/mentor")
@in_thread
def get_mentor(request: Asking, person_id: FromPath[str]) -> Response[Any]:
    """Show the form to hand somebody over to another mentor."""
    return _mentor_page(request, person_id)


def _mentor_page(request: Asking, person_id: str, typed: Typed = NOTHING) -> Response[Any]:
    person, names = ask(request, people.see, person_id), look_up(request, accounts.names_of)
    there = look_up(request, accounts.mentors_of)
    mentors = [(row.id, row.name) for row in there if row.id != person.mentor_id]
    return page(request, "mentor.html", typed=typed, person=person, mentors=mentors, names=names)


@post("/participants/{person_id:str}/mentor")
@in_thread
def post_mentor(request: Asking, person_id: FromPath[str], body: RawBody) -> Response[Any]:
    """Hand somebody over to another mentor."""

    def hand_over(form: Form) -> Response[Any]:
        mentor, version = form.text("mentor_id"), form.number("version")
        form.done()
        handed = ask(request, people.hand_over, person_id, version, mentor)
        return (
            go_and_wait(request) if isinstance(handed, Waits) else go(request, f"/participants/{person_id}", "handed")
        )

    return attempt(request, body, hand_over, lambda typed: _mentor_page(request, person_id, typed))


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
    post_export,
    post_erasure,
    get_withdrawals,
    get_mentor,
    post_mentor,
)
