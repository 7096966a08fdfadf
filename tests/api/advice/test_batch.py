"""Files of participants in, files of answers out, whatever state the files are in."""

import string
from datetime import date

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.advice import batch
from api.advice.batch import recommend_file
from api.advice.participant_rows import Job
from api.files import encodings
from api.files.outputs import ANSWER, safe_cell
from api.files.rows import FileProblem
from matcher.facts.participant import read_participant
from matcher.programme.rules import rules_on
from matcher.recommend import recommend
from tests.api.advice.people import DAY, JOB, PEOPLE, PROGRAMME, answers_in, write_csv, write_jsonl, write_parquet
from words.speaking import speaker


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
        ("p.csv", b"\n\nwarna,rasa\na,ya\n", "no column is known: warna, rasa"),
        ("p.csv", b"\xef\xbb\xbf", r"header line cannot be read \(there is none\)"),
        ("p.csv", b"nib,nib\nya,ya\n", "names 'nib' more than once"),
        ("p.csv", b'"nib\nya\n', "header line cannot be read"),
        ("p.csv", "participant,nib\nJosé,ya\n".encode() + b"caf\xe9", r"byte 29 \(line 3\) is no UTF-8"),
        ("p.csv", "participant,nib\na,ya\n".encode("utf-16") + b"a", "it is UTF-16"),
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
    assert speaker("en").remedy(error.value.message)
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


def test_a_column_that_nobody_knows_is_left_out_and_said_with_the_nearest(run):
    summary, found, _ = run("participant,monthly_proft,nama_ibu,nib\na,1,x,ya\n")
    assert [row["participant"] for row in found] == ["a"]
    said = {header: speaker("en").say(why) for header, why in summary.left_out.items()}
    assert said == {
        "monthly_proft": "nobody knows it; is monthly_profit meant?",
        "nama_ibu": "nobody knows it",
    }


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
    monkeypatch.setattr(encodings, "_BLOCK", 7)
    path = tmp_path / "p.csv"
    path.write_bytes("participant,nib\nJosé,ya\nMaría,ya\n".encode() + b"caf\xe9,ya\n")
    with pytest.raises(FileProblem, match=r"byte 39 \(line 4\)"):
        encodings.check_text(path)
    path.write_bytes("é\n".encode() * 50)
    assert encodings.check_text(path) == 50


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
