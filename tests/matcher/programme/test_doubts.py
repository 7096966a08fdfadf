"""A programme's doubts are read and checked; a folder without any is as good as before."""

from __future__ import annotations

import re

import pytest

from matcher.programme.loading import OKOCE, load_programme
from tests.matcher.programme.mistakes import WARMI, Mistake, assert_is_named

PAIR = 'other = "month_profit"\ntimes_percent = 200\nplus = 1_000_000'
MISTAKES = {
    "an unknown signal": Mistake(
        "signals", 'signal = "month_profit"\nbelow', 'signal = "month_profits"\nbelow', "doubt profit_in_tens",
        "signal names 'month_profits'", "Did you mean month_profit?",
    ),
    "an unknown second signal": Mistake(
        "signals", 'other = "month_profit"', 'other = "month_profits"', "doubt payments_far_above_profit",
        "other names 'month_profits'", "Did you mean month_profit?",
    ),
    "a signal that is no number": Mistake(
        "signals", 'signal = "month_profit"\nbelow', 'signal = "woman"\nbelow', "doubt profit_in_tens",
        "signal names woman, which is of kind yes_no", "Name a number or an amount of money.",
    ),
    "neither a floor nor a second signal": Mistake(
        "signals", "below = 1_000\n", "", "doubt profit_in_tens", "neither or both", "Write below for a floor",
    ),
    "a floor and a second signal": Mistake(
        "signals", "below = 1_000\n", 'below = 1_000\nother = "month_payments"\n', "doubt profit_in_tens",
        "neither or both", "or other for a second signal",
    ),
    "a floor with a share": Mistake(
        "signals", "below = 1_000\n", "below = 1_000\nplus = 5\n", "doubt profit_in_tens", "beside below", "Take them out",
    ),
    "a floor below one": Mistake(
        "signals", "below = 1_000\n", "below = 1\n", "doubt profit_in_tens", "below is 1", "Stay within 2 to 90000000.",
    ),
    "a floor above all that can be": Mistake(
        "signals", "below = 1_000\n", "below = 90_000_001\n", "doubt profit_in_tens", "below is 90000001",
        "Stay within 2 to 90000000.",
    ),
    "a share that is none": Mistake(
        "signals", "times_percent = 200", "times_percent = 0", "doubt payments_far_above_profit", "times_percent is 0",
        "Stay within 1 to 5000.",
    ),
    "more than a number can hold": Mistake(
        "signals", "plus = 1_000_000", f"plus = {10**16}", "doubt payments_far_above_profit", "plus is 1", "Stay within",
    ),
    "a bound that nothing reaches": Mistake(
        "signals", PAIR, PAIR.replace("1_000_000", "900_000_000"), "doubt payments_far_above_profit",
        "doubts every value of month_payments or none", "Mend times_percent and plus.",
    ),
    "a bound that everything passes": Mistake(
        "signals", PAIR, PAIR.replace("1_000_000", "-900_000_000"), "doubt payments_far_above_profit",
        "doubts every value of month_payments or none", "Mend times_percent and plus.",
    ),
    "a signal held against itself": Mistake(
        "signals", 'other = "month_profit"', 'other = "month_payments"', "doubt payments_far_above_profit",
        "holds month_payments against itself", "Name another signal as other.",
    ),
    "a signal by which another one grows": Mistake(
        "signals", 'while = { signal = "trading", is = true }', 'while = { signal = "month_profit", at_least = 1 }',
        "doubt profit_in_tens", "doubts month_profit, by which months_trading grows", "Doubt another signal",
    ),
    "a text without a language": Mistake(
        "signals", ', en = "A profit of {value}: did you mean {thousand}?"', "", "doubt profit_in_tens",
        "text says nothing in 'en'", "Add text.en.",
    ),
    "a text with a value that there is not": Mistake(
        "signals", "did you mean {thousand}?", "did you mean {other}?", "doubt profit_in_tens", "a text with '{other}'",
        "{value}, {thousand}",
    ),
    "a text with a brace alone": Mistake(
        "signals", "did you mean {thousand}?", "did you mean {thousand?", "doubt profit_in_tens", "a text with", "braces",
    ),
    "a text that writes a value its own way": Mistake(
        "signals", "did you mean {thousand}?", "did you mean {thousand:,}?", "doubt profit_in_tens", "'{thousand}'", "braces",
    ),
    "a doubt without origin": Mistake(
        "signals", 'mean {thousand}?" }\nour_choice', 'mean {thousand}?" }\nour_choices', "doubt profit_in_tens", "", "",
    ),
    "the same doubt twice": Mistake(
        "signals", 'id = "payments_far_above_profit"', 'id = "profit_in_tens"', "profit_in_tens", "stands twice",
        "other dates",
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_named_by_file_entry_and_remedy(folder, mistake):
    assert_is_named(folder, mistake)


def test_a_folder_without_doubts_loads(folder):
    path = folder / "signals.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text[: text.index("[[doubt]]")], encoding="utf-8")
    assert load_programme(folder).doubts == ()


def test_every_doubt_of_ok_oce_says_what_it_understood_in_each_language():
    doubts = load_programme(OKOCE).doubts
    assert {"profit_above_revenue", "profit_in_thousands", "amount_in_thousands"} <= {one.id for one in doubts}
    for one in doubts:
        wanted = {"value", "thousand"} if one.below else {"value", "other"}
        assert all(set(re.findall(r"{(\w+)}", said)) == wanted for said in one.text.values()), one.id
        assert one.our_choice or one.source


def test_doubts_stand_on_their_days(folder):
    from datetime import date

    from matcher.programme.rules import rules_on

    path = folder / "signals.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace('id = "profit_in_tens"', 'id = "profit_in_tens"\nvalid_from = 2026-02-01'), encoding="utf-8"
    )
    programme = load_programme(folder)
    ids = [[rule.entry.id for rule in rules_on(programme, date(2026, month, 1)).doubts] for month in (1, 2)]
    assert ids == [["payments_far_above_profit"], ["profit_in_tens", "payments_far_above_profit"]]
    assert len(load_programme(WARMI).doubts) == 2
