"""Reading what is sent about referrals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from api.referrals.lenders import ANSWERS
from api.referrals.many import MOST_AT_ONCE
from api.referrals.said import Said, Why
from api.referrals.service import MOST_DOCUMENTS, MOST_REASONS
from api.web.forms import Form

LONGEST_NOTE: Final = 1000
MONTH: Final = 7
MOST_PLACES: Final = 1_000_000


class Asked(NamedTuple):
    """What somebody is referred for: a product of a lender, and how much; None: what they said that they need."""

    product: str
    lender_id: str
    amount_idr: int | None


def read_asked(form: Form) -> Asked:
    """Read whom and for what; whoever calls asks for the rest and calls `done`."""
    product, lender = form.text("product", most=60), form.text("lender_id", most=24)
    return Asked(product, lender, _money(form, "amount_idr"))


def read_said(form: Form, today: date) -> tuple[int, Said]:
    """Read a transition: the version of the referral that was read, and what is said."""
    version, said = form.number("version"), _read_said(form)
    form.done()
    return version, said


def _read_said(form: Form) -> Said:
    return Said(
        reasons=_reasons(form),
        documents=_documents(form),
        note=form.text("note", wanted=False, most=LONGEST_NOTE),
        amount_idr=_money(form, "amount_idr"),
        on=form.day("on"),
        shown=form.text("shown", wanted=False, most=64),
        days_late=form.number("days_late") if form.has("days_late") and form.raw("days_late") is not None else None,
    )


def read_many(form: Form, today: date) -> tuple[dict[str, int], Said]:
    """A transition of many: of each referral the version that was read, and what is said of all of them.

    JSON: {referrals: [{id, version}], ...}; a page: boxes `picked`, each with its field `version.ID`.
    """
    versions = _versions(form)
    if not form.troubles and not 1 <= len(versions) <= MOST_AT_ONCE:
        form.trouble("picked", "pick_some", most=MOST_AT_ONCE)
    said = _read_said(form)
    form.done()
    return versions, said


def _versions(form: Form) -> dict[str, int]:
    if form.from_page:
        given = form.raw("picked")
        picked = [given] if isinstance(given, str) else list(given or ())
        found = {one: form.number(f"version.{one}") for one in picked[: MOST_AT_ONCE + 1]}
        form.asked += [name for name in form.fields if name.startswith("version.")]  # of those that were not ticked
        return found
    given = form.raw("referrals")
    if not isinstance(given, list):
        form.trouble("referrals", "wanted" if given is None else "no_list")
        return {}
    found = {}
    for one in given[: MOST_AT_ONCE + 1]:
        known = isinstance(one, Mapping) and set(one) == {"id", "version"}
        if known and isinstance(one["id"], str) and isinstance(one["version"], int):
            found[_text(form, "id", one["id"])] = one["version"]
        else:
            form.trouble("referrals", "no_id_and_version")
    return found


def _text(form: Form, name: str, value: Any) -> str:
    """One text of a list, with the trouble that it makes."""
    alone = Form({name: value})
    found = alone.text(name, wanted=False)
    form.troubles += alone.troubles
    return found


def _money(form: Form, name: str, most: int = 10**13) -> int | None:
    """Whole rupiah, or another number, below `most`; on a page with or without dots."""
    value = form.raw(name)
    if value is None:
        return None
    if form.from_page and isinstance(value, str):
        digits = value.replace(".", "").replace(" ", "")
        if digits.isascii() and digits.isdecimal() and len(digits) <= 13 and int(digits) < most:
            return int(digits)
    elif isinstance(value, int) and not isinstance(value, bool) and 0 <= value < most:
        return value
    form.trouble(name, "no_whole_number")
    return None


def _reasons(form: Form) -> tuple[Why, ...]:
    """JSON: a list of codes or of {code, text, more}; a page: boxes `reasons`, with fields `text.CODE` and `more.CODE`."""
    given = form.raw("reasons")
    if form.from_page:
        codes = [given] if isinstance(given, str) else list(given or ())
        _pass_over(form, codes)
        return tuple(
            Why(code, form.text(f"text.{code}", wanted=False), _money(form, f"more.{code}")) for code in codes[:50]
        )
    if given is None:
        return ()
    if not isinstance(given, list) or len(given) > 50:
        form.trouble("reasons", "give_reasons_so", most=MOST_REASONS)
        return ()
    return tuple(_reason(form, one) for one in given)


def _pass_over(form: Form, ticked: Sequence[str]) -> None:
    """A page sends the fields of every reason: those of one that is not ticked are empty."""
    for name in form.fields:
        kind, _, code = name.partition(".")
        if kind in ("text", "more") and code not in ticked and form.raw(name) is not None:
            form.trouble(name, "not_asked_here")


def _reason(form: Form, given: Any) -> Why:
    if isinstance(given, str):
        return Why(_text(form, "reasons", given))
    text = given.get("text", "") if isinstance(given, Mapping) else None
    more = given.get("more") if isinstance(given, Mapping) else None
    is_whole = more is None or (isinstance(more, int) and not isinstance(more, bool))
    known = isinstance(given, Mapping) and set(given) <= {"code", "text", "more"}
    if known and isinstance(given.get("code"), str) and isinstance(text, str) and is_whole:
        return Why(_text(form, "reasons", given["code"]), _text(form, "text", text), more)
    form.trouble("reasons", "give_reasons_so", most=MOST_REASONS)
    return Why("")


def _documents(form: Form) -> tuple[str, ...]:
    """A list of texts; on a page lines of one field."""
    given = form.raw("documents")
    if given is None:
        return ()
    lines = given.splitlines() if form.from_page and isinstance(given, str) else given
    if not isinstance(lines, list) or len(lines) > 50:
        form.trouble("documents", "name_documents", most=MOST_DOCUMENTS)
        return ()
    read = [_text(form, "documents", one) for one in lines]
    return tuple(one for one in read if one)


def read_note(form: Form) -> str:
    """Something said to the other side."""
    text = form.text("note", most=LONGEST_NOTE)
    form.done()
    return text


def read_answer(form: Form) -> Why:
    """The answer whether a silent referral still lives: a code, and words where it needs some."""
    answer = Why(form.text("reason", most=60), form.text("text", wanted=False, most=LONGEST_NOTE))
    form.done()
    return answer


def read_quota(form: Form) -> dict[str, Any]:
    """A quota: product, month, version, most and most_idr, where nothing is no bound."""
    found = {
        "product": form.text("product", most=60),
        "month": form.text("month", most=MONTH),
        "version": form.number("version"),
        "most": _money(form, "most", MOST_PLACES),
        "most_idr": _money(form, "most_idr"),
    }
    form.done()
    return found


def read_room(form: Form) -> tuple[str, str, int | None]:
    """Whether there is room: product, answer, weeks."""
    found = form.text("product", most=60), form.choice("answer", ANSWERS), _money(form, "weeks")
    form.done()
    return found


def read_lender(form: Form) -> tuple[str, ...]:
    """For which providers an organisation lends."""
    given = form.raw("providers")
    if given is None and not form.from_page:  # a page without a tick sends nothing; a program says that there are none
        form.trouble("providers", "wanted")
    names = [given] if form.from_page and isinstance(given, str) else ([] if given is None else given)
    if not isinstance(names, list) or not all(isinstance(one, str) for one in names):
        form.trouble("providers", "no_list")
        names = []
    form.done()
    return tuple(names)
