"""What the command line says: a summary of a batch, and one answer in full, as lines of plain text."""

from __future__ import annotations

import itertools
import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from api.advice.batch import MOST_ROWS, Summary
from api.advice.participant_rows import shown
from api.advice.told import questions, understood, unread
from words.telling import Teller

MOST_LISTED: Final = 5
WIDTH: Final = 110
NIK: Final = re.compile(r"[0-9]{16}")
"""The number of an Indonesian identity card has sixteen digits."""


STATUSES: Final = ("conditions_met", "ask", "not_yet", "not_for_you")


def summary_lines(found: Summary, t: Teller) -> Iterator[str]:
    """Say what became of a file."""

    def say(code: str, **args: Any) -> str:
        return t.sentence("terminal", code, **args)

    if found.sheet:
        yield say("sheet", name=found.sheet, row=found.header_row)
    yield say("rows", read=found.read, answered=found.answered, rejected=found.rejected)
    if found.blank:
        yield say("blank", count=found.blank)
    if found.answered:
        days = sorted(found.days)
        code = "days" if len(days) == 1 else "many_days"
        yield say(code, count=len(days), first=t.day(days[0]), last=t.day(days[-1]))
        yield say("answers", path=found.output)
    if found.rejected:
        yield say("rejected", path=found.rejected_file)
        yield from _counted(t, say("reasons"), found.reasons, lambda key: _reason(found, key, say))
    if found.repeated:
        yield ""
        yield from _wrap(say("repeated", count=len(found.repeated), names=_repeated(found, say)), "")
    if found.answered:
        yield from _counted(t, say("tiers"), found.tiers, lambda tier: t.word("tier", tier))
        if found.provisional:
            yield f"  {say('provisional', count=found.provisional)}"
        yield from _counted(t, say("doubts"), found.doubts, lambda name: t.word("doubt", name))
        yield from _counted(t, say("next_steps"), found.next_steps, lambda name: t.word("intervention", name))
        yield from _counted(t, say("questions"), found.questions, t.question)
    yield from _told(found, t, say)
    yield from _warnings(found, t, say)


def _told(found: Summary, t: Teller, say: Any) -> Iterator[str]:
    """What was understood of texts that did not stand there plainly, and each question once a column."""
    if lines := list(understood(t, found.told)):
        yield ""
        yield say("read_as")
    for line, count in lines:
        yield from textwrap.wrap(f"{t.number(count):>9}  {line}", WIDTH, subsequent_indent=" " * 11)
    if asked := list(questions(t, found.told)):
        yield ""
        yield say("asked")
    for line in asked:
        yield from _wrap(line, "  ")


def _reason(found: Summary, key: tuple[str, str], say: Any) -> str:
    """One reason for rejection; in a workbook with the first cell that has it."""
    cell = found.first_cells.get(key)
    where = f" {say('first_cell', cell=cell)}" if cell else ""
    return f"{key[0] or say('whole_row')}: {key[1]}{where}"


def _repeated(found: Summary, say: Any) -> str:
    """The first participants that stand more than once with their first rows. What may be an NIK is not shown."""
    names = []
    for name, rows in itertools.islice(found.repeated.items(), MOST_LISTED):
        known_as = say("long_number") if NIK.search(re.sub(r"[\s.-]", "", name)) else shown(name)
        written = ", ".join(map(str, rows[:MOST_ROWS])) + (", …" if len(rows) > MOST_ROWS else "")
        names.append(f"{known_as}: {written}")
    return "; ".join(names) + (say("more") if len(found.repeated) > MOST_LISTED else "")


def _warnings(found: Summary, t: Teller, say: Any) -> Iterator[str]:
    lines = list(unread(t, found.left_out, found.twice, found.written))
    if found.foreign_money:
        lines.append(say("foreign", names=", ".join(found.foreign_money)))
    if found.never_seen:
        lines.append(say("never_seen", names=", ".join(found.never_seen)))
    if found.ignored:
        lines.append(say("ignored", count=len(found.ignored), names=", ".join(found.ignored)))
    if found.unnamed:
        lines.append(say("unnamed", names=", ".join(found.unnamed)))
    for code, sheets in (("other_sheets", found.other_sheets), ("hidden_sheets", found.hidden_sheets)):
        if sheets:
            lines.append(say(code, names=", ".join(sheets)))
    for line in lines:
        yield ""
        yield from textwrap.wrap(line, WIDTH, subsequent_indent="  ")


def _counted(t: Teller, title: str, counter: Counter[Any], word: Any) -> Iterator[str]:
    if counter:
        yield ""
        yield title
    for key, count in counter.most_common(MOST_LISTED):
        yield from textwrap.wrap(f"{t.number(count):>9}  {word(key)}", WIDTH, subsequent_indent=" " * 11)


def answer_lines(identity: str, day: str, found: Mapping[str, Any], t: Teller) -> Iterator[str]:
    """Say one answer of `api.advice.answer.answer` in full."""
    return _Page(t).lines(identity, day, found)


class _Page:
    def __init__(self, t: Teller) -> None:
        self.t = t

    def say(self, code: str, **args: Any) -> str:
        return self.t.sentence("terminal", code, **args)

    def lines(self, identity: str, day: str, found: Mapping[str, Any]) -> Iterator[str]:
        yield self.say("participant", id=identity, day=day)
        yield from self.tier(found["tier"])
        yield from self.listed("doubts", (doubt["text"] for doubt in found["doubts"]))
        yield from self.readiness(found)
        yield from self.listed("to_ask", (asked["question"] for asked in found["questions"]))
        steps = (f"{step['step']} {step['name']}: {self.status(step['status'])}" for step in found["steps"])
        yield from self.listed("steps", steps)
        yield from self.interventions(found["interventions"])
        yield from self.path(found["path"])
        yield from self.products(found["products"])
        yield from self.listed("notices", found["notices"])

    def status(self, status: str) -> str:
        return self.t.name("terminal", status)

    def listed(self, code: str, lines: Iterable[str]) -> Iterator[str]:
        lines = list(lines)
        if lines:
            yield ""
            yield self.say(code)
        for line in lines:
            yield from _wrap(line, "  - ")

    def tier(self, found: Mapping[str, Any]) -> Iterator[str]:
        yield ""
        yield self.say("tier_provisional" if found["provisional"] else "tier", name=found["name"])
        yield from _wrap(found["offers"], "  ")
        for reason in found["reasons"]:
            yield from _wrap(reason, "  - ")
        if found["talk_again"]:
            again = found["talk_again"]
            yield from _wrap(self.say("talk_again", on=again["on"], name=again["programme"]["name"]), "  ")
        yield from _wrap(found["notice"], "  ")

    def readiness(self, found: Mapping[str, Any]) -> Iterator[str]:
        given = found["readiness"]
        yield ""
        if given is None:
            yield from _wrap(found["why_no_readiness"] or "", "")
            return
        points = {key: self.t.decimal(Decimal(given[key]) / 1000, 1, fixed=True) for key in ("score", "low", "high")}
        yield self.say("readiness", **points)
        if given["why_no_probability"]:
            yield from _wrap(given["why_no_probability"], "  ")
        for part in sorted(given["contributions"], key=lambda part: -abs(part["points"])):
            yield from _wrap(part["text"], "  - ")

    def length(self, days: int | None, cost: int | None) -> str:
        written = self.say("unpriced") if cost is None else self.t.rupiah(cost) if cost else self.say("free")
        return self.say("length", days=days, cost=written)

    def interventions(self, found: Sequence[Mapping[str, Any]]) -> Iterator[str]:
        if found:
            yield ""
            yield self.say("interventions")
        for number, one in enumerate(found, 1):
            yield from _wrap(f"{one['name']} ({self.length(one['days'], one['cost_idr'])})", f"{number:>3}. ")
            yield from _wrap(f"{one['rank_reason']} {one['about']}", "     ")
            evidence = [e["text"] for e in one["evidence"]] or [one["evidence_note"]]
            for line in (*evidence, one["otherwise"], *(asked["question"] for asked in one["questions"])):
                if line:
                    yield from _wrap(line, "     - ")

    def path(self, found: Mapping[str, Any]) -> Iterator[str]:
        yield ""
        if found["goal"] is None:
            yield self.say("no_path")
            yield from _wrap(found["why"] or "", "  ")
            return
        yield self.say("path", name=found["goal_name"])
        if "impossible" in found:
            yield f"  {self.say('impossible')}"
            for reason in found["impossible"]:
                yield from _wrap(reason, "  - ")
            return
        if "ask" in found:
            yield from _wrap(found["ask"]["question"], "  ? ")
            yield from _wrap(found["ask"]["text"], "    ")
        for number, step in enumerate(found["steps"], 1):
            yield from _wrap(f"{step['name']} ({self.length(step['days'], step['cost_idr'])})", f"{number:>3}. ")
        yield f"  = {self.length(found['days'], found['cost_idr'])}"
        yield from _wrap(found["lender_days_note"], "  ")
        yield from self.alternatives(found["alternatives"])

    def alternatives(self, found: Sequence[Mapping[str, Any]]) -> Iterator[str]:
        if found:
            yield ""
            yield self.say("alternatives")
        for one in found:
            yield from _wrap(one["text"], "  - ")
            for asked in one["assumed"]:
                yield from _wrap(asked["question"], "    ? ")
            for step in one["steps"]:
                yield from _wrap(f"{step['name']} ({self.length(step['days'], step['cost_idr'])})", "    - ")
            yield f"    = {self.length(one['days'], one['cost_idr'])}"

    def products(self, found: Sequence[Mapping[str, Any]]) -> Iterator[str]:
        running = [product for product in found if product["availability"] == "running"]
        for status in STATUSES:
            chosen = [product for product in running if product["status"] == status]
            yield from self.listed(status, (self.product(product) for product in chosen))

    def product(self, found: Mapping[str, Any]) -> str:
        parts = [found["name"]]
        if found["instalment_idr"]:
            parts.append(self.say("instalment", amount=self.t.rupiah(found["instalment_idr"])))
        if found["status"] in ("not_yet", "not_for_you") and found["unmet"]:
            parts.append(self.say("needs", names="; ".join(f"{u['criterion']} ({u['have']})" for u in found["unmet"])))
        if found["status"] == "ask" and found["questions"]:
            names = ", ".join(self.t.word("signal", asked["signal"]) for asked in found["questions"])
            parts.append(self.say("asks", names=names))
        return "; ".join(parts)


def _wrap(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=" " * len(indent))
