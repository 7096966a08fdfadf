"""The endpoints of referrals: looked at beforehand, drafted, moved, answered; quotas, room for more, who lends for whom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

from litestar import Response, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, RawBody

from api.participants.gate import RECORD, may
from api.record.actor import Actor
from api.record.approvals import Waits
from api.record.live import Live
from api.record.transaction import Transaction
from api.referrals import lenders, many, queue, quotas, service, stored
from api.referrals.forms import (
    read_asked,
    read_code,
    read_lender,
    read_many,
    read_note,
    read_quota,
    read_room,
    read_said,
)
from api.referrals.stored import Event, Referral
from api.web.asking import Asking, actor_of, answer_json, ask, ask_about, in_thread, look_up
from api.web.errors import language_of
from api.web.forms import Form
from api.web.listing import answer_page, view_of
from api.web.waiting import answer_waits
from matcher.programme.rules import Rules

P = ParamSpec("P")
T = TypeVar("T")


def ask_both(
    request: Asking,
    referral_id: str,
    use_case: Callable[Concatenate[Transaction, Actor, P], T],
    *given: P.args,
    **more: P.kwargs,
) -> T:
    """Do a use case that changes a referral, which two organisations have part in."""
    about = look_up(request, stored.organisations_in, referral_id)
    return ask_about(request, about, use_case, *given, **more)


def written(rules: Rules, actor: Actor, found: Referral) -> dict[str, Any]:
    """A referral as it is answered; `moves`: what whoever asks may do with it now."""
    state = rules.referrals.state(found.state)
    return {
        "id": found.id,
        "participant": found.participant_id if actor.role != "lender" else None,
        "lender_id": found.lender_id,
        "product": found.product,
        "amount_idr": found.amount_idr or None,
        "area": found.area or None,
        "state": found.state,
        "turn": state.turn,
        "is_over": state.ends,
        "version": found.version,
        "drafted_at": found.drafted_at,
        "sent_at": found.sent_at,
        "since": found.since,
        "due_at": None if state.ends else found.due_at,
        "asks_whether_it_lives": found.quiet_at is not None and not state.ends,
        "agreed": found.agreed,
        "complete_percent": found.complete if found.sent_at else None,
        "quota_month": found.quota_month,
        "moves": [one.id for one in service.moves_of(rules, actor, found)],
        "pack": found.pack,
        "events": [_event(actor, one) for one in found.events],
    }


def _answer_change(rules: Rules, actor: Actor, found: Referral) -> Response[bytes]:
    """Answer with a referral as it is after a change; a lender looks at pack and history anew.

    What is answered under a key is kept for a day, and a consent may be gone before that.
    """
    closed = replace(found, pack=None, events=()) if actor.role == "lender" else found
    return answer_json(written(rules, actor, closed))


def _event(actor: Actor, event: Event) -> dict[str, Any]:
    return {
        "at": event.at,
        "side": event.side,
        "mine": event.account_id == actor.account_id,
        "move": event.move,
        "state": event.state,
        "reasons": list(event.reasons),
        "said": event.said,
    }


@post("/api/v1/participants/{person_id:str}/referrals/preview", status_code=200)
@in_thread
def post_preview(
    request: Asking, person_id: FromPath[str], body: RawBody, live: NamedDependency[Live]
) -> Response[bytes]:
    """Show exactly what a lender would be sent for {product, lender_id, amount_idr}, and whether it has room."""
    form = Form.of_json(body)
    asked = read_asked(form)
    form.done()
    packed = ask(request, service.look_ahead, live.rules, person_id, *asked)
    room = look_up(request, lambda tx, actor: lenders.rooms(tx, asked.product)).get(asked.lender_id, lenders.Room())
    told = {"pack": packed.pack, "shown": packed.shown, "complete_percent": packed.complete}
    return answer_json(told | {"room": _room(asked.product, room)})


def _room(product: str, room: lenders.Room) -> dict[str, Any]:
    return {"product": product, "answer": room.answer or None, "weeks": room.weeks, "said_at": room.said_at}


@post("/api/v1/participants/{person_id:str}/referrals", status_code=201)
@in_thread
def post_referral(
    request: Asking, person_id: FromPath[str], body: RawBody, live: NamedDependency[Live]
) -> Response[bytes]:
    """Draft a referral for {product, lender_id, amount_idr}; it goes to the lender with the transition `send`."""
    form = Form.of_json(body)
    asked = read_asked(form)
    form.done()
    about = (actor_of(request).organisation_id, asked.lender_id)
    found = ask_about(request, about, service.draft, live.rules, person_id, *asked)
    return answer_json(written(live.rules, actor_of(request), found), 201)


@get("/api/v1/participants/{person_id:str}/referrals")
@in_thread
def get_of_person(request: Asking, person_id: FromPath[str], live: NamedDependency[Live]) -> Response[bytes]:
    """List the referrals of a participant, the latest first."""
    rules = live.rules

    def theirs(tx: Transaction, actor: Actor) -> list[Referral]:
        may(tx, actor, person_id, RECORD)
        return stored.of_person(tx, rules, person_id)

    found = ask(request, theirs)
    return answer_json({"referrals": [written(rules, actor_of(request), one) for one in found]})


@get("/api/v1/referrals")
@in_thread
def get_referrals(request: Asking, live: NamedDependency[Live]) -> Response[bytes]:
    """List referrals a page at a time: a lender's, those of one's participants, or those that the office has to see to."""
    view = view_of(request, queue.listing_of(live.rules))
    found = ask(request, queue.list_referrals, live.rules, view)
    return answer_page(found, lambda line: _line(live.rules, actor_of(request), line))


def _line(rules: Rules, actor: Actor, line: queue.Line) -> dict[str, Any]:
    told = written(rules, actor, line.referral)
    return {name: told[name] for name in LINE} | {"name": line.person, "lender": line.lender}


LINE: Final = (
    "id participant lender_id product amount_idr area state turn is_over version sent_at since due_at "
    "asks_whether_it_lives agreed complete_percent moves"
).split()


@post("/api/v1/referrals/moves/{move:str}", status_code=200)
@in_thread
def post_moves(request: Asking, move: FromPath[str], body: RawBody, live: NamedDependency[Live]) -> Response[bytes]:
    """Make a transition of up to 25 referrals: {referrals: [{id, version}], ...}; each is done or refused by itself."""
    versions, said = read_many(Form.of_json(body), live.today)
    about = look_up(request, many.organisations_of, tuple(versions))
    found = ask_about(request, about, many.move_each, live.rules, versions, move, said)
    refused = [
        {"id": name, "status": one.status, "problems": one.problems(language_of(request))}
        for name, one in found.refused.items()
    ]
    return answer_json({"done": list(found.done), "waits": list(found.waits), "refused": refused})


@get("/api/v1/referrals/{referral_id:str}")
@in_thread
def get_referral(request: Asking, referral_id: FromPath[str], live: NamedDependency[Live]) -> Response[bytes]:
    """Show a referral with its pack and history."""
    found = ask(request, stored.see, live.rules, referral_id)
    return answer_json(written(live.rules, actor_of(request), found))


@post("/api/v1/referrals/{referral_id:str}/moves/{move:str}", status_code=200)
@in_thread
def post_move(
    request: Asking, referral_id: FromPath[str], move: FromPath[str], body: RawBody, live: NamedDependency[Live]
) -> Response[bytes]:
    """Make a transition of the programme: {version, reasons, documents, note, amount_idr, on, days_late}, as it asks for."""
    version, said = read_said(Form.of_json(body), live.today)
    found = ask_both(request, referral_id, service.move, live.rules, referral_id, move, version, said)
    if isinstance(found, Waits):
        return answer_waits(found)
    return _answer_change(live.rules, actor_of(request), found)


@post("/api/v1/referrals/{referral_id:str}/notes", status_code=200)
@in_thread
def post_note(
    request: Asking, referral_id: FromPath[str], body: RawBody, live: NamedDependency[Live]
) -> Response[bytes]:
    """Say something to the other side: {note}."""
    text = read_note(Form.of_json(body))
    found = ask_both(request, referral_id, service.say_something, live.rules, referral_id, text)
    return _answer_change(live.rules, actor_of(request), found)


@post("/api/v1/referrals/{referral_id:str}/still-lives", status_code=200)
@in_thread
def post_still_lives(
    request: Asking, referral_id: FromPath[str], body: RawBody, live: NamedDependency[Live]
) -> Response[bytes]:
    """Answer whether a silent referral still lives: {reason}, a code of the programme."""
    code = read_code(Form.of_json(body))
    found = ask_both(request, referral_id, service.still_lives, live.rules, referral_id, code)
    return _answer_change(live.rules, actor_of(request), found)


# -- a lender's own ----------------------------------------------------------------------------------------------------


@get("/api/v1/quotas")
@in_thread
def get_quotas(request: Asking, live: NamedDependency[Live], month: FromQuery[str] = "") -> Response[bytes]:
    """List the asking lender's quotas of a month, with what is taken of them."""
    rules = live.rules

    def mine(tx: Transaction, actor: Actor) -> list[quotas.Quota]:
        return quotas.quotas_of(tx, rules, actor.organisation_id, month or quotas.this_month(tx))

    return answer_json({"quotas": [_quota(one) for one in look_up(request, mine)]})


def _quota(quota: quotas.Quota) -> dict[str, Any]:
    return {**vars(quota), "left": quota.left}


@put("/api/v1/quotas")
@in_thread
def put_quota(request: Asking, body: RawBody, live: NamedDependency[Live]) -> Response[bytes]:
    """Set a quota: {product, month, version, most, most_idr}; null is no bound."""
    asked = read_quota(Form.of_json(body))
    return answer_json({"version": ask(request, quotas.set_quota, live.rules, **asked)})


@get("/api/v1/rooms")
@in_thread
def get_rooms(request: Asking, live: NamedDependency[Live]) -> Response[bytes]:
    """List for which of its products the asking lender said that it has room."""
    rules = live.rules

    def mine(tx: Transaction, actor: Actor) -> list[dict[str, Any]]:
        said = lenders.rooms_of(tx, actor.organisation_id)
        theirs = lenders.products_of(tx, rules, actor.organisation_id)
        return [_room(product, said.get(product, lenders.Room())) for product in theirs]

    return answer_json({"rooms": look_up(request, mine)})


@put("/api/v1/rooms")
@in_thread
def put_room(request: Asking, body: RawBody, live: NamedDependency[Live]) -> Response[bytes]:
    """Say whether there is room for more: {product, answer: yes, no or weeks, weeks}."""
    product, answer, weeks = read_room(Form.of_json(body))
    ask(request, lenders.say_room, live.rules, product, answer, weeks)
    return answer_json({"product": product, "answer": answer, "weeks": weeks})


# -- lenders -----------------------------------------------------------------------------------------------------------


@get("/api/v1/lenders")
@in_thread
def get_lenders(request: Asking) -> Response[bytes]:
    """List the organisations that lend, with the providers for whom they do."""
    return answer_json({"lenders": look_up(request, lambda tx, actor: lenders.lenders(tx, actor.organisation_id))})


@put("/api/v1/lenders/{organisation_id:str}")
@in_thread
def put_lender(
    request: Asking, organisation_id: FromPath[str], body: RawBody, live: NamedDependency[Live]
) -> Response[bytes]:
    """Say for which {providers} an organisation lends: for these and no others."""
    providers = read_lender(Form.of_json(body))
    ask(request, lenders.bind, live.rules, organisation_id, providers)
    return answer_json({"id": organisation_id, "providers": list(providers)})


HANDLERS: Final = (
    post_preview,
    post_referral,
    get_of_person,
    get_referrals,
    post_moves,
    get_referral,
    post_move,
    post_note,
    post_still_lives,
    get_quotas,
    put_quota,
    get_rooms,
    put_room,
    get_lenders,
    put_lender,
)
