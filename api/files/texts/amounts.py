"""Amounts: what digits with dots, commas and blanks can mean. Every reading is given; which one it is, others decide.

A mark before three digits may part thousands or cents. What other texts of a column show of a mark is its evidence: "t."
says that a dot parts thousands there, "d," that a comma parts cents.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from typing import Final

MARKS: Final = {".": ",", ",": "."}
_DIGITS: Final = re.compile(r"[0-9]{1,30}")
_BLANKS: Final = re.compile(r"([0-9]{1,3})((?:[ '][0-9]{3})+)([.,][0-9]{1,2})?")
_GROUPS: Final = {mark: re.compile(rf"[1-9][0-9]{{0,2}}(?:\{mark}[0-9]{{3}})+") for mark in MARKS}


@lru_cache(maxsize=10_000)
def readings(text: str) -> tuple[Fraction, ...]:
    """What digits and marks can mean: none, one or two amounts; of two the larger one, with thousands, stands first."""
    if _DIGITS.fullmatch(text):
        return (Fraction(text),)
    apart = _BLANKS.fullmatch(text)
    if apart and len(set(re.findall(r"[ ']", apart[2]))) == 1:
        return (Fraction(re.sub(r"[ ']", "", apart[1] + apart[2]) + (apart[3] or "").replace(",", ".")),)
    marks = [mark for mark in MARKS if mark in text]
    if len(text) > 40 or not re.fullmatch(r"[0-9.,]+", text) or not marks:
        return ()
    return _two_marks(text) if len(marks) == 2 else _one_mark(text, marks[0])


def _two_marks(text: str) -> tuple[Fraction, ...]:
    last = max(MARKS, key=text.rfind)
    whole, _, cents = text.rpartition(last)
    other = MARKS[last]
    if last in whole or not _GROUPS[other].fullmatch(whole) or not cents.isdecimal():
        return ()
    amount = Fraction(f"{whole.replace(other, '')}.{cents}")
    if len(cents) == 3:  # 1.500,000: cents, or somebody mixed the marks
        return Fraction(whole.replace(other, "") + cents), amount
    return (amount,) if len(cents) < 3 else ()


def _one_mark(text: str, mark: str) -> tuple[Fraction, ...]:
    parts = text.split(mark)
    if not all(part.isdecimal() for part in parts):
        return ()
    if len(parts) > 2:
        return (Fraction("".join(parts)),) if _GROUPS[mark].fullmatch(text) else ()
    whole, cents = parts
    amount = Fraction(f"{whole}.{cents}")
    if len(cents) < 3 or (whole.startswith("0") and len(cents) <= 6):
        return (amount,)
    if len(cents) % 3 == 0 and not whole.startswith("0"):  # 1.500; or 1500.000, where a dot was forgotten
        return Fraction(whole + cents), amount
    return ()


@lru_cache(maxsize=10_000)
def evidence_of(text: str) -> frozenset[str]:
    """What one amount shows of its marks: "t." and the like, nothing where it can be read in two ways."""
    return frozenset(_shown(text)) if len(readings(text)) == 1 else frozenset()


def _shown(text: str) -> Iterator[str]:
    marks = [mark for mark in MARKS if mark in text]
    if len(marks) == 2:
        last = max(marks, key=text.rfind)
        yield from (f"d{last}", f"t{MARKS[last]}")
    elif len(marks) == 1:
        yield f"t{marks[0]}" if text.count(marks[0]) > 1 else f"d{marks[0]}"


def parts_thousands(mark: str, evidence: frozenset[str]) -> bool:
    """Whether a column shows that a mark parts thousands, and nothing in it says otherwise."""
    other = MARKS[mark]
    return not {f"d{mark}", f"t{other}"} & evidence and bool({f"t{mark}", f"d{other}"} & evidence)


def mark_of(text: str) -> str:
    """The mark of an amount that has one kind of marks; "" else."""
    marks = [mark for mark in MARKS if mark in text]
    return marks[0] if len(marks) == 1 else ""
