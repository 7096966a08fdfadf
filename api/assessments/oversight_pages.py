"""The pages that look over assessments: objections to decide, disagreements, and the lot among tied steps."""

from __future__ import annotations

from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath, RawBody

from api.accounts import service as accounts
from api.assessments import disagreement, switches
from api.assessments.forms import read_decision, read_switch
from api.web.asking import Asking, ask, in_thread, look_up
from api.web.forms import Form
from api.web.frame import go, page
from api.web.listing import show, view_on_page
from api.web.typed import NOTHING, Typed, attempt


@get("/objections")
@in_thread
def get_objections(request: Asking) -> Response[Any]:
    """Show the objections that wait for a decision."""
    return _objections_page(request)


def _objections_page(request: Asking, typed: Typed = NOTHING, about: str = "") -> Response[Any]:
    """`about`: the objection whose form was sent, and whose fields are kept."""
    view, typed = view_on_page(request, disagreement.WAITING, typed)
    shown = show(request, ask(request, disagreement.see_objections, view), "/objections")
    names = look_up(request, accounts.names_of)
    context: dict[str, Any] = {"shown": shown, "names": names, "decisions": disagreement.DECISIONS, "about": about}
    return page(request, "objections.html", typed=typed, here="/objections", **context)


@post("/objections/{objection_id:str}/decision")
@in_thread
def post_decision(request: Asking, objection_id: FromPath[str], body: RawBody) -> Response[Any]:
    """Decide on an objection."""

    def decide(form: Form) -> Response[Any]:
        ask(request, disagreement.decide, objection_id, *read_decision(form))
        return go(request, "/objections", "decided")

    return attempt(request, body, decide, lambda typed: _objections_page(request, typed, objection_id))


@get("/disagreements")
@in_thread
def get_disagreements(request: Asking) -> Response[Any]:
    """Show overrides and objections with versions, without people or words; for an operator also the lot."""
    return _disagreements_page(request)


def _disagreements_page(request: Asking, typed: Typed = NOTHING) -> Response[Any]:
    view, typed = view_on_page(request, disagreement.LISTED, typed)
    shown = show(request, look_up(request, disagreement.disagreements, view), "/disagreements")
    lot = look_up(request, switches.is_on, switches.RANDOMISATION)
    return page(request, "disagreements.html", typed=typed, here="/disagreements", shown=shown, lot=lot)


@post("/disagreements/lot")
@in_thread
def post_lot(request: Asking, body: RawBody) -> Response[Any]:
    """Turn the lot among tied steps on or off."""

    def turn(form: Form) -> Response[Any]:
        ask(request, switches.turn, switches.RANDOMISATION, read_switch(form))
        return go(request, "/disagreements", "switch")

    return attempt(request, body, turn, lambda typed: _disagreements_page(request, typed))


HANDLERS: Final = (get_objections, post_decision, get_disagreements, post_lot)
