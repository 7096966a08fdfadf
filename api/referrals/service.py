"""What can be done with referrals: drafted, and moved from state to state as the programme's table allows, by whom it says.

A transition says itself what it needs: a consent, reasons, documents, an amount, a day, a place in the quota. Everything
that is lacking is told at once; what is done is written down with the next version, so that of two at once one wins.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import insert, select, update

from api.accounts.second_person import ask_second
from api.audit.service import note
from api.consents.service import today_of
from api.participants.gate import RECOMMENDATION, may, seal_json
from api.record.actor import Actor
from api.record.approvals import DOOR_SHUT, Approval, Waits
from api.record.refusals import Refused, Trouble
from api.record.transaction import Transaction, new_id
from api.referrals import consequences
from api.referrals.lenders import lenders_of
from api.referrals.pack import Packed, check_fits, pack_of
from api.referrals.quotas import check_room
from api.referrals.said import Said, Why
from api.referrals.scopes import check_move, may_by_key
from api.referrals.stored import (
    ASKED_FOR_GOOD,
    Referral,
    add_event,
    due_after,
    find,
    is_mistake,
    referral_of,
    who_agree,
)
from api.referrals.tables import REFERRALS
from matcher.programme.entries import Transition
from matcher.programme.rules import Rules
from words.speaking import Named

MOST_REASONS: Final = 4
"""Of one decision, as many as a notice of Regulation B names (https://www.consumerfinance.gov/rules-policy/regulations/1002/9/)."""
MOST_DOCUMENTS: Final = 10
NOTE, STILL_LIVES = "note", "still_lives"
"""What is done without a transition: something is said to the other side; it is answered that a silent one still lives."""


# -- drafting ----------------------------------------------------------------------------------------------------------


def look_ahead(
    tx: Transaction, actor: Actor, rules: Rules, person_id: str, product: str, lender_id: str, amount_idr: int | None
) -> Packed:
    """Exactly what a lender would be sent of one of the asking mentor's participants today; nothing is sent.

    Raises:
        Refused: 404; 400 for what is no product or no lender of it, or an amount that is none; 409 as `may` and
            `pack_of` do.
    """
    person = may(tx, actor, person_id, RECOMMENDATION)
    _check_lender(tx, actor, rules, product, lender_id)
    _check_amount("amount_idr", amount_idr)
    packed = pack_of(tx, actor, person, rules, product, lender_id, amount_idr)
    note(tx, actor, "looked_at_pack", "participant", person_id)
    return packed


def _check_lender(tx: Transaction, actor: Actor, rules: Rules, product: str, lender_id: str) -> None:
    if product not in rules.product_ids:
        raise Refused(400, Trouble("product", "no_product", product))
    if lender_id not in [row.id for row in lenders_of(tx, rules, product, actor.organisation_id)]:
        raise Refused(400, Trouble("lender_id", "not_their_product", lender_id))


def draft(
    tx: Transaction, actor: Actor, rules: Rules, person_id: str, product: str, lender_id: str, amount_idr: int | None
) -> Referral:
    """Draft a referral of one of the asking mentor's participants.

    Raises:
        Refused: 404; 400 for what is no product or no lender of it, or an amount that is none; 409 where one is under way
            with that lender for that product.
    """
    may(tx, actor, person_id, RECOMMENDATION)
    _check_lender(tx, actor, rules, product, lender_id)
    _check_amount("amount_idr", amount_idr)
    first = rules.referrals.first
    same = (REFERRALS.c.participant_id == person_id) & (REFERRALS.c.lender_id == lender_id)
    under_way = [state.id for state in rules.referrals.states if not state.ends]
    open_ = same & (REFERRALS.c.product == product) & REFERRALS.c.state.in_(under_way)
    rows = tx.all(select(REFERRALS).where(open_))
    agree = who_agree(tx, rows)
    before = [referral_of(rules, row, tx.now, agreed=row.id in agree) for row in rows]
    if any(not rules.referrals.state(one.state).ends for one in before):
        raise Refused(409, Trouble("product", "referred_already", product))
    values = {
        "id": new_id(),
        "participant_id": person_id,
        "organisation_id": actor.organisation_id,
        "lender_id": lender_id,
        "product": product,
        "state": first.to,
        "version": 1,
        "drafted_at": tx.now,
        "since": tx.now,
        "heard_at": tx.now,
        "due_at": due_after(rules, first.to, tx.now),
        "queued_at": tx.now,
        "amount_idr": amount_idr or 0,
        "quota_idr": 0,
        "area": "",
        "complete": 0,
    }
    tx.run(insert(REFERRALS).values(values))
    found = find(tx, actor, rules, str(values["id"]))
    add_event(tx, actor, found, first.id, first.to)
    note(tx, actor, first.id, "referral", found.id, participants=[person_id], product=product, lender=lender_id)
    return found


def _check_amount(name: str, amount_idr: int | None) -> None:
    if amount_idr is not None and not 0 < amount_idr < 10**13:
        raise Refused(400, Trouble(name, "no_amount", amount_idr))


# -- moving ------------------------------------------------------------------------------------------------------------


def moves_of(rules: Rules, actor: Actor, referral: Referral) -> list[Transition]:
    """What whoever asks may do with a referral now, in the programme's order."""
    here = [one for one in rules.referrals.transitions if referral.state in one.begins and actor.role in one.by]
    return [one for one in here if may_by_key(rules, actor, one)]


def move(
    tx: Transaction, actor: Actor, rules: Rules, referral_id: str, name: str, version: int, said: Said
) -> Referral | Waits:
    """Make a transition of a referral; return it as it is after that. What shuts a door for good waits for a second officer.

    Raises:
        Refused: 404; 403 where the other side makes that transition, or the key may not; 409 where it was changed
            meanwhile, is not in a state for it, the consent is not there, the quota is full, or a second officer is needed
            and there is none;
            400 with everything that is lacking or wrong in what was said.
    """
    referral = find(tx, actor, rules, referral_id)
    rule = rule_for(rules, actor, referral, name, version)
    check_said(rules, rule, said, today_of(tx))
    _check_more(rules, referral, said.reasons)
    if said.kept and (actor.role == "operator" or (actor.role == "lender" and not referral.agreed)):
        raise Refused(409, Trouble("reasons", "no_words_here"))  # they could be sealed for nobody
    if consequences.for_good(rules, said.reasons):
        return _ask_second(tx, actor, referral, rule, said)
    return apply(tx, actor, rules, referral, rule, said)


def _check_more(rules: Rules, referral: Referral, reasons: Sequence[Why]) -> None:
    """See that no more of a number is asked for than can be come to."""
    known = {one.id: one for one in rules.referrals.reasons}
    asked = [(why, known[why.code], consequences.most_of(rules, referral, known[why.code])) for why in reasons]
    troubles = [
        Trouble("more", "too_much_more", why.more, reason=reason.name, most=max(most, 1))
        for why, reason, most in asked
        if why.more is not None and why.more > max(most, 1)
    ]
    if troubles:
        raise Refused(400, *troubles)


def _ask_second(tx: Transaction, actor: Actor, referral: Referral, rule: Transition, said: Said) -> Waits:
    """Let a no wait for a second officer. Its words lie sealed in the referral's history, not in the approval."""
    waits = ask_second(tx, actor, DOOR_SHUT, referral.id, referral.version, {"move": rule.id})
    if waits is None:
        raise Refused(409, Trouble("reasons", "second_officer"))
    heard(tx, referral)
    add_event(tx, actor, referral, ASKED_FOR_GOOD, referral.stored, [why.code for why in said.reasons], said.kept)
    return waits


def decline_for_good(tx: Transaction, actor: Actor, rules: Rules, approval: Approval) -> Referral:
    """Make the transition that a second officer approved, as the first one said it.

    Raises:
        Refused: as `move` does.
    """
    referral = find(tx, actor, rules, approval.object_id)
    assert approval.version is not None
    rule = rule_for(rules, actor, referral, approval.given["move"], approval.version)
    asked = next(one for one in reversed(referral.events) if one.move == ASKED_FOR_GOOD)
    texts, more = asked.said.get("texts", {}), asked.said.get("more", {})
    reasons = tuple(Why(code, texts.get(code, ""), more.get(code)) for code in asked.reasons)
    return apply(tx, actor, rules, referral, rule, Said(reasons, note=asked.said.get("note", "")), **approval.noted)


def rule_for(rules: Rules, actor: Actor, referral: Referral, name: str, version: int) -> Transition:
    """The transition of that name, if whoever asks may make it now.

    Raises:
        Refused: as `move` does.
    """
    rule = next((one for one in rules.referrals.transitions if one.id == name), None)
    if rule is None or not rule.begins:
        raise Refused(404, Trouble("move", "not_found"))
    if actor.role not in rule.by:
        allowed = [Named("role", role) for role in rule.by if role != "kail"]
        raise Refused(403, Trouble("role", "not_allowed", role=Named("role", actor.role), allowed=allowed))
    check_move(rules, actor, rule)
    if version != referral.version:
        raise Refused(409, Trouble("version", "stale", version))
    if referral.state not in rule.begins:
        now = rules.referrals.state(referral.state).name
        raise Refused(409, Trouble("move", "not_from_this_state", name, state=now, move_name=rule.name))
    return rule


def apply(
    tx: Transaction, actor: Actor, rules: Rules, referral: Referral, rule: Transition, said: Said, **noted: Any
) -> Referral:
    """Make a transition that may be made. `noted`: what the audit is to say of it beside."""
    if "consent" in rule.asks and not referral.agreed:
        raise Refused(409, Trouble("consent", "no_consent_referral", "referral"))
    values: dict[str, Any] = {"state": rule.to, "since": tx.now, "due_at": due_after(rules, rule.to, tx.now)}
    values |= {"heard_at": tx.now, "quiet_at": None, "version": referral.version + 1}
    if "pack" in rule.asks:
        values |= _packed(tx, actor, rules, referral, said.shown)
    values |= _place(tx, rules, referral, rule, said)
    unchanged = (REFERRALS.c.id == referral.id) & (REFERRALS.c.version == referral.version)
    if not tx.run(update(REFERRALS).where(unchanged).values(values)):
        raise Refused(409, Trouble("version", "stale", referral.version))
    codes = [why.code for why in said.reasons]
    add_event(tx, actor, referral, rule.id, rule.to, codes, said.kept, said.plain)
    if rule.reasons == "decline":
        consequences.keep(tx, rules, referral, said.reasons)
    after = find(tx, actor, rules, referral.id)
    if actor.role == "lender" and is_mistake(rules, after):
        consequences.take_back(tx, referral)
    # No codes in the audit, which outlives the person's erasure.
    note(tx, actor, rule.id, "referral", referral.id, participants=[referral.participant_id], **noted)
    return after


def _place(tx: Transaction, rules: Rules, referral: Referral, rule: Transition, said: Said) -> dict[str, Any]:
    """The columns of the place in a quota: taken, kept, made smaller by what was paid, or given back."""
    if "quota" in rule.asks:
        amount = said.amount_idr or referral.amount_idr
        if not amount:
            raise Refused(400, Trouble("amount_idr", "no_amount"))
        month = check_room(tx, rules, referral.lender_id, referral.product, amount)
        return {"quota_month": month, "quota_idr": amount, "amount_idr": amount}
    if not rules.referrals.state(rule.to).holds_quota:
        return {"quota_month": None, "quota_idr": 0}
    if "amount" in rule.asks and said.amount_idr is not None:
        if said.amount_idr > referral.quota_idr:
            raise Refused(
                409, Trouble("amount_idr", "more_than_accepted", said.amount_idr, most_idr=referral.quota_idr)
            )
        return {"quota_idr": said.amount_idr, "amount_idr": said.amount_idr}
    return {}


def _packed(tx: Transaction, actor: Actor, rules: Rules, referral: Referral, shown: str) -> dict[str, Any]:
    """The columns that a pack fills, made of what is known today, if that is what the mentor was shown."""
    _check_lender(tx, actor, rules, referral.product, referral.lender_id)
    person = may(tx, actor, referral.participant_id, RECOMMENDATION)
    packed = pack_of(tx, actor, person, rules, referral.product, referral.lender_id, referral.amount_idr or None)
    if referral.sent_at is None:
        check_fits(packed, referral.product)
    if shown != packed.shown:
        raise Refused(409, Trouble("shown", "changed_since_shown"))
    sealed = seal_json(tx, person.id, REFERRALS.c.pack, referral.id, dict(packed.pack))
    values = {"pack": sealed, "complete": packed.complete, "area": packed.area}
    values |= {"amount_idr": packed.pack["amount_idr"] or 0}
    return values | ({"sent_at": tx.now, "queued_at": tx.now} if referral.sent_at is None else {})


def check_said(rules: Rules, rule: Transition, said: Said, today: date) -> None:
    """See that all that a transition asks for is there, and nothing else.

    Raises:
        Refused: 400, with everything.
    """
    troubles = [*_reason_troubles(rules, rule, said.reasons)]
    if "documents" in rule.asks and not 1 <= len(said.documents) <= MOST_DOCUMENTS:
        troubles.append(Trouble("documents", "name_documents", most=MOST_DOCUMENTS))
    if "documents" not in rule.asks and said.documents:
        troubles.append(Trouble("documents", "not_asked_here"))
    asks_amount, may_say = "amount" in rule.asks, said.amount_idr is None or {"amount", "quota"} & {*rule.asks}
    if may_say and (asks_amount or said.amount_idr is not None) and not 0 < (said.amount_idr or 0) < 10**13:
        troubles.append(Trouble("amount_idr", "no_amount", said.amount_idr))
    if not may_say:
        troubles.append(Trouble("amount_idr", "not_asked_here", said.amount_idr))
    if "day" in rule.asks and (said.on is None or said.on > today):
        troubles.append(Trouble("on", "day_ahead" if said.on else "wanted", said.on and said.on.isoformat(), name="on"))
    if "day" not in rule.asks and said.on is not None:
        troubles.append(Trouble("on", "not_asked_here", said.on.isoformat()))
    if "repayment" in rule.asks and not 0 <= (-1 if said.days_late is None else said.days_late) <= 3650:
        troubles.append(Trouble("days_late", "days_late_wanted", said.days_late))
    if "repayment" not in rule.asks and said.days_late is not None:
        troubles.append(Trouble("days_late", "not_asked_here", said.days_late))
    if troubles:
        raise Refused(400, *troubles)


def _reason_troubles(rules: Rules, rule: Transition, reasons: Sequence[Why]) -> list[Trouble]:
    if not rule.reasons:
        return [Trouble("reasons", "not_asked_here")] if reasons else []
    known = {one.id: one for one in rules.referrals.reasons if one.kind == rule.reasons}
    if not 1 <= len(reasons) <= MOST_REASONS or len({why.code for why in reasons}) < len(reasons):
        return [Trouble("reasons", "give_reasons", most=MOST_REASONS)]
    troubles = []
    for why in reasons:
        reason = known.get(why.code)
        if reason is None:
            troubles.append(Trouble("reasons", "no_choice", why.code, name="reasons", allowed=list(known)))
        elif reason.needs_text and not why.text:
            troubles.append(Trouble("text", "reason_needs_text", why.code, reason=reason.name))
        elif why.more is not None and (reason.consequence.kind != "more" or why.more < 1):
            troubles.append(Trouble("more", "no_more_of_it", why.more, reason=reason.name))
    return troubles


# -- saying something --------------------------------------------------------------------------------------------------


def say_something(tx: Transaction, actor: Actor, rules: Rules, referral_id: str, text: str) -> Referral:
    """Say something to the other side, and leave the referral as it is.

    Raises:
        Refused: 404; 409 where it is over, or nobody would be there to read it.
    """
    referral = find(tx, actor, rules, referral_id)
    if referral.sent_at is None or rules.referrals.state(referral.state).ends or not referral.agreed:
        raise Refused(409, Trouble("referral", "nobody_to_read_it"))
    heard(tx, referral)
    add_event(tx, actor, referral, NOTE, referral.stored, said={"note": text})
    note(tx, actor, "said_something", "referral", referral.id, participants=[referral.participant_id])
    return find(tx, actor, rules, referral_id)


def still_lives(tx: Transaction, actor: Actor, rules: Rules, referral_id: str, code: str) -> Referral:
    """Answer whether a silent referral still lives, with a code of the programme: whoever's turn it is may.

    Raises:
        Refused: 404; 400 for no such code; 409 where it is over.
    """
    referral = find(tx, actor, rules, referral_id)
    allowed = [one.id for one in rules.referrals.reasons if one.kind == "quiet"]
    if code not in allowed:
        raise Refused(400, Trouble("reason", "no_choice", code, name="reason", allowed=allowed))
    if referral.sent_at is None or rules.referrals.state(referral.state).ends:
        raise Refused(409, Trouble("referral", "referral_is_over"))
    if rules.referrals.state(referral.state).turn != actor.role:
        raise Refused(409, Trouble("referral", "not_your_turn"))
    heard(tx, referral)
    add_event(tx, actor, referral, STILL_LIVES, referral.stored, [code])
    note(tx, actor, "said_it_lives", "referral", referral.id, participants=[referral.participant_id])
    return find(tx, actor, rules, referral_id)


def heard(tx: Transaction, referral: Referral) -> None:
    """Keep that somebody said something: a silence begins anew."""
    tx.run(update(REFERRALS).where(REFERRALS.c.id == referral.id).values(heard_at=tx.now, quiet_at=None))
