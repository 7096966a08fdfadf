"""Masks: sets of numbered tests as the bits of an integer, and what clauses of such sets answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import or_

Clauses = tuple[int, ...]
"""All of them must hold; of each the test of one bit must."""


def union(masks: Iterable[int]) -> int:
    """The bits that any of the masks has."""
    return reduce(or_, masks, 0)


def places(mask: int) -> Sequence[int]:
    """The positions of the bits set in a mask, lowest first."""
    found = []
    while mask:
        bit = mask & -mask
        found.append(bit.bit_length() - 1)
        mask ^= bit
    return found


def met(clauses: Iterable[int], holds: int) -> bool:
    """Whether every clause (a bit mask of tests) has a test among `holds`."""
    for clause in clauses:  # noqa: SIM110 - the innermost loop of every search; all() costs half as much again
        if not clause & holds:
            return False
    return True


def truth_of(clauses: Iterable[int], yes: int, no: int) -> bool | None:
    """Kleene's answer of clauses (bit masks of tests) given the tests known to hold and known not to: None is unknown."""
    answer: bool | None = True
    for clause in clauses:
        if not clause & yes:
            if clause & no == clause:
                return False
            answer = None
    return answer
