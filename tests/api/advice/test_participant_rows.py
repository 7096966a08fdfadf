"""Rows as participants: each for its day, towards a goal; those that cannot be read are refused with all that is wrong."""

from datetime import UTC, date, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from api.advice.participant_rows import Job, Rejected, one_row
from api.files.rows import FileProblem
from tests.api.advice.people import DAY, JOB, PEOPLE, PROGRAMME, write_csv

# -- days --------------------------------------------------------------------------------------------------------------


def test_each_row_is_answered_for_its_own_day_in_the_order_of_the_file(run):
    rows = "participant,as_of,business_running\na,2026-11-01,ya\nb,2018-10-01,ya\nc,2026-11-01,ya\nd,,ya\n"
    _, found, _ = run(rows)
    assert [(row["participant"], row["as_of"]) for row in found] == [
        ("a", "2026-11-01"),
        ("b", "2018-10-01"),
        ("c", "2026-11-01"),
        ("d", "2026-11-21"),
    ]


def test_asked_for_a_later_day_old_answers_grow_stale_and_ages_grow(run):
    rows = "participant,as_of,business_running,business_age_months\na,2026-01-01,ya,4\n"
    summary, found, _ = run(rows, job=Job(programme=PROGRAMME, today=DAY, as_of=DAY))
    assert found[0]["as_of"] == "2026-11-21"
    assert summary.questions["business_running"] == 1  # more than 180 days old: asked again


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("2027-01-01", "after today"),
        ("2017-12-31", "before the programme"),
        ("1/2/2026", "1 February 2026 or 2 January 2026"),
        ("besok", "YYYY-MM-DD"),
    ],
)
def test_a_row_of_an_impossible_day_is_rejected(run, cell, said):
    _, found, rejected = run(f"participant,as_of,nib\na,{cell},ya\nb,2026-01-01,ya\n")
    assert [row["participant"] for row in found] == ["b"]
    assert (rejected[0]["field"], rejected[0]["value"]) == ("as_of", cell)
    assert said in rejected[0]["remedy"]


def test_a_day_that_is_no_day_of_the_programme_is_an_error(run):
    with pytest.raises(FileProblem, match="after today"):
        run("nib\nya\n", job=Job(programme=PROGRAMME, today=DAY, as_of=date(2030, 1, 1)))


def test_a_goal_that_is_no_product_names_the_nearest(run):
    with pytest.raises(FileProblem, match="kur_mikro"):
        run("nib\nya\n", job=Job(programme=PROGRAMME, today=DAY, goal="kur_micro"))


def test_a_goal_is_the_goal_of_every_row(run):
    _, found, _ = run(
        "wants_capital,business_running\nya,ya\nya,tidak\n", job=Job(programme=PROGRAMME, today=DAY, goal="kur_mikro")
    )
    assert [row["goal"] for row in found] == ["kur_mikro", "kur_mikro"]


# -- rows that cannot be read ------------------------------------------------------------------------------------------


def test_a_rejected_row_names_row_line_participant_column_value_and_remedy_and_the_others_go_on(run):
    text = "participant,staff,monthly_profit,nib\na,2,lima juta,ya\nb,1,100,ya\nc,-1,USD 5.000,perhaps\n"
    summary, found, rejected = run(text)
    assert [row["participant"] for row in found] == ["b"]
    assert (summary.read, summary.answered, summary.rejected) == (3, 1, 2)
    assert list(rejected[0]) == ["row", "line", "cell", "participant", "field", "value", "remedy"]
    assert [(r["row"], r["line"], r["participant"], r["field"], r["value"]) for r in rejected] == [
        ("1", "2", "a", "monthly_profit", "lima juta"),
        ("3", "4", "c", "staff", "'-1"),
        ("3", "4", "c", "monthly_profit", "USD 5.000"),
        ("3", "4", "c", "nib", "perhaps"),
    ]
    assert all(r["remedy"] for r in rejected)


def test_a_rejected_row_speaks_the_language_asked(run):
    job = Job(programme=PROGRAMME, today=DAY, language="id")
    _, _, rejected = run("participant,staff\na,dua\nb,2\n", job=job)
    assert "harus angka" in rejected[0]["remedy"]


def test_through_a_map_a_problem_names_the_sheets_own_column_and_cell(run, tmp_path):
    path = tmp_path / "map.toml"
    path.write_text('[map]\nname = "m"\n[[column]]\nfrom = "years"\nto = "business_age_months"\nunit = "years"\n')
    job = Job(programme=PROGRAMME, today=DAY, columns=path)
    summary, _, rejected = run("years,colour\n200,red\n2,blue\nlama,red\n", job=job)
    assert [(r["participant"], r["field"], r["value"]) for r in rejected] == [
        ("1", "years", "200"),
        ("3", "years", "lama"),
    ]
    assert summary.ignored == ("colour",)


def test_rows_with_too_few_or_too_many_cells_are_rejected(run):
    _, found, rejected = run("participant,nib,sku\na,ya\nb,ya,tidak\nc,ya,tidak,ya\n")
    assert [row["participant"] for row in found] == ["b"]
    assert [(r["row"], r["value"]) for r in rejected] == [("1", "a,ya"), ("3", "c,ya,tidak,ya")]
    assert "Add the missing cells" in rejected[0]["remedy"]
    assert "Put quotes around" in rejected[1]["remedy"]


def test_a_quote_that_is_never_closed_costs_its_own_row_only(run):
    rows = [f"p{n},ya\n" for n in range(500)]
    rows[3] = '"p3,ya\n'
    summary, found, rejected = run("participant,nib\n" + "".join(rows))
    assert summary.answered == 499
    assert found[3]["participant"] == "p4"
    assert [(r["row"], r["line"], r["value"]) for r in rejected] == [("4", "5", '"p3,ya')]
    assert "never closed" in rejected[0]["remedy"]


def test_a_quoted_cell_may_hold_separators_quotes_and_line_breaks(run):
    _, found, rejected = run('participant,nib\n"a, the\n""first""",ya\n"b",tidak\n')
    assert [row["participant"] for row in found] == ['a, the\n"first"', "b"]
    assert rejected == []


def test_lines_are_counted_through_cells_with_line_breaks(run):
    _, _, rejected = run('participant,nib\n"a\nb",ya\nc,perhaps\n')
    assert (rejected[0]["row"], rejected[0]["line"]) == ("2", "4")


def test_bad_lines_of_json_are_rejected_and_the_others_go_on(run):
    lines = [
        '{"participant": "a", "nib": true}',
        "{not json}",
        '["a list"]',
        "",
        '{"participant": "b", "nib": true, "nib": false}',
        '{"participant": "c", "niib": true}',
        '{"participant": "d", "staff": 1.5}',
        '{"participant": "e", "staff": 1e400}',
        '{"participant": "f", "monthly_profit": ' + "9" * 5000 + "}",
        '{"participant": "g", "nib": {"value": true, "on": "2026-01-01", "proof": "document"}}',
        '{"participant": "h", "nib": {"value": true, "on": "2030-01-01"}}',
        '{"participant": ' + "[" * 20_000 + "}",
    ]
    summary, found, rejected = run("\n".join(lines), name="p.jsonl")
    assert [row["participant"] for row in found] == ["a", "g"]
    assert summary.blank == 1
    assert [r["row"] for r in rejected] == ["2", "3", "4", "5", "6", "7", "8", "10", "11"]
    assert "nib stands twice" in rejected[2]["remedy"]
    assert rejected[3]["field"] == "niib"
    assert rejected[7]["field"] == "nib"


def test_a_rejected_value_that_is_no_text_is_written_as_json(run):
    rows = ['{"participant": "a", "nib": [true, null]}', '{"participant": "b", "staff": true}']
    assert [row["value"] for row in run("\n".join(rows), name="p.jsonl")[2]] == ["[true, null]", "true"]


def test_wrong_types_in_parquet_are_rejected_rows(run, tmp_path):
    table = pa.table(
        {
            "participant": pa.array([1, 2, 3, 4]),
            "staff": pa.array(["2", "dua", None, "3"]),
            "monthly_profit": pa.array([10000.0, 20000.0, 2.5, float("nan")]),
            "existing_credit": pa.array([["kur"], [], ["cash"], None]),
            "training_certificate_on": pa.array([datetime(2026, 1, 31, 23, tzinfo=UTC)] * 4, pa.timestamp("ns", "UTC")),
        }
    )
    pq.write_table(table, tmp_path / "p.parquet")
    _, found, rejected = run(tmp_path / "p.parquet")
    assert [row["participant"] for row in found] == ["1", "4"]
    assert [(r["participant"], r["field"]) for r in rejected] == [
        ("2", "staff"),
        ("3", "monthly_profit"),
        ("3", "existing_credit"),
    ]


def test_a_row_without_a_participant_is_rejected_where_a_column_names_them(run):
    _, found, rejected = run("participant,nib\n,ya\nb,ya\n")
    assert [row["participant"] for row in found] == ["b"]
    assert rejected[0]["field"] == "participant"


def test_without_a_participant_column_the_row_number_is_the_participant(run):
    assert [row["participant"] for row in run("nib\nya\ntidak\n")[1]] == ["1", "2"]


def test_json_lines_without_a_participant_are_numbered_and_an_empty_one_is_still_rejected(run):
    rows = ['{"nib": true}', '{"staff": "two"}', '{"nib": false}', '{"participant": "", "nib": true}']
    _, found, rejected = run("\n".join(rows), name="people.jsonl")
    assert [row["participant"] for row in found] == ["1", "3"]
    assert [(r["row"], r["participant"], r["field"]) for r in rejected] == [
        ("2", "2", "staff"),
        ("4", "", "participant"),
    ]


# -- one row -----------------------------------------------------------------------------------------------------------


def test_one_row_is_found_by_its_number(tmp_path):
    source = write_csv(tmp_path / "p.csv", PEOPLE)
    assert one_row(JOB, source, 3).id == "c"
    with pytest.raises(FileProblem, match=r"4 rows"):
        one_row(JOB, source, 5)


def test_one_row_that_cannot_be_read_names_all_that_is_wrong(tmp_path):
    (tmp_path / "p.csv").write_text("staff,nib\ndua,perhaps\n")
    with pytest.raises(Rejected) as error:
        one_row(JOB, tmp_path / "p.csv", 1)
    assert [problem.field for problem in error.value.problems] == ["staff", "nib"]
