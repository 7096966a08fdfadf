"""Column maps: any spreadsheet's columns to our signals, and never a guess."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import training_data.columns
from matcher.facts.participant import read_participant
from matcher.message import Message
from matcher.programme.loading import load_programme
from matcher.programme.reading import ProgrammeError
from matcher.programme.rules import rules_on
from tests.saying import said, says
from training_data.columns import check_headers, maps, plain_map, read_map
from training_data.columns.cells import FACTORS
from words.speaking import speaker

PROGRAMME = load_programme()
CENSUS = Path(training_data.columns.__file__).parent / "kenya_census.toml"


@pytest.fixture
def a_map(tmp_path):
    def make(columns, head='[map]\nname = "a sheet"\n'):
        path = tmp_path / "map.toml"
        path.write_text(head + columns, encoding="utf-8")
        return read_map(path, PROGRAMME)

    return make


@pytest.fixture
def value_of(a_map):
    """What one cell becomes under one [[column]]."""

    def read(cell, to, **keys):
        lines = "\n".join(f"{key} = {value}" for key, value in keys.items())
        found, problems = a_map(f'[[column]]\nfrom = "x"\nto = "{to}"\n{lines}\n').signals({"x": cell})
        assert problems == []
        return found.get(to)

    return read


@pytest.fixture
def problems_of(a_map):
    def read(columns, **keys):
        with pytest.raises(ProgrammeError) as error:
            a_map(columns, **keys)
        return said(error.value).splitlines()[1:]

    return read


# -- cells -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["ya", "Ya", " YES ", "true", "TRUE", "1", "Y", "y", 1, True])
def test_yes_is_written_in_many_ways(value_of, text):
    assert value_of(text, "nib") is True


@pytest.mark.parametrize("text", ["tidak", "Tidak", "no", "false", "0", "T", "n", 0, False])
def test_no_is_written_in_many_ways(value_of, text):
    assert value_of(text, "nib") is False


@pytest.mark.parametrize("cell", ["", "  ", None, float("nan")])
@pytest.mark.parametrize(
    "to", ["nib", "staff", "monthly_profit", "sector", "existing_credit", "training_certificate_on"]
)
def test_an_empty_cell_is_unknown_and_never_no_or_zero(value_of, cell, to):
    assert value_of(cell, to) is None


@pytest.mark.parametrize(("text", "number"), [("12", 12), ("-5000000", -5000000), ("12.0", 12), (" 7 ", 7), (12.0, 12)])
def test_plain_digits_are_a_number(value_of, text, number):
    assert value_of(text, "monthly_profit") == number


@pytest.mark.parametrize(
    "text", ["5 juta", "Rp 5.000.000", "Rp5000000", "12 bln", "5.000", "5,000", "1e6", "٥", "--5", "lima"]
)
def test_a_number_with_anything_else_is_passed_on_for_the_programme_to_refuse(value_of, text):
    assert value_of(text, "monthly_profit") == text


@pytest.mark.parametrize(
    ("cell", "keys", "value"),
    [
        ("2", {"unit": '"years"'}, 24),
        ("1.5", {"unit": '"years"'}, 18),
        ("1.3", {"unit": '"years"'}, 15),  # fifteen full months, the sixteenth not over
        (2.25, {"unit": '"years"'}, 27),
        ("1.500", {"unit": '"years"'}, "1.500"),  # one and a half, or fifteen hundred?
        ("24", {"unit": '"months"'}, 24),
    ],
)
def test_units_convert_to_full_units_only(value_of, cell, keys, value):
    assert value_of(cell, "business_age_months", **keys) == value


def test_money_in_thousands_and_millions(value_of):
    assert value_of("1500", "monthly_profit", unit='"thousands"') == 1_500_000
    assert value_of("2.5", "monthly_profit", unit='"millions"') == 2_500_000


def test_a_map_may_say_that_thousands_are_grouped(value_of):
    assert value_of("5.000.000", "monthly_profit", thousands='"."') == 5_000_000
    assert value_of("5.00.000", "monthly_profit", thousands='"."') == "5.00.000"


def test_foreign_money_needs_a_dated_rate_with_its_source(a_map):
    column = '[[column]]\nfrom = "x"\nto = "monthly_profit"\ncurrency = "KES"\n'
    without = a_map(column)
    assert without.signals({"x": "6000"}) == ({}, [])
    assert without.foreign_money == ("x (KES)",)
    rate = 'rate = { idr_per_unit = 125.5, date = 2014-10-01, url = "https://example.org/rates" }\n'
    found = a_map(column + rate)
    assert found.signals({"x": "6000"}) == ({"monthly_profit": 753_000}, [])
    assert found.foreign_money == ()


def test_missing_codes_of_the_sheet_are_unknown(value_of):
    assert value_of("-99", "monthly_profit", missing='["", "NA", "-99"]') is None
    assert value_of(-99.0, "monthly_profit", missing='["", "NA", "-99"]') is None


def test_a_value_map_names_every_cell_there_may_be(a_map):
    found = a_map('[[column]]\nfrom = "sex"\nto = "gender"\nvalues = { "1" = "woman", "0" = "man" }\n')
    assert found.signals({"sex": "1"}) == ({"gender": "woman"}, [])
    signals, problems = found.signals({"sex": "2"})
    assert signals == {}
    assert (problems[0].field, problems[0].value) == ("sex", "2")
    assert "knows only: 1, 0" in speaker("en").say(problems[0].message)
    assert "hanya mengenal: 1, 0" in speaker("id").say(problems[0].message)


def test_dates_are_iso_unless_the_map_names_a_format(value_of):
    to = "training_certificate_on"
    assert value_of("2026-03-31", to) == "2026-03-31"
    assert value_of("2026-03-31 00:00:00", to) == "2026-03-31"
    assert value_of("31/03/2026", to) == "31/03/2026"
    assert value_of("31/03/2026", to, date_format='"%d/%m/%Y"') == date(2026, 3, 31)
    assert value_of("31/02/2026", to, date_format='"%d/%m/%Y"') == "31/02/2026"
    assert value_of(datetime(2026, 3, 31, 9), to) == datetime(2026, 3, 31, 9)


def test_choices_stand_in_one_cell_and_none_is_a_word(value_of):
    to = "existing_credit"
    assert value_of("kur; paylater_p2p", to) == ["kur", "paylater_p2p"]
    assert value_of("kur|house", to, separator='"|"') == ["kur", "house"]
    assert value_of("motor|rumah", to, separator='"|"', values='{ motor = "motorcycle", rumah = "house" }') == [
        "motorcycle",
        "house",
    ]
    assert value_of("none", to) == value_of("Tidak ada", to) == []
    assert value_of(["kur"], to) == ["kur"]


def test_none_is_a_code_where_the_programme_has_such_a_code(value_of):
    assert value_of("none", "slik_class") == "none"
    assert value_of(3, "slik_class") == "3"


MARKS = '[[column]]\nto = "{to}"\nchoices = {{ a = "{a}", b = "{b}", c = "" }}\n'


def test_choices_come_from_several_yes_no_columns(a_map):
    found = a_map(MARKS.format(to="existing_credit", a="kur", b="house"))
    assert found.signals({"a": "1", "b": "ya", "c": "0"})[0] == {"existing_credit": ["kur", "house"]}
    assert found.signals({"a": "0", "b": "0", "c": "0"})[0] == {"existing_credit": []}
    assert found.signals({"a": "1", "b": "", "c": "0"})[0] == {}  # a box that nobody looked at
    assert found.signals({"a": "1", "b": "0", "c": "1"})[0] == {}  # marked, but none of our codes says it
    assert found.signals({"a": "1", "b": "0", "c": "maybe"})[1][0].field == "c"


def test_one_choice_from_several_columns_is_unknown_when_two_are_marked(a_map):
    found = a_map(MARKS.format(to="sector", a="food", b="services"))
    assert found.signals({"a": "1", "b": "0", "c": "0"})[0] == {"sector": "food"}
    assert found.signals({"a": "1", "b": "1", "c": "0"})[0] == {}
    assert found.signals({"a": "0", "b": "0", "c": "0"})[0] == {}


def test_one_column_may_feed_several_signals(a_map):
    found = a_map(
        '[[column]]\nfrom = "papers"\nto = "nib"\nvalues = { nib = true, none = false }\n'
        '[[column]]\nfrom = "papers"\nto = "sku"\nvalues = { nib = false, none = false }\n'
    )
    assert found.signals({"papers": "nib"})[0] == {"nib": True, "sku": False}


def test_constants_are_true_of_every_row(a_map):
    found = a_map("", head='[map]\nname = "x"\nconstants = { business_running = true, applicant = "person" }\n')
    assert found.signals({}) == ({"business_running": True, "applicant": "person"}, [])


def test_the_participant_is_a_column_or_the_number_of_the_row(a_map):
    column = '[[column]]\nfrom = "x"\nto = "nib"\n'
    assert a_map(column).participant_of({"x": "1"}, 17) == "17"
    named = a_map(column, head='[map]\nname = "x"\nparticipant = "id"\n')
    assert named.participant_of({"id": 12.0}, 17) == "12"
    assert named.participant_of({"id": " "}, 17) == ""


def test_the_day_of_a_row_is_a_column(a_map):
    head = '[map]\nname = "x"\nas_of = "when"\nas_of_format = "%d/%m/%Y"\n'
    found = a_map('[[column]]\nfrom = "x"\nto = "nib"\n', head=head)
    assert found.day_of({"when": "31/03/2026"}) == date(2026, 3, 31)
    assert found.day_of({"when": datetime(2026, 3, 31, 9)}) == date(2026, 3, 31)
    assert found.day_of({"when": ""}) is None
    with pytest.raises(ValueError, match="no date"):
        found.day_of({"when": "March"})


# -- mistakes in a map -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ('[[column]]\nfrom = "x"\nto = "monthly_profits"\n', "Did you mean monthly_profit"),
        ('[[column]]\nfrom = "x"\nto = "any_permit"\n', "worked out from other signals"),
        ('[[column]]\nfrom = "x"\n', "to is missing"),
        ('[[column]]\nto = "nib"\n', "Write either from or choices"),
        ('[[column]]\nfrom = "x"\nto = "nib"\nunit = "years"\n', "Remove unit"),
        ('[[column]]\nfrom = "x"\nto = "staff"\nunit = "years"\n', "does not turn into people"),
        ('[[column]]\nfrom = "x"\nto = "nib"\nvalues = { "1" = "yes" }\n', "true or false"),
        ('[[column]]\nfrom = "x"\nto = "gender"\nvalues = { "1" = "female" }\n', "woman, man"),
        ('[[column]]\nfrom = "x"\nto = "staff"\nvalues = { many = 5000 }\n', "a whole number from 0 to 900"),
        ('[[column]]\nfrom = "x"\nto = "nib"\nmising = [""]\n', "Did you mean missing"),
        ('[[column]]\nfrom = "x"\nto = "nib"\nmissing = [0]\n', "Write texts only"),
        ('[[column]]\nfrom = "x"\nto = "nib"\ndate_format = "%d"\n', "Remove date_format"),
        ('[[column]]\nfrom = "x"\nto = "training_certificate_on"\ndate_format = "%d %d %m %Y"\n', "%d/%m/%Y"),
        ('[[column]]\nfrom = "x"\nto = "training_certificate_on"\ndate_format = "%m/%Y"\n', "%d/%m/%Y"),
        ('[[column]]\nfrom = "x"\nto = "monthly_profit"\nthousands = " "\n', "thousands is"),
        (
            '[[column]]\nfrom = "x"\nto = "monthly_profit"\nrate = { idr_per_unit = 1, date = 2020-01-01 }\n',
            "url is missing",
        ),
        ('[[column]]\nto = "nib"\nchoices = { a = "x" }\n', "Use from instead"),
        ('[[column]]\nto = "sector"\nchoices = { a = "fodo" }\n', "which sector cannot be"),
        ('[[column]]\nfrom = "x"\nto = "nib"\n[[column]]\nfrom = "y"\nto = "nib"\n', "already comes from column x"),
        ('[[colum]]\nfrom = "x"\nto = "nib"\n', "Did you mean column"),
        ("", "it maps no column"),
        ("not toml at all", "is not TOML"),
    ],
)
def test_a_mistake_in_a_map_is_named_with_its_remedy(problems_of, columns, said):
    assert any(said in problem for problem in problems_of(columns))


def test_all_mistakes_of_a_map_are_named_at_once(problems_of):
    found = problems_of(
        '[[column]]\nfrom = "x"\nto = "nibb"\n[[column]]\nfrom = "y"\nto = "staff"\nunit = "kilos"\n',
        head='[map]\nconstants = { gender = "female" }\n',
    )
    assert len(found) == 4
    assert all(problem.startswith("map.toml: ") for problem in found)
    assert {problem.split(": ")[1] for problem in found} == {"map", "column x", "column y"}


def test_a_map_that_is_not_there_is_a_problem_in_words(tmp_path):
    with says(ProgrammeError, match="cannot be read"):
        read_map(tmp_path / "nothing.toml", PROGRAMME)
    (tmp_path / "latin.toml").write_bytes(b'[map]\nname = "caf\xe9"\n')
    with says(ProgrammeError, match="byte 17 is no UTF-8"):
        read_map(tmp_path / "latin.toml", PROGRAMME)


# -- sheets without a map ----------------------------------------------------------------------------------------------


def test_without_a_map_a_header_that_is_no_signal_is_an_error_naming_near_ones():
    with pytest.raises(ProgrammeError) as error:
        plain_map(PROGRAMME, ("participant", "monthly_proft", "nib", "colour"), "people.csv")
    told = said(error.value)
    assert "people.csv: column 'monthly_proft'" in told
    assert "Did you mean monthly_profit" in told
    assert "column 'colour'" in told
    assert told.count("(columns)") == 1
    assert len(error.value.problems) == 2  # one a column, the way out of both being no problem of its own


def test_without_a_map_the_signals_are_read_by_their_names():
    found = plain_map(PROGRAMME, ("participant", "as_of", "nib", "staff", ""))
    cells = {"participant": "a", "as_of": "2026-01-01", "nib": "Y", "staff": "2"}
    assert found.signals(cells) == ({"nib": True, "staff": 2}, [])
    assert found.day_of(cells) == date(2026, 1, 1)


def test_rows_that_name_their_own_signals_hand_unknown_ones_to_the_programme():
    found = plain_map(PROGRAMME)
    assert found.signals({"participant": "a", "colour": "red"})[0] == {"colour": "red"}
    table = {"value": True, "on": "2026-01-01", "proof": "document"}
    assert found.signals({"nib": table})[0] == {"nib": table}


def test_a_map_that_reads_a_column_the_sheet_has_not_names_the_nearest():
    with says(ProgrammeError, match="Did you mean bankacount"):
        check_headers(read_map(CENSUS, PROGRAMME), ["bankacount"], "census.csv")


# -- the map that ships ------------------------------------------------------------------------------------------------


def test_the_census_map_reads_what_the_census_asked_and_nothing_else():
    row = {
        "businessage": "4", "bankaccount": "1", "employeesnumber": "2", "tprofit": "15000", "gender": "1", "age": "31",
        "sec0": "0", "sec1": "0", "sec2": "1", "sec3": "0", "loan": "1", "credit": "0",
    }  # fmt: skip
    found = read_map(CENSUS, PROGRAMME)
    signals, problems = found.signals(row)
    assert problems == []
    assert signals == {
        "business_running": True,
        "applicant": "person",
        "business_age_months": 48,
        "bank_account": True,
        "staff": 2,
        "gender": "woman",
        "age": 31,
        "sector": "services",
    }
    assert found.foreign_money == ("tprofit (KES)",)
    read_participant(rules_on(PROGRAMME, date(2026, 11, 21)), signals)


def test_a_business_without_a_full_year_is_not_said_to_be_zero_months_old():
    row = {"businessage": "0", "sec0": "1", "sec1": "0", "sec2": "0", "sec3": "0", "age": "", "bankaccount": ""}
    assert read_map(CENSUS, PROGRAMME).signals(row)[0] == {"business_running": True, "applicant": "person"}


# -- properties --------------------------------------------------------------------------------------------------------

CELLS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.decimals()
    | st.binary(max_size=4)
)
CELLS |= st.dates() | st.datetimes() | st.lists(st.text(max_size=5) | st.integers(), max_size=3)


@given(CELLS, st.sampled_from([s.id for s in PROGRAMME.signals if not s.derived]))
def test_no_cell_whatever_breaks_the_reading_of_a_row(cell, name):
    found = plain_map(PROGRAMME, (name,))
    signals, problems = found.signals({name: cell})
    assert problems == []
    assert set(signals) <= {name}


@given(st.integers(-(10**14), 10**14))
def test_a_number_is_the_same_as_digits_as_integer_and_as_decimal(number):
    found = plain_map(PROGRAMME, ("monthly_profit",))
    written = [str(number), number, Decimal(number), f" {number}.0"]
    assert {found.signals({"monthly_profit": cell})[0]["monthly_profit"] for cell in written} == {number}


def test_every_conversion_ends_in_a_unit_that_signals_have():
    assert {ours for _, ours in FACTORS} <= {"months", "years", "days", "hours", "rupiah"}


def test_the_map_in_the_docstring_is_a_correct_map(a_map):
    text = training_data.columns.__doc__.partition("[map]")[2].rpartition("A yes or no")[0]
    found = a_map("", head="[map]" + text)
    assert [column.signal.kind for column in found.columns] == [
        "number",
        "choice",
        "money",
        "date",
        "number",
        "choices",
        "choice",
    ]


def test_what_is_near_is_looked_for_of_the_first_names_only(monkeypatch):
    """To look for it takes milliseconds a name, and a header may hold 2,000: a server would do nothing else for a minute."""
    looked_for = []
    monkeypatch.setattr(maps, "_near", lambda name, names: looked_for.append(name) or Message("take_out_or_correct"))
    with pytest.raises(ProgrammeError) as error:
        plain_map(PROGRAMME, [f"column {number}" for number in range(2_000)], "people.csv")
    assert len(error.value.problems) == 2_000
    assert len(looked_for) == maps.MOST_HINTS
