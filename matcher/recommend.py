"""recommend() for one participant, recommend_many() for columns: the product in two functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from matcher.facts.columns import Columns, Ints, know_columns, truth_columns
from matcher.facts.declines import day_after
from matcher.facts.doubts import Doubted
from matcher.facts.participant import Known, Participant, know
from matcher.interventions import Suggestion, step_statuses, suggest
from matcher.lenders import Match, matches
from matcher.message import Message
from matcher.paths.goal import default_goal
from matcher.paths.path import Path, path_to
from matcher.programme.rules import Rules
from matcher.questions import questions_of
from matcher.reach import Outlook, outlook
from matcher.scorecard import Readiness, Scorecard
from matcher.situations import situations
from matcher.standing import STATUSES
from matcher.tiers import TierAnswer, tier_of

EMPTY: Final = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class Recommendation:
    """Everything Kail says about one participant on one day, as codes, numbers and messages; no language chosen."""

    tier: TierAnswer
    readiness: Readiness | None
    why_no_readiness: Message | None
    steps: dict[str, str]
    interventions: tuple[Suggestion, ...]
    products: tuple[Match, ...]
    path: Path
    questions: tuple[str, ...]
    stale: frozenset[str]
    doubts: tuple[Doubted, ...]
    notices: tuple[Message, ...]

    @property
    def tied(self) -> tuple[str, ...]:
        """The interventions that share the first place but for the programme's order."""
        first = self.interventions[0].rank
        return tuple([one.id for one in self.interventions if one.rank == first])


def recommend(
    rules: Rules, participant: Participant, *, goal: str | None = None, scorecard: Scorecard | None = None
) -> Recommendation:
    """Say the tier, the next interventions, the products and the path for one participant.

    `goal` names a product of the rules; without it the default goal is chosen. A scorecard trained on synthetic rows
    changes nothing but `readiness`.

    Raises:
        KeyError: if `goal` is no product of these rules.
    """
    return decide(rules, know(rules, participant), goal=goal, scorecard=scorecard)


def decide(
    rules: Rules, known: Known, *, goal: str | None = None, scorecard: Scorecard | None = None
) -> Recommendation:
    """`recommend` for what is already known of a participant."""
    view = outlook(rules, known)
    readiness = scorecard.score(rules, known) if scorecard else None
    path = path_to(view, rules.product_ids[goal]) if goal else default_goal(view)[0]
    tier = tier_of(view, goal=path.goal, held_back=held_back(scorecard, readiness.score if readiness else None))
    found = matches(view)
    steps = step_statuses(view)
    interventions = suggest(view, tier, path, found, steps)
    return Recommendation(
        tier=tier,
        readiness=readiness,
        why_no_readiness=None if readiness else Message("no_scorecard"),
        steps=steps,
        interventions=interventions,
        products=tuple(found),
        path=path,
        questions=questions_of(view, tier, found, path, interventions),
        stale=known.stale,
        doubts=known.doubts,
        notices=_notices(view, scorecard),
    )


@dataclass(frozen=True)
class Many:
    """Recommendations for many participants as columns of equal length; see `Recommendation` for their meaning.

    Scores are int64 arrays in thousandths of a point, or None without a scorecard. The lists of products hold the ids
    of running ones in the order of `Recommendation.products`, `doubts` those of doubts; path_steps holds interventions'
    ids, "wait" for waiting.
    """

    tier: list[str]
    provisional: list[bool]
    score: Ints | None
    score_low: Ints | None
    score_high: Ints | None
    interventions: list[tuple[str, ...]]
    conditions_met: list[tuple[str, ...]]
    not_yet: list[tuple[str, ...]]
    ask: list[tuple[str, ...]]
    not_for_you: list[tuple[str, ...]]
    doubts: list[tuple[str, ...]]
    questions: list[tuple[str, ...]]
    goal: list[str | None]
    path_steps: list[tuple[str, ...]]
    path_days: list[int | None]
    path_cost_idr: list[int | None]


def recommend_many(
    rules: Rules,
    participants: Sequence[Participant],
    *,
    goal: str | None = None,
    scorecard: Scorecard | None = None,
    progress: Callable[[int], None] | None = None,
) -> Many:
    """`recommend` for many participants of the rules' day: facts, tests, money and scores in columns.

    Each distinct situation is decided once. `progress` is told now and then how many rows are finished.

    Raises:
        KeyError: if `goal` is no product of these rules.
    """
    columns, scores, first, which = distinct(rules, participants, scorecard)
    sizes = np.bincount(which, minlength=len(first))
    decisions, finished = [], 0
    for row, size in zip(first.tolist(), sizes.tolist(), strict=True):
        decisions.append(_brief(rules, decide(rules, columns.known_of(row), goal=goal, scorecard=scorecard)))
        finished += size
        if progress is not None:
            progress(finished)
    rows = [decisions[place] for place in which.tolist()]
    found: list[list[Any]] = [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(12)]
    tier, provisional, *rest = found
    doubts: list[Any] = [tuple([one.id for one in columns.doubts.get(row, ())]) for row in range(len(rows))]
    rest.insert(5, doubts)  # after the interventions and the four lists of products: a row's own, not its situation's
    return Many(tier, provisional, *(scores or (None, None, None)), *rest)


def distinct(
    rules: Rules, participants: Sequence[Participant], scorecard: Scorecard | None
) -> tuple[Columns, tuple[Ints, Ints, Ints] | None, Ints, Ints]:
    """What is known of many participants, their scores, a row of each distinct situation, the situation of each row."""
    columns = know_columns(rules, participants)
    scores = None
    held: list[Any] = []
    if scorecard is not None:
        truths = {name: truth_columns(clauses, columns) for name, clauses in rules.derived.items()}
        scores = scorecard.score_columns(rules, list(columns.low), list(columns.high), truths)
        if scorecard.hold_back_below is not None:
            held.append(scores[0] < scorecard.hold_back_below)
    first, which = situations(rules, columns, held) if participants else (EMPTY, EMPTY)
    return columns, scores, first, which


def _brief(rules: Rules, found: Recommendation) -> tuple[Any, ...]:
    """The fields of `Many` but the scores, for one recommendation."""
    by_status: dict[str, list[str]] = {status: [] for status in STATUSES}
    for product in found.products:
        if rules.product_ids[product.id].suggested:
            by_status[product.status].append(product.id)
    steps = tuple(step.intervention or "wait" for step in found.path.steps)
    return (
        found.tier.tier,
        found.tier.provisional,
        tuple(step.id for step in found.interventions),
        *(tuple(by_status[status]) for status in ("conditions_met", "not_yet", "ask", "not_for_you")),
        found.questions,
        found.path.goal,
        steps,
        found.path.days,
        found.path.cost_idr,
    )


def held_back(scorecard: Scorecard | None, score: int | None) -> bool:
    """Whether a scorecard for kept loans, trained on real outcomes, keeps the highest tier closed at a score."""
    if scorecard is None or score is None or scorecard.hold_back_below is None:
        return False
    return scorecard.basis == "outcomes" and scorecard.outcome == "kept" and score < scorecard.hold_back_below


def _notices(view: Outlook, scorecard: Scorecard | None) -> tuple[Message, ...]:
    notices = [Message("not_confirmed")]
    if view.wants:
        notices.append(Message("share", {"share": view.rules.programme.share_percent}))
    if scorecard and scorecard.basis == "synthetic":
        notices.append(Message("synthetic"))
    if view.wants is False:
        notices.append(Message("wants_none"))
    if view.money.free_known and view.money.free_idr <= 0:
        notices.append(Message("no_capacity", {"capacity_idr": view.money.free_idr}))
    if view.money.sharia_only:
        notices.append(Message("sharia_only"))
    if view.barred and view.wants is not False:
        notices += _when_again(view)
    return tuple(notices)


def _when_again(view: Outlook) -> list[Message]:
    """Of each running product that a lender's no bars for some days only from when it may be tried again.

    And what it was declined for although that is held as done: somebody has to look at it once more.
    """
    notices = []
    for place in sorted(view.barred):
        product, bars = view.rules.products[place], view.barred[place]
        days = [bar.decline.until for bar in bars if bar.lacks == ("until",) and bar.decline.until]
        if product.suggested and len(days) == len(bars):
            notices.append(Message("declined_until", {"product": product.entry.id, "on": day_after(max(days))}))
        for step in dict.fromkeys(
            bar.decline.intervention for bar in bars if product.suggested and "anew" in bar.lacks
        ):
            notices.append(Message("declined_anew", {"product": product.entry.id, "intervention": step}))
    return notices
