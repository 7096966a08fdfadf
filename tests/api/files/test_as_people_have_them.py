"""Files as people have them (nobody in them lives): what each row of them becomes, what is asked, what is told."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from api.advice.participant_rows import Job, Rejected, open_job, read_row
from api.files.rows import FileProblem
from matcher.programme.loading import load_programme

FOLDER = Path(__file__).parent / "as_people_have_them"
PROGRAMME = load_programme()
DAY = date(2026, 11, 29)
ASKED = "?"


def read(name, columns=None):
    """Of each row its id, and the answers of a signal or the codes of what stands in the way; then what else there is to tell."""
    job = Job(programme=PROGRAMME, today=DAY, columns=FOLDER / columns if columns else None)
    rows = {}
    with open_job(job, FOLDER / name) as (sheet, readings):
        for row in sheet.rows:
            try:
                ready = read_row(job, readings, row)
            except Rejected as error:
                rows[error.participant or str(row.number)] = sorted({one.message.code for one in error.problems})
            else:
                facts = {signal: fact.value for signal, fact in ready.participant.facts.items()}
                rows[ready.id] = (ready.rules.day, facts)
    return rows, sheet, readings


def column(name, signal, columns=None):
    """One signal of each row, in their order; of a row that is not taken the first code of why."""
    return [one[0] if isinstance(one, list) else one[1].get(signal) for one in read(name, columns)[0].values()]


TWO_SUMS, NO_SUM, NO_NUMBER = "two_amounts", "not_one_sum", "not_a_number_text"


@pytest.mark.parametrize(
    ("name", "columns", "signal", "found"),
    [
        ("b1_rp_dots.csv", None, "monthly_profit", [1_500_000] * 4),
        ("b1_rp_dots.csv", "money_map.toml", "monthly_profit", [1_500_000] * 4),
        ("b2_dots_and_cents.csv", None, "monthly_profit", [1_500_000] * 4 + [TWO_SUMS]),
        ("b2_dots_and_cents.csv", "money_map.toml", "monthly_profit", [1_500_000] * 4 + [1_500]),
        ("b3_juta.csv", None, "monthly_profit", [5_000_000, 1_500_000, 1_500_000, 750_000, 500_000, NO_SUM, NO_NUMBER, NO_SUM]),
        ("b8_age_in_years.csv", None, "business_age_months", ["months_or_years", 27, "since_when", "since_when"]),
        ("c7_age_edges.csv", None, "age", ["out_of_range"] * 4 + [NO_NUMBER, 41]),
        ("d16_header_case.csv", None, "monthly_profit", [1_500_000]),
        ("d23_pipe.csv", None, "monthly_profit", [1_500_000]),
        ("d2_utf16.csv", None, "monthly_profit", [1_500_000, 0]),
        ("d3_bom_semicolon.csv", None, "monthly_profit", [1_500_000, 0]),
        ("d22_cr_only.csv", None, "monthly_profit", [1_500_000, 0]),
        ("d4_title_rows.csv", None, "business_age_months", [24, 8]),
        ("d12_formula_uncached.xlsx", None, "monthly_profit", ["cell_unstored", 2_700_000]),
        ("d13_error_cells.xlsx", None, "monthly_profit", ["cell_error", "cell_error", 1_500_000]),
        ("e1_yes_no_words.csv", None, "nib", [True, False, True, False, True, False, True, True, "yes_or_no", True, False, True, True, True, False, "yes_or_no", "not_yes_no"]),
        ("e1_yes_no_words.csv", "e1_yes_no_words.toml", "nib", [True, False, True, False, True, False, True, True, "yes_or_no", True, False, True, True, True, False, "yes_or_no", "map_knows_only"]),
        ("e2_missing_money.csv", None, "monthly_instalments", [None] * 4 + ["zero_or_unknown"] + [None] * 8 + ["zero_or_unknown"]),
        ("e3_labels.csv", None, "sector", ["food"] * 3),
        ("e3_labels.csv", None, "premises", ["own", "rented", "own"]),
        ("e3_labels.csv", None, "came_for", ["capital"] * 3),
        ("e5_kobo_single.csv", None, "sales_channels", [["stall", "chat"], ["stall"], ["stall", "chat"], ["stall", "chat"], None]),
        ("e5_kobo_single.csv", "e5_kobo_space.toml", "sales_channels", [["stall", "chat"], ["stall"], "not_a_list", ["stall", "chat"], None]),
        ("e6_kobo_split.csv", "e6_kobo_split.toml", "sales_channels", [["stall", "chat"], None, None, [], "map_knows_only"]),
        ("e7_mixed_types.xlsx", None, "monthly_profit", [1_500_000, 1_500_000, "since_when", 1_500_000]),
        ("e7_mixed_types.xlsx", None, "business_age_months", [24, 24, "since_when", 24]),
        ("e8_none_words.csv", None, "productive_credit_ever", [[], [], "none_or_unknown", "none_or_unknown", ["kur"], "not_a_list"]),
        ("g2_gender_unknown.csv", None, "gender", [None, None, None]),
    ],
)  # fmt: skip
def test_each_text_is_its_value_or_says_why_not(name, columns, signal, found):
    assert column(name, signal, columns) == found


@pytest.mark.parametrize(
    ("name", "columns", "days"),
    [
        ("c1_month_names.csv", None, ["2026-08-31", "2026-11-05", "2026-05-01", "2026-09-12", "2026-11-28", "2026-08-17"]),
        ("c1_month_names.csv", "c1_month_names.toml", ["2026-08-31", "2026-11-05", "2026-05-01", "2026-09-12", "2026-11-28", "2026-08-17"]),
        ("c2_swapped_dates.xlsx", "c2_swapped_dates.toml", [ASKED, "2026-03-31", ASKED, "2026-03-15"]),
        ("c2_swapped_dates.xlsx", None, [ASKED, "2026-03-31", ASKED, "2026-03-15"]),
        ("c4_date1904.xlsx", None, ["2026-03-05"]),
        ("e10_kobo_json.jsonl", "e10_kobo_json.toml", ["2026-09-02", "2026-11-29"]),
    ],
)  # fmt: skip
def test_days_are_read_in_the_zone_of_the_programme_and_never_turned_around(name, columns, days):
    found = read(name, columns)[0].values()
    assert [ASKED if "day_or_month" in one else str(one[0]) for one in found] == days


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("c3_serial_dates.csv", {"C31": ["wrong_as_of"], "C32": ["no_date"]}),
        ("c6_birth_date.csv", {"C61": ["day_or_month"]}),
        ("c8_future_facts.csv", {"C81": ["future_date"], "C82": ["future_as_of"], "C83": ["as_of_before"]}),
        ("d8_totals.csv", {"3": ["row_adds_up"]}),
        ("d9_totals2.csv", {"3": ["row_adds_up"]}),
        ("d17_number_row.csv", {"1": ["row_adds_up"]}),
        ("d27_header_repeats.xlsx", {"participant": ["not_a_number_text", "not_yes_no"]}),
        ("e12_autocorrected.xlsx", {}),
    ],
)
def test_what_cannot_be_stays_out_with_its_reason(name, codes):
    rows = read(name)[0]
    wrong = {row: found for row, found in rows.items() if isinstance(found, list)}
    assert wrong
    assert all(wrong.get(row, found) == found for row, found in codes.items())


def test_what_is_not_read_is_said():
    _, sheet, readings = read("d15_twice_keterangan.csv", "d15_twice_keterangan.toml")
    assert sheet.twice == ("keterangan",)
    _, sheet, readings = read("d16_header_case.csv")
    assert {header: why.code for header, why in readings.found.left_out.items()} == {"nama_ibu": "column_unknown"}
    _, sheet, _ = read("d7_sheets_by_month.xlsx")
    assert sheet.others == ("Petunjuk", "Februari")
    _, sheet, _ = read("d1_cp1252.csv")
    assert sheet.written == ("Windows-1252", "Café")
    _, _, readings = read("h1_repeat_group.xlsx")
    assert "_index" in readings.found.left_out


def test_every_reading_that_was_not_plain_is_counted(tmp_path):
    (tmp_path / "a.csv").write_text(
        "Kode,Omzet\n" + "".join(f'P{n},"1,5 jt"\n' for n in range(14)) + "Q,2000000\n", "utf-8"
    )
    job = Job(programme=PROGRAMME, today=DAY)
    with open_job(job, tmp_path / "a.csv") as (sheet, readings):
        for row in sheet.rows:
            read_row(job, readings, row)
    assert readings.told.readings == {("Omzet", "1,5 jt", "monthly_revenue", 1_500_000): 14}


def test_a_file_of_which_no_column_is_known_says_which_there_could_be(tmp_path):
    (tmp_path / "a.csv").write_text("warna,rasa\nmerah,manis\n", "utf-8")
    with (
        pytest.raises(FileProblem, match="no column is known: warna, rasa"),
        open_job(Job(programme=PROGRAMME, today=DAY), tmp_path / "a.csv"),
    ):
        pass


def test_what_began_on_a_day_is_counted_to_the_day_of_its_row(tmp_path):
    (tmp_path / "a.csv").write_text(
        "ID,Per tanggal,Mulai usaha,Tgl lahir\na,2026-09-01,17 Agustus 2024,1 Juli 1985\nb,2026-08-16,17/08/2024,31/12/1990\nc,2026-01-01,2 Mei 2026,1 Juli 1985\n",
        "utf-8",
    )
    found, _, _ = [*read_file(tmp_path / "a.csv")]
    assert found["a"][1] == {"business_age_months": 24, "age": 41}
    assert found["b"][1] == {"business_age_months": 23, "age": 35}
    assert found["c"] == ["future_date"]


def read_file(path):
    job = Job(programme=PROGRAMME, today=DAY)
    rows = {}
    with open_job(job, path) as (sheet, readings):
        for row in sheet.rows:
            try:
                ready = read_row(job, readings, row)
                rows[ready.id] = (ready.rules.day, {s: f.value for s, f in ready.participant.facts.items()})
            except Rejected as error:
                rows[error.participant] = sorted({one.message.code for one in error.problems})
    return rows, sheet, readings


def test_a_place_is_one_of_its_city_or_is_asked(tmp_path):
    (tmp_path / "a.csv").write_text(
        "ID,Kecamatan,Kota\na,Cipayung,Jakarta Timur\nb,Cipayung,Depok\nc,Cipayung,\nd,Cipayung,Jaktim\ne,Tebet,Jakarta Timur\n",
        "utf-8",
    )
    rows = read_file(tmp_path / "a.csv")[0]
    assert [one if isinstance(one, list) else one[1]["kecamatan"] for one in rows.values()] == [
        "31.75.10",
        ["place_elsewhere"],
        "31.75.10",
        "31.75.10",
        ["place_elsewhere"],
    ]
