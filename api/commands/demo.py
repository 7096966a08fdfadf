"""A demo: synthetic people in a fresh record, mentors who accompany them, and an account for each role.

Nobody in it ever lived; every name says so. What the cohort says of a person on its own day is told as if it had been
recorded within the last months, so that a work list has something to show. Referrals are in `demo_referrals.py`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from api.accounts.passwords import new_password
from api.accounts.second_person import STANDING
from api.accounts.service import NewAccount, add_account, add_organisation
from api.assessments.service import assess
from api.commands.demo_referrals import refer_some
from api.consents.purposes import current
from api.consents.service import Agreement
from api.participants import evidence
from api.participants.gate import RECORD, may
from api.participants.people import register
from api.record.actor import Actor
from api.record.live import Live
from api.record.refusals import Refused
from api.record.transaction import Record
from api.referrals.lenders import bind, providers_in
from matcher.facts.participant import ParticipantError, read_participant

NAMES: Final = (
    "Ani", "Budi", "Citra", "Dedi", "Eka", "Fitri", "Gilang", "Hasan", "Indah", "Joko", "Kartika", "Lina", "Maman", "Nur",
    "Oki", "Putri", "Rahmat", "Siti", "Tono", "Umi", "Vina", "Wahyu", "Yanti", "Zainal",
)  # fmt: skip
MENTORS: Final = 2
LENDERS: Final = (
    ("Bank Satu (contoh)", ("KUR (program nasional)",), ("bank", "bank2")),
    ("Bank Dua (contoh)", ("KUR (program nasional)", "Bank DKI"), ("bankdua", "bankdua2")),
    ("Koperasi Tiga (contoh)", ("PIP (Pegadaian, PNM, BAV, koperasi)",), ("koperasi", "koperasi2")),
)
"""Invented lenders: name, the providers for whom they lend, logins of their officers."""
SINCE: Final = timedelta(days=60)
"""Since when everybody is kept: before anything else is told of them."""
AGES: Final = (9, 16, 24, 45)
"""Days since somebody was last worked out: so a mentor's week has work in it."""


@dataclass(frozen=True)
class Filled:
    """What a demo made: the accounts with their passwords, and how many people and referrals."""

    accounts: tuple[tuple[str, NewAccount], ...]
    people: int
    assessed: int
    referred: int


class NotEmpty(Exception):
    """A record that is not fresh: a demo would mix invented people with real ones."""


def is_empty(record: Record) -> bool:
    """Whether nobody was ever added to a record."""
    from sqlalchemy import select

    from api.accounts.tables import ORGANISATIONS

    with record.read() as tx:
        return tx.one(select(ORGANISATIONS.c.id)) is None


def fill(
    record: Record,
    live: Live,
    people: Sequence[tuple[date, Mapping[str, Any]]],
    seed: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Filled:
    """Fill a fresh record with people, each the day on which the signals were true and the signals.

    Raises:
        NotEmpty: if there is somebody in it already.
    """
    if not is_empty(record):
        raise NotEmpty
    draw = random.Random(seed)
    accounts, mentors, lenders = _accounts(record, live)
    assessed, assessed_by = 0, dict[Actor, list[str]]()
    for number, (day, signals) in enumerate(people):
        if progress:
            progress(number + 1, len(people))
        actor = mentors[number % len(mentors)]
        agrees = draw.random() > 0.06
        person = add_person(
            record, actor, f"{NAMES[number % len(NAMES)]} {number + 1:03d} (contoh)", agrees, live.today
        )
        ago = timedelta(days=draw.choice(AGES))
        if tell(record, live, actor, person, day, signals, ago) and agrees and draw.random() > 0.15:
            then = _earlier(live.clock, ago)
            assess(replace(record, clock=then), Live(live.programme, live.scorecard, then), actor, person)
            assessed += 1
            assessed_by.setdefault(actor, []).append(person)
    referred = refer_some(record, live, lenders, assessed_by)
    return Filled(accounts, len(people), assessed, referred)


def _accounts(record: Record, live: Live) -> tuple[tuple[tuple[str, NewAccount], ...], list[Actor], list[list[Actor]]]:
    """An organisation of mentors with an analyst and two operators, and three lenders with two officers each."""
    wanted = [("home", f"pendamping{n}", "mentor") for n in range(1, MENTORS + 1)]
    wanted += [("home", "analis", "analyst"), ("home", "operator", "operator"), ("home", "operator2", "operator")]
    wanted += [(name, login, "lender") for name, _, logins in LENDERS for login in logins]
    passwords = [new_password() for _ in wanted]
    made = []
    # Some days ago, so that whoever must be one for a while has been, and approval is there to be tried.
    with replace(record, clock=_earlier(record.clock, STANDING * 2)).write() as tx:
        organisations = {"home": add_organisation(tx, "OK OCE (contoh)")}
        for name, providers, _ in LENDERS:
            organisations[name] = add_organisation(tx, name)
            bind(
                tx, None, live.rules, organisations[name], [one for one in providers if one in providers_in(live.rules)]
            )
        for (where, login, role), password in zip(wanted, passwords, strict=True):
            theirs = organisations[where]
            account = add_account(tx, theirs, login, f"{login.capitalize()} (contoh)", role, password, one_time=False)
            made.append((role, theirs, account))
    actors = {one.login: Actor(one.id, theirs, role, one.login) for role, theirs, one in made}
    mentors = [actor for actor in actors.values() if actor.role == "mentor"]
    lenders = [[actors[login] for login in logins] for _, _, logins in LENDERS]
    return tuple((role, one) for role, _, one in made), mentors, lenders


def add_person(record: Record, actor: Actor, name: str, agrees: bool, today: date) -> str:
    """Register somebody who never lived, who agrees to be kept and perhaps recommended for; return their id."""
    then = today - SINCE
    agreed = Agreement(("record", "recommendation") if agrees else ("record",), "paper", then, current(then).version)
    with replace(record, clock=_earlier(record.clock, SINCE)).write() as tx:
        return register(tx, actor, {"name": name}, agreed).id


def tell(
    record: Record, live: Live, actor: Actor, person: str, day: date, signals: Mapping[str, Any], ago: timedelta
) -> bool:
    """Record what was true on `day` as if that day had been `ago`; what would contradict today's rules is left out."""
    on = live.rules.day - ago
    moved = {name: value + (on - day) if isinstance(value, date) else value for name, value in signals.items()}
    facts = {name: {"value": value, "on": on} for name, value in moved.items() if name in live.rules.signals}
    while facts:
        try:
            read_participant(live.rules, facts)
            break
        except ParticipantError as error:
            wrong = {problem.field.partition(".")[0] for problem in error.problems}
            facts = {name: fact for name, fact in facts.items() if name not in wrong}
    written = {
        name: {key: value.isoformat() if isinstance(value, date) else value for key, value in fact.items()}
        for name, fact in facts.items()
    }
    then = _earlier(record.clock, ago)
    with replace(record, clock=then).write() as tx:
        try:
            return (
                bool(written) and evidence.add(tx, actor, may(tx, actor, person, RECORD), live.rules, written, "id") > 0
            )
        except Refused:
            return False


def _earlier(clock: Callable[[], datetime], ago: timedelta) -> Callable[[], datetime]:
    return lambda: clock() - ago
