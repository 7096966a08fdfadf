"""The work list: whom a mentor should see this week and why, at most 25, in the order of suggestions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from api.assessments.stored import latest_of, summary_of
from api.audit.service import note
from api.participants.gate import RECOMMENDATION, Person, may_further
from api.participants.people import people_of
from api.record.actor import Actor
from api.record.transaction import Transaction
from api.referrals.news import news_of
from matcher.facts.doubts import Doubted
from words.telling import Teller

MOST: Final = 25
A_WEEK: Final = timedelta(days=7)

_NEVER: Final = (3, 0, 0, 0)
"""Somebody never looked at stands with the earliest open step of the seven: our choice."""


def work_list(tx: Transaction, actor: Actor, t: Teller, today: date) -> dict[str, Any]:
    """The asking mentor's work list: entries {participant, name, next, why, ...}, and who is left out and why, counted.

    Left out are those who do not agree, whose objection waits, and those worked out within the last seven days. Of whom a
    lender did something since, or waits for an answer, comes first.
    """
    people = people_of(tx, actor)
    latest = latest_of(tx, [person.id for person in people])
    refused = may_further(tx, actor, people, RECOMMENDATION)
    asked = {person: row.at for person, row in latest.items() if row.cause == "asked"}
    news = news_of(tx, t.rules, [person.id for person in people], asked)
    entries, left_out = [], {"no_consent": 0, "objection": 0, "seen_this_week": 0}
    for person in people:
        row = latest.get(person.id)
        if why := refused.get(person.id):
            left_out["objection" if why[0].code == "frozen" else "no_consent"] += 1
        elif row is not None and row.cause == "asked" and today - row.as_of < A_WEEK and person.id not in news:
            left_out["seen_this_week"] += 1
        else:
            entry = _entry(person, summary_of(tx, row) if row is not None else None, t, today)
            if row is not None and row.cause == "rescreened":
                entry["why"].insert(0, t.sentence("work_list", "rescreened"))
            if told := news.get(person.id):
                entry["why"] = [one.said(t) for one in told] + entry["why"]
                entry["rank"] = [-1, *entry["rank"][1:]]
            entries.append(entry)
    entries.sort(key=lambda entry: (entry["rank"], entry["name"].casefold(), entry["participant"]))
    shown = entries[:MOST]
    note(tx, actor, "saw_work_list", "account", actor.account_id, participants=[e["participant"] for e in shown])
    return {"on": today.isoformat(), "entries": shown, "waiting": len(entries) - len(shown), "left_out": left_out}


def _entry(person: Person, summary: Mapping[str, Any] | None, t: Teller, today: date) -> dict[str, Any]:
    def say(code: str, **args: Any) -> str:
        return t.sentence("work_list", code, **args)

    entry: dict[str, Any] = {"participant": person.id, "name": person.identity.get("name", "")}
    if summary is None:
        return entry | {"tier": None, "next": None, "rank": list(_NEVER), "why": [say("never")]}
    step, rank = t.word("intervention", summary["next"]), list(summary["rank"])
    again = date.fromisoformat(summary["talk_again_on"]) if summary["talk_again_on"] else None
    if summary["offered"]:
        why, rank[0] = [say("offered", product=t.word("product", summary["offered"][0]))], 0
    elif again is not None and again <= today:
        why, rank[0] = [say("talk_again", on=t.word("on", again), step=step)], 0
    elif rank[0] == 1 and summary["goal"]:
        why = [say("path", step=step, product=t.word("product", summary["goal"]))]
    else:
        why = [say("step", step=step)]
    why += [t.doubt(Doubted(*doubt)) for doubt in summary.get("doubts", ())]
    if summary["stale"]:
        why.append(say("stale", signals=", ".join(t.word("signal", name) for name in summary["stale"])))
    elif summary["question"]:
        why.append(say("question", question=t.question(summary["question"])))
    return entry | {"tier": summary["tier"], "next": {"id": summary["next"], "name": step}, "rank": rank, "why": why}
