"""Entries that do not fit together are refused: file, entry and remedy are named, and every mistake at once."""

from __future__ import annotations

import pytest

from matcher.programme.loading import load_programme
from tests.matcher.programme.mistakes import Mistake, assert_is_named, change, problems

TALLY = 'grows = { every = "month", while = { signal = "months_of_tally", at_least = 1 } }'
FALSE = '{ when = [{ signal = "trading", is = false }], to = 0, conflict = false },'
CLASS = 'id = "hygiene_class_on"\nstep = "stall"'
SET = """id = "{id}"
kind = "choices"
label = {{ id = "x", en = "x" }}
question = {{ id = "x", en = "x" }}
values = [{{ id = "{code}", label = {{ id = "x", en = "x" }} }}]
our_choice = {{ id = "x", en = "x" }}
{more}
[[signal]]
"""
SETS = f"""{SET.format(id="ever", code="a", more="")}
{SET.format(id="now", code="b", more='follows = [{ at_least = "ever" }]')}
id = "woman"
"""
MISTAKES = {
    # dates
    "the same entry twice on one day": Mistake(
        "products", 'id = "circle_loan"', 'id = "market_week"', "market_week", "stands twice on the same days",
        "other dates"
    ),
    "the same signal twice": Mistake(
        "signals", 'id = "old_stall_paper"', 'id = "stall_paper"', "stall_paper", "stands twice", "other dates"
    ),
    # references
    "an unknown proof": Mistake(
        "signals", 'proof = ["self_declared", "seen"', 'proof = ["self_declared", "scene"', "signal seller_kind",
        "proof names 'scene'", "Did you mean seen?"
    ),
    "an unknown signal in a condition": Mistake(
        "products", '{ signal = "woman", is = true }', '{ signal = "women", is = true }', "product seed_gift",
        "signal names 'women'", "Did you mean woman?",
    ),
    "an unknown signal in an effect": Mistake(
        "interventions", '{ signal = "joined", to', '{ signal = "join", to', "intervention join_circle",
        "effect names 'join'",
        "Did you mean joined?",
    ),
    "an unknown signal in a group": Mistake(
        "tiers", '[{ signal = "trading", is = true }, {', '[{ signal = "trade", is = true }, {', "tier tunas",
        "signal names 'trade'", "Did you mean trading?",
    ),
    "an unknown signal of growth": Mistake(
        "signals", 'while = { signal = "trading"', 'while = { signal = "tradin"', "signal months_trading", "'tradin'",
        "trading?"
    ),
    "an unknown signal that bounds": Mistake(
        "signals", 'at_least = "months_of_tally"', 'at_least = "months_of_tallies"', "signal months_trading",
        "at_least names 'months_of_tallies'", "Did you mean months_of_tally?",
    ),
    "an unknown cost signal": Mistake(
        "interventions", 'cost_idr = { signal = "overdue" }', 'cost_idr = { signal = "overdu" }',
        "intervention pay_overdue",
        "cost_idr names 'overdu'", "Did you mean overdue?",
    ),
    "a cost that is no money": Mistake(
        "interventions", 'cost_idr = { signal = "overdue" }', 'cost_idr = { signal = "class_hours" }',
        "intervention pay_overdue", "cost_idr is class_hours", "Name a signal of money.",
    ),
    "an unknown step of an intervention": Mistake(
        "interventions", 'step = "tally"', 'step = "tali"', "intervention tally_book", "step names 'tali'",
        "Did you mean tally?"
    ),
    "an unknown step before a step": Mistake(
        "steps", 'after = ["stall", "tally"]', 'after = ["stalls", "tally"]', "step loan", "after names 'stalls'",
        "stall?"
    ),
    "an unknown step in a condition": Mistake(
        "products", '{ step = "stall" }', '{ step = "stal" }', "product clear_margin", "step names 'stal'",
        "Did you mean stall?"
    ),
    "an unknown tier": Mistake(
        "products", 'tier = "tunas"', 'tier = "tuna"', "product seed_gift", "tier names 'tuna'", "Did you mean tunas?"
    ),
    "an unknown programme of the last tier": Mistake(
        "tiers", 'programme = "courtyard_visit"', 'programme = "courtyard"', "tier benih",
        "programme names 'courtyard'",
        "Did you mean courtyard_visit?",
    ),
    "an unknown reason to come": Mistake(
        "interventions", 'serves = ["sell", "learn"]', 'serves = ["sells"]', "intervention join_circle",
        "serves names 'sells'",
        "Did you mean sell?",
    ),
    "an unknown term": Mistake(
        "products", 'terms_unknown = ["guarantor"]', 'terms_unknown = ["guarantee"]', "product valley_flat",
        "terms_unknown names 'guarantee'", "Did you mean guarantor?",
    ),
    "an unknown product that is closed": Mistake(
        "products", 'closes = ["valley_flat"]', 'closes = ["valley"]', "product clear_margin", "closes names 'valley'",
        "Did you mean valley_flat?",
    ),
    "an unknown scheme": Mistake(
        "products", 'provider = "Bank Lembah"', 'scheme = "kur"\nprovider = "Bank Lembah"', "product valley_flat",
        "scheme names 'kur'", "Choose one of",
    ),
    # roles
    "a role twice": Mistake(
        "signals", 'role = "household_need"', 'role = "monthly_profit"', "file", "role monthly_profit stands twice",
        "one signal"
    ),
    "a role that is missing": Mistake(
        "signals", 'role = "wants_capital"\n', "", "file", "no signal has the role wants_capital",
        "role = 'wants_capital'"
    ),
    # values and ranges
    "a value out of range": Mistake(
        "products", '"months_trading", at_least = 6', '"months_trading", at_least = 721', "product valley_flat",
        "months_trading at_least 721", "Stay within 0 to 720.",
    ),
    "an effect out of range": Mistake(
        "interventions", '"class_hours", at_least = 12', '"class_hours", at_least = 401', "intervention hygiene_class",
        "class_hours at_least 401", "Stay within 0 to 400.",
    ),
    "a minimum above the maximum": Mistake(
        "signals", "minimum = 0\nmaximum = 720", "minimum = 900\nmaximum = 720", "signal months_trading",
        "minimum 900 is above maximum 720", "Swap them.",
    ),
    "an unknown code in a condition": Mistake(
        "products", '{ signal = "woman", is = true }', '{ signal = "reason", is = "sel" }', "product seed_gift",
        "reason names 'sel'", "Did you mean sell?",
    ),
    "one code where a list belongs": Mistake(
        "products", '{ signal = "woman", is = true }', '{ signal = "reason", one_of = "sell" }', "product seed_gift",
        "reason one_of 'sell'", "Write a list.",
    ),
    "a number asked of a yes or no": Mistake(
        "products", '{ signal = "woman", is = true }', '{ signal = "woman", at_least = 1 }', "product seed_gift",
        "at_least cannot be asked of woman, a yes_no", "Use is.",
    ),
    "a code for yes or no": Mistake(
        "products", '{ signal = "woman", is = true }', '{ signal = "woman", is = "yes" }', "product seed_gift",
        "woman is 'yes'", "Write true or false.",
    ),
    "a direction that is none": Mistake(
        "signals", "direction = 1\nunit", "direction = 2\nunit", "signal months_trading", "direction is 2",
        "Write 0; 1 or -1"
    ),
    "a direction of a choice": Mistake(
        "signals", "direction = 0\nscored = false", "direction = 1\nscored = false", "signal seller_kind", "direction is 1",
        "0;"
    ),
    "a protected signal that is scored": Mistake(
        "signals", "scored = false\nprotected = true", "protected = true", "signal woman", "protected and scored",
        "Write scored = false.",
    ),
    "stale at once": Mistake(
        "signals", "stale_after_days = 120", "stale_after_days = 0", "signal trading", "stale_after_days is 0",
        "1 or more"
    ),
    "a missing code that is no number": Mistake(
        "signals", "missing_codes = [999]", 'missing_codes = ["-"]', "signal months_trading", "missing code '-'",
        "whole numbers"
    ),
    "a choice without values": Mistake(
        "signals", 'kind = "yes_no"\nlabel = { id = "Perempuan"', 'kind = "choice"\nlabel = { id = "Perempuan"',
        "signal woman",
        "has no values", "Add values",
    ),
    "a bound of another kind": Mistake(
        "signals", 'at_least = "months_of_tally"', 'at_least = "class_hours"', "signal months_trading",
        "class_hours is of another kind or unit", "Name a signal like this one.",
    ),
    "a bound that lies above the range": Mistake(
        "signals", "minimum = 0\nmaximum = 240", "minimum = 721\nmaximum = 800", "signal months_trading",
        "is at least months_of_tally, which is never below 721, and at most 720", "Correct one of the ranges.",
    ),
    "a bound of sets without a code in common": Mistake(
        "signals", 'id = "woman"\n', SETS, "signal now", "shares no code with ever", "Name a signal with the same codes."
    ),
    "two signals that bound each other": Mistake(
        "signals", TALLY, f"{TALLY}\nfollows = [{{ at_least = 'months_trading' }}]", "signal months_trading",
        "follows from itself, by way of months_of_tally", "Break the circle.",
    ),
    "a signal that follows from itself": Mistake(
        "signals", 'when = [{ signal = "trading", is', 'when = [{ signal = "months_trading", at_most = 1 }, { signal = "trading", is',
        "signal months_trading", "follows from itself", "Break the circle.",
    ),
    "a circle by way of a step": Mistake(
        "signals", TALLY, f"{TALLY}\nfollows = [{{ when = [{{ step = 'tally' }}], to = 3 }}]", "signal months_of_tally",
        "follows from itself", "Break the circle.",
    ),
    "two values at once": Mistake(
        "signals", FALSE, f"{FALSE}\n  {{ when = [{{ signal = 'joined', is = false }}], to = 1 }},",
        "signal months_trading", "follows as 0 and 1 at once", "Let their conditions exclude each other.",
    ),
    "a value under its bound": Mistake(
        "signals", "minimum = 0\nmaximum = 240", "minimum = 1\nmaximum = 240", "signal months_trading",
        "follows as at least months_of_tally and 0 at once", "Let their conditions exclude each other.",
    ),
    "a day that follows as done": Mistake(
        "signals", CLASS, f"{CLASS}\nfollows = [{{ when = [{{ signal = 'joined', is = false }}], to = 'done' }}]",
        "signal hygiene_class_on", "follows as done", "Write a date.",
    ),
    "what grows and is no number": Mistake(
        "signals", 'step = "loan"\nkind = "money"\n', 'step = "loan"\nkind = "money"\ngrows = { every = "month" }\n',
        "signal loan_asked", "grows but is no number", "Remove grows.",
    ),
    "a signal derived from itself": Mistake(
        "signals", '[{ any = [{ signal = "stall_paper", is', '[{ any = [{ signal = "any_stall_paper", is',
        "signal any_stall_paper", "is derived from itself", "Break the circle.",
    ),
    "two signals derived from each other": Mistake(
        "signals", 'proof = ["self_declared", "seen", "document", "system"]\nderived = [',
        'derived = [{ signal = "other", is = true }]\nour_choice = { id = "x", en = "x" }\n[[signal]]\nid = "other"\n'
        'kind = "yes_no"\nlabel = { id = "x", en = "x" }\nderived = [{ signal = "any_stall_paper", is = true }, ',
        "signal other", "is derived from itself", "Break the circle.",
    ),
    "a derived number": Mistake(
        "signals", 'kind = "yes_no"\nlabel = { id = "Surat lapak yang',
        'kind = "date"\nlabel = { id = "Surat lapak yang',
        "signal any_stall_paper", "is derived but no yes_no", "Write kind = 'yes_no'.",
    ),
    "what follows is out of range": Mistake(
        "signals", "to = 0, conflict", "to = 721, conflict", "signal months_trading", "months_trading to 721",
        "Stay within"
    ),
    # interventions
    "an effect the wrong way": Mistake(
        "interventions", '{ signal = "joined", to = true }', '{ signal = "joined", to = false }',
        "intervention join_circle",
        "may move joined the wrong way", "Use the other bound.",
    ),
    "a bound the wrong way": Mistake(
        "interventions", '"class_hours", at_least = 12', '"class_hours", at_most = 12', "intervention hygiene_class",
        "may move class_hours the wrong way", "Use the other bound.",
    ),
    "more of what should be less": Mistake(
        "interventions", '"overdue", at_most = 0', '"overdue", at_least = 5', "intervention pay_overdue",
        "may move overdue the wrong way", "Use the other bound.",
    ),
    "a set number that has a direction": Mistake(
        "interventions", '"class_hours", at_least = 12', '"class_hours", to = 12', "intervention hygiene_class",
        "may move class_hours the wrong way", "Use the other bound.",
    ),
    "an intervention that sets the monthly profit": Mistake(
        "interventions", '"class_hours", at_least = 12', '"month_profit", at_least = 900_000',
        "intervention hygiene_class",
        "sets month_profit", "cite evidence",
    ),
    "an intervention that sets what is derived": Mistake(
        "interventions", '{ signal = "stall_paper", to', '{ signal = "any_stall_paper", to',
        "intervention stall_permit",
        "sets any_stall_paper", "No intervention sets this",
    ),
    "an effect of another kind": Mistake(
        "interventions", '{ signal = "joined", to = true }', '{ signal = "joined", at_least = 1 }',
        "intervention join_circle",
        "at_least cannot be done to joined, a yes_no", "Use to.",
    ),
    "a calendar of texts": Mistake(
        "interventions", "starts_on = [2025-03-01", 'starts_on = ["2025-03-01"', "intervention hygiene_class",
        "starts_on",
        "Write dates only.",
    ),
    # products
    "amounts in the wrong order": Mistake(
        "products", "min_amount_idr = 500_000", "min_amount_idr = 5_500_000", "product valley_flat",
        "amounts from 5500000",
        "Put them in order",
    ),
    "a rate beyond reason": Mistake(
        "products", "rate_percent = 18", "rate_percent = 1800", "product valley_flat", "a rate lies outside",
        "rate_percent"
    ),
    "no instalments": Mistake(
        "products", "instalments = 26", "instalments = 0", "product market_week", "instalments is 0", "1 to 10000"
    ),
    "a product that is over, without its last day": Mistake(
        "products", 'availability = "running"', 'availability = "closed"', "product seed_gift", "is closed without",
        "Write valid_to."
    ),
    "a grant in the form of a loan": Mistake(
        "products", 'form = ["grant"]', 'form = ["conventional"]', "product seed_gift", "form is ('conventional',)",
        "grant"
    ),
    # tiers
    "a last tier with a rule": Mistake(
        "tiers", 'programme = "courtyard_visit"', 'programme = "courtyard_visit"\nrule = [{ capacity_above = 0 }]',
        "file",
        "the last tier has a rule", "Give it programme, and no rule.",
    ),
    "a last tier without programme": Mistake(
        "tiers", 'programme = "courtyard_visit"\n', "", "file", "no programme", "Give it programme, and no rule."
    ),
    "an unknown setting of reach": Mistake(
        "tiers", "max_days = 14", "most_days = 14", "tier panen", "product_in_reach is",
        "Write kinds, max_days, min_amount_idr."
    ),
    "a setting of reach left out": Mistake(
        "tiers", "min_amount_idr = 300_000, ", "", "tier panen", "product_in_reach is",
        "Write kinds, max_days, min_amount_idr."
    ),
    "a setting of reach that is no number": Mistake(
        "tiers", "max_days = 14", 'max_days = "a fortnight"', "tier panen", "max_days is 'a fortnight'",
        "Write a whole number."
    ),
    "an unknown kind of intervention": Mistake(
        "tiers", '["permit", "arrears"]', '["permits", "arrears"]', "tier panen", "kinds names 'permits'",
        "Did you mean permit?"
    ),
    "kinds that are no list": Mistake(
        "tiers", 'kinds = ["permit", "arrears"]', 'kinds = "permit"', "tier panen", "kinds is 'permit'", "Write a list."
    ),
    "an unknown intervention to come first": Mistake(
        "tiers", 'after = ["join_circle"]', 'after = ["join"]', "tier tunas", "after names 'join'", ""
    ),
    "a share above everything": Mistake(
        "tiers", "share_percent = 30", "share_percent = 101", "affordability share_percent", "is 101",
        "Stay within 1 to 100."
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_named_by_file_entry_and_remedy(folder, mistake):
    assert_is_named(folder, mistake)


def test_a_group_product_without_a_signal_for_the_group_is_named_in_the_products(folder):
    change(folder, "signals", 'role = "lending_group"\n', "")
    (problem,) = problems(folder)
    assert (problem.file, problem.entry, problem.what) == ("products.toml", "product circle_loan", "is group lending")
    assert "role = 'lending_group'" in problem.remedy


def test_several_mistakes_that_only_show_together_are_all_reported_at_once(folder):
    chosen = ["an unknown tier", "a role twice", "an effect the wrong way", "a last tier without programme"]
    for mistake in (MISTAKES[name] for name in chosen):
        change(folder, mistake.file, mistake.old, mistake.new)
    assert {problem.file for problem in problems(folder)} == {f"{MISTAKES[name].file}.toml" for name in chosen}


@pytest.mark.parametrize(
    ("one", "other", "named"),
    [
        ('{ signal = "trading", is = false }', '{ signal = "trading", is = true }', False),
        ('{ signal = "class_hours", at_least = 12 }', '{ signal = "class_hours", at_most = 11 }', False),
        ('{ signal = "class_hours", at_least = 12 }', '{ signal = "class_hours", at_most = 12 }', True),
        ('{ signal = "reason", one_of = ["sell", "learn"] }', '{ signal = "reason", is_not = "learn" }', True),
        ('{ signal = "reason", one_of = ["sell", "learn"] }', '{ signal = "reason", is = "borrow" }', False),
        ('{ signal = "hygiene_class_on", within_days = 9 }', '{ signal = "hygiene_class_on", passed = true }', True),
        ('{ signal = "hygiene_class_on", within_days = 9 }', '{ signal = "hygiene_class_on", passed = false }', False),
    ],
)
def test_two_values_are_a_mistake_only_where_both_conditions_can_hold_at_once(folder, one, other, named):
    change(
        folder,
        "signals",
        FALSE,
        f"{{ when = [{one}], to = 0 }}, {{ when = [{other}, {{ step = 'circle' }}], to = 5 }},",
    )
    if named:
        (problem,) = problems(folder)
        assert (problem.entry, problem.what) == ("signal months_trading", "follows as 0 and 5 at once")
    else:
        load_programme(folder)
