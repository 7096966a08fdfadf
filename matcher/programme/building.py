"""Building a programme out of the tables of its files: each entry is read key by key, and closed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

from matcher.message import Message
from matcher.programme.doubts import doubt_of
from matcher.programme.entries import (
    ASKED,
    AVAILABILITIES,
    BASES,
    INTERVENTION_KINDS,
    KINDS,
    ROLES,
    SEATS,
    TENORS,
    UNITS,
    Effect,
    Evidence,
    Follows,
    Grows,
    Intervention,
    Notice,
    Price,
    Product,
    Programme,
    Referrals,
    Signal,
    Step,
    StepOrder,
    Tier,
)
from matcher.programme.parts import dated, figure
from matcher.programme.reading import TIER_RULES, Entry, ProgrammeProblem, Text
from matcher.programme.referrals import REFERRAL_KEYS, referrals_of
from matcher.programme.writings import writing_of

_ROOT_KEYS: Final = {
    "steps": ("step",),
    "signals": ("signal", "doubt"),
    "interventions": ("intervention",),
    "products": ("product", "term"),
}


def programme_of(tables: Mapping[str, dict[str, Any]], digest: str, problems: list[ProgrammeProblem]) -> Programme:
    """Turn the tables of a folder into a Programme, noting every problem on the way."""
    return _Build(tables, problems).programme(digest)


class _Build:
    def __init__(self, tables: Mapping[str, dict[str, Any]], problems: list[ProgrammeProblem]) -> None:
        self.tables, self.problems = tables, problems
        languages = tables["programme"].get("languages")
        self.languages = tuple(languages) if isinstance(languages, list) and languages else ("id", "en")

    def programme(self, digest: str) -> Programme:
        root = Entry(self.tables["programme"], "programme.toml", "programme", self.problems)
        root.take("format", int)
        for file, keys in _ROOT_KEYS.items():
            self._root(file, keys)
        tiers = self._root("tiers", ("affordability", "goal", "talk_again", "notice", "tier"))
        start, end = root.take("valid_from", date, date.min, required=True), root.dates()[1]
        signals = tuple(self._signal(e) for e in self._entries("signals", "signal"))
        programme = Programme(
            id=root.take("id", str, "", required=True),
            name=root.text("name", self.languages),
            about=root.text("about", self.languages),
            languages=root.texts("languages"),
            timezone=root.take("timezone", str, "UTC", required=True),
            valid_from=start,
            valid_to=end,
            steps=tuple(self._step(e) for e in self._entries("steps", "step")),
            signals=signals,
            doubts=tuple(doubt_of(e, self.languages) for e in self._entries("signals", "doubt")),
            interventions=tuple(self._intervention(e) for e in self._entries("interventions", "intervention")),
            products=self._products(),
            terms={e.name.removeprefix("term "): self._term(e) for e in self._entries("products", "term")},
            tiers=tuple(self._tier(e) for e in self._entries("tiers", "tier")),
            share_percent=self._setting(tiers, "affordability", "share_percent"),
            horizon_days=self._setting(tiers, "goal", "horizon_days"),
            talk_again_days=self._setting(tiers, "talk_again", "days"),
            tier_notice=self._tier_notice(tiers),
            referrals=self._referrals(),
            writing=writing_of(self.tables.get("writing", {}), self.languages, signals, self.problems),
            digest=digest,
        )
        root.origin(self.languages)
        root.close()
        return programme

    def _root(self, file: str, keys: Iterable[str]) -> Entry:
        root = Entry(self.tables[file], f"{file}.toml", "file", self.problems)
        root.known.update(keys)
        root.close()
        return root

    def _entries(self, file: str, key: str) -> list[Entry]:
        entries = []
        rows = self.tables[file].get(key, [])
        for number, row in enumerate(rows if isinstance(rows, list) else [rows], 1):
            if isinstance(row, dict):
                entries.append(Entry(row, f"{file}.toml", f"{key} {row.get('id', number)}", self.problems))
            else:
                wrong = Message("entry_no_table", {"key": key, "number": number})
                self.problems.append(ProgrammeProblem(f"{file}.toml", "file", wrong))
        return entries

    def _step(self, e: Entry) -> Step:
        step = Step(
            **dated(e, self.languages),
            name=e.text("name", self.languages),
            about=e.text("about", self.languages),
            evidence=e.text("evidence", self.languages),
            done=e.criteria("done", self.languages),
            under_way=e.criteria("under_way", self.languages),
            order=tuple(self._order(part) for part in e.tables("order")),
        )
        e.close()
        return step

    def _order(self, e: Entry) -> StepOrder:
        start, end = e.dates()
        source, choice = e.origin(self.languages)
        after, hard = e.texts("after"), e.take("hard", bool, False, required=True)
        e.close()
        return StepOrder(
            id=e.name, valid_from=start, valid_to=end, source=source, our_choice=choice, after=after, hard=hard
        )

    def _signal(self, e: Entry) -> Signal:
        common = dated(e, self.languages)
        kind = e.choice("kind", KINDS, "yes_no", required=True)
        derived = e.criteria("derived", self.languages)
        signal = Signal(
            **common,
            step=e.take("step", str, ""),
            kind=kind,
            label=e.text("label", self.languages),
            question=e.text("question", self.languages, required=not derived),
            unit=e.choice("unit", UNITS, required=kind == "number"),
            minimum=e.take("minimum", int, 0, required=kind in ("number", "money")),
            maximum=e.take("maximum", int, 10**15, required=kind in ("number", "money")),
            missing_codes=tuple(e.take("missing_codes", list, [])),
            values={v.take("id", str, "", required=True): self._label(v) for v in e.tables("values")},
            direction=e.take("direction", int, 0),
            scored=e.take("scored", bool, True),
            protected=e.take("protected", bool, False),
            proof=e.texts("proof"),
            stale_after_days=e.take("stale_after_days", int),
            asked=e.choice("asked", ASKED, "usual"),
            role=e.choice("role", ROLES),
            future=e.take("future", bool, False),
            grows=self._grows(e),
            follows=tuple(self._follows(part) for part in e.tables("follows")),
            derived=derived,
        )
        e.close()
        return signal

    def _label(self, e: Entry) -> Text:
        label = e.text("label", self.languages)
        e.close()
        return label

    def _grows(self, e: Entry) -> Grows | None:
        part = e.table_of("grows")
        if part is None:
            return None
        grows = Grows(
            part.choice("every", ("month", "year"), "month", required=True), part.criterion("while", self.languages)
        )
        part.close()
        return grows

    def _follows(self, e: Entry) -> Follows:
        follows = Follows(
            when=e.criteria("when", self.languages),
            to=e.take("to", (bool, int, str, list, date)),
            at_least=e.take("at_least", str, ""),
            conflict=e.take("conflict", bool, True),
        )
        keys = {"when", "to", "at_least"} & e.table.keys()
        if keys not in ({"when", "to"}, {"at_least"}):
            e.problem("follows_keys" if keys else "follows_nothing", keys=sorted(keys))
        elif e.table.get("when") == []:
            e.problem("criterion_empty", key="when")
        e.close()
        return follows

    def _intervention(self, e: Entry) -> Intervention:
        asks = "requests" in e.table or any("to" in part.table for part in e.tables("reveals"))
        intervention = Intervention(
            **dated(e, self.languages),
            step=e.take("step", str, ""),
            kind=e.choice("kind", INTERVENTION_KINDS, "support", required=True),
            tier=e.take("tier", str, "", required=True),
            name=e.text("name", self.languages),
            about=e.text("about", self.languages),
            provider=e.text("provider", self.languages),
            seat=e.choice("seat", SEATS, "none", required=True),
            serves=e.texts("serves"),
            needs=e.criteria("needs", self.languages),
            sets=self._effects(e, "sets"),
            reveals=self._effects(e, "reveals"),
            requests=self._effects(e, "requests"),
            otherwise=e.text("otherwise", self.languages, required=asks),
            days=figure(e, "days", self.languages),
            cost_idr=figure(e, "cost_idr", self.languages),
            starts_on=tuple(e.take("starts_on", list, [])),
            evidence=tuple(self._evidence(part) for part in e.tables("evidence")),
            evidence_outcome=e.take("evidence_outcome", str, ""),
        )
        e.close()
        return intervention

    def _effects(self, e: Entry, key: str) -> tuple[Effect, ...]:
        effects = []
        for part in e.tables(key):
            signal = part.take("signal", str, "", required=True)
            ops = [op for op in ("to", "at_least", "at_most", "adds") if op in part.table]
            if key == "reveals" and not ops:
                effects.append(Effect(signal, "known", 0))
            elif len(ops) != 1:
                part.problem("effect_operator")
            else:
                effects.append(Effect(signal, ops[0], part.take(ops[0], (bool, int, str, list, date))))
            part.close()
        return tuple(effects)

    def _evidence(self, e: Entry) -> Evidence:
        evidence = Evidence(
            study=e.take("study", str, "", required=True),
            outcome=e.take("outcome", str, "", required=True),
            finding=e.choice("finding", ("positive", "nothing_found"), "nothing_found", required=True),
            effect=e.take("effect", str, ""),
            standard_error=e.take("standard_error", str, ""),
            url=e.take("url", str, "", required=True),
            date=e.take("date", date, date.min, required=True),
            text=e.text("text", self.languages),
        )
        e.close()
        return evidence

    def _products(self) -> tuple[Product, ...]:
        return tuple(self._product(e) for e in self._entries("products", "product"))

    def _product(self, e: Entry) -> Product:
        tenor = e.take("tenor_months", dict, {})
        for key, months in tenor.items():
            if key not in TENORS or not isinstance(months, int) or months < 1:
                e.problem("tenor_months", key=key, value=months)
        product = Product(
            **dated(e, self.languages),
            name=e.text("name", self.languages),
            provider=e.take("provider", str, "", required=True),
            kind=e.choice("kind", ("credit", "grant"), "credit", required=True),
            form=e.texts("form"),
            availability=e.choice("availability", AVAILABILITIES, "lead_only", required=True),
            as_of=e.take("as_of", str, "", required=True),
            confidence=e.choice("confidence", ("high", "medium", "low"), "low", required=True),
            tier=e.take("tier", str, "", required=True),
            scheme=e.take("scheme", str, ""),
            min_amount_idr=e.take("min_amount_idr", int),
            max_amount_idr=e.take("max_amount_idr", int),
            amount_per=e.choice("amount_per", ("person", "group"), "person"),
            group_size=e.take("group_size", int),
            tenor_months=tenor,
            instalment_every=e.choice("instalment_every", ("month", "week", "two_weeks"), "month"),
            instalments=e.take("instalments", int),
            prices=tuple(self._price(part) for part in e.tables("prices")),
            criteria=e.criteria("criteria", self.languages),
            register=e.text("register", self.languages, required=False),
            group_lending=e.take("group_lending", bool, False),
            joint_liability=e.take("joint_liability", bool, False),
            closes=e.texts("closes"),
            lender_days=figure(e, "lender_days", self.languages) if "lender_days" in e.table else None,
            terms_unknown=e.texts("terms_unknown"),
            notices=tuple(self._notice(part) for part in e.tables("notices")),
        )
        e.close()
        return product

    def _price(self, e: Entry) -> Price:
        price = Price(
            rate_percent=float(e.take("rate_percent", (int, float), 0, required=True)),
            basis=e.choice("basis", BASES, "unstated", required=True),
            form=e.choice("form", ("conventional", "sharia")),
            when=e.criteria("when", self.languages),
            text=e.text("text", self.languages, required=False),
            source=e.sources(),
        )
        e.close()
        return price

    def _notice(self, e: Entry) -> Notice:
        notice = Notice(e.text("text", self.languages), e.criteria("when", self.languages))
        e.close()
        return notice

    def _term(self, e: Entry) -> Text:
        e.take("id", str, required=True)
        question = e.text("question", self.languages)
        e.close()
        return question

    def _tier(self, e: Entry) -> Tier:
        tier = Tier(
            **dated(e, self.languages),
            name=e.text("name", self.languages),
            offers=e.text("offers", self.languages),
            rule=e.criteria("rule", self.languages, TIER_RULES),
            programme=e.take("programme", str, ""),
        )
        e.close()
        return tier

    def _referrals(self) -> Referrals:
        root = self._root("referrals", REFERRAL_KEYS)
        states, transitions, reasons = (self._entries("referrals", key) for key in ("state", "transition", "reason"))
        return referrals_of(root, states, transitions, reasons, self.languages)

    def _setting(self, tiers: Entry, table: str, key: str) -> int:
        part = tiers.table_of(table, required=True)
        if part is None:
            return 0
        value: int = part.take(key, int, 0, required=True)
        part.origin(self.languages)
        part.close()
        return value

    def _tier_notice(self, tiers: Entry) -> Text:
        part = tiers.table_of("notice", required=True)
        if part is None:
            return {}
        text = part.text("text", self.languages)
        part.known.update(("source", "our_choice"))
        part.close()
        return text
