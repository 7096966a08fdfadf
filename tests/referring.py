"""Referrals in tests: a trader who meets the conditions of a small KUR, two lenders, and who does what."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime

from sqlalchemy import insert, select

from api.accounts.tables import ORGANISATIONS
from api.consents.service import say
from api.participants.gate import RECOMMENDATION, may
from api.participants.tables import PARTICIPANTS
from api.record.refusals import Refused
from api.record.transaction import new_id
from api.referrals import service
from api.referrals.lenders import bind
from api.referrals.pack import pack_of
from api.referrals.said import Said, Why
from tests.installation import A_TRADER, an_account

PRODUCT = "kur_super_mikro"
PROVIDER = "KUR (program nasional)"
BEGIN = datetime(2026, 12, 1, 2, tzinfo=UTC)
"""After the first day of the consent text that names what goes out."""
READY = A_TRADER | {"nib": True, "existing_credit": [], "productive_credit_ever": [], "months_of_books": 3}


def with_lender(kail, name, logins=("officer", "officer2"), providers=(PROVIDER,)):
    """Add an organisation that lends, with officers; return its id."""
    organisation = new_id()
    with kail.record.write() as tx:
        tx.run(insert(ORGANISATIONS).values(id=organisation, name=name, created_at=tx.now))
        for login in logins:
            kail.actors[login] = an_account(tx, organisation, login, "lender")
        bind(tx, None, kail.live.rules, organisation, providers)
    return organisation


class Referring:
    """An installation with two lenders of one programme, on a day on which people can agree to referrals."""

    def __init__(self, kail, *, moves_clock=True):
        self.kail = kail
        if moves_clock:
            kail.clock.now = BEGIN
        if "officer" not in kail.actors:
            with_lender(kail, "Bank Satu")
            with_lender(kail, "Bank Dua", ("rival",))
        self.bank = kail.actors["officer"].organisation_id
        self.other_bank = kail.actors["rival"].organisation_id

    @property
    def rules(self):
        return self.kail.live.rules

    @contextmanager
    def writing(self, login):
        with self.kail.record.write() as tx:
            yield tx, self.kail.actors[login], self.rules

    def trader(self, login="mentor", agrees=True, **more):
        """A participant of that mentor who may be referred to the first bank."""
        signals = READY | more.pop("signals", {})
        person = self.kail.participant(login, phone="6281234567890", **more)
        self.kail.evidence(person, login, **{name: value for name, value in signals.items() if value is not None})
        if agrees:
            self.agrees(person, self.bank, login)
        return person

    def agrees(self, person, lender, login="mentor", given=True, **more):
        with self.writing(login) as (tx, actor, _):
            said = {"channel": "paper", "said_on": date(2026, 12, 1), "recipient": lender} | more
            say(tx, actor, person, "referral", given=given, **said)

    def draft(self, person, lender=None, login="mentor", product=PRODUCT, amount=None):
        with self.writing(login) as (tx, actor, rules):
            return service.draft(tx, actor, rules, person, product, lender or self.bank, amount)

    def move(self, login, referral, name, version=None, **said):
        """Make a transition as somebody; `reasons` are codes."""
        said["reasons"] = tuple(one if isinstance(one, Why) else Why(one) for one in said.get("reasons", ()))
        with self.writing(login) as (tx, actor, rules):
            number = referral.version if version is None else version
            rule = next((one for one in rules.referrals.transitions if one.id == name), None)
            if rule and "pack" in rule.asks and actor.role == "mentor" and "shown" not in said:
                said["shown"] = self.shown(referral)
            return service.move(tx, actor, rules, referral.id, name, number, Said(**said))

    def shown(self, referral):
        """What stands for the pack of a referral that its mentor would be shown now."""
        person, lender = referral.participant_id, referral.lender_id
        return self.shown_of(person, lender, referral.product, referral.amount_idr)

    def shown_of(self, person, lender=None, product=PRODUCT, amount=None):
        with self.kail.record.read() as tx:
            row = tx.one(select(PARTICIPANTS.c.mentor_id).where(PARTICIPANTS.c.id == person))
            actor = next(one for one in self.kail.actors.values() if one.account_id == row.mentor_id)
            with suppress(Refused):
                who = may(tx, actor, person, RECOMMENDATION)
                return pack_of(tx, actor, who, self.rules, product, lender or self.bank, amount or None).shown
        return ""

    def sent(self, person=None, lender=None, login="mentor", amount=None):
        """A referral that lies with a lender."""
        person = person or self.trader(login)
        return self.move(login, self.draft(person, lender, login, amount=amount), "send")

    def as_seen(self, login, referral):
        from api.referrals.stored import find

        with self.kail.record.read() as tx:
            return find(tx, self.kail.actors[login], self.rules, referral.id)
