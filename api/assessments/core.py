"""The core of a recommendation: what was decided, as ids, numbers and codes in bytes that depend on nothing else.

Words are left out: they are made when somebody looks. Equal inputs under equal versions give equal bytes, so an
assessment can be made again and compared, and two cores tell what changed between them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from matcher.lenders import Match
from matcher.message import Message
from matcher.paths.path import Alternative
from matcher.programme.criteria import Criterion
from matcher.recommend import Recommendation

Core = dict[str, Any]


def written(found: Recommendation, versions: Mapping[str, Any]) -> bytes:
    """Return the bytes of the core of a recommendation made with these versions: canonical JSON."""
    tier, path, readiness = found.tier, found.path, found.readiness
    core = {
        "tier": {**vars(tier), "reasons": [_coded(reason) for reason in tier.reasons]},
        "readiness": readiness and {**vars(readiness), "why_no_probability": _coded(readiness.why_no_probability)},
        "steps": found.steps,
        "interventions": [(one.id, one.days, one.cost_idr, one.rank) for one in found.interventions],
        "products": {match.id: _product(match) for match in found.products},
        "path": {
            **vars(path),
            "why": _coded(path.why),
            "impossible": [criterion.key for criterion in path.impossible],
            "impossible_because": [_coded(reason) for reason in path.impossible_because],
            "ask_message": _coded(path.ask_message),
            "steps": [{**step._asdict(), "reason": _coded(step.reason)} for step in path.steps],
            "alternatives": [_alternative(one) for one in path.alternatives],
        },
        "questions": found.questions,
        "notices": [_coded(notice) for notice in found.notices],
        "versions": versions,
    }
    if found.doubts:  # what has none keeps the bytes that it had before there were doubts
        core["doubts"] = [doubt._asdict() for doubt in found.doubts]
    return msgspec.json.encode(core, enc_hook=dict, order="sorted")


def _alternative(one: Alternative) -> Core:
    path = one.path
    return {
        "product": one.product,
        "cheaper": one.cheaper,
        "larger": one.larger,
        "planned_idr": path.planned_idr,
        "assumed": path.assumed,
        "steps": [step.intervention or step.kind for step in path.steps],
        "days": path.days,
        "cost_idr": path.cost_idr,
    }


def _product(match: Match) -> Core:
    terms = match.terms
    return {
        "status": match.status,
        "offered": match.offered,
        "availability": match.availability,
        "unmet": [(unmet.criterion.key, [c.intervention or c.kind for c in unmet.changed_by]) for unmet in match.unmet],
        "questions": match.questions,
        "affordable": terms.affordable,
        "instalment_idr": terms.instalment_idr,
        "max_affordable_idr": terms.max_affordable_idr,
    }


def _coded(value: Any) -> Any:
    """A message as its code and arguments, a criterion as its key; other values as they are."""
    if isinstance(value, Message):
        return {"code": value.code, "args": {name: _coded(one) for name, one in value.args.items()}}
    return value.key if isinstance(value, Criterion) else value


def differences(then: Any, now: Any, place: str = "") -> Iterator[dict[str, Any]]:
    """Every place at which two cores differ: {place, then, now}; None where there is nothing."""
    if isinstance(then, Mapping) and isinstance(now, Mapping):
        for name in dict.fromkeys([*then, *now]):
            yield from differences(then.get(name), now.get(name), f"{place}.{name}".lstrip("."))
    elif then != now:
        yield {"place": place, "then": then, "now": now}
