"""Reports: a lender's sheet of what was paid out and back, a row a referral; each is a transition like one made by hand.

Columns, in any case and order, in English or Indonesian: referral (its id), what (paid out, repaid, not repaid), on (the
day), amount_idr (where it was paid out), days_late (at the worst, where it was paid back) and note, which may be left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import select

from api.advice.participant_rows import Rejected
from api.files.rows import FileProblem, Row
from api.outcomes.known import paying_back, paying_out
from api.record.actor import Actor
from api.record.refusals import Refused, Trouble
from api.record.transaction import Transaction
from api.referrals import service as referrals
from api.referrals.forms import LONGEST_NOTE
from api.referrals.said import Said
from api.referrals.tables import EVENTS, REFERRALS
from api.web.forms import Form
from matcher.programme.entries import Transition
from matcher.programme.rules import Rules
from training_data.columns import CellProblem, as_text
from training_data.columns.cells import GROUPED

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "referral": ("referral", "rujukan"),
    "what": ("what", "apa"),
    "on": ("on", "tanggal"),
    "amount_idr": ("amount_idr", "jumlah"),
    "days_late": ("days_late", "hari_terlambat"),
    "note": ("note", "catatan"),
}
NEEDED: Final = ("referral", "what", "on")
LONGEST_ID: Final = 24


@dataclass(frozen=True)
class Report:
    """A row that could be read: which referral, what happened, and what is said with it."""

    row: Row
    headers: Mapping[str, str]
    referral: str
    rule: Transition
    said: Said


def headers_of(names: Iterable[str]) -> dict[str, str]:
    """Which header is which column."""
    found: dict[str, str] = {}
    for header in names:
        for column, called in COLUMNS.items():
            if header.strip().casefold() in called and column not in found:
                found[column] = header
    return found


def check_headers(headers: Sequence[str] | None, name: str) -> None:
    """See that a sheet with these headers tells of outcomes.

    Raises:
        FileProblem: naming the columns that are missing.
    """
    missing = [column for column in NEEDED if headers is not None and column not in headers_of(headers)]
    if missing:
        raise FileProblem(name, "outcome_columns", names=", ".join(missing), allowed=", ".join(COLUMNS))


def read_report(rules: Rules, row: Row) -> Report:
    """Read one row.

    Raises:
        Rejected: with every problem found in it.
    """
    headers = headers_of(row.cells)
    texts = {column: _as_written(column, row.cells.get(header)) for column, header in headers.items()}
    form = Form({column: text for column, text in texts.items() if text}, from_page=True)
    name = form.text("referral", most=LONGEST_ID)
    rule = _rule(rules, form)
    said = Said(
        note=form.text("note", wanted=False, most=LONGEST_NOTE),
        amount_idr=_whole(form, "amount_idr"),
        on=form.day("on"),
        days_late=_whole(form, "days_late"),
    )
    if row.problems or form.troubles or rule is None:
        raise rejected(row, headers, form.troubles)
    return Report(row, headers, name, rule, said)


def _as_written(column: str, cell: Any) -> str:
    """A cell as text: a date as ISO, a number that a spreadsheet made a float as whole."""
    if isinstance(cell, date):
        return cell.isoformat()[:10]
    return as_text(cell) or ""


def _rule(rules: Rules, form: Form) -> Transition | None:
    """What happened: by its code, or by the name of the transition or of the state that it leads to, in any language."""
    told = paying_out(rules) | paying_back(rules)
    found: dict[str, Transition] = {}
    for one in rules.referrals.transitions:
        if one.id in told and "lender" in one.by:
            state = rules.referrals.state(one.to)
            for name in (one.id, state.id, *one.name.values(), *state.name.values()):
                found.setdefault(name.casefold(), one)
    what = form.text("what", most=60)
    if what and what.casefold() not in found:
        form.trouble("what", "no_choice", what, allowed=sorted({one.to for one in found.values()}))
    return found.get(what.casefold())


def _whole(form: Form, name: str) -> int | None:
    text = form.text(name, wanted=False, most=20)
    if not text:
        return None
    is_grouped = name == "amount_idr" and GROUPED["."].fullmatch(text)  # "4500.00" is not 450,000
    digits = text.replace(".", "") if is_grouped else text
    if digits.isascii() and digits.isdecimal() and len(digits) <= 13:
        return int(digits)
    form.trouble(name, "no_whole_number", text)
    return None


def rejected(row: Row, headers: Mapping[str, str], troubles: Iterable[Trouble]) -> Rejected:
    """A row that is not taken, each trouble at the column that it is about, with what stands there."""
    problems = list(row.problems)
    for trouble in troubles:
        column = trouble.field if trouble.field in COLUMNS else "what" if trouble.field == "move" else "referral"
        header = headers.get(column, column)
        problems.append(CellProblem(header, row.cells.get(header), trouble.message))
    return Rejected(row, "", problems)


# -- storing -----------------------------------------------------------------------------------------------------------


def organisations_of(tx: Transaction, actor: Actor, reports: Iterable[Report]) -> list[str]:
    """The organisations of the participants whom these reports are about, whose locks their transitions need."""
    ids = [one.referral for one in reports]
    theirs = REFERRALS.c.id.in_(ids) & (REFERRALS.c.lender_id == actor.organisation_id)
    return sorted({row.organisation_id for row in tx.all(select(REFERRALS.c.organisation_id).where(theirs))})


def take(tx: Transaction, actor: Actor, rules: Rules, report: Report) -> bool:
    """Make the transition that a report tells of; return whether it was not made already, just as it is told.

    Raises:
        Rejected: with what stands in its way.
    """
    mine = (REFERRALS.c.lender_id == actor.organisation_id) & REFERRALS.c.sent_at.is_not(None)
    row = tx.one(select(REFERRALS.c.version).where(REFERRALS.c.id == report.referral, mine))
    if row is None:
        raise rejected(report.row, report.headers, [Trouble("referral", "not_found", report.referral)])
    if _is_told(tx, report):
        return False
    try:
        referrals.move(tx, actor, rules, report.referral, report.rule.id, row.version, report.said)
    except Refused as error:
        raise rejected(report.row, report.headers, error.troubles) from None
    return True


def _is_told(tx: Transaction, report: Report) -> bool:
    same = (EVENTS.c.referral_id == report.referral) & (EVENTS.c.move == report.rule.id)
    for name, value in report.said.plain.items():
        same &= EVENTS.c[name].is_(None) if value is None else EVENTS.c[name] == value
    return tx.one(select(EVENTS.c.id).where(same).limit(1)) is not None
