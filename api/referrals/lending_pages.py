"""The pages of lending: a lender's quotas, room and figures, and for an operator who lends for whom."""

from __future__ import annotations

from typing import Any, Final

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, RawBody

from api.record.actor import Actor
from api.record.live import Live
from api.record.transaction import Transaction
from api.referrals import lenders, quotas
from api.referrals.figures import MOST_OPENED, figures_of
from api.referrals.forms import read_lender, read_quota, read_room
from api.web.asking import Asking, ask, in_thread, look_up
from api.web.forms import Form
from api.web.frame import go, page
from api.web.typed import NOTHING, Typed, attempt
from matcher.programme.rules import Rules


@get("/lending")
@in_thread
def get_lending(request: Asking, live: NamedDependency[Live]) -> Response[Any]:
    """Show a lender's products: the quota of this month, and what it said of its room for more."""
    return _lending_page(request, live)


def _lending_page(request: Asking, live: Live, typed: Typed = NOTHING) -> Response[Any]:
    rules = live.rules

    def mine(tx: Transaction, actor: Actor) -> dict[str, Any]:
        month = quotas.this_month(tx)
        return {
            "month": month,
            "quotas": quotas.quotas_of(tx, rules, actor.organisation_id, month),
            "rooms": lenders.rooms_of(tx, actor.organisation_id),
        }

    return page(request, "lending.html", typed=typed, here="/lending", **look_up(request, mine))


@get("/lending/figures")
@in_thread
def get_figures(request: Asking, live: NamedDependency[Live]) -> Response[Any]:
    """Show why a lender declined this quarter, and what each published condition costs it."""
    found = ask(request, figures_of, live.rules)
    context = vars(found) | {"left_out": MOST_OPENED if found.left_out else 0}
    return page(request, "figures.html", **context)


@post("/lending/quotas")
@in_thread
def post_quota(request: Asking, body: RawBody, live: NamedDependency[Live]) -> Response[Any]:
    """Set the quota of a product in a month."""

    def set_it(form: Form) -> Response[Any]:
        ask(request, quotas.set_quota, live.rules, **read_quota(form))
        return go(request, "/lending", "quota")

    return attempt(request, body, set_it, lambda typed: _lending_page(request, live, typed))


@post("/lending/rooms")
@in_thread
def post_room(request: Asking, body: RawBody, live: NamedDependency[Live]) -> Response[Any]:
    """Say whether there is room for more."""

    def say(form: Form) -> Response[Any]:
        product, answer, weeks = read_room(form)
        ask(request, lenders.say_room, live.rules, product, answer, weeks)
        return go(request, "/lending", "room")

    return attempt(request, body, say, lambda typed: _lending_page(request, live, typed))


@get("/lenders")
@in_thread
def get_lenders(request: Asking, live: NamedDependency[Live]) -> Response[Any]:
    """Show an operator which organisations lend, and for whom."""
    return _lenders_page(request, live.rules)


def _lenders_page(request: Asking, rules: Rules, typed: Typed = NOTHING) -> Response[Any]:
    def everybody(tx: Transaction, actor: Actor) -> list[dict[str, Any]]:
        lenders.check_no_lender(tx, actor)
        return lenders.everybody(tx)

    found = look_up(request, everybody)
    return page(
        request, "lenders.html", typed=typed, here="/lenders", found=found, providers=lenders.providers_in(rules)
    )


@post("/lenders/{organisation_id:str}")
@in_thread
def post_lender(
    request: Asking, organisation_id: FromPath[str], body: RawBody, live: NamedDependency[Live]
) -> Response[Any]:
    """Say for which providers an organisation lends."""

    def bind(form: Form) -> Response[Any]:
        ask(request, lenders.bind, live.rules, organisation_id, read_lender(form))
        return go(request, "/lenders", "lender")

    return attempt(request, body, bind, lambda typed: _lenders_page(request, live.rules, typed))


HANDLERS: Final = (get_lending, get_figures, post_quota, post_room, get_lenders, post_lender)
