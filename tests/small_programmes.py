"""Whole small programmes to draw, as the tables of their files: few interventions, every kind of need, effect and clock."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from matcher.programme.entries import Programme
from matcher.programme.loading import load_programme
from matcher.programme.rules import Rules, rules_on


def toml(value: Any) -> str:
    """Write a value as TOML; tables inline."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml(inner) for inner in value) + "]"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return value.isoformat() if isinstance(value, date) else str(value)


def write_programme(folder: Path, files: dict[str, dict[str, Any]]) -> Path:
    """Write a programme's files; a list of tables becomes [[tables]]."""
    for name, content in files.items():
        lines = [f"{key} = {toml(value)}" for key, value in content.items() if not _tables(value)]
        for key, rows in content.items():
            for row in rows if _tables(rows) else ():
                lines += [f"[[{key}]]", *(f"{inner} = {toml(value)}" for inner, value in row.items())]
        (folder / f"{name}.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def _tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) and "id" in row for row in value)


WORDS = {"id": "kata", "en": "words"}
OURS = {"our_choice": WORDS}


def a_signal(name: str, kind: str = "yes_no", **more: Any) -> dict[str, Any]:
    """One signal's table."""
    bounds = {"minimum": -100 if kind == "money" else 0, "maximum": 100} if kind in ("number", "money") else {}
    unit = {"unit": "months"} if kind == "number" else {}
    return {"id": name, "kind": kind, "label": WORDS, "question": WORDS, **bounds, **unit, **more, **OURS}


def an_intervention(name: str, **more: Any) -> dict[str, Any]:
    """One intervention's table."""
    figures = {
        key: {"value": more.pop(key, 0), **OURS} for key in ("days", "cost_idr") if not isinstance(more.get(key), dict)
    }
    plain = {"kind": "support", "tier": "low", "seat": "none"}
    return {"id": name, **plain, "name": WORDS, "about": WORDS, "provider": WORDS, **figures, **more, **OURS}


def a_product(name: str, **more: Any) -> dict[str, Any]:
    """One product's table: a running grant unless told otherwise."""
    plain = {
        "provider": "x",
        "kind": "grant",
        "form": ["grant"],
        "availability": "running",
        "as_of": "",
        "confidence": "high",
    }
    return {"id": name, "name": WORDS, **plain, "tier": "low", **more, **OURS}


def a_programme(
    signals: list[dict[str, Any]],
    interventions: list[dict[str, Any]],
    products: list[dict[str, Any]],
    steps: list[dict[str, Any]] | None = None,
) -> dict[str, dict[str, Any]]:
    """All files of a small programme."""
    roles = [
        a_signal("running", role="business_running"),
        a_signal("wants", role="wants_capital"),
        a_signal("asked", "money", role="amount_asked"),
        a_signal("profit", "money", role="monthly_profit"),
        a_signal("paying", "money", role="monthly_instalments"),
        a_signal("cash", "money", role="cash_at_hand"),
    ]
    plain = {"name": WORDS, "about": WORDS, "evidence": WORDS, "done": [{"signal": "running", "is": True}]}
    talk = an_intervention("talk", kind="conversation", days=1)
    less = an_intervention("less", kind="ask_less", needs=[{"signal": "asked", "at_least": 1}])
    low = {"id": "low", "name": WORDS, "offers": WORDS, "programme": "talk", **OURS}
    high = {"id": "high", "name": WORDS, "offers": WORDS, "rule": [{"signal": "running", "is": True}], **OURS}
    return {
        "programme": {
            "format": 2,
            "id": "small",
            "name": WORDS,
            "about": WORDS,
            "languages": ["id", "en"],
            "timezone": "UTC",
            "valid_from": date(2000, 1, 1),
            **OURS,
        },
        "signals": {"signal": [*roles, *signals]},
        "steps": {"step": steps or [{"id": "P1", **plain, **OURS}]},
        "interventions": {"intervention": [talk, *interventions, less]},
        "products": {"product": products},
        "tiers": {
            "affordability": {"share_percent": 50, **OURS},
            "goal": {"horizon_days": 180, **OURS},
            "talk_again": {"days": 30, **OURS},
            "notice": {"text": WORDS, **OURS},
            "tier": [high, low],
        },
        "referrals": {
            "quiet_days": {"value": 14, **OURS},
            "office_days": {"value": 7, **OURS},
            "ends_without_consent": "end",
            "state": [
                {"id": "made", "name": WORDS, "turn": "mentor", "hl7": "draft", **OURS},
                {"id": "over", "name": WORDS, "turn": "nobody", "ends": True, "hl7": "completed", **OURS},
            ],
            "transition": [
                {"id": "make", "name": WORDS, "begins": [], "to": "made", "by": ["mentor"], **OURS},
                {
                    "id": "send",
                    "name": WORDS,
                    "begins": ["made"],
                    "to": "over",
                    "by": ["mentor"],
                    "asks": ["pack"],
                    **OURS,
                },
                {"id": "end", "name": WORDS, "begins": ["made"], "to": "over", "by": ["kail"], **OURS},
            ],
        },
    }


def load(files: dict[str, dict[str, Any]]) -> Programme:
    """Load tables through the public loader; the folder is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        return load_programme(write_programme(Path(folder), files))


@dataclass(frozen=True, repr=False)
class Small:
    """A small programme with one participant of it. `day`: the day asked; goal: the product `goal`."""

    files: dict[str, dict[str, Any]]
    raw: dict[str, Any]
    day: date

    def __repr__(self) -> str:
        silent = {"our_choice", "name", "about", "provider", "seat", "tier", "label", "question", "otherwise"}
        rows = [*self.files["interventions"]["intervention"], *self.files["products"]["product"]]
        grows = [row["grows"] for row in self.files["signals"]["signal"] if "grows" in row]
        said = [{key: value for key, value in row.items() if key not in silent} for row in rows]
        return "\n".join(map(str, [self.day, self.raw, *grows, *said]))

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))  # what hypothesis shows of a failure

    @property
    def rules(self) -> Rules:
        """The rules of that day."""
        return rules_on(load(self.files), self.day)


DAYS = (date(2026, 1, 31), date(2026, 11, 21), date(2024, 2, 29), date(2025, 6, 30), date(2026, 2, 1))
FLAGS = ("f0", "f1", "f2")


@st.composite
def programmes(draw: st.DrawFn) -> Small:
    """A small programme: two to six interventions with needs, effects, calendars and clocks, and one product."""
    day = draw(st.sampled_from(DAYS))
    leaves = LEAVES
    signals = _signals(draw)
    steps: list[tuple[list[dict[str, Any]], dict[str, Any]]] = []
    for _ in range(draw(st.integers(2, 6))):
        owed = any(effect["signal"] == "debt" for effects, _ in steps for effect in effects)
        steps.append(_step(draw, owed))
    interventions = []
    for number, (effects, plain) in enumerate(steps):
        others = [effect for place, (inner, _) in enumerate(steps) if place != number for effect in inner]
        needs = [_need(draw, others, leaves) for _ in range(draw(st.sampled_from([0, 1, 1, 2])))]
        if plain.pop("waits", False):
            needs.append({"signal": draw(st.sampled_from(["d0", "d1"])), "passed": True})
        if draw(st.integers(0, 4)) == 0:
            starts = draw(st.lists(st.integers(0, 45), min_size=1, max_size=3, unique=True))
            plain["starts_on"] = [day + timedelta(days=n) for n in sorted(starts)]
        interventions.append(an_intervention(f"i{number}", needs=needs, **effects_by_key(draw, effects), **plain))
    if draw(st.integers(0, 7)) == 0:
        check = {"signal": "c0", "to": draw(st.sampled_from("abc"))}
        interventions.append(an_intervention("check", reveals=[check], otherwise=WORDS, days=draw(st.integers(0, 5))))
    effects = [effect for inner, _ in steps for effect in inner]
    criteria = [_need(draw, effects, leaves) for _ in range(draw(st.integers(1, 4)))]
    product = a_product("goal", criteria=criteria, **draw(TERMS))
    return Small(a_programme(signals, interventions, [product]), draw(_facts(day)), day)


def _signals(draw: st.DrawFn) -> list[dict[str, Any]]:
    conditions = [{"signal": "f0", "is": True}, {"signal": "g0", "at_least": 1}, {"signal": "c0", "is": "b"}, None]
    condition = draw(st.sampled_from(conditions))
    grows = {"every": "month", **({"while": condition} if condition else {})}
    codes = {
        kind: [{"id": code, "label": WORDS} for code in letters] for kind, letters in (("c0", "abc"), ("s0", "xyz"))
    }
    derived = [{"any": [{"signal": "f0", "is": True}, {"signal": "d0", "within_days": draw(st.sampled_from([4, 9]))}]}]
    return [
        *(a_signal(name) for name in FLAGS),
        a_signal("n0", "number"),
        a_signal("g0", "number", grows=grows, maximum=6),
        a_signal("d0", "date", future=True),
        a_signal("d1", "date", future=True),
        a_signal("c0", "choice", values=codes["c0"]),
        a_signal("s0", "choices", values=codes["s0"]),
        a_signal("debt", "money", direction=-1),
        a_signal("v0", derived=derived),
    ]


FEW = st.integers(0, 3)
LEAVES = st.one_of(
    st.builds(lambda s, v: {"signal": s, "is": v}, st.sampled_from([*FLAGS, "v0"]), st.booleans()),
    st.builds(lambda op, v: {"signal": "g0", op: v}, st.sampled_from(["at_least", "at_least", "at_most"]), FEW),
    st.builds(lambda op, v: {"signal": "n0", op: v}, st.sampled_from(["at_least", "at_most", "is"]), FEW),
    st.builds(
        lambda s, v: {"signal": s, "within_days": v}, st.sampled_from(["d0", "d1"]), st.sampled_from([0, 3, 8, 20])
    ),
    st.builds(lambda s, v: {"signal": s, "passed": v}, st.sampled_from(["d0", "d1"]), st.booleans()),
    st.builds(lambda op, v: {"signal": "c0", op: v}, st.sampled_from(["is", "is_not"]), st.sampled_from("abc")),
    st.builds(lambda v: {"signal": "c0", "one_of": v}, st.sampled_from([["a", "b"], ["c"]])),
    st.builds(
        lambda op, v: {"signal": "s0", op: v},
        st.sampled_from(["includes", "excludes"]),
        st.sampled_from([["x"], ["y", "z"]]),
    ),
    st.just({"signal": "debt", "at_most": 0}),
)
"""Criteria on any signal."""


def _step(draw: st.DrawFn, owed: bool) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The effects of one intervention, and what else it says. `owed`: another one pays the debt already."""
    effects: dict[str, dict[str, Any]] = {}
    for _ in range(draw(st.sampled_from([1, 1, 2]))):
        effect = draw(EFFECTS)
        if owed and effect["signal"] == "debt":
            effect = {"signal": "f0", "to": True}
        effects.setdefault(effect["signal"], effect)
    plain: dict[str, Any] = {"days": draw(st.integers(0, 9)), "cost_idr": draw(st.integers(0, 5))}
    if "debt" in effects:
        plain["cost_idr"] = {"signal": "debt"}
    elif draw(st.integers(0, 7)) == 0:
        plain |= {"kind": "wait", "days": 0, "waits": True}
    return list(effects.values()), plain


EFFECTS = st.one_of(
    st.builds(lambda s, v: {"signal": s, "to": v}, st.sampled_from(FLAGS), st.sampled_from([True, True, True, False])),
    st.builds(lambda s: {"signal": s, "to": True}, st.sampled_from(FLAGS)),
    st.builds(lambda op, v: {"signal": "n0", op: v}, st.sampled_from(["at_least", "at_most", "to"]), st.integers(0, 3)),
    st.builds(
        lambda op, v: {"signal": "g0", op: v},
        st.sampled_from(["at_least", "at_least", "at_most", "to"]),
        st.integers(0, 3),
    ),
    st.builds(lambda s: {"signal": s, "to": "done"}, st.sampled_from(["d0", "d1"])),
    st.builds(lambda v: {"signal": "c0", "to": v}, st.sampled_from("abc")),
    st.builds(lambda v: {"signal": "s0", "adds": v}, st.sampled_from([["x"], ["y"]])),
    st.just({"signal": "s0", "to": []}),
    st.just({"signal": "debt", "at_most": 0}),
    st.just({"signal": "paying", "at_most": 0}),
)


def effects_by_key(draw: st.DrawFn, effects: list[dict[str, Any]]) -> dict[str, Any]:
    """The effects as what the person does, or as what others decide."""
    if draw(st.integers(0, 4)) == 0:
        return {"requests": effects, "otherwise": WORDS}
    return {"sets": effects}


def _need(draw: st.DrawFn, effects: list[dict[str, Any]], leaves: st.SearchStrategy[dict[str, Any]]) -> dict[str, Any]:
    """A criterion: mostly what some other intervention brings about, else any; at times a group."""
    shape = draw(st.integers(0, 9))
    if shape == 9:
        return {"any": [_plain_need(draw, effects, leaves), draw(leaves)]}
    if shape == 8:
        return {"all": [draw(leaves), {"any": [_plain_need(draw, effects, leaves), draw(leaves)]}]}
    criterion = _plain_need(draw, effects, leaves)
    return {**criterion, "unknown": "meets"} if shape == 7 else criterion


def _plain_need(
    draw: st.DrawFn, effects: list[dict[str, Any]], leaves: st.SearchStrategy[dict[str, Any]]
) -> dict[str, Any]:
    brought = [criterion for effect in effects if (criterion := _brought(effect))]
    return draw(st.sampled_from(brought)) if brought and draw(st.integers(0, 3)) < 3 else draw(leaves)


def _brought(effect: dict[str, Any]) -> dict[str, Any] | None:
    signal, op = effect["signal"], next(key for key in effect if key != "signal")
    value = effect[op]
    if op in ("at_least", "at_most"):
        return {"signal": signal, op: value} if signal != "paying" else None
    if op == "adds":
        return {"signal": signal, "includes": value}
    if value == "done":
        return {"signal": signal, "within_days": 9}
    return {"signal": signal, "excludes": ["x", "y", "z"]} if value == [] else {"signal": signal, "is": value}


PRICE = [{"rate_percent": 0, "basis": "effective"}]
LOAN = {"kind": "credit", "form": ["conventional"], "tenor_months": {"any": 10}, "prices": PRICE}
TERMS = st.sampled_from([{}, {}, LOAN, {**LOAN, "min_amount_idr": 20}, {**LOAN, "max_amount_idr": 30}])


@st.composite
def _facts(draw: st.DrawFn, day: date) -> dict[str, Any]:
    """What is known of the participant; money so that a loan is mostly affordable, at times only after something ends."""
    low = st.sampled_from([0, 0, 0, 1, 2])
    dates = st.sampled_from([-900, -25, -9, -4, -1, 0, 1, 5, 12, 30, 44]).map(lambda n: day + timedelta(days=n))
    facts: dict[str, Any] = {name: draw(st.sampled_from([False, False, True])) for name in FLAGS}
    facts |= {
        "n0": draw(low),
        "g0": draw(st.one_of(low, low, _dated(low, day))),
        "d0": draw(dates),
        "d1": draw(dates),
        "debt": draw(low),
    }
    facts |= {"c0": draw(st.sampled_from("abc")), "s0": draw(st.sampled_from([[], [], ["x"], ["y", "z"]]))}
    for name in draw(st.sets(st.sampled_from(sorted(facts)), max_size=draw(st.sampled_from([0, 0, 0, 2, 4])))):
        del facts[name]
    money = {"asked": draw(st.sampled_from([10, 40])), "profit": draw(st.sampled_from([60, 60, 12, 0])), "paying": 0}
    money["paying"] = draw(st.sampled_from([0, 0, 0, 60]))
    cash = draw(st.sampled_from([None, 100, 20, 5, 2, 0]))
    return {"wants": True, "running": True, **facts, **money, **({} if cash is None else {"cash": cash})}


def _dated(values: st.SearchStrategy[int], day: date) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        lambda value, age: {"value": value, "on": day - timedelta(days=age)}, values, st.sampled_from([1, 20, 27])
    )
