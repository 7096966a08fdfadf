"""The gist of a recommendation: tier, next step, goal and days, how each product stands, the score; and nothing else.

Whoever has to find the few whose answer became another one among very many asks for the gist of all: it is what
`recommend` says, at less than half the price, since nothing is explained and no question put together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from matcher.facts.columns import Ints
from matcher.facts.participant import Known, Participant, know
from matcher.interventions import ranked, step_statuses
from matcher.lenders import stands
from matcher.paths.goal import bare_goal
from matcher.paths.path import path_to
from matcher.programme.rules import Rules
from matcher.reach import outlook
from matcher.recommend import distinct, held_back
from matcher.scorecard import Scorecard
from matcher.tiers import bare_tier


class Gist(NamedTuple):
    """Of one recommendation the tier, the interventions tied for the first place, the goal of the path and its days.

    `products`: of the running ones the status and whether it is offered.
    """

    tier: str
    tied: tuple[str, ...]
    goal: str | None
    days: int | None
    products: Mapping[str, tuple[str, bool]]


@dataclass(frozen=True)
class Gists:
    """The gists of many participants' recommendations, and their scores in thousandths or None without a scorecard."""

    gists: list[Gist]
    score: Ints | None


def gists(
    rules: Rules, participants: Sequence[Participant], *, goal: str | None = None, scorecard: Scorecard | None = None
) -> Gists:
    """The gist of what `recommend` says of each of many participants of the rules' day; each situation is decided once.

    Raises:
        KeyError: if `goal` is no product of these rules.
    """
    columns, scores, first, which = distinct(rules, participants, scorecard)
    score = None if scores is None else scores[0]
    found = []
    for row in first.tolist():
        held = held_back(scorecard, None if score is None else int(score[row]))
        found.append(_gist(rules, columns.known_of(row), goal, held=held))
    return Gists([found[place] for place in which.tolist()], score)


def gist(
    rules: Rules, participant: Participant, *, goal: str | None = None, scorecard: Scorecard | None = None
) -> tuple[Gist, int | None]:
    """The gist of what `recommend` says of one participant, and the score.

    Raises:
        KeyError: if `goal` is no product of these rules.
    """
    known = know(rules, participant)
    score = scorecard.score(rules, known).score if scorecard else None
    return _gist(rules, known, goal, held=held_back(scorecard, score)), score


def _gist(rules: Rules, known: Known, goal: str | None, *, held: bool) -> Gist:
    view = outlook(rules, known)
    path = path_to(view, rules.product_ids[goal]) if goal else bare_goal(view)
    tier, products = bare_tier(view, held_back=held), stands(view)
    places = ranked(view, tier, path, products, step_statuses(view))
    tied = tuple([one.step.entry.id for one in places if one.rank == places[0].rank])
    running = {one.id: (one.status, one.offered) for one in products if rules.product_ids[one.id].suggested}
    return Gist(tier.tier, tied, path.goal, path.days, running)
