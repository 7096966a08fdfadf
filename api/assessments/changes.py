"""What changed between two recommendations, in words: the tier, the next step, each product with its reason, the path."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from api.assessments.core import Core
from matcher.programme.rules import Rules
from words.telling import Teller


def changes(before: Core, after: Core, t: Teller) -> list[dict[str, Any]]:
    """Say what changed from one core to another: entries {kind, id, gained, text, why}. Empty where nothing did."""
    return _Changes(before, after, t).all()


class _Changes:
    def __init__(self, before: Core, after: Core, t: Teller) -> None:
        self.before, self.after, self.t = before, after, t
        self.needs = {rule.criterion.key: t.need(rule.criterion) for rule in _criteria(t.rules)}

    def say(self, code: str, **args: Any) -> str:
        return self.t.sentence("change", code, **args)

    def name(self, kind: str, value: Any) -> str:
        return self.say("none") if value is None else self.t.word(kind, value)

    def all(self) -> list[dict[str, Any]]:
        found = [*self._pairs(), *self._products(), *self._score()]
        return found

    def _pairs(self) -> list[dict[str, Any]]:
        old, new = self.before, self.after
        pairs = (
            ("tier", "tier", old["tier"]["tier"], new["tier"]["tier"]),
            ("next", "intervention", old["interventions"][0][0], new["interventions"][0][0]),
            ("goal", "product", old["path"]["goal"], new["path"]["goal"]),
        )
        found = [
            self._entry(code, str(after), self.say(code, before=self.name(kind, before), after=self.name(kind, after)))
            for code, kind, before, after in pairs
            if before != after
        ]
        days = old["path"]["days"], new["path"]["days"]
        if old["path"]["goal"] == new["path"]["goal"] and None not in days and days[0] != days[1]:
            goal = self.name("product", new["path"]["goal"])
            found.append(self._entry("path", new["path"]["goal"], self._length(goal, *days)))
        return found

    def _length(self, goal: str, before: int, after: int) -> str:
        return self.say("path", goal=goal, before=self.t.counted("days", before), after=self.t.counted("days", after))

    def _products(self) -> list[dict[str, Any]]:
        old, new = _running(self.before), _running(self.after)
        found = []
        for product in dict.fromkeys([*new, *old]):
            was, now = old.get(product), new.get(product)
            name = self.name("product", product)
            if was is None:
                found.append(
                    self._entry(
                        "product",
                        product,
                        self.say("new_product", product=name, after=self.say(new[product]["status"])),
                    )
                )
            elif now is None:
                found.append(self._entry("product", product, self.say("gone_product", product=name), gained=False))
            elif (was["status"], was["offered"]) != (now["status"], now["offered"]):
                found.append(self._product(product, name, was, now))
        return found

    def _product(self, product: str, name: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
        gained: bool | None = None
        if now["offered"] != was["offered"]:
            gained, code = now["offered"], "offered" if now["offered"] else "not_offered"
        elif "conditions_met" in (was["status"], now["status"]):
            gained = now["status"] == "conditions_met"
            code = "gained" if gained else "lost"
        else:
            code = "status"
        said = self.say(code, product=name, before=self.say(was["status"]), after=self.say(now["status"]))
        return self._entry("product", product, said, gained=gained, why=self._why(was, now))

    def _why(self, was: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
        before, after = ([one[0] for one in product["unmet"]] for product in (was, now))
        why = [self.say("no_longer_in_the_way", need=self.needs.get(n, n)) for n in before if n not in after]
        why += [self.say("now_in_the_way", need=self.needs.get(n, n)) for n in after if n not in before]
        if was["affordable"] != now["affordable"]:
            why.append(self.say("affordable", before=self.say(was["affordable"]), after=self.say(now["affordable"])))
        return why

    def _score(self) -> list[dict[str, Any]]:
        old, new = self.before["readiness"], self.after["readiness"]
        if not old or not new or old["score"] == new["score"]:
            return []
        points = self.t.decimal(Decimal(new["score"] - old["score"]) / 1000, 1, fixed=True, signed=True)
        return [self._entry("score", "", self.say("score", points=points))]

    @staticmethod
    def _entry(
        kind: str, about: str, text: str, *, gained: bool | None = None, why: list[str] | None = None
    ) -> dict[str, Any]:
        return {"kind": kind, "id": about, "gained": gained, "text": text, "why": why or []}


def _running(core: Core) -> dict[str, Any]:
    """The products that could be had then; what nobody can have is never told as met."""
    return {name: one for name, one in core["products"].items() if one["availability"] == "running"}


def _criteria(rules: Rules) -> list[Any]:
    return [rule for product in rules.products for rule in product.criteria]
