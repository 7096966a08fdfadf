"""What changed between two recommendations, in words: the tier, the next step, each product with its reason, the path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from api.assessments.core import Core
from words.telling import Teller

Change = dict[str, Any]
"""{kind, id, gained, text, why}."""


def changes(before: Core, after: Core, t: Teller) -> list[Change]:
    """Say what changed from one core to another. Empty where nothing did."""
    says = _Says(t)
    return [change for part in (_chosen, _length, _products, _score) for change in part(says, before, after)]


def unreadable(t: Teller) -> Change:
    """Say that the facts contradict each other now, so that nothing can be compared."""
    return _Says(t).change("unreadable", "", "unreadable")


class _Says:
    """Puts changes into words."""

    def __init__(self, t: Teller) -> None:
        self.t = t

    def change(
        self, kind: str, about: str, code: str, *, gained: bool | None = None, why: list[str] | None = None, **args: Any
    ) -> Change:
        return {"kind": kind, "id": about, "gained": gained, "text": self.say(code, **args), "why": why or []}

    def say(self, code: str, **args: Any) -> str:
        return self.t.sentence("change", code, **args)

    def name(self, kind: str, value: Any) -> str:
        return self.say("none") if value is None else self.t.word(kind, value)


@lru_cache(maxsize=8)
def _needs(t: Teller) -> Mapping[str, str]:
    """What each criterion of the day's products wants, in words: kept, since all are said to tell of one."""
    rules = [rule for product in t.rules.products for rule in product.criteria]
    return {rule.criterion.key: t.need(rule.criterion) for rule in rules}


def _chosen(says: _Says, old: Core, new: Core) -> Iterator[Change]:
    """Tier, next step and goal, where another one was chosen."""
    pairs = (
        ("tier", "tier", old["tier"]["tier"], new["tier"]["tier"]),
        ("next", "intervention", old["interventions"][0][0], new["interventions"][0][0]),
        ("goal", "product", old["path"]["goal"], new["path"]["goal"]),
    )
    for code, kind, before, after in pairs:
        if before != after:
            named = says.name(kind, before), says.name(kind, after)
            yield says.change(code, str(after), code, before=named[0], after=named[1])


def _length(says: _Says, old: Core, new: Core) -> Iterator[Change]:
    """How many days the path takes, where it leads to the same goal."""
    goal, before, after = new["path"]["goal"], old["path"]["days"], new["path"]["days"]
    if old["path"]["goal"] == goal and None not in (before, after) and before != after:
        was, now = says.t.counted("days", before), says.t.counted("days", after)
        yield says.change("path", goal, "path", goal=says.name("product", goal), before=was, after=now)


def _products(says: _Says, old: Core, new: Core) -> Iterator[Change]:
    before, after = _running(old), _running(new)
    for product in dict.fromkeys([*after, *before]):
        was, now = before.get(product), after.get(product)
        name = says.name("product", product)
        if was is None:
            status = says.say(after[product]["status"])
            yield says.change("product", product, "new_product", product=name, after=status)
        elif now is None:
            yield says.change("product", product, "gone_product", gained=False, product=name)
        elif (was["status"], was["offered"]) != (now["status"], now["offered"]):
            code, won = gained((was["status"], was["offered"]), (now["status"], now["offered"]))
            said = {"product": name, "before": says.say(was["status"]), "after": says.say(now["status"])}
            yield says.change("product", product, code, gained=won, why=_why(says, was, now), **said)


def _running(core: Core) -> dict[str, Any]:
    """The products that could be had then; what nobody can have is never told as met."""
    return {name: one for name, one in core["products"].items() if one["availability"] == "running"}


def gained(was: tuple[str, bool], now: tuple[str, bool]) -> tuple[str, bool | None]:
    """What to call a change of a product's status and offer, and whether something was gained; None: neither nor lost."""
    if now[1] != was[1]:
        return ("offered", True) if now[1] else ("not_offered", False)
    if "conditions_met" in (was[0], now[0]):
        return ("gained", True) if now[0] == "conditions_met" else ("lost", False)
    return "status", None


def _why(says: _Says, was: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    needs = _needs(says.t)
    before, after = ([one[0] for one in product["unmet"]] for product in (was, now))
    why = [says.say("no_longer_in_the_way", need=needs.get(n, n)) for n in before if n not in after]
    why += [says.say("now_in_the_way", need=needs.get(n, n)) for n in after if n not in before]
    if was["affordable"] != now["affordable"]:
        why.append(says.say("affordable", before=says.say(was["affordable"]), after=says.say(now["affordable"])))
    return why


def _score(says: _Says, old: Core, new: Core) -> Iterator[Change]:
    before, after = old["readiness"], new["readiness"]
    if before and after and before["score"] != after["score"]:
        points = says.t.decimal(Decimal(after["score"] - before["score"]) / 1000, 1, fixed=True, signed=True)
        yield says.change("score", "", "score", points=points)
