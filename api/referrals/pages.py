"""The pages of referrals: sending somebody to a lender, lists of them, one with its pack and history."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, RawBody

from api.consents.forms import channel_and_day
from api.consents.pages import asked_of
from api.record.actor import Actor
from api.record.approvals import Waits
from api.record.live import Live
from api.record.refusals import Refused, Trouble
from api.record.transaction import Transaction
from api.referrals import consequences, lenders, many, queue, referring, service, stored
from api.referrals.forms import (
    Asked,
    read_answer,
    read_asked,
    read_many,
    read_note,
    read_said,
)
from api.referrals.stored import Referral, state_of
from api.web.asking import Asking, actor_of, ask, ask_about, in_thread, look_up
from api.web.errors import language_of
from api.web.forms import Form
from api.web.frame import go, page
from api.web.listing import show, view_on_page
from api.web.typed import NOTHING, Typed, attempt
from api.web.waiting import go_and_wait
from matcher.programme.rules import Rules
from words.telling import teller

# -- sending somebody to a lender --------------------------------------------------------------------------------------


@get("/participants/{person_id:str}/refer")
@in_thread
def get_refer(
    request: Asking,
    person_id: FromPath[str],
    live: NamedDependency[Live],
    product: FromQuery[str] = "",
    lender: FromQuery[str] = "",
) -> Response[Any]:
    """Show for what and to whom somebody can be sent and, once that is chosen, exactly what the lender will see."""
    return _refer_page(request, person_id, live, product, lender)


def _refer_page(
    request: Asking,
    person_id: str,
    live: Live,
    product: str,
    lender: str,
    typed: Typed = NOTHING,
    amount_idr: int | None = None,
) -> Response[Any]:
    context = ask(request, referring.prepare, live.rules, person_id, product, lender, amount_idr)
    here = f"/participants/{person_id}/refer"
    return page(request, "refer.html", typed=typed, here=here, **context, **asked_of(request, ("referral",)))


@post("/participants/{person_id:str}/refer")
@in_thread
def post_refer(request: Asking, person_id: FromPath[str], body: RawBody, live: NamedDependency[Live]) -> Response[Any]:
    """Send somebody to a lender, with the consent that they gave just now if it is the first time.

    With another amount the pack is shown again first: no amount stands in an address.
    """
    sent: list[Asked] = []

    def refer(form: Form) -> Response[Any]:
        asked, shown = read_asked(form), form.text("shown", wanted=False, most=64)
        sent.append(asked)
        again = form.choice("act", ("send", "show"), "send") == "show"
        agrees = form.yes_no("agrees", default=False)
        channel, said_on, text_version = channel_and_day(form, live.today)
        form.done()
        if again:
            return _refer_page(request, person_id, live, *asked[:2], Typed(form.fields), asked.amount_idr)
        consent = {"channel": channel, "said_on": said_on, "text_version": text_version} if agrees else None
        about = (actor_of(request).organisation_id, asked.lender_id)
        found = ask_about(request, about, referring.refer, live.rules, person_id, asked, shown, consent)
        return go(request, f"/referrals/{found.id}", "referred")

    def again(typed: Typed) -> Response[Any]:
        product, lender, amount_idr = sent[0] if sent else ("", "", None)
        return _refer_page(request, person_id, live, product, lender, typed, amount_idr)

    return attempt(request, body, refer, again)


# -- lists, and many at once -------------------------------------------------------------------------------------------


@get("/referrals")
@in_thread
def get_referrals(request: Asking, live: NamedDependency[Live]) -> Response[Any]:
    """Show a lender's queue, what a mentor sent, or what the office has to ask about."""
    return _list_page(request, live)


def _list_page(request: Asking, live: Live, typed: Typed = NOTHING, told: Sequence[Any] = ()) -> Response[Any]:
    rules, actor = live.rules, actor_of(request)
    view, typed = view_on_page(request, queue.listing_of(rules), typed)
    shown = show(request, ask(request, queue.list_referrals, rules, view), "/referrals")
    there = {line.referral.state for line in shown.page.rows}
    # What sends a pack is done on the page where the pack is seen.
    mine = [move for move in rules.referrals.transitions if actor.role in move.by and there & {*move.begins}]
    may = [move for move in mine if move.id not in ALONE and "pack" not in move.asks]
    t = teller(rules, language_of(request))
    acts = [] if actor.role == "operator" else [(one.id, t.text(one.name)) for one in may]
    context: dict[str, Any] = {"shown": shown, "told": told, "acts": acts}
    context["day_of"] = look_up(request, queue.day_of, rules)
    status = 409 if told else 0  # and so not kept to be shown again under its key: it names people
    return page(request, "referrals.html", typed=typed, status=status, here="/referrals", **context)


ALONE: Final = ("mark_error", "undo_payment")
"""Transitions that are not offered for many at once: a mistake is one's own."""


@post("/referrals")
@in_thread
def post_picked(request: Asking, body: RawBody, live: NamedDependency[Live]) -> Response[Any]:
    """Show what was ticked, and what the transition chosen for all of it asks for."""

    def choose(form: Form) -> Response[Any]:
        given, act = form.raw("picked"), form.text("act", most=40)
        picked = [given] if isinstance(given, str) else list(given or ())
        if not 1 <= len(picked) <= many.MOST_AT_ONCE:
            form.trouble("picked", "pick_some", most=many.MOST_AT_ONCE)
        form.done()
        return _many_page(request, live, picked, act)

    return attempt(request, body, choose, lambda typed: _list_page(request, live, typed))


def _many_page(request: Asking, live: Live, picked: Sequence[str], name: str, typed: Typed = NOTHING) -> Response[Any]:
    rules = live.rules
    move = next((one for one in rules.referrals.transitions if one.id == name and one.begins), None)
    if move is None or actor_of(request).role not in move.by or "pack" in move.asks:
        raise Refused(404, Trouble("move", "not_found"))

    def see_each(tx: Transaction, actor: Actor) -> list[Referral]:
        return [stored.see(tx, actor, rules, one) for one in picked]

    some = ask(request, see_each)
    reasons = {one.id: one for one in rules.referrals.reasons}
    return page(request, "referrals_many.html", typed=typed, here="/referrals", some=some, move=move, reasons=reasons)


@post("/referrals/moves/{move:str}")
@in_thread
def post_moves(request: Asking, move: FromPath[str], body: RawBody, live: NamedDependency[Live]) -> Response[Any]:
    """Make the same transition of many, and say what became of each."""
    tried: list[str] = []

    def make(form: Form) -> Response[Any]:
        picked = form.raw("picked")
        tried.extend(([picked] if isinstance(picked, str) else list(picked or ()))[: many.MOST_AT_ONCE])
        versions, said = read_many(form, live.today)
        about = look_up(request, many.organisations_of, tuple(versions))
        found = ask_about(request, about, many.move_each, live.rules, versions, move, said)
        if not found.refused:
            return go_and_wait(request) if found.waits else go(request, "/referrals", "moved")
        if len(found.refused) == len(versions):
            raise next(iter(found.refused.values()))
        said_of = [
            {"id": name, **one}
            for name, refused in found.refused.items()
            for one in refused.problems(language_of(request))
        ]
        return _list_page(request, live, told=[len(found.done) + len(found.waits), len(found.refused), said_of])

    def again(typed: Typed) -> Response[Any]:
        return _many_page(request, live, tried, move, typed) if tried else _list_page(request, live, typed)

    return attempt(request, body, make, again)


# -- one referral ------------------------------------------------------------------------------------------------------


@get("/referrals/{referral_id:str}")
@in_thread
def get_referral(
    request: Asking, referral_id: FromPath[str], live: NamedDependency[Live], before: FromQuery[str] = ""
) -> Response[Any]:
    """Show a referral: how it stands, what can be done, what the lender was sent, what happened.

    `before`: the one that was answered just now, to which there is a way back.
    """
    return _referral_page(request, referral_id, live, before=before if _AN_ID.fullmatch(before) else "")


_AN_ID: Final = re.compile("[0-9a-f]{24}")


def _referral_page(
    request: Asking, referral_id: str, live: Live, typed: Typed = NOTHING, tried: str = "", before: str = ""
) -> Response[Any]:
    rules, actor = live.rules, actor_of(request)
    found, today = ask(request, referring.see_with_pack, rules, referral_id)
    decides = actor.role == "lender" and found.state in queue.to_decide(rules)
    context: dict[str, Any] = {
        "referral": found,
        "today_pack": today,
        "state": state_of(rules, found.state),
        "moves": service.moves_of(rules, actor, found),
        "reasons": {one.id: one for one in rules.referrals.reasons},
        "names": {"states": _named(rules.referrals.states), "moves": _named(rules.referrals.transitions)},
        "organisations": look_up(request, lambda tx, who: lenders.names_of(tx, found.organisation_id, found.lender_id)),
        "tried": tried,
        "before": before,
        "held": consequences.told_of(rules, found),
        "next": look_up(request, queue.next_to_decide, rules, found) if decides else None,
        "days": (live.today - _day(found, live)).days,
    }
    return page(request, "referral.html", typed=typed, here=f"/referrals/{referral_id}", **context)


def _named(some: Any) -> dict[str, Any]:
    return {one.id: one.name for one in some}


def _day(found: Referral, live: Live) -> date:
    return (found.sent_at or found.drafted_at).astimezone(live.zone).date()


@post("/referrals/{referral_id:str}/moves/{move:str}")
@in_thread
def post_move(
    request: Asking, referral_id: FromPath[str], move: FromPath[str], body: RawBody, live: NamedDependency[Live]
) -> Response[Any]:
    """Make a transition, and show the referral as it is after that; a lender that has decided, what waits for it next."""

    def make(form: Form) -> Response[Any]:
        version, said = read_said(form, live.today)
        about = look_up(request, stored.organisations_in, referral_id)
        found = ask_about(request, about, service.move, live.rules, referral_id, move, version, said)
        return go_and_wait(request) if isinstance(found, Waits) else _go_on(request, live.rules, found)

    return attempt(request, body, make, lambda typed: _referral_page(request, referral_id, live, typed, move))


def _go_on(request: Asking, rules: Rules, done: Referral) -> Response[Any]:
    if actor_of(request).role != "lender" or done.state in queue.to_decide(rules):
        return go(request, f"/referrals/{done.id}", "moved")
    following = look_up(request, queue.next_to_decide, rules, done)
    if following is None:
        return go(request, f"/referrals/{done.id}", "moved_last")
    return go(request, f"/referrals/{following}", "moved_next", before=done.id)


@post("/referrals/{referral_id:str}/notes")
@in_thread
def post_note(request: Asking, referral_id: FromPath[str], body: RawBody, live: NamedDependency[Live]) -> Response[Any]:
    """Say something to the other side."""

    def say(form: Form) -> Response[Any]:
        text = read_note(form)
        about = look_up(request, stored.organisations_in, referral_id)
        ask_about(request, about, service.say_something, live.rules, referral_id, text)
        return go(request, f"/referrals/{referral_id}", "noted")

    return attempt(request, body, say, lambda typed: _referral_page(request, referral_id, live, typed, service.NOTE))


@post("/referrals/{referral_id:str}/still-lives")
@in_thread
def post_still_lives(
    request: Asking, referral_id: FromPath[str], body: RawBody, live: NamedDependency[Live]
) -> Response[Any]:
    """Answer whether a silent referral still lives."""

    def answer(form: Form) -> Response[Any]:
        told = read_answer(form)
        about = look_up(request, stored.organisations_in, referral_id)
        ask_about(request, about, service.still_lives, live.rules, referral_id, told)
        return go(request, f"/referrals/{referral_id}", "noted")

    def again(typed: Typed) -> Response[Any]:
        return _referral_page(request, referral_id, live, typed, service.STILL_LIVES)

    return attempt(request, body, answer, again)


HANDLERS: Final = (
    get_refer,
    post_refer,
    get_referrals,
    post_picked,
    post_moves,
    get_referral,
    post_move,
    post_note,
    post_still_lives,
)
