"""Lenders: organisations bound to providers of the programme. Who lends what, and whether there is room for more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, delete, insert, literal, or_, select, update

from api.accounts.tables import ORGANISATIONS, SANDBOXES
from api.audit.service import note
from api.record.actor import Actor
from api.record.refusals import Refused, Trouble
from api.record.transaction import Transaction
from api.referrals.tables import CAPACITIES, PROVIDERS
from matcher.programme.rules import Rules

ANSWERS: Final = ("yes", "no", "weeks")
MOST_WEEKS: Final = 52


@dataclass(frozen=True)
class Room:
    """What a lender said of its room for more of a product. `answer` "": nothing yet."""

    answer: str = ""
    weeks: int | None = None
    said_at: datetime | None = None


def providers_in(rules: Rules) -> list[str]:
    """The providers of the day's products, in order."""
    return sorted({product.entry.provider for product in rules.products})


def bind(tx: Transaction, actor: Actor | None, rules: Rules, organisation_id: str, providers: Sequence[str]) -> None:
    """Say for which providers an organisation lends: for these and no others.

    Raises:
        Refused: 404; 400 for a provider that the programme does not have; 403 for an operator of an organisation that lends.
    """
    if actor is not None:
        check_no_lender(tx, actor)
    if tx.one(select(ORGANISATIONS.c.id).where(ORGANISATIONS.c.id == organisation_id)) is None:
        raise Refused(404, Trouble("organisation", "not_found"))
    known = providers_in(rules)
    wrong = [Trouble("providers", "no_provider", one, allowed=known) for one in providers if one not in known]
    if wrong:
        raise Refused(400, *wrong)
    tx.run(delete(PROVIDERS).where(PROVIDERS.c.organisation_id == organisation_id))
    for one in dict.fromkeys(providers):
        tx.run(insert(PROVIDERS).values(organisation_id=organisation_id, provider=one, bound_at=tx.now))
    note(tx, actor, "bound", "organisation", organisation_id, providers=len(set(providers)))


def check_no_lender(tx: Transaction, actor: Actor) -> None:
    """See that whoever says who lends is not at a lender: no lender sees another one, or shuts it out.

    Raises:
        Refused: 403.
    """
    if tx.one(select(PROVIDERS.c.provider).where(PROVIDERS.c.organisation_id == actor.organisation_id).limit(1)):
        raise Refused(403, Trouble("organisation", "lender_of_lenders"))


def _lends_to(home: str) -> ColumnElement[bool]:
    """Of organisations: those that lend to people of `home`. A sandbox lends to its own alone, and nobody else does.

    "": to those of everybody.
    """
    real = ORGANISATIONS.c.id.not_in(SANDBOXES) & (literal(home).not_in(SANDBOXES))
    return or_(ORGANISATIONS.c.id == home, real)


def lenders(tx: Transaction, home: str = "") -> list[dict[str, Any]]:
    """Every organisation that lends to people of `home`: id, name and its providers."""
    rows = tx.all(
        select(PROVIDERS.c.organisation_id, PROVIDERS.c.provider, ORGANISATIONS.c.name)
        .join(ORGANISATIONS, ORGANISATIONS.c.id == PROVIDERS.c.organisation_id)
        .where(_lends_to(home))
        .order_by(ORGANISATIONS.c.name, PROVIDERS.c.provider)
    )
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        lender = found.setdefault(row.organisation_id, {"id": row.organisation_id, "name": row.name, "providers": []})
        lender["providers"].append(row.provider)
    return list(found.values())


def everybody(tx: Transaction) -> list[dict[str, Any]]:
    """Every organisation but sandboxes, with the providers for which it lends, if for any."""
    bound = {one["id"]: one["providers"] for one in lenders(tx)}
    real = select(ORGANISATIONS.c.id, ORGANISATIONS.c.name).where(~ORGANISATIONS.c.sandbox)
    rows = tx.all(real.order_by(ORGANISATIONS.c.name))
    return [{"id": row.id, "name": row.name, "providers": bound.get(row.id, [])} for row in rows]


def names_of(tx: Transaction, *organisations: str) -> dict[str, str]:
    """What organisations are called, by id."""
    rows = tx.all(select(ORGANISATIONS.c.id, ORGANISATIONS.c.name).where(ORGANISATIONS.c.id.in_(organisations)))
    return {row.id: row.name for row in rows}


def lenders_of(tx: Transaction, rules: Rules, product: str, home: str) -> list[Row[Any]]:
    """The organisations that lend a product of the rules to people of `home`: id and name."""
    if product not in rules.product_ids:
        return []
    bound = select(PROVIDERS.c.organisation_id).where(PROVIDERS.c.provider == rules.product_ids[product].entry.provider)
    some = select(ORGANISATIONS.c.id, ORGANISATIONS.c.name).where(ORGANISATIONS.c.id.in_(bound), _lends_to(home))
    return list(tx.all(some.order_by(ORGANISATIONS.c.name)))


def lenders_by_product(tx: Transaction, rules: Rules) -> dict[str, set[str]]:
    """By product of the rules the organisations that lend it."""
    bound: dict[str, set[str]] = {}
    real = PROVIDERS.c.organisation_id.not_in(SANDBOXES)
    for row in tx.all(select(PROVIDERS.c.provider, PROVIDERS.c.organisation_id).where(real)):
        bound.setdefault(row.provider, set()).add(row.organisation_id)
    return {product.entry.id: bound.get(product.entry.provider, set()) for product in rules.products}


def products_of(tx: Transaction, rules: Rules, lender_id: str) -> list[str]:
    """The products of the rules that an organisation lends, in the programme's order."""
    bound = select(PROVIDERS.c.provider).where(PROVIDERS.c.organisation_id == lender_id)
    theirs = {row.provider for row in tx.all(bound)}
    return [product.entry.id for product in rules.products if product.entry.provider in theirs]


# -- room for more -----------------------------------------------------------------------------------------------------


def say_room(tx: Transaction, actor: Actor, rules: Rules, product: str, answer: str, weeks: int | None = None) -> None:
    """Say whether there is room for more of a product: yes, no, or in so many weeks; nobody is seen for that.

    Raises:
        Refused: 400 for another lender's product, or weeks that are none.
    """
    troubles = []
    if product not in products_of(tx, rules, actor.organisation_id):
        troubles.append(Trouble("product", "not_your_product", product))
    if (answer == "weeks") != (weeks is not None) or (weeks is not None and not 1 <= weeks <= MOST_WEEKS):
        troubles.append(Trouble("weeks", "weeks_of_waiting", weeks, most=MOST_WEEKS))
    if troubles:
        raise Refused(400, *troubles)
    here = (CAPACITIES.c.lender_id == actor.organisation_id) & (CAPACITIES.c.product == product)
    said = {"answer": answer, "weeks": weeks, "said_at": tx.now}
    if not tx.run(update(CAPACITIES).where(here).values(said)):
        tx.run(insert(CAPACITIES).values(lender_id=actor.organisation_id, product=product, **said))
    note(tx, actor, "said_room", "organisation", actor.organisation_id, product=product, answer=answer, weeks=weeks)


def rooms(tx: Transaction, product: str) -> dict[str, Room]:
    """What each lender said of its room for more of a product, by the lender's id."""
    rows = tx.all(select(CAPACITIES).where(CAPACITIES.c.product == product))
    return {row.lender_id: Room(row.answer, row.weeks, row.said_at) for row in rows}


def rooms_of(tx: Transaction, lender_id: str) -> dict[str, Room]:
    """What a lender said of its room for more, by product."""
    rows = tx.all(select(CAPACITIES).where(CAPACITIES.c.lender_id == lender_id))
    return {row.product: Room(row.answer, row.weeks, row.said_at) for row in rows}
