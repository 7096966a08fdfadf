"""The core of a recommendation: what was decided, as ids, numbers and codes in bytes that depend on nothing else.

Words are left out: they are made when somebody looks. Equal inputs under equal versions give equal bytes, so an
assessment can be made again and compared, and two cores tell what changed between them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import date
from functools import cache
from typing import Any, Final

import msgspec

from matcher.criteria import Criterion
from matcher.lenders import Match
from matcher.recommend import Recommendation

Core = dict[str, Any]


def core_of(found: Recommendation, versions: Mapping[str, Any]) -> Core:
    """Return the core of a recommendation made with these versions."""
    return {
        "tier": plain(found.tier),
        "readiness": plain(found.readiness),
        "steps": found.steps,
        "interventions": [[one.id, one.days, one.cost_idr, one.rank] for one in found.interventions],
        "products": {match.id: _product(match) for match in found.products},
        "path": plain(found.path),
        "questions": list(found.questions),
        "notices": [plain(notice) for notice in found.notices],
        "versions": dict(versions),
    }


def _product(match: Match) -> Core:
    terms = match.terms
    return {
        "status": match.status,
        "offered": match.offered,
        "availability": match.availability,
        "unmet": [
            [key(unmet.criterion), [c.intervention or c.kind for c in unmet.changed_by]] for unmet in match.unmet
        ],
        "questions": list(match.questions),
        "affordable": terms.affordable,
        "instalment_idr": terms.instalment_idr,
        "max_affordable_idr": terms.max_affordable_idr,
    }


def key(criterion: Criterion) -> str:
    """Name a criterion by what it asks."""
    if criterion.kind == "signal":
        several = isinstance(criterion.value, (list, tuple))
        values = [msgspec.json.encode(one).decode() for one in (criterion.value if several else [criterion.value])]
        return f"{criterion.signal} {criterion.op} {'[' if several else ''}{', '.join(values)}{']' if several else ''}"
    if criterion.kind == "step":
        return f"step {criterion.signal}"
    return f"{criterion.kind}({', '.join(key(part) for part in criterion.parts)})"


def plain(value: Any) -> Any:
    """Turn values of the matcher into what JSON knows."""
    kind: Any = type(value)
    if value is None or kind in _PLAIN:
        return value
    if kind is list or kind is tuple:
        return [plain(one) for one in value]
    if kind is Criterion:
        return key(value)
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    return {name: plain(getattr(value, name)) for name in _names(kind)}


@cache
def _names(kind: Any) -> tuple[str, ...]:
    """The fields of a named tuple or a dataclass."""
    if hasattr(kind, "_fields"):
        return tuple(kind._fields)
    return tuple(field.name for field in fields(kind))


_PLAIN: Final = frozenset((str, int, bool, float))


def differences(then: Any, now: Any, place: str = "") -> Iterator[dict[str, Any]]:
    """Every place at which two cores differ: {place, then, now}; None where there is nothing."""
    if isinstance(then, Mapping) and isinstance(now, Mapping):
        for name in dict.fromkeys([*then, *now]):
            yield from differences(then.get(name), now.get(name), f"{place}.{name}".lstrip("."))
    elif then != now:
        yield {"place": place, "then": then, "now": now}


def written(core: Core) -> bytes:
    """The bytes of a core."""
    return msgspec.json.encode(core, order="sorted")
