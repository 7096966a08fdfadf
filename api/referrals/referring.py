"""Sending somebody to a lender from their page: what can be chosen, what the lender will see, and all of it in one go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.audit.service import note
from api.consents import service as consents
from api.participants import agreements
from api.participants.gate import RECOMMENDATION, may
from api.record.actor import Actor
from api.record.refusals import Refused
from api.record.transaction import Transaction
from api.referrals.forms import Asked
from api.referrals.lenders import Room, lenders, lenders_of, rooms
from api.referrals.pack import Packed, check_fits, offered_to, pack_of
from api.referrals.said import Said
from api.referrals.service import draft, move, moves_of
from api.referrals.stored import Referral, see
from matcher.programme.rules import Rules


def prepare(
    tx: Transaction,
    actor: Actor,
    rules: Rules,
    person_id: str,
    product: str,
    lender_id: str,
    amount_idr: int | None = None,
) -> dict[str, Any]:
    """What the page needs: the person, `choices` of product and lender and, for what is chosen, the pack.

    What is offered to them comes first. Where a product has one lender, that one is chosen.

    Raises:
        Refused: as `may` does for a recommendation.
    """
    person = may(tx, actor, person_id, RECOMMENDATION)
    offered = offered_to(tx, rules, person)
    bound = {provider for lender in lenders(tx, actor.organisation_id) for provider in lender["providers"]}
    running = [one.entry.id for one in rules.products if one.suggested and one.entry.provider in bound]
    choices = sorted(running, key=lambda one: one not in offered)
    found: dict[str, Any] = {"person": person, "choices": choices, "offered": offered, "product": "", "packed": None}
    if product not in choices:
        return found
    there, said = lenders_of(tx, rules, product, actor.organisation_id), rooms(tx, product)
    chosen = lender_id if lender_id in [one.id for one in there] else there[0].id if len(there) == 1 else ""
    found |= {"product": product, "lender": chosen, "lenders": there}
    found |= {"rooms": {one.id: said.get(one.id, Room()) for one in there}}
    if not chosen:
        return found
    packed = pack_of(tx, actor, person, rules, product, chosen, amount_idr)
    try:
        check_fits(packed, product)
        why_not = None
    except Refused as refused:
        why_not = refused
    note(tx, actor, "looked_at_pack", "participant", person_id)
    agrees = person_id in consents.let_go_since(tx, [person_id], chosen)
    return found | {"packed": packed, "why_not": why_not, "agrees": agrees}


def see_with_pack(tx: Transaction, actor: Actor, rules: Rules, referral_id: str) -> tuple[Referral, Packed | None]:
    """A referral, noted as a look; with the pack of today where its mentor may send one, None where that cannot be made."""
    found = see(tx, actor, rules, referral_id)
    if not any("pack" in one.asks for one in moves_of(rules, actor, found)):
        return found, None
    try:
        person = may(tx, actor, found.participant_id, RECOMMENDATION)
        return found, pack_of(tx, actor, person, rules, found.product, found.lender_id, found.amount_idr or None)
    except Refused:
        return found, None


def refer(
    tx: Transaction,
    actor: Actor,
    rules: Rules,
    person_id: str,
    asked: Asked,
    shown: str,
    consent: Mapping[str, Any] | None = None,
) -> Referral:
    """Draft a referral and send it, if that is what was `shown`; `consent`: how they agreed just now, if they had not.

    Raises:
        Refused: as drafting, agreeing and sending do; then nothing of it was done.
    """
    may(tx, actor, person_id, RECOMMENDATION)
    if consent is not None:
        entry = {"purpose": "referral", "recipient": asked.lender_id, "given": True, "expires_on": None, **consent}
        agreements.say(tx, actor, person_id, entry)
    drafted = draft(tx, actor, rules, person_id, *asked)
    sent = move(tx, actor, rules, drafted.id, rules.referrals.sending.id, drafted.version, Said(shown=shown))
    assert isinstance(sent, Referral)
    return sent
