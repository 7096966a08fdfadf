"""An entry that cannot be read is refused: file, entry and remedy are named, and every mistake at once."""

from __future__ import annotations

import pytest

from tests.matcher.programme.mistakes import Mistake, assert_is_named, change, problems

MONTHS = 'kind = "number"\nlabel = { id = "Lama berjualan"'
MISTAKES = {
    # entries
    "an unknown key": Mistake(
        "signals", "missing_codes = [999]", "missing_code = [999]", "signal months_trading",
        "missing_code is not a key",
        "Did you mean missing_codes?",
    ),
    "an unknown key of the programme": Mistake(
        "programme", 'timezone = "', 'time_zone = "', "programme", "time_zone is not a key", "Did you mean timezone?"
    ),
    "an unknown table": Mistake("steps", "[[step]]", "[[steps]]", "file", "steps is not a key", "Did you mean step?"),
    "a table for a list of tables": Mistake("signals", "values = [\n", "values = 5 #[\n", "file", "", ""),
    "a missing key": Mistake("steps", 'id = "tally"\n', "", "step 2", "id is missing", "Add id."),
    "a text for a number": Mistake(
        "signals", "maximum = 720", 'maximum = "720"', "signal months_trading", "maximum is '720'",
        "Write a whole number."
    ),
    "true for a number": Mistake(
        "signals", "maximum = 720", "maximum = true", "signal months_trading", "maximum is True",
        "Write a whole number."
    ),
    "a date in quotes": Mistake(
        "programme", "valid_from = 2020-01-01", 'valid_from = "2020-01-01"', "programme", "valid_from is",
        "without quotes"
    ),
    "a date with a time": Mistake(
        "programme", "valid_from = 2020-01-01", "valid_from = 2020-01-01T00:00:00", "programme", "valid_from is",
        "a date"
    ),
    "an unknown kind": Mistake(
        "signals", MONTHS, MONTHS.replace("number", "numbers"), "signal months_trading", "kind is 'numbers'",
        "Did you mean number?",
    ),
    "an unknown unit": Mistake(
        "signals", 'unit = "months"', 'unit = "month"', "signal months_trading", "unit is 'month'",
        "Did you mean months?"
    ),
    "no source and no choice": Mistake(
        "interventions", 'otherwise = {', 'days_note = {', "intervention stall_permit", "otherwise is missing",
        "Add otherwise."
    ),
    "what follows without a condition": Mistake(
        "signals", '{ when = [{ signal = "trading", is = false }], to = 0', "{ to = 0", "signal months_trading follows 2",
        "it says to", "Write when and to, or at_least.",
    ),
    "what follows twice at once": Mistake(
        "signals", '{ at_least = "months_of_tally" }', '{ at_least = "months_of_tally", to = 1 }',
        "signal months_trading follows 1", "it says at_least and to", "Write when and to, or at_least.",
    ),
    "what follows from nothing": Mistake(
        "signals", '[{ signal = "trading", is = false }], to', "[], to", "signal months_trading follows 2",
        "when is empty", "Name at least one criterion in it.",
    ),
    # languages
    "a missing language": Mistake(
        "signals", 'en = "Who comes" }', 'fr = "Who comes" }', "signal seller_kind", "label says nothing in 'en'",
        "Add label.en."
    ),
    "an unknown language": Mistake(
        "signals", 'en = "Who comes" }', 'en = "Who comes", fr = "Qui" }', "signal seller_kind",
        "unknown language 'fr'",
        "Remove it",
    ),
    "an empty text": Mistake(
        "steps", 'en = "Tally" }', 'en = " " }', "step tally", "name says nothing in 'en'", "Add name.en."
    ),
    "a plain text": Mistake(
        "steps", 'name = { id = "Catatan", en = "Tally" }', 'name = "Tally"', "step tally", "name is 'Tally'",
        "Write a table"
    ),
    "one language alone": Mistake(
        "programme", '["id", "en"]', '["id"]', "programme", "our_choice has the unknown language 'en'",
        "name it in programme.toml"
    ),
    # dates
    "an end before the beginning": Mistake(
        "steps", "valid_to = 2022-12-31", "valid_to = 2019-12-31", "step stall", "valid_to 2019-12-31 is before",
        "in order"
    ),
    "an end of the programme before its beginning": Mistake(
        "programme", "valid_from = 2020-01-01", "valid_from = 2020-01-01\nvalid_to = 2019-12-31", "programme",
        "valid_to",
        "in order",
    ),
    # roles
    "an unknown role": Mistake(
        "signals", 'role = "purpose"', 'role = "purposes"', "signal loan_use", "role is 'purposes'",
        "Did you mean purpose?"
    ),
    # values and ranges
    "a criterion that asks nothing": Mistake(
        "products", '{ signal = "woman", is = true }', '{ signal = "woman" }', "product seed_gift criteria 1",
        "woman is asked nothing", "Write one of is,",
    ),
    "a criterion that asks two things": Mistake(
        "products", '{ signal = "woman", is = true }', '{ signal = "woman", is = true, step = "loan" }',
        "product seed_gift criteria 1", "it is no criterion", "signal, step, any or all",
    ),
    "an empty group": Mistake(
        "products", '{ signal = "woman", is = true }', "{ any = [] }", "product seed_gift criteria 1", "any is empty",
        "Name at"
    ),
    "a rule of tiers outside the tiers": Mistake(
        "products", '{ signal = "woman", is = true }', "{ capacity_above = 0 }", "product seed_gift criteria 1",
        "it is no criterion", "Write one of",
    ),
    "leniency that is none": Mistake(
        "products", 'unknown = "meets"', 'unknown = "meet"', "product market_week criteria 3", "unknown is 'meet'",
        "meets"
    ),
    "growth every week": Mistake(
        "signals", 'grows = { every = "month"', 'grows = { every = "week"', "signal months_trading", "every is 'week'",
        "Choose one of month, year.",
    ),
    # interventions
    "an effect that changes nothing": Mistake(
        "interventions", '{ signal = "joined", to = true }', '{ signal = "joined" }', "intervention join_circle sets 1",
        "it changes nothing", "to, at_least, at_most or adds",
    ),
    "a request without its other branch": Mistake(
        "interventions", 'otherwise = { id = "Kalau ditolak: coba', 'xtherwise = { id = "Kalau ditolak: coba',
        "intervention stall_permit", "otherwise is missing", "Add otherwise.",
    ),
    "negative days": Mistake(
        "interventions", "days = { value = 7", "days = { value = -7", "intervention join_circle days", "value is -7",
        "0 or more"
    ),
    "nobody's figure": Mistake(
        "interventions", 'days = { value = 7, our_choice = { id = "karangan untuk uji", en = "invented for tests" } }',
        "days = { value = 7 }", "intervention join_circle days", "nobody is named whose figure this is", "Add source",
    ),
    "an unknown seat": Mistake(
        "interventions", 'seat = "helper"', 'seat = "helpers"', "intervention courtyard_visit", "seat is 'helpers'",
        "helper?"
    ),
    "a finding that is none": Mistake(
        "interventions", 'finding = "positive"', 'finding = "good"', "intervention tally_book evidence 1",
        "finding is 'good'",
        "Choose one of positive, nothing_found.",
    ),
    # products
    "an unknown basis": Mistake(
        "products", 'basis = "flat"', 'basis = "flats"', "product valley_flat prices 1", "basis is 'flats'",
        "Did you mean flat?"
    ),
    "a tenor of nothing": Mistake(
        "products", "tenor_months = { any = 18 }", "tenor_months = { any = 0 }", "product clear_margin",
        "tenor_months.any is 0",
        "Write months",
    ),
    "a tenor for nobody": Mistake(
        "products", "tenor_months = { any = 18 }", "tenor_months = { all = 18 }", "product clear_margin",
        "tenor_months.all",
        "working_capital, investment or any",
    ),
    "an unknown availability": Mistake(
        "products", 'availability = "running"', 'availability = "open"', "product seed_gift", "availability is 'open'",
        "Choose one of running",
    ),
    # tiers
    "a capacity in words": Mistake(
        "tiers", "{ capacity_above = 0 }", '{ capacity_above = "0" }', "tier panen rule 3", "capacity_above is '0'",
        "Write"
    ),
    "no notice": Mistake("tiers", "[notice]", "[notices]", "file", "notice", "Add notice."),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_named_by_file_entry_and_remedy(folder, mistake):
    assert_is_named(folder, mistake)


def test_several_mistakes_in_several_files_are_all_reported_at_once(folder):
    chosen = ["a missing language", "an end before the beginning", "an unknown seat", "an unknown basis", "no notice"]
    for mistake in (MISTAKES[name] for name in chosen):
        change(folder, mistake.file, mistake.old, mistake.new)
    found = problems(folder)
    assert {problem.file for problem in found} == {f"{MISTAKES[name].file}.toml" for name in chosen}
