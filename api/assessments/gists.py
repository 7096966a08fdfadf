"""The gist of a stored recommendation beside that of one of today: where they are alike, nothing changed.

A gist holds what `changes` compares first. Where two are not alike, the recommendations themselves have to be compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec

from api.assessments.changes import gained
from matcher.gists import Gist

Mark = tuple[str, str, bool | None]


class Told(NamedTuple):
    """Tier, next step, goal, days of its path, the running products with status and whether offered, the score."""

    tier: str
    next: str
    goal: str | None
    days: int | None
    products: Mapping[str, tuple[str, bool]]
    score: int | None


class _Tier(msgspec.Struct):
    tier: str


class _Path(msgspec.Struct):
    goal: str | None
    days: int | None


class _Product(msgspec.Struct):
    status: str
    offered: bool
    availability: str


class _Readiness(msgspec.Struct):
    score: int


class _Core(msgspec.Struct):
    """The part of a core that is compared: the rest is passed over unread."""

    tier: _Tier
    interventions: list[list[Any]]
    path: _Path
    products: dict[str, _Product]
    readiness: _Readiness | None


_READ: Final = msgspec.json.Decoder(_Core)


def told_in(content: bytes) -> Told:
    """The gist of a core, from its bytes."""
    core = _READ.decode(content)
    products = {name: (one.status, one.offered) for name, one in core.products.items() if one.availability == "running"}
    score = core.readiness.score if core.readiness else None
    return Told(core.tier.tier, core.interventions[0][0], core.path.goal, core.path.days, products, score)


def told_of(gist: Gist, score: int | None, first: str | None = None) -> Told:
    """A gist of today and its score; `first`: the tied intervention that a lot put first."""
    step = first if first in gist.tied else gist.tied[0]
    return Told(gist.tier, step, gist.goal, gist.days, gist.products, score)


def alike(before: Told, after: Told) -> bool:
    """Whether `changes` finds nothing between cores with these gists; of days and scores it compares what both have."""
    return before[:3] == after[:3] and before.products == after.products and _same(before, after)


def marks(before: Told, after: Told) -> set[Mark]:
    """What `changes` names between cores with these gists, without words: kind, id, whether something was gained."""
    pairs = zip(("tier", "next", "goal"), before, after, strict=False)
    found: set[Mark] = {(kind, str(now), None) for kind, was, now in pairs if was != now}
    if before.goal == after.goal and not _equal(before.days, after.days):
        found.add(("path", str(after.goal), None))
    if not _equal(before.score, after.score):
        found.add(("score", "", None))
    for product in before.products.keys() | after.products.keys():
        was, now = before.products.get(product), after.products.get(product)
        if was != now:
            found.add(("product", product, gained(was, now)[1] if was and now else None if now else False))
    return found


def _same(before: Told, after: Told) -> bool:
    return _equal(before.days, after.days) and _equal(before.score, after.score)


def _equal(before: int | None, after: int | None) -> bool:
    return None in (before, after) or before == after
