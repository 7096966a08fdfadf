"""Training rows: which of them enter, what is refused, and that a file gives back what was written."""

from dataclasses import replace
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from matcher.facts.columns import know_columns
from matcher.facts.participant import ParticipantError, read_participant
from matcher.programme.loading import load_programme
from matcher.programme.rules import rules_on
from training_data.rows import OutcomeError
from training_data.schema import (
    MISSING,
    Field,
    Rows,
    RowsError,
    RowsFileError,
    check_rows,
    fields,
    groups,
    join_rows,
    known_by_day,
    read_rows,
    rows_for,
    window_end,
    write_rows,
)
from words.speaking import speaker

PROGRAMME = load_programme()
FIELDS = {field.name: field for field in fields(PROGRAMME)}
REFERRED = {"product": "kur_mikro", "amount_asked": 20_000_000, "referred_on": "2024-03-01"}
SUGGESTED = {"suggested": "nib", "shown": ["nib", "npwp"], "chosen": "npwp", "propensity": 1 / 3, "referral": 2}
LENT = {**REFERRED, "funded": True, "disbursed_on": "2024-04-01", "kept": True, "observed_until": "2025-04-01"}


def encoded(name, value):
    field = FIELDS[name]
    if value is None:
        return MISSING
    if field.kind == "date":
        return date.fromisoformat(value).toordinal()
    return field.encode(value)


def rows_of(*people):
    """Rows with these values; each is of 2024-02-01, from real outcomes, and called p1, p2, ... unless it says otherwise."""
    people = [{"as_of": "2024-02-01", "source": "outcomes", **person} for person in people]
    names = sorted({name for person in people for name in person} - {"participant"})
    columns = {n: np.array([encoded(n, person.get(n)) for person in people], dtype=np.int64) for n in names}
    return Rows(PROGRAMME, [p.get("participant", f"p{place}") for place, p in enumerate(people, 1)], columns)


def wrong(rows):
    return [(problem.row, problem.field) for problem in check_rows(rows)]


def test_a_whole_window_enters_for_negatives_and_positives_alike():
    refused = {**REFERRED, "funded": False}
    rows = rows_of(
        {**LENT},
        {**refused, "observed_until": "2025-03-01"},
        {**refused, "observed_until": "2025-02-28"},
        {**LENT, "observed_until": "2025-02-28"},
        {},
    )
    assert wrong(rows) == []
    assert rows_for(rows, "funded").participant == ["p1", "p2"]
    assert rows_for(rows, "funded").values("funded") == [True, False]


def test_a_loan_known_to_be_late_early_waits_for_its_window_like_a_good_one():
    rows = rows_of(
        LENT, {**LENT, "observed_until": "2025-03-31"}, {**LENT, "kept": False, "observed_until": "2024-09-01"}
    )
    assert rows_for(rows, "kept").participant == ["p1"]


def test_grants_are_outside():
    assert len(rows_for(rows_of({**LENT, "product": "baznas_bazis_dki_zmart"}), "funded")) == 0


def test_a_loan_after_twelve_months_is_not_funded_yet_may_be_kept():
    late = {**LENT, "funded": False, "disbursed_on": "2025-03-02", "observed_until": "2026-03-02"}
    rows = rows_of(late)
    assert wrong(rows) == []
    assert rows_for(rows, "funded").values("funded") == [False]
    assert rows_for(rows, "kept").values("kept") == [True]


def test_a_window_that_begins_on_a_leap_day_ends_on_the_last_of_february():
    start = np.array([date(2024, 2, 29).toordinal(), MISSING])
    assert window_end(start).tolist() == [date(2025, 2, 28).toordinal(), MISSING]


def test_an_outcome_that_does_not_exist_is_named():
    with pytest.raises(OutcomeError, match="'repaid' is no outcome"):
        rows_for(rows_of({}), "repaid")


@pytest.mark.parametrize(
    ("person", "field"),
    [
        ({"participant": ""}, "participant"),
        ({"as_of": None}, "as_of"),
        ({"as_of": "2017-12-31"}, "as_of"),
        ({"source": None}, "source"),
        ({**REFERRED, "product": None}, "product"),
        ({**REFERRED, "amount_asked": None}, "amount_asked"),
        ({**REFERRED, "amount_asked": 0}, "amount_asked"),
        ({**REFERRED, "as_of": "2024-03-02"}, "as_of"),
        ({**LENT, "disbursed_on": "2024-02-28"}, "disbursed_on"),
        ({"funded": False, "observed_until": "2025-03-01"}, "funded"),
        ({**LENT, "funded": False}, "funded"),
        ({**LENT, "disbursed_on": "2025-03-02", "observed_until": "2026-06-01"}, "funded"),
        ({**REFERRED, "funded": True, "observed_until": "2025-03-01"}, "funded"),
        ({**REFERRED, "funded": False, "kept": True, "observed_until": "2025-03-01"}, "kept"),
        ({**LENT, "observed_until": None}, "observed_until"),
        ({**LENT, "observed_until": "2024-03-31"}, "observed_until"),
        ({"shown": ["nib", "npwp"]}, "suggested"),
        ({"chosen": "nib"}, "suggested"),
        ({"propensity": 0.5}, "suggested"),
        ({"suggested": "nib", "shown": ["npwp"]}, "shown"),
        ({"referral": 1}, "referral"),
        ({"training_certificate_on": "2024-02-02"}, "training_certificate_on"),
        ({"months_of_books": 8, "business_age_months": 7}, "business_age_months"),
        ({"existing_credit": ["credit_card"], "kur_lender": "bri"}, "kur_lender"),
        ({"amount_asked": 1, "wants_capital": False}, "wants_capital"),
    ],
)
def test_what_cannot_be_true_together_is_named_by_row_and_field(person, field):
    assert wrong(rows_of({}, person)) == [(2, field)]


def test_one_referral_twice_is_named_once():
    rows = rows_of({**LENT, "participant": "a"}, {**LENT, "participant": "a"}, {**LENT, "participant": "b"})
    assert wrong(rows) == [(2, "participant")]


def test_two_lenders_asked_on_one_day_are_two_referrals():
    rows = rows_of(*({**LENT, "participant": "a", "referral": number} for number in (1, 2)))
    assert wrong(rows) == []


@pytest.mark.parametrize(
    "signals",
    [
        {"months_of_books": 8, "business_age_months": 7},
        {"months_of_books": 8, "business_age_months": 8},
        {"existing_credit": ["kur"], "kur_lender": "bri"},
        {"existing_credit": [], "kur_lender": "bri"},
        {"training_certificate": False, "training_certificate_on": "2024-02-01"},
        {"training_certificate_on": "2024-02-02"},
        {"credit_ends_on": "2030-02-02"},
        {"business_running": False, "business_age_months": 20},
    ],
)
def test_the_checks_refuse_what_read_participant_refuses(signals):
    try:
        read_participant(rules_on(PROGRAMME, date(2024, 2, 1)), signals)
        refused = False
    except ParticipantError:
        refused = True
    assert bool(wrong(rows_of(signals))) == refused


def test_columns_know_what_the_matcher_knows_of_each_row():
    people = [
        {"months_of_books": 8, "iumk": True},
        {"existing_credit": ["house"], "amount_asked": 5_000_000},
        {"business_running": False, "training_certificate_on": "2021-05-01"},
        {},
    ]
    [(places, rules, columns)] = known_by_day(rows_of(*people))
    expected = know_columns(rules, [read_participant(rules, person) for person in people])
    assert places.tolist() == [0, 1, 2, 3]
    for name in ("low", "high", "yes", "no"):
        assert (getattr(columns, name) == getattr(expected, name)).all()


def test_each_day_has_its_own_rules():
    rows = rows_of({"iumk": True, "as_of": "2026-09-01"}, {"iumk": True}, {"iumk": True, "as_of": "2026-09-01"})
    assert [(places.tolist(), rules.day) for places, rules, _ in known_by_day(rows)] == [
        ([1], date(2024, 2, 1)),
        ([0, 2], date(2026, 9, 1)),
    ]


def test_groups_are_what_the_programme_protects_with_disability_and_religion():
    assert groups(PROGRAMME) == ("kecamatan", "gender", "age", "married", "disability", "religion")


def test_rows_are_joined_whatever_columns_each_carries():
    both = join_rows(rows_of(LENT, {"nib": True}), rows_of({"npwp": False, "participant": "q"}))
    assert both.participant == ["p1", "p2", "q"]
    assert (both.values("nib"), both.values("npwp")) == ([None, True, None], [None, None, False])
    assert both.values("funded") == [True, None, None]
    with pytest.raises(ValueError, match="different programmes"):
        join_rows(both, Rows(replace(PROGRAMME, digest="other"), [], {}))


def test_a_column_that_no_row_carries_is_unknown_and_one_that_does_not_exist_is_an_error():
    rows = rows_of({}, {})
    assert rows["npwp"].tolist() == [MISSING, MISSING]
    with pytest.raises(KeyError):
        rows["npwpp"]


@pytest.mark.parametrize("name", ["rows.parquet", "rows.csv", "rows.csv.gz"])
def test_a_file_gives_back_every_value_and_every_unknown(tmp_path, name):
    rows = rows_of(
        {
            **LENT,
            **SUGGESTED,
            "existing_credit": [],
            "sales_channels": ["chat", "reseller"],
            "nib": False,
            "kecamatan": "31.72.03",
        },
        {
            "monthly_profit": -250_000,
            "slik_class": "none",
            "religion": "hindu",
            "disability": True,
            "collateral": None,
            "suggested": "referral",
        },
    )
    write_rows(tmp_path / name, rows)
    found = read_rows(tmp_path / name, PROGRAMME)
    assert found.participant == rows.participant
    assert {n: found[n].tolist() for n in FIELDS if n != "participant"} == {
        n: rows[n].tolist() for n in FIELDS if n != "participant"
    }
    assert found.signals(0)["existing_credit"] == []
    assert "collateral" not in found.signals(1)


@pytest.mark.parametrize("name", ["rows.parquet", "rows.csv", "rows.csv.gz"])
def test_the_same_rows_give_the_same_bytes(tmp_path, name):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        write_rows(tmp_path / folder / name, rows_of(LENT, {}))
    assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@pytest.mark.parametrize("name", ["none.parquet", "none.csv"])
def test_a_file_without_rows_is_no_error(tmp_path, name):
    write_rows(tmp_path / name, rows_of({}).take(np.zeros(1, dtype=bool)))
    assert len(read_rows(tmp_path / name, PROGRAMME)) == 0


HEADER = (
    "participant,as_of,product,amount_asked,referred_on,funded,disbursed_on,kept,observed_until,source,nib,came_for"
)


def test_all_problems_are_told_at_once_each_with_row_field_value_and_remedy(tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text(
        f"{HEADER}\na,2024-02-30,,,,,,,,outcomes,ya,buyer\nb,2024-02-01,kur,-1,,,,,,real,perhaps,capital\n",
        encoding="utf-8",
    )
    with pytest.raises(RowsError) as caught:
        read_rows(path, PROGRAMME)
    problems = caught.value.problems
    assert [(p.row, p.field, p.value) for p in problems] == [
        (1, "as_of", "2024-02-30"),
        (1, "came_for", "buyer"),
        (2, "product", "kur"),
        (2, "amount_asked", "-1"),
        (2, "source", "real"),
        (2, "nib", "perhaps"),
    ]
    assert all(speaker(language).say(problem.message) for problem in problems for language in ("id", "en"))


def test_a_value_out_of_range_shows_the_range(tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text(f"{HEADER},age\na,2024-02-01,,,,,,,,outcomes,,,7\n", encoding="utf-8")
    with pytest.raises(RowsError, match="10"):
        read_rows(path, PROGRAMME)


def test_columns_missing_unknown_or_twice_are_named(tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text("participant,as_of,nibb,nib,nib\n", encoding="utf-8")
    with pytest.raises(RowsError) as caught:
        read_rows(path, PROGRAMME)
    named = [problem.field for problem in caught.value.problems]
    assert named == [
        *"product amount_asked referred_on funded disbursed_on kept observed_until source".split(),
        "nibb",
        "nib",
    ]


def test_whole_numbers_that_a_spreadsheet_made_floats_are_read(tmp_path):
    write_rows(tmp_path / "rows.parquet", rows_of(LENT, {}))
    table = pq.read_table(tmp_path / "rows.parquet")
    floats = table.column("amount_asked").cast(pa.float64())
    place = table.column_names.index("amount_asked")
    pq.write_table(table.set_column(place, "amount_asked", floats), tmp_path / "floats.parquet")
    assert read_rows(tmp_path / "floats.parquet", PROGRAMME).values("amount_asked") == [20_000_000, None]


def of_format(path, number, *without):
    """The file again, said to be of another format and without some columns."""
    table = pq.read_table(path).drop_columns(list(without)).replace_schema_metadata({"kail_training_rows": number})
    pq.write_table(table, path)
    return path


def test_a_later_format_is_refused(tmp_path):
    write_rows(tmp_path / "later.parquet", rows_of(LENT))
    with pytest.raises(RowsFileError, match="format 3; this Kail reads format 2"):
        read_rows(of_format(tmp_path / "later.parquet", "3"), PROGRAMME)


def test_a_file_of_the_first_format_is_read_and_knows_nothing_of_what_was_suggested(tmp_path):
    write_rows(tmp_path / "old.parquet", rows_of(LENT, {"nib": True}))
    rows = read_rows(of_format(tmp_path / "old.parquet", "1", *SUGGESTED), PROGRAMME)
    assert rows.values("funded") == [True, None]
    assert rows.values("nib") == [None, True]
    for name in SUGGESTED:
        assert rows.values(name) == [None, None]
    write_rows(tmp_path / "new.parquet", rows)
    assert pq.read_table(tmp_path / "new.parquet").schema.metadata == {b"kail_training_rows": b"2"}


@pytest.mark.parametrize(("name", "value"), [
    ("propensity", "0"), ("propensity", "1.5"), ("propensity", "-0.5"), ("propensity", "nan"), ("propensity", "half"),
    ("referral", "0"), ("referral", "1.5"), ("shown", "nib;nothing"), ("suggested", "nothing"),
])  # fmt: skip
def test_what_is_no_chance_no_number_and_no_step_is_named(tmp_path, name, value):
    path = tmp_path / "bad.csv"
    path.write_text(f"{HEADER},{name}\na,2024-02-01,,,,,,,,outcomes,,,{value}\n", encoding="utf-8")
    with pytest.raises(RowsError) as caught:
        read_rows(path, PROGRAMME)
    assert (caught.value.problems[0].field, caught.value.problems[0].value) == (name, value)


def test_more_steps_than_an_integer_has_bits_are_not_put_into_it():
    with pytest.raises(ValueError, match="more than 62"):
        Field("shown", "choices", tuple(f"s{number}" for number in range(63))).encode(["s1"])


@pytest.mark.parametrize("name", ["rows.xlsx", "broken.parquet", "broken.csv.gz"])
def test_a_file_that_is_none_of_ours_is_a_plain_error(tmp_path, name):
    (tmp_path / name).write_bytes(b"not what it says")
    with pytest.raises(RowsFileError, match=name):
        read_rows(tmp_path / name, PROGRAMME)
