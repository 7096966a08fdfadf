"""The pages that look over assessments: objections to decide, disagreements, and the lot among tied steps."""

from __future__ import annotations

from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath, RawBody

from api.accounts import service as accounts
from api.assessments import disagreement, switches
from api.audit.service import note
from api.web.asking import Asking, actor_of, in_thread, record_of
from api.web.forms import Form
from api.web.frame import MOST_BYTES, NOTHING, Typed, attempt, fields_of, go, page


@get("/objections")
@in_thread
def get_objections(request: Asking) -> Response[Any]:
    """Show the objections that wait for a decision."""
    return _objections_page(request)


def _objections_page(request: Asking, typed: Typed = NOTHING, about: str = "") -> Response[Any]:
    """`about`: the objection whose form was sent, and whose fields are kept."""
    actor = actor_of(request)
    with record_of(request).write() as tx:
        waiting = disagreement.objections_of(tx, actor)
        persons = [one["participant_id"] for one in waiting]
        note(tx, actor, "saw_objections", "account", actor.account_id, participants=persons)
        names = accounts.names_of(tx, actor)
    context: dict[str, Any] = {"waiting": waiting, "names": names, "decisions": disagreement.DECISIONS, "about": about}
    return page(request, "objections.html", typed=typed, here="/objections", **context)


@post("/objections/{objection_id:str}/decision", request_max_body_size=MOST_BYTES)
@in_thread
def post_decision(request: Asking, objection_id: FromPath[str], body: RawBody) -> Response[Any]:
    """Decide on an objection."""
    fields = fields_of(body)

    def decide() -> Response[Any]:
        form = Form(fields, from_page=True)
        decision, reason = form.choice("decision", disagreement.DECISIONS), form.text("reason", most=2000)
        form.done()
        with record_of(request).write() as tx:
            disagreement.decide(tx, actor_of(request), objection_id, decision, reason)
        return go(request, "/objections", "decided")

    return attempt(request, fields, decide, lambda typed: _objections_page(request, typed, objection_id))


@get("/disagreements")
@in_thread
def get_disagreements(request: Asking) -> Response[Any]:
    """Show overrides and objections with versions, without people or words; for an operator also the lot."""
    return _disagreements_page(request)


def _disagreements_page(request: Asking, typed: Typed = NOTHING) -> Response[Any]:
    actor = actor_of(request)
    with record_of(request).read() as tx:
        found = disagreement.disagreements(tx, actor)
        lot = switches.is_on(tx, actor.organisation_id, switches.RANDOMISATION)
    return page(request, "disagreements.html", typed=typed, here="/disagreements", found=found, lot=lot)


@post("/disagreements/lot", request_max_body_size=MOST_BYTES)
@in_thread
def post_lot(request: Asking, body: RawBody) -> Response[Any]:
    """Turn the lot among tied steps on or off."""
    fields = fields_of(body)

    def turn() -> Response[Any]:
        form = Form(fields, from_page=True)
        on = form.yes_no("on")
        form.done()
        with record_of(request).write() as tx:
            switches.turn(tx, actor_of(request), switches.RANDOMISATION, on)
        return go(request, "/disagreements", "switch")

    return attempt(request, fields, turn, lambda typed: _disagreements_page(request, typed))


HANDLERS: Final = (get_objections, post_decision, get_disagreements, post_lot)
