"""A path walked step by step in the world of brute force: whatever does not hold on its day is said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from tests.matcher.paths.brute_force import World
from tests.matcher.paths.criteria import State
from tests.matcher.paths.values import Amount


@dataclass(frozen=True)
class Applied:
    """A path applied to a participant: what went wrong, the state at its end, and the day."""

    wrong: tuple[str, ...]
    state: State
    day: int
    cost: int


def apply_path(world: World, facts: Mapping[str, Any], path: Any, goal: Sequence[Any]) -> Applied:
    """Take a path's steps one after another, each on its day, and say whatever does not hold.

    Unknown answers are taken as good where the path names them in `assumed`; every other one counts as a mistake.
    """
    state, day, cost = world.start(facts), world.today, 0
    wrong: list[str] = []

    def ask(criteria: Iterable[Any], whose: str) -> None:
        for criterion in criteria:
            answer = world.truth_of_all([criterion])(state, day)
            names = set(world.names_in(criterion))
            if answer is False:
                wrong.append(f"{whose}: {criterion} does not hold on {date.fromordinal(day)}")
            elif answer is None and not names & set(path.assumed):
                wrong.append(f"{whose}: {criterion} is unknown and not among {path.assumed}")

    entries = {entry.id: entry for entry in world.interventions}
    if path.planned_idr is not None and "amount_asked" in world.roles:
        state = _replaced(world, state, "amount_asked", Amount(path.planned_idr, path.planned_idr))
    for step in path.steps:
        if step.begins.toordinal() != day or (step.ends - step.begins).days != step.days:
            wrong.append(f"{step.intervention or 'wait'} does not begin where the step before it ended")
        if step.intervention and step.kind != "ask_less":
            entry = entries[step.intervention]
            ask(world.needs_of(entry), entry.id)
            if entry.starts_on and step.begins not in entry.starts_on:
                wrong.append(f"{entry.id} cannot begin on {step.begins}")
            if step.days != entry.days.value or step.cost_idr != world.cost_of(entry, state):
                wrong.append(f"{entry.id} takes {entry.days.value} days and {world.cost_of(entry, state)} rupiah")
            cost += step.cost_idr
            state = world.after(entry, state, step.ends.toordinal())
        day = step.ends.toordinal()
    ask(goal, "goal")
    if (day - world.today, cost) != (path.days, path.cost_idr):
        wrong.append(f"it takes {day - world.today} days and {cost} rupiah, not {path.days} and {path.cost_idr}")
    return Applied(tuple(wrong), state, day, cost)


def _replaced(world: World, state: State, role: str, value: Any) -> State:
    place = world.place[world.roles[role]]
    return (*state[:place], value, *state[place + 1 :])


def free_money(world: World, state: State) -> int | None:
    """What a month leaves for instalments in a state; None if some part of it is unknown."""
    total = 0
    for role, sign in (("monthly_profit", 1), ("monthly_instalments", -1), ("household_need", -1)):
        if role in world.roles:
            value = state[world.place[world.roles[role]]]
            if value.low != value.high:
                return None
            total += sign * value.low
    return total * world.programme.share_percent // 100
