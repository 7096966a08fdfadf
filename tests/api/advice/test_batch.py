"""Files of participants in, files of answers out, whatever state the files are in."""

import csv
import json
import string
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.advice import batch
from api.advice.batch import Job, one_row, recommend_file
from api.files import sheets
from api.files.outputs import ANSWER, safe_cell
from api.files.rows import FileProblem
from matcher.facts.participant import read_participant
from matcher.programme.loading import load_programme
from matcher.programme.reading import ProgrammeError
from matcher.programme.rules import rules_on
from matcher.recommend import recommend

PROGRAMME = load_programme()
DAY = date(2026, 11, 21)
JOB = Job(programme=PROGRAMME, today=DAY)
PEOPLE = [
    {
        "participant": "a",
        "business_running": True,
        "wants_capital": True,
        "staff": 2,
        "existing_credit": ["kur", "house"],
    },
    {"participant": "b", "business_running": False, "sector": "food", "existing_credit": []},
    {"participant": "c", "monthly_profit": -1_000_000, "training_certificate_on": "2026-01-31"},
    {"participant": "d", "wants_capital": True, "amount_asked": 5_000_000, "business_running": True, "ktp_dki": True},
]
"""The same four people go through every format."""


def in_cell(value):
    if isinstance(value, list):
        return ";".join(value) or "none"
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def write_csv(path, rows, delimiter=",", encoding="utf-8"):
    names = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", encoding=encoding, newline="") as handle:
        writer = csv.writer(handle, delimiter=delimiter)
        writer.writerow(names)
        writer.writerows([in_cell(row.get(name)) for name in names] for row in rows)
    return path


def write_jsonl(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def write_parquet(path, rows):
    names = list(dict.fromkeys(name for row in rows for name in row))
    pq.write_table(pa.Table.from_pylist([{name: row.get(name) for name in names} for row in rows]), path)
    return path


@pytest.fixture
def run(tmp_path):
    """Recommend for a file; give the summary, the answers and the rejected rows, all read back."""

    def go(source, target="answers.jsonl", job=JOB, **keys):
        if not isinstance(source, Path):
            content, source = source, tmp_path / keys.pop("name", "people.csv")
            source.write_bytes(content if isinstance(content, bytes) else content.encode())
        summary = recommend_file(job, source, tmp_path / target, **keys)
        return summary, answers_in(summary.output), rejected_in(summary.rejected_file)

    return go


def answers_in(path):
    if not path.exists():
        return []
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pylist()
    text = path.read_text(encoding="utf-8")
    return (
        [json.loads(line) for line in text.splitlines()]
        if path.suffix == ".jsonl"
        else list(csv.DictReader(text.splitlines()))
    )


def rejected_in(path):
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines())) if path.exists() else []


def no_leftovers(folder):
    return not [path for path in folder.iterdir() if path.name.endswith(".partial")]


# -- the same answers everywhere ---------------------------------------------------------------------------------------


def test_the_answers_are_those_of_recommend(run, tmp_path):
    _, found, _ = run(write_jsonl(tmp_path / "p.jsonl", PEOPLE))
    rules = rules_on(PROGRAMME, DAY)
    for row, person in zip(found, PEOPLE, strict=True):
        signals = {name: value for name, value in person.items() if name != "participant"}
        one = recommend(rules, read_participant(rules, signals))
        assert list(row) == list(ANSWER)
        assert row["participant"] == person["participant"]
        assert row["tier"] == one.tier.tier
        assert row["provisional"] == one.tier.provisional
        assert row["interventions"] == [step.id for step in one.interventions]
        assert row["next_intervention"] == row["interventions"][0]
        assert row["next_question"] == one.questions[0]
        assert row["goal"] == one.path.goal
        assert row["as_of"] == "2026-11-21"
        assert row["programme"] == f"okoce@{PROGRAMME.digest[:12]}"
        assert row["score"] is None


@pytest.mark.parametrize("target", ["answers.csv", "answers.jsonl", "answers.parquet"])
def test_csv_json_lines_and_parquet_of_the_same_people_give_the_same_answers(run, tmp_path, target):
    sources = [
        write_csv(tmp_path / "p.csv", PEOPLE),
        write_csv(tmp_path / "p2.csv", PEOPLE, delimiter=";", encoding="utf-8-sig"),
        write_csv(tmp_path / "p.tsv", PEOPLE, delimiter="\t"),
        write_jsonl(tmp_path / "p.jsonl", PEOPLE),
        write_parquet(tmp_path / "p.parquet", PEOPLE),
    ]
    found = [run(source, target)[1] for source in sources]
    assert len(found[0]) == len(PEOPLE)
    assert all(answers == found[0] for answers in found)


YES_NO = st.none() | st.booleans()
PERSON = st.fixed_dictionaries(
    {
        "participant": st.text(string.ascii_letters + string.digits + "-=é", min_size=1, max_size=6),
        "business_running": YES_NO,
        "wants_capital": YES_NO,
        "nib": YES_NO,
        "sector": st.none() | st.sampled_from(["food", "trade", "services"]),
        "staff": st.none() | st.integers(0, 20),
        "monthly_profit": st.none() | st.integers(-5_000_000, 50_000_000),
        "existing_credit": st.none() | st.lists(st.sampled_from(["kur", "house", "consumer"]), unique=True),
        "training_certificate_on": st.none() | st.dates(date(2018, 1, 1), DAY).map(date.isoformat),
    }
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(PERSON, min_size=1, max_size=8))
def test_any_people_get_the_same_answers_from_every_format(tmp_path, people):
    found = []
    for write, name in ((write_csv, "h.csv"), (write_jsonl, "h.jsonl"), (write_parquet, "h.parquet")):
        summary = recommend_file(JOB, write(tmp_path / name, people), tmp_path / "h_answers.jsonl")
        assert summary.answered == len(people)
        found.append(answers_in(summary.output))
    assert found[0] == found[1] == found[2]


def test_chunks_change_nothing(run, tmp_path, monkeypatch):
    source = write_csv(tmp_path / "p.csv", [{**person, "participant": n} for n, person in enumerate(PEOPLE * 5)])
    whole = run(source)[1]
    monkeypatch.setattr(batch, "BATCH", 3)
    told = []
    summary, chunked, _ = run(source, progress=lambda done, total: told.append((done, total)))
    assert chunked == whole
    assert summary.answered == 20
    assert told[-1] == (20, 20)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_lists_are_lists_in_parquet_and_joined_in_csv(run, tmp_path):
    source = write_csv(tmp_path / "p.csv", PEOPLE)
    (first, *_), (second, *_) = run(source, "a.parquet")[1], run(source, "a.csv")[1]
    assert isinstance(first["interventions"], list)
    assert second["interventions"] == ";".join(first["interventions"])
    assert second["provisional"] in ("true", "false")
    assert pq.read_schema(tmp_path / "a.parquet").names == list(ANSWER)


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
    [("2027-01-01", "after today"), ("2017-12-31", "before the programme"), ("1/2/2026", "YYYY-MM-DD")],
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
    text = "participant,staff,monthly_profit,nib\na,2,5 juta,ya\nb,1,100,ya\nc,-1,Rp 5.000.000,perhaps\n"
    summary, found, rejected = run(text)
    assert [row["participant"] for row in found] == ["b"]
    assert (summary.read, summary.answered, summary.rejected) == (3, 1, 2)
    assert list(rejected[0]) == ["row", "line", "cell", "participant", "field", "value", "remedy"]
    assert [(r["row"], r["line"], r["participant"], r["field"], r["value"]) for r in rejected] == [
        ("1", "2", "a", "monthly_profit", "5 juta"),
        ("3", "4", "c", "staff", "'-1"),
        ("3", "4", "c", "monthly_profit", "Rp 5.000.000"),
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
            "monthly_profit": pa.array([1.0, 2.0, 2.5, float("nan")]),
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


def test_people_that_stand_twice_are_answered_twice_and_counted(run):
    summary, found, _ = run("participant,nib\na,ya\nb,ya\na,tidak\n")
    assert len(found) == 3
    assert summary.repeated == {"a": [1, 3]}


def test_a_rejected_row_counts_too_where_people_stand_twice_and_chunks_change_nothing(run, monkeypatch):
    monkeypatch.setattr(batch, "BATCH", 2)
    people = "participant,nib\na,perhaps\nb,ya\n,ya\nb,maybe\na,ya\n,ya\nb,ya\n" + "c,ya\n" * 9
    summary, found, rejected = run(people)
    assert summary.repeated == {"b": [2, 4, 7], "a": [1, 5], "c": [8, 9, 10, 11, 12]}
    assert (len(found), len(rejected)) == (12, 4)


def test_blank_rows_are_left_out(run):
    summary, found, _ = run("participant,nib\na,ya\n\n,\n ; ,\n\n")
    assert len(found) == 1
    assert summary.read == 1
    assert summary.blank == 4


# -- formulas ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["=1+1", "+62812", "-x", "@SUM(A1)", "\tx"])
def test_no_text_in_a_csv_is_run_as_a_formula(run, tmp_path, text):
    source = write_jsonl(tmp_path / "p.jsonl", [{"participant": f"{text}é"}, {"participant": "b", "staff": text}])
    _, found, rejected = run(source, "a.csv")
    assert found[0]["participant"].startswith("'" if text.strip() == text else "x")
    assert rejected[0]["value"].startswith("'")


def test_numbers_stay_numbers_and_lists_are_guarded_too():
    assert [safe_cell(v) for v in (-5, None, True, ("=a", "b"), date(2026, 1, 2), "-5")] == [
        "-5", "", "true", "'=a;b", "2026-01-02", "'-5",
    ]  # fmt: skip


# -- files that cannot be read at all ----------------------------------------------------------------------------------

LONG = b"participant,nib\n" + b"a" * 10_000_000


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("p.csv", b"", "the file is empty"),
        ("p.csv", b"participant,nib\n", "there is a header but no row"),
        ("p.csv", b"\n\nparticipant,nib\na,ya\n", "header line is blank"),
        ("p.csv", b"\xef\xbb\xbf", r"header line cannot be read \(there is none\)"),
        ("p.csv", b"nib,nib\nya,ya\n", "names 'nib' more than once"),
        ("p.csv", b'"nib\nya\n', "header line cannot be read"),
        ("p.csv", "participant,nib\nJosé,ya\n".encode("latin-1"), r"byte 20 \(line 2\) is no UTF-8"),
        ("p.csv", "participant,nib\na,ya\n".encode("utf-16"), "it is UTF-16"),
        ("p.csv", b"participant,nib\na\0,ya\n", r"byte 18 \(line 2\) is NUL"),
        ("p.csv", b"participant,nib\nabc\xc3", r"byte 20 \(line 2\) is no UTF-8"),
        ("p.csv", LONG, "longer than 1,000,000 bytes"),
        ("p.csv", b"PK\x03\x04 a workbook", "Excel workbook"),
        ("p.csv", ",".join(f"c{n}" for n in range(3000)).encode(), "3,000 columns"),
        ("p.jsonl", b"\n\n", "there is a header but no row"),
        ("p.jsonl", b'{"participant": "\xff"}', "byte 18"),
        ("p.parquet", b"participant,nib\na,ya\n", "no readable Parquet"),
        ("p.parquet", b"PAR1 and then nothing of use PAR1", "no readable Parquet"),
        ("p.xlsx", b"PK\x03\x04", "damaged workbook"),
        ("p.ods", b"PK\x03\x04", "cannot be read"),
        ("p.json", b"[]", "JSON lines"),
        ("p.doc", b"x", "files with .doc are not known"),
        ("p", b"x", "files with no ending are not known"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_clear_message_and_nothing_is_written(run, tmp_path, name, content, said):
    with pytest.raises(FileProblem, match=said) as error:
        run(content, name=name)
    assert error.value.remedy("en")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_damaged_parquet_file_leaves_nothing_half(run, tmp_path):
    source = write_parquet(tmp_path / "p.parquet", [{"participant": str(n), "nib": n % 2 == 0} for n in range(5000)])
    content = bytearray(source.read_bytes())
    content[200:600] = b"\0" * 400
    with pytest.raises(FileProblem, match="breaks off"):
        run(bytes(content), name="broken.parquet")
    assert {path.name for path in tmp_path.iterdir()} == {"p.parquet", "broken.parquet"}


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileProblem, match="no such file"):
        recommend_file(JOB, tmp_path / "nothing.csv", tmp_path / "a.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(FileProblem, match="not a file"):
        recommend_file(JOB, tmp_path / "folder.csv", tmp_path / "a.csv")


def test_a_header_that_is_no_signal_is_an_error_for_the_whole_file(run, tmp_path):
    with pytest.raises(ProgrammeError, match="Did you mean monthly_profit"):
        run("participant,monthly_proft\na,1\n")
    assert [path.name for path in tmp_path.iterdir()] == ["people.csv"]


@pytest.mark.parametrize(
    "content", ["sep=;\nparticipant;nib\na;ya\n", "participant;nib\ra;ya\r", "participant\tnib\r\na\tya\r\n"]
)
def test_separators_and_line_ends_are_found(run, content):
    assert [row["participant"] for row in run(content)[1]] == ["a"]


def test_the_separator_is_the_one_that_finds_known_names(run, tmp_path):
    path = tmp_path / "map.toml"
    path.write_text('[map]\nname = "m"\nparticipant = "name, first, last"\n[[column]]\nfrom = "paper"\nto = "nib"\n')
    job = Job(programme=PROGRAMME, today=DAY, columns=path)
    assert run("name, first, last;paper\na, b, c;ya\n", job=job)[1][0]["participant"] == "a, b, c"


def test_bytes_are_counted_across_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr(sheets, "_BLOCK", 7)
    path = tmp_path / "p.csv"
    path.write_bytes("participant,nib\nJosé,ya\nMaría,ya\n".encode() + b"caf\xe9,ya\n")
    with pytest.raises(FileProblem, match=r"byte 39 \(line 4\)"):
        sheets.check_text(path)
    path.write_bytes("é\n".encode() * 50)
    assert sheets.check_text(path) == 50


# -- writing -----------------------------------------------------------------------------------------------------------


def test_an_old_rejected_file_goes_when_nothing_is_rejected(run, tmp_path):
    assert run("staff\ndua\n2\n")[2]
    assert (tmp_path / "answers.rejected.csv").exists()
    run("staff\n2\n")
    assert not (tmp_path / "answers.rejected.csv").exists()


def test_when_every_row_is_rejected_only_the_rejected_rows_are_written(run, tmp_path):
    summary, found, rejected = run("staff\ndua\ntiga\n")
    assert found == []
    assert len(rejected) == summary.rejected == 2
    assert not summary.output.exists()
    assert no_leftovers(tmp_path)


def test_a_run_that_breaks_leaves_the_old_answers_as_they_were(run, tmp_path, monkeypatch):
    run("staff\n2\n")
    before = (tmp_path / "answers.jsonl").read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(batch, "_answers", full)
    with pytest.raises(FileProblem, match="No space left"):
        run("staff\n3\n")
    assert (tmp_path / "answers.jsonl").read_bytes() == before
    assert no_leftovers(tmp_path)


@pytest.mark.parametrize(
    ("source", "target", "said"),
    [
        ("p.csv", "p.csv", "overwrite the input"),
        ("p.rejected.csv", "p.csv", "overwrite the input"),
        ("p.csv", "folder", "no file"),
        ("p.csv", "a.ods", "cannot be written"),
        ("p.csv", "nowhere/a.csv", "cannot be written"),
    ],
)
def test_an_output_that_cannot_be_written_is_an_error_before_any_work(tmp_path, source, target, said):
    (tmp_path / "folder").mkdir()
    (tmp_path / source).write_text("nib\nya\n")
    with pytest.raises(FileProblem, match=said):
        recommend_file(JOB, tmp_path / source, tmp_path / target)
    assert (tmp_path / source).read_text() == "nib\nya\n"
    assert no_leftovers(tmp_path)


# -- one row -----------------------------------------------------------------------------------------------------------


def test_one_row_is_found_by_its_number(tmp_path):
    source = write_csv(tmp_path / "p.csv", PEOPLE)
    assert one_row(JOB, source, 3).id == "c"
    with pytest.raises(FileProblem, match=r"4 row\(s\)"):
        one_row(JOB, source, 5)


def test_one_row_that_cannot_be_read_names_all_that_is_wrong(tmp_path):
    (tmp_path / "p.csv").write_text("staff,nib\ndua,perhaps\n")
    with pytest.raises(batch.Rejected) as error:
        one_row(JOB, tmp_path / "p.csv", 1)
    assert [problem.field for problem in error.value.problems] == ["staff", "nib"]
