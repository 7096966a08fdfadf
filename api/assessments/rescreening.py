"""Re-screening: after a rule, a product or the model changed, who gained or lost what, and why.

In 2018 some 550 members held a letter that the bank had come to accept, and nobody told them.

People are gone over in batches: all of a batch are decided in columns, and only those whose gist is another one than that
of their last answer are worked out in full, as they were under the rules of now and as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from time import monotonic
from typing import Any, Final, NamedTuple

import msgspec

from api.assessments.batches import Again, Batch, how_many, read_batch
from api.assessments.changes import changes, unreadable
from api.assessments.gists import Mark, alike, marks, told_in, told_of
from api.assessments.service import store
from api.assessments.working_out import Outcome, participant_from, work_out
from api.participants.gate import RECOMMENDATION, let_each
from api.record.crypto import read_json
from api.record.live import Live
from api.record.refusals import Refused
from api.record.transaction import Record, Transaction
from matcher.facts.participant import Participant, ParticipantError
from matcher.gists import gist, gists
from matcher.programme.rules import rules_on
from words.telling import Teller, teller

Write = Callable[[], AbstractContextManager[Transaction]]
BY_RULES, BY_FACTS = "rules", "facts_or_time"
TOGETHER: Final = 8
"""How many new recommendations are stored in one transaction at most, so that the disk is not waited for after each."""
_HELD_SECONDS: Final = 0.01
"""After how long a transaction takes no further one in: with the commit others wait some 20 ms at most."""


@dataclass(frozen=True)
class Rescreened:
    """What changed for one participant: entries of `changes`, each with `because` (the rules, or facts and time).

    `stored`: whether the new recommendation was kept.
    """

    participant: str
    mentor: str
    organisation: str
    entries: tuple[dict[str, Any], ...]
    stored: bool = False


def rescreen(
    record: Record,
    live: Live,
    language: str,
    *,
    keep: bool = False,
    progress: Callable[[int, int], None] | None = None,
    organisation_id: str | None = None,
) -> Iterator[Rescreened]:
    """Work out everybody anew who agrees, was assessed before and has no objection waiting; yield who changed.

    `keep` stores the new recommendation of whoever changed; `organisation_id` bounds all to one organisation.

    Raises:
        OperationalError: with `keep`, `is_busy` where others wrote for too long; what was yielded before is stored.
    """
    with record.read() as tx:
        total = how_many(tx, organisation_id)
    after: str | None = ""
    done = 0
    while after is not None:
        batch = _read(record, live, after, organisation_id)
        yield from _changed(record, live, batch, teller(live.rules, language), keep)
        if progress:
            for number in range(done + 1, done + batch.gone_over + 1):
                progress(number, max(total, number))
        after, done = batch.after, done + batch.gone_over


class Page(NamedTuple):
    """Some participants gone over: who of them changed, after whom the next page begins (None: the end), how many."""

    found: list[Rescreened]
    after: str | None
    gone_over: int


def rescreen_page(
    record: Record,
    live: Live,
    language: str,
    after: str = "",
    *,
    keep: bool,
    organisation_id: str | None = None,
    write: Write | None = None,
    kept: Callable[[Rescreened], None] | None = None,
) -> Page:
    """Do the next few hundred participants of `rescreen`.

    Participants stand in the order of their ids: "" begins. `organisation_id` bounds all to one organisation. With `keep` a
    new recommendation is committed a few at a time while the page goes on, each only if nothing about the person changed
    since the page was read and the consents still stand; `write` opens the transaction for it, `kept` is told in it of
    whoever is stored. Nothing else is written: where a page began is for the caller to remember, when the page is done. A
    page that was cut off is simply done again: whoever was stored does not differ any more, so that nobody is stored or told
    twice.

    Raises:
        OperationalError: with `keep`, `is_busy` where others wrote for too long; what was committed stays.
    """
    batch = _read(record, live, after, organisation_id)
    t = teller(live.rules, language)
    found = _changed(record, live, batch, t, keep, write, kept)
    return Page(list(found), batch.after, batch.gone_over)


def _read(record: Record, live: Live, after: str, organisation_id: str | None = None) -> Batch:
    with record.read() as tx:
        return read_batch(tx, live.rules, after, organisation_id)


@dataclass(frozen=True, repr=False)
class _Found:
    """Somebody who changed, with the new recommendation; None: their facts cannot be read, so there is none."""

    said: Rescreened
    one: Again
    now: Outcome | None


def _changed(
    record: Record,
    live: Live,
    batch: Batch,
    t: Teller,
    keep: bool,
    write: Write | None = None,
    kept: Callable[[Rescreened], None] | None = None,
) -> Iterator[Rescreened]:
    store = partial(_stored, write or record.write, live, kept) if keep else None
    waiting: list[_Found] = []
    for one in _who_may_differ(live, batch.people):
        found = _compared(live, one, t)
        if found is None:
            continue
        waiting.append(found)
        if not keep or len(waiting) == TOGETHER:
            yield from _told(waiting, store)
            waiting = []
    yield from _told(waiting, store)


def _who_may_differ(live: Live, people: Sequence[Again]) -> Iterator[Again]:
    """Those whose gist is another one now, and those whose facts or goal cannot be read any more."""
    rules, by_goal = live.rules, dict[str | None, dict[int, Participant]]()
    for place, one in enumerate(people):
        goal = one.inputs["goal"]
        if goal is None or goal in rules.product_ids:
            try:
                by_goal.setdefault(goal, {})[place] = participant_from(rules, one.inputs)
            except ParticipantError:
                continue
    same = set()
    for goal, participants in by_goal.items():
        many = gists(rules, list(participants.values()), goal=goal, scorecard=live.scorecard)
        for row, place in enumerate(participants):
            one = people[place]
            now = told_of(
                many.gists[row], None if many.score is None else int(many.score[row]), one.inputs.get("first")
            )
            if alike(told_in(one.content), now):
                same.add(place)
    return (one for place, one in enumerate(people) if place not in same)


def _compared(live: Live, one: Again, t: Teller) -> _Found | None:
    """Work somebody out in full; None where nothing changed."""
    said = Rescreened(one.row.id, one.row.mentor_id, one.row.organisation_id, ())
    by_rules, before = _by_rules(live, one), msgspec.json.decode(one.content)
    try:
        now = work_out(live, one.inputs).outcome
    except Refused:  # the evidence contradicts itself under the new rules: a person has to look at it
        return _Found(replace(said, entries=(unreadable(t) | {"because": BY_RULES},)), one, None)
    entries = tuple(
        entry | {"because": BY_RULES if by_rules is None or _mark(entry) in by_rules else BY_FACTS}
        for entry in changes(before, now.core, t)
    )
    return _Found(replace(said, entries=entries), one, now) if entries else None


def _by_rules(live: Live, one: Again) -> set[Mark] | None:
    """What the rules alone changed: the answer of then made again, in its gist. None: they no longer read those inputs."""
    asked = read_json(one.asked)
    goal = asked.get("goal")
    try:
        rules = rules_on(live.programme, date.fromisoformat(asked["as_of"]))
        participant = participant_from(rules, asked)
    except ValueError:
        return None
    if goal is not None and goal not in rules.product_ids:
        return None
    again = told_of(*gist(rules, participant, goal=goal, scorecard=live.scorecard), asked.get("first"))
    return marks(told_in(one.content), again)


def _told(waiting: Sequence[_Found], store: Callable[[Sequence[_Found]], list[bool]] | None) -> Iterator[Rescreened]:
    """Say who changed; with `store` once their new recommendations are stored, in as many transactions as it takes."""
    left = list(waiting)
    while store and any(found.now for found in left):
        stored = store(left)
        yield from (replace(found.said, stored=kept) for found, kept in zip(left, stored, strict=False))
        left = left[len(stored) :]
    yield from (found.said for found in left)


def _stored(
    write: Write, live: Live, kept: Callable[[Rescreened], None] | None, waiting: Sequence[_Found]
) -> list[bool]:
    """Store in one short transaction what there is time for, from the first on: whether each was stored.

    Not if anything about them changed in the meantime, or a consent has ended.
    """
    stored = []
    with write() as tx:
        until = monotonic() + _HELD_SECONDS
        let = {row.id for row in let_each(tx, None, [found.one.row for found in waiting], RECOMMENDATION)}
        for found in waiting:
            row, now = found.one.row, found.now if found.one.row.id in let else None
            stored.append(bool(now and store(tx, None, row, live, found.one.inputs, now, "rescreened")))
            if stored[-1] and kept:
                kept(replace(found.said, stored=True))
            if monotonic() > until:
                break
    return stored


def _mark(entry: dict[str, Any]) -> Mark:
    return entry["kind"], entry["id"], entry["gained"]
