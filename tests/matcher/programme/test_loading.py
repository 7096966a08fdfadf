"""A programme with a mistake in it is refused: file, entry and remedy are named, and every mistake at once."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from matcher.programme.loading import FILES, OKOCE, load_programme
from matcher.programme.reading import ProgrammeError, ProgrammeProblem
from matcher.programme.rules import rules_on
from tests.conftest import ROOT

WARMI = ROOT / "tests" / "programmes" / "warmi"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of warmi to make mistakes in."""
    return Path(shutil.copytree(WARMI, tmp_path / "warmi"))


def change(folder: Path, file: str, old: str, new: str) -> None:
    """Write `new` in place of the first `old`."""
    path = folder / f"{file}.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def problems(folder: Path) -> tuple[ProgrammeProblem, ...]:
    with pytest.raises(ProgrammeError) as caught:
        load_programme(folder)
    assert len(caught.value.problems) == len(str(caught.value).splitlines())
    return caught.value.problems


class Mistake(NamedTuple):
    """What is changed where, and what of the entry, the message and the remedy must be said."""

    file: str
    old: str
    new: str
    entry: str
    what: str
    remedy: str


CIRCLE = "derived = [{ any = ["
PANEN = "  { product_in_reach = { min_amount_idr = 300_000, max_days = 14, kinds = ["
MONTHS = 'kind = "number"\nlabel = { id = "Lama berjualan"'
TALLY = '{ signal = "months_of_tally", at_least = 3 }'
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
    "the same entry twice on one day": Mistake(
        "products", 'id = "circle_loan"', 'id = "market_week"', "market_week", "stands twice on the same days",
        "other dates"
    ),
    "the same signal twice": Mistake(
        "signals", 'id = "old_stall_paper"', 'id = "stall_paper"', "stall_paper", "stands twice", "other dates"
    ),
    # references
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
        "signals", 'at_least_signal = "months_of_tally"', 'at_least_signal = "months_of_tallies"',
        "signal months_trading",
        "at_least_signal names 'months_of_tallies'", "Did you mean months_of_tally?",
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
    "an unknown role": Mistake(
        "signals", 'role = "purpose"', 'role = "purposes"', "signal loan_use", "role is 'purposes'",
        "Did you mean purpose?"
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
        "signals", 'at_least_signal = "months_of_tally"', 'at_least_signal = "class_hours"', "signal months_trading",
        "class_hours is of another kind or unit", "Name a signal like this one.",
    ),
    "what grows and is no number": Mistake(
        "signals", 'step = "loan"\nkind = "money"\n', 'step = "loan"\nkind = "money"\ngrows = { every = "month" }\n',
        "signal loan_asked", "grows but is no number", "Remove grows.",
    ),
    "growth every week": Mistake(
        "signals", 'grows = { every = "month"', 'grows = { every = "week"', "signal months_trading", "every is 'week'",
        "Choose one of month, year.",
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
    "an implied value out of range": Mistake(
        "signals", "to = 0, conflict", "to = 721, conflict", "signal months_trading", "months_trading is 721",
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
    "an effect that changes nothing": Mistake(
        "interventions", '{ signal = "joined", to = true }', '{ signal = "joined" }', "intervention join_circle sets 1",
        "it changes nothing", "to, at_least, at_most or adds",
    ),
    "an effect of another kind": Mistake(
        "interventions", '{ signal = "joined", to = true }', '{ signal = "joined", at_least = 1 }',
        "intervention join_circle",
        "at_least cannot be done to joined, a yes_no", "Use to.",
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
    "a calendar of texts": Mistake(
        "interventions", "starts_on = [2025-03-01", 'starts_on = ["2025-03-01"', "intervention hygiene_class",
        "starts_on",
        "Write dates only.",
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
    "amounts in the wrong order": Mistake(
        "products", "min_amount_idr = 500_000", "min_amount_idr = 5_500_000", "product valley_flat",
        "amounts from 5500000",
        "Put them in order",
    ),
    "a rate beyond reason": Mistake(
        "products", "rate_percent = 18", "rate_percent = 1800", "product valley_flat", "a rate lies outside",
        "rate_percent"
    ),
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
    "no instalments": Mistake(
        "products", "instalments = 26", "instalments = 0", "product market_week", "instalments is 0", "1 to 10000"
    ),
    "a grant in the form of a loan": Mistake(
        "products", 'form = ["grant"]', 'form = ["conventional"]', "product seed_gift", "form is ('conventional',)",
        "grant"
    ),
    "an unknown availability": Mistake(
        "products", 'availability = "running"', 'availability = "open"', "product seed_gift", "availability is 'open'",
        "Choose one of running",
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
    "a capacity in words": Mistake(
        "tiers", "{ capacity_above = 0 }", '{ capacity_above = "0" }', "tier panen rule 3", "capacity_above is '0'",
        "Write"
    ),
    "an unknown intervention to come first": Mistake(
        "tiers", 'after = ["join_circle"]', 'after = ["join"]', "tier tunas", "after names 'join'", ""
    ),
    "a share above everything": Mistake(
        "tiers", "share_percent = 30", "share_percent = 101", "affordability share_percent", "is 101",
        "Stay within 1 to 100."
    ),
    "no notice": Mistake("tiers", "[notice]", "[notices]", "file", "notice", "Add notice."),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_named_by_file_entry_and_remedy(folder, mistake):
    change(folder, mistake.file, mistake.old, mistake.new)
    found = problems(folder)
    assert any(
        problem.file == f"{mistake.file}.toml"
        and mistake.entry in problem.entry
        and mistake.what in problem.what
        and mistake.remedy in problem.remedy
        for problem in found
    ), "\n".join(map(str, found))
    assert all(problem.what and problem.remedy for problem in found)


def test_a_group_product_without_a_signal_for_the_group_is_named_in_the_products(folder):
    change(folder, "signals", 'role = "lending_group"\n', "")
    (problem,) = problems(folder)
    assert (problem.file, problem.entry, problem.what) == ("products.toml", "product circle_loan", "is group lending")
    assert "role = 'lending_group'" in problem.remedy


def test_several_mistakes_in_several_files_are_all_reported_at_once(folder):
    chosen = ["a missing language", "an end before the beginning", "an unknown seat", "an unknown basis", "no notice"]
    for mistake in (MISTAKES[name] for name in chosen):
        change(folder, mistake.file, mistake.old, mistake.new)
    found = problems(folder)
    assert {problem.file for problem in found} == {f"{MISTAKES[name].file}.toml" for name in chosen}


def test_several_mistakes_that_only_show_together_are_all_reported_at_once(folder):
    chosen = ["an unknown tier", "a role twice", "an effect the wrong way", "a last tier without programme"]
    for mistake in (MISTAKES[name] for name in chosen):
        change(folder, mistake.file, mistake.old, mistake.new)
    assert {problem.file for problem in problems(folder)} == {f"{MISTAKES[name].file}.toml" for name in chosen}


# -- files that cannot be read -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(folder, name):
    (folder / f"{name}.toml").unlink()
    (problem,) = problems(folder)
    assert (problem.file, problem.remedy) == (f"{name}.toml", "Add the file.")


def test_a_folder_that_is_not_there_names_every_file(tmp_path):
    found = problems(tmp_path / "nowhere")
    assert [problem.file for problem in found] == [f"{name}.toml" for name in FILES]


def test_broken_toml_bytes_that_are_no_utf8_and_a_missing_file_are_named_together(folder):
    (folder / "steps.toml").write_text('[[step]]\nid = "circle\n', encoding="utf-8")
    (folder / "signals.toml").write_bytes(b'[[signal]]\nid = "caf\xe9"\n')
    (folder / "tiers.toml").unlink()
    found = {problem.file: problem for problem in problems(folder)}
    assert set(found) == {"steps.toml", "signals.toml", "tiers.toml"}
    assert "is not TOML" in found["steps.toml"].what
    assert "line 2" in found["steps.toml"].what
    assert (found["signals.toml"].what, found["signals.toml"].remedy) == ("byte 20 is no UTF-8", "Save it as UTF-8.")


@pytest.mark.parametrize(("old", "said"), [("format = 2", "format is 2"), ("", "format is None")])
def test_another_format_is_refused_before_anything_else_is_read(folder, old, said):
    change(folder, "programme", "format = 1", old)
    change(folder, "signals", 'id = "seller_kind"', 'id = "woman"')
    (problem,) = problems(folder)
    assert problem.what == said
    assert "reads format 1" in problem.remedy


@pytest.mark.parametrize("name", [name for name in FILES if name != "products"])
def test_an_empty_file_is_refused_in_words(folder, name):
    (folder / f"{name}.toml").write_text("", encoding="utf-8")
    assert problems(folder)


# -- good folders ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("path", "name"), [(OKOCE, "okoce"), (WARMI, "warmi")])
def test_a_good_folder_loads_and_a_changed_byte_changes_its_digest(tmp_path, path, name):
    programme = load_programme(path)
    assert programme.id == name
    assert all((programme.steps, programme.signals, programme.interventions, programme.products, programme.tiers))
    copy = Path(shutil.copytree(path, tmp_path / "copy"))
    assert load_programme(copy) == programme
    (copy / "steps.toml").write_bytes((copy / "steps.toml").read_bytes() + b"\n")
    assert load_programme(copy).digest != programme.digest


def test_a_programme_without_products_loads(folder):
    (folder / "products.toml").write_text("", encoding="utf-8")
    assert load_programme(folder).products == ()


def test_the_programme_of_jakarta_is_read_unless_another_is_named():
    assert load_programme() == load_programme(OKOCE)


def test_two_rows_of_one_product_may_follow_each_other(folder):
    change(folder, "products", 'id = "circle_loan"', 'id = "market_week"')
    change(folder, "products", "valid_from = 2022-06-01", "valid_from = 2022-06-01\nvalid_to = 2024-12-31")
    change(
        folder, "products", 'valid_from = 2021-01-01\nas_of = "2025-10"', 'valid_from = 2025-01-01\nas_of = "2025-10"'
    )
    programme = load_programme(folder)
    for day, provider in ((date(2024, 12, 31), "Koperasi Pasar"), (date(2025, 1, 1), "Bank Lembah")):
        assert rules_on(programme, day).product_ids["market_week"].entry.provider == provider


# -- days --------------------------------------------------------------------------------------------------------------


def test_a_day_outside_the_programme_says_so(folder):
    change(folder, "programme", "valid_from = 2020-01-01", "valid_from = 2020-01-01\nvalid_to = 2026-12-31")
    programme = load_programme(folder)
    for day in (date(2020, 1, 1), date(2026, 12, 31)):
        assert rules_on(programme, day).day == day
    for day in (date(2019, 12, 31), date(2027, 1, 1)):
        with pytest.raises(ValueError, match=f"{day} lies outside the programme's dates, 2020-01-01 to 2026-12-31"):
            rules_on(programme, day)
    with pytest.raises(ValueError, match="2020-01-01 to today"):
        rules_on(load_programme(WARMI), date(2019, 12, 31))


@pytest.mark.parametrize("path", [OKOCE, WARMI], ids=lambda path: path.name)
def test_the_rules_of_every_day_on_which_something_begins_or_ends_compile(path):
    programme = load_programme(path)
    entries = (*programme.steps, *programme.signals, *programme.interventions, *programme.products, *programme.tiers)
    edges = {programme.valid_from}
    for entry in entries:
        edges |= {day for day in (entry.valid_from, entry.valid_to) if day}
    for day in sorted({edge + timedelta(days=more) for edge in edges for more in (0, 1)}):
        if day >= programme.valid_from:
            assert rules_on(programme, day).tiers
