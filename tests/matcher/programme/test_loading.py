"""A programme's folder: files that cannot be read are named, good folders load, and every day compiles."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from matcher.programme.loading import FILES, OKOCE, load_programme
from matcher.programme.rules import DayError, rules_on
from tests.matcher.programme.mistakes import WARMI, change, problems
from tests.saying import says

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


@pytest.mark.parametrize(
    ("old", "said"), [("format = 1", "format is 1"), ("format = 3", "format is 3"), ("", "format is None")]
)
def test_another_format_is_refused_before_anything_else_is_read(folder, old, said):
    change(folder, "programme", "format = 2", old)
    change(folder, "signals", 'id = "seller_kind"', 'id = "woman"')
    (problem,) = problems(folder)
    assert problem.what == said
    assert "reads format 2; PROGRAMME.md says how to come to it" in problem.remedy


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
    assert all((programme.referrals.states, programme.referrals.transitions, programme.referrals.reasons))
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
        with says(DayError, match="lies outside the programme's dates, 1 January 2020 to 31 December 2026"):
            rules_on(programme, day)
    with says(DayError, match="31 December 2019 lies outside .* 1 January 2020 to today"):
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
