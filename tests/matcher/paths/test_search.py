"""Paths against brute force: on small random programmes the engine finds the best way, exactly."""

from collections import Counter
from datetime import date

from hypothesis import given

from matcher.facts.participant import Participant, know
from matcher.paths.path import Path, path_to
from matcher.programme.compiled import ProductRule
from matcher.programme.rules import Rules
from matcher.reach import outlook
from tests.matcher.paths.brute_force import Way, World
from tests.matcher.paths.criteria import State
from tests.matcher.paths.values import INFINITE
from tests.matcher.paths.walking import apply_path, free_money
from tests.small_programmes import Small, a_product, a_programme, a_signal, an_intervention, programmes
from tests.strategies import read

HORIZON = 50
REACHED = (
    "an unknown answer is assumed",
    "a step is waited for",
    "the goal is waited for",
    "a start date is kept",
    "a wait step",
    "a door that closes",
    "a shortfall",
    "impossible",
    "three steps or more",
    "no capacity: next month",
    "an instalment ends on the way",
    "less is asked",
)
ENOUGH = 1000  # examples from which every one of them must have been reached


def the_path(rules: Rules, participant: Participant) -> Path:
    return path_to(outlook(rules, know(rules, participant)), rules.product_ids["goal"])


def all_ways(world: World, participant: Participant, product: ProductRule, *, next_month: bool) -> list[Way]:
    """Every best way to the product. `next_month`: as if there were capacity."""
    entry = product.entry
    conditions = world.truth_of_all(entry.criteria)
    asked = participant.facts["asked"].value
    if asked < (entry.min_amount_idr or 1):
        return []

    def goal(state: State, day: int) -> bool | None:
        if entry.kind == "credit" and not next_month:
            free = free_money(world, state) or 0
            most = min(asked, 10 * free, entry.max_amount_idr or INFINITE)  # ten instalments, no interest
            if free <= 0 or most < (entry.min_amount_idr or 1):
                return False
        return conditions(state, day)

    return world.ways(world.start(participant.facts), goal, HORIZON)


def best(ways: list[Way], cash: int | None) -> Way | None:
    """The way wanted: the fastest that the cash allows, else the cheapest."""
    within = [way for way in ways if cash is None or way.cost <= cash]
    return within[0] if within else ways[-1] if ways else None


def count(seen: Counter[str], small: Small, path: Path) -> None:
    """Note which kinds of situation this example reached."""
    interventions = {row["id"]: row for row in small.files["interventions"]["intervention"]}
    taken = [interventions[step.intervention] for step in path.steps if step.intervention]
    steps = [step for step in path.steps if step.kind != "ask_less"]
    waits = [place for place, step in enumerate(steps) if not step.intervention]
    criteria = str(small.files["products"]["product"])
    seen["examples"] += 1
    seen["an unknown answer is assumed"] += any(name in path.assumed for name in ("f0", "f1", "g0", "d0", "c0"))
    seen["a step is waited for"] += any(place + 1 < len(steps) for place in waits)
    seen["the goal is waited for"] += len(steps) - 1 in waits
    seen["a start date is kept"] += any("starts_on" in step for step in taken)
    seen["a wait step"] += any(step["kind"] == "wait" for step in taken)
    seen["a door that closes"] += "within_days" in criteria or "'g0', 'at_most'" in criteria
    seen["a shortfall"] += path.shortfall_idr is not None
    seen["impossible"] += path.days is None
    seen["three steps or more"] += len(taken) >= 3
    seen["no capacity: next month"] += path.ask == "profit"
    seen["an instalment ends on the way"] += any("paying" in str(step) for step in taken)
    seen["less is asked"] += any(step["kind"] == "ask_less" for step in taken)


def test_a_path_is_the_one_that_brute_force_finds_and_holds_step_by_step():
    seen: Counter[str] = Counter()

    @given(programmes())
    def on_a_random_programme(small: Small) -> None:
        rules = small.rules
        participant = read(rules, small.raw)
        product = rules.product_ids["goal"]
        world = World(rules.programme, small.day, product.entry.criteria)
        path = the_path(rules, participant)
        if path.days is not None:
            applied = apply_path(World(rules.programme, small.day), participant.facts, path, product.entry.criteria)
            assert applied.wrong == ()
            if product.is_grant is False and path.ask != "profit":
                assert path.planned_idr <= 10 * free_money(world, applied.state)
        if path.ask == "profit":  # no capacity, and nothing on the way brings it
            assert all_ways(world, participant, product, next_month=False) == []
        ways = all_ways(world, participant, product, next_month=path.ask == "profit")
        wanted, cash = best(ways, small.raw.get("cash")), small.raw.get("cash")
        count(seen, small, path)
        if path.days is not None and path.days > HORIZON:  # brute force does not look that far
            assert [way for way in ways if cash is None or way.cost <= cash] == []
            assert path.shortfall_idr is None or all(path.cost_idr <= way.cost for way in ways)
            return
        found = None if path.days is None else Way(path.days, path.cost_idr)
        assert found == wanted
        assert path.shortfall_idr == (
            wanted.cost - cash if wanted and cash is not None and wanted.cost > cash else None
        )

    on_a_random_programme()
    print(dict(seen))
    if seen["examples"] >= ENOUGH:
        assert [kind for kind in REACHED if not seen[kind]] == []


# -- each by itself ----------------------------------------------------------------------------------------------------

DAY = date(2026, 11, 21)
FLAG, OTHER = a_signal("f0"), a_signal("f1")
FRESH, LATER = a_signal("d0", "date", future=True), a_signal("d1", "date", future=True)
F0 = {"signal": "f0", "is": True}


def growing(while_: dict | None = None) -> dict:
    return a_signal("g0", "number", maximum=24, grows={"every": "month", **({"while": while_} if while_ else {})})


def path_of(signals: list, interventions: list, criteria: list, raw: dict, **product) -> Path:
    """The path to the goal on 2026-11-21, taken step by step as well."""
    files = a_programme(signals, interventions, [a_product("goal", criteria=criteria, **product)])
    rules = Small(files, {}, DAY).rules
    participant = read(rules, {"wants": True, "running": True, **raw})
    path = the_path(rules, participant)
    if path.days is not None:
        world = World(rules.programme, DAY)
        assert apply_path(world, participant.facts, path, rules.product_ids["goal"].entry.criteria).wrong == ()
    return path


def days_and_cost(path: Path) -> tuple[int | None, int | None]:
    return path.days, path.cost_idr


def test_the_search_ends_where_two_certificates_are_never_fresh_together():
    steps = [an_intervention(f"i{n}", days=1, sets=[{"signal": f"d{n}", "to": "done"}]) for n in (0, 1)]
    criteria = [{"signal": name, "within_days": 0} for name in ("d0", "d1")]
    path = path_of([FRESH, LATER], steps, criteria, {"d0": date(2020, 1, 1), "d1": date(2020, 1, 1)})
    assert path.days is None


def test_what_was_set_before_a_growth_began_is_not_forgotten():
    steps = [
        an_intervention("set", days=1, sets=[{"signal": "g0", "at_least": 2}]),
        an_intervention("start", days=1, needs=[{"signal": "g0", "at_least": 2}], sets=[{"signal": "f0", "to": True}]),
    ]
    path = path_of([FLAG, growing(F0)], steps, [{"signal": "g0", "at_least": 3}], {"f0": False, "g0": 0})
    assert days_and_cost(path) == (32, 0)


def test_a_growth_that_stops_no_longer_grows():
    effects = [{"signal": "f0", "to": False}, {"signal": "f1", "to": True}]
    criteria = [{"signal": "g0", "at_least": 1}, {"signal": "f1", "is": True}]
    raw = {"f0": True, "f1": False, "g0": 0}
    path = path_of([FLAG, OTHER, growing(F0)], [an_intervention("stop", days=1, sets=effects)], criteria, raw)
    assert [step.kind for step in path.steps] == ["wait", "do"]


def test_a_growth_with_a_ceiling_is_begun_late_where_that_is_needed():
    start = an_intervention("start", days=1, sets=[{"signal": "f0", "to": True}])
    criteria = [F0, {"signal": "g0", "at_most": 0}, {"signal": "d1", "passed": True}]
    path = path_of([FLAG, LATER, growing(F0)], [start], criteria, {"f0": False, "g0": 0, "d1": date(2027, 1, 15)})
    assert days_and_cost(path) == (55, 0)


def test_an_unknown_date_is_known_once_a_step_sets_it():
    effects = [{"signal": "d0", "to": "done"}, {"signal": "f0", "to": True}]
    criteria = [F0, {"signal": "d0", "within_days": 3}, {"signal": "d1", "passed": True}]
    raw = {"f0": False, "d1": date(2027, 1, 15)}
    path = path_of([FLAG, FRESH, LATER], [an_intervention("cert", days=1, sets=effects)], criteria, raw)
    assert days_and_cost(path) == (55, 0)


def test_an_unknown_growing_value_grows_once_a_step_sets_it():
    effects = [{"signal": "g0", "to": 1}, {"signal": "f0", "to": True}]
    signals = [FLAG, growing({"signal": "g0", "at_least": 1})]
    criteria = [F0, {"signal": "g0", "at_least": 2}]
    path = path_of(signals, [an_intervention("books", days=1, sets=effects)], criteria, {"f0": False})
    assert days_and_cost(path) == (31, 0)


def test_a_cost_that_is_a_signal_is_its_value():
    clear = an_intervention("clear", days=1, cost_idr={"signal": "debt"}, sets=[{"signal": "debt", "at_most": 0}])
    debt = a_signal("debt", "money", direction=-1)
    path = path_of([debt], [clear], [{"signal": "debt", "at_most": 0}], {"debt": 50, "cash": 10})
    assert (days_and_cost(path), path.shortfall_idr) == ((1, 50), 40)


def test_growth_counts_from_the_day_given():
    raw = {"g0": {"value": 1, "on": date(2026, 11, 1)}}
    path = path_of([growing()], [], [{"signal": "g0", "at_least": 2}], raw)
    assert days_and_cost(path) == (10, 0)


def test_doing_comes_before_waiting_and_ties_keep_the_programmes_order():
    steps = [an_intervention(name, days=5, sets=[{"signal": "f0", "to": True}]) for name in ("late", "early")]
    criteria = [F0, {"signal": "d1", "passed": True}]
    path = path_of([FLAG, LATER], steps, criteria, {"f0": False, "d1": date(2026, 12, 1)})
    assert [step.intervention or step.kind for step in path.steps] == ["late", "wait"]


def test_a_faster_way_beyond_the_cash_is_not_taken():
    steps = [
        an_intervention("fast", days=1, cost_idr=50, sets=[{"signal": "f0", "to": True}]),
        an_intervention("slow", days=20, cost_idr=2, sets=[{"signal": "f0", "to": True}]),
    ]
    assert days_and_cost(path_of([FLAG], steps, [F0], {"f0": False, "cash": 10})) == (20, 2)
    assert days_and_cost(path_of([FLAG], steps, [F0], {"f0": False})) == (1, 50)
    short = path_of([FLAG], steps, [F0], {"f0": False, "cash": 1, "profit": 4, "paying": 0})
    assert (days_and_cost(short), short.shortfall_idr, short.shortfall_months) == ((20, 2), 1, 1)
