"""The gist of a stored recommendation beside that of one of today: where they are alike, nothing changed.

A gist holds what `changes` compares first. Where two are not alike, the recommendations themselves have to be compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec

from matcher.gists import Gists


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


def told_of(many: Gists, row: int, first: str | None = None) -> Told:
    """One row of gists; `first`: the tied intervention that a lot put first."""
    gist = many.gists[row]
    step = first if first in gist.tied else gist.tied[0]
    score = None if many.score is None else int(many.score[row])
    return Told(gist.tier, step, gist.goal, gist.days, gist.products, score)


def alike(before: Told, after: Told) -> bool:
    """Whether `changes` finds nothing between cores with these gists; of days and scores it compares what both have."""
    return before[:3] == after[:3] and before.products == after.products and _same(before, after)


def _same(before: Told, after: Told) -> bool:
    pairs = ((before.days, after.days), (before.score, after.score))
    return all([None in pair or pair[0] == pair[1] for pair in pairs])
