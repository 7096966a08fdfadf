"""Imports: sheets as people keep them, bad rows told and good ones taken, nothing twice, nobody else's people told of."""

from __future__ import annotations

import io
import json

import pytest
from openpyxl import Workbook
from sqlalchemy import select

from api.consents import service as consents
from api.imports.tables import IMPORTS
from api.participants.evidence import evidence_of, signals_of
from api.participants.gate import RECORD, may_further
from api.participants.people import people_of
from tests.every_table import METADATA
from tests.importing import imported, send
from tests.installation import installation

BESIDE = ("sessions", "tries", "jobs", "job_pieces", "audit", "chain_ends")
"""Tables that change with every import, whatever comes of it."""
ANI, IDA, UMI = "3171014101800001", "3171014101800002", "3171014101800003"


def counts(found):
    return found["rows"], found["taken"], found["registered"], found["facts"], found["rejected_rows"]


def people(kail, login="mentor"):
    """Everybody of a mentor: identity and the signals of today, by name."""
    with kail.record.read() as tx:
        found = people_of(tx, kail.actors[login])
        assert not may_further(tx, kail.actors[login], found, RECORD)
        return {
            one.identity.get("name", ""): (
                dict(one.identity),
                {name: fact["value"] for name, fact in signals_of(evidence_of(tx, one), kail.live.rules.day).items()},
            )
            for one in found
        }


def everything(kail):
    with kail.record.read() as tx:
        tables = [table for table in METADATA.sorted_tables if table.name not in BESIDE]
        return {table.name: sorted(map(repr, tx.all(select(table)))) for table in tables}


def a_workbook(*rows):
    book = Workbook()
    for row in rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


# -- forms of a sheet --------------------------------------------------------------------------------------------------

SHEETS = {
    "plain": f"name,nik,phone,nib,monthly_profit\nBu Ani,{ANI},0812 3456 7890,true,3000000\n",
    "Indonesian": f"Nama,NIK,No_HP,nib,monthly_profit\nBu Ani,{ANI},081234567890,true,3000000\n",
    "semicolons with a mark": f"\ufeffNAMA;NIK;Telepon;nib;monthly_profit\nBu Ani;{ANI};+62 812-3456-7890;true;3000000\n",
    "Windows line ends": f"nama,nik,hp,nib,monthly_profit\r\nBu Ani,{ANI},0812.3456.7890,true,3000000\r\n",
    "blanks in the NIK": "nama,nik,phone,nib,monthly_profit\nBu Ani,3171 0141 0180 0001,081234567890,true,3000000\n",
}


@pytest.mark.parametrize("sheet", SHEETS)
def test_a_csv_is_read_however_it_was_saved_and_whichever_language_its_columns_have(small_kail, sheet):
    assert counts(imported(small_kail, SHEETS[sheet])) == (1, 1, 1, 2, 0)
    identity = {"name": "Bu Ani", "nik": ANI, "phone": "6281234567890"}
    assert people(small_kail) == {"Bu Ani": (identity, {"nib": True, "monthly_profit": 3_000_000})}


def sheets(**rows):
    """A workbook with a sheet of each name that holds one row: name, participant, NIK."""
    book = Workbook()
    for title, row in rows.items():
        sheet = book.create_sheet(title)
        sheet.append(["name", "participant", "nik", "nib"])
        sheet.append([*row, True])
    book.save(file := io.BytesIO())
    return file.getvalue()


def test_the_sheet_that_is_named_is_read(small_kail):
    content = sheets(Januari=["Bu Ani", "A1", ANI], Februari=["Bu Ida", "A2", IDA], Café=["Bu Umi", "A3", UMI])
    imported(small_kail, content, "people.xlsx", sheet=" februari")
    assert set(people(small_kail)) == {"Bu Ida"}
    imported(small_kail, content, "people.xlsx", sheet="Cafe\u0301")
    assert set(people(small_kail)) == {"Bu Ida", "Bu Umi"}
    for name, sheet, remedy in (
        ("people.xlsx", "Maret", "'Januari', 'Februari', 'Café'"),
        ("people.csv", "Maret", ".xlsx"),
    ):
        said = send(small_kail, content if name.endswith("xlsx") else "name,nik\n", name, sheet=sheet).problems
        assert [problem["field"] for problem in said] == ["sheet"]
        assert remedy in said[0]["remedy"]


def test_another_sheet_of_the_same_file_is_not_the_same_import(small_kail):
    content = sheets(Januari=["Bu Ani", "A1", ANI], Februari=["Bu Ida", "A2", "12"])
    assert counts(imported(small_kail, content, "people.xlsx", sheet="Januari")) == (1, 1, 1, 1, 0)
    found = imported(small_kail, content, "people.xlsx", sheet="Februari")
    assert counts(found) == (1, 0, 0, 0, 1)
    assert [problem["field"] for problem in found["problems"]] == ["nik"]
    assert send(small_kail, content, "people.xlsx", sheet="Januari").status == "failed"


@pytest.mark.parametrize("headers", [("Nama", "NIK", "HP"), ("name", "nik", "phone"), ("NAMA", "Nik", "Telepon")])
def test_a_workbook_is_read_with_a_phone_number_that_lost_its_zero(small_kail, headers):
    content = a_workbook([*headers, "nib"], ["Bu Ani", ANI, 81234567890, True])
    assert counts(imported(small_kail, content, "people.xlsx")) == (1, 1, 1, 1, 0)
    assert people(small_kail)["Bu Ani"][0] == {"name": "Bu Ani", "nik": ANI, "phone": "6281234567890"}


@pytest.mark.parametrize("nik", [int(ANI), float(ANI)])
def test_a_nik_kept_as_a_number_is_refused_since_excel_loses_its_last_digit(small_kail, nik):
    content = a_workbook(["Nama", "NIK", "nib"], ["Bu Ani", nik, True], ["Bu Ida", IDA, True])
    found = imported(small_kail, content, "people.xlsx")
    assert counts(found) == (2, 1, 1, 1, 1)
    assert [(p["row"], p["cell"], p["field"], p["value"]) for p in found["problems"]] == [(1, "B2", "NIK", "")]
    assert "Text" in found["problems"][0]["remedy"]
    assert set(people(small_kail)) == {"Bu Ida"}


def test_rows_of_json_name_their_own_columns(small_kail):
    rows = [
        {"name": "Bu Ani", "nik": ANI, "phone": "081234567890", "nib": True},
        {"nama": "Bu Ida", "NIK": IDA, "telepon": "081234567891", "nib": False},
        {"participant": "7", "name": "Bu Umi", "nib": True},
        {"name": "Bu Eni", "nib": True},
    ]
    found = imported(small_kail, "".join(json.dumps(row) + "\n" for row in rows), "people.jsonl")
    assert counts(found) == (4, 3, 3, 3, 1)
    assert [(problem["row"], problem["field"]) for problem in found["problems"]] == [(4, "nik")]
    mine = people(small_kail)
    assert mine["Bu Ani"][0] == {"name": "Bu Ani", "nik": ANI, "phone": "6281234567890"}
    assert mine["Bu Ida"][0] == {"name": "Bu Ida", "nik": IDA, "phone": "6281234567891"}
    assert mine["Bu Umi"][0] == {"name": "Bu Umi", "own_id": "7"}


MAP = """
[map]
name = "Our sheet"
participant = "id"
as_of = "tanggal"
as_of_format = "%d/%m/%Y"

[[column]]
from = "punya NIB"
to = "nib"

[[column]]
from = "laba"
to = "monthly_profit"
thousands = "."
"""


def test_a_column_map_reads_columns_of_any_name_and_the_day_on_which_a_row_was_true(small_kail):
    sheet = "id;Nama;NIK;tanggal;punya NIB;laba;catatan\nK-7;Bu Ani;" + ANI + ";01/10/2026;ya;3.000.000;-\n"
    found = imported(small_kail, sheet, columns=MAP)
    assert counts(found) == (1, 1, 1, 2, 0)
    with small_kail.record.read() as tx:
        (person,) = people_of(tx, small_kail.actors["mentor"], "K-7")
        may_further(tx, small_kail.actors["mentor"], [person], RECORD)
        facts = {fact.signal: (fact.value, fact.on.isoformat()) for fact in evidence_of(tx, person)}
    assert facts == {"nib": (True, "2026-10-01"), "monthly_profit": (3_000_000, "2026-10-01")}


# -- bad rows ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "word"), [("en", "16 digits"), ("id", "16 angka")])
def test_bad_rows_are_told_with_row_field_value_and_remedy_while_good_ones_go_in(small_kail, language, word):
    sheet = (
        "nama,nik,phone,nib,monthly_profit\n"
        f"Bu Ani,{ANI},,true,3000000\n"
        "Bu Ida,12345,,maybe,100\n"
        f"Bu Umi,{UMI},12,true,much\n"
        ",,,true,1\n"
        f"Bu Eni,{IDA},,false,200000\n"
    )
    found = imported(small_kail, sheet, language=language)
    assert counts(found) == (5, 2, 2, 4, 3)
    told = [(p["row"], p["line"], p["field"], p["value"]) for p in found["problems"]]
    assert sorted(told) == [
        (2, 3, "nib", "maybe"),
        (2, 3, "nik", ""),
        (3, 4, "monthly_profit", "much"),
        (3, 4, "phone", ""),
        (4, 5, "nik", ""),
    ]
    assert all(problem["remedy"] for problem in found["problems"])
    assert word in next(p["remedy"] for p in found["problems"] if p["field"] == "nik")
    assert "12345" not in json.dumps(found)  # a wrong NIK is not repeated
    assert set(people(small_kail)) == {"Bu Ani", "Bu Eni"}


def test_a_row_that_contradicts_what_is_known_is_told_and_changes_nothing(small_kail):
    person = small_kail.participant(nik=ANI)
    small_kail.evidence(person, business_running=True, months_of_books=8)
    found = imported(small_kail, f"nik,business_age_months,nib\n{ANI},3,true\n")
    assert counts(found) == (1, 0, 0, 0, 1)
    assert [(p["row"], p["field"]) for p in found["problems"]] == [(1, "business_age_months")]
    assert "nib" not in people(small_kail)["Bu Ani"][1]


def test_somebody_who_withdrew_consent_is_refused_as_a_problem_of_their_row(small_kail):
    person = small_kail.participant(nik=ANI)
    with small_kail.record.write() as tx:
        day = small_kail.clock.now.date()
        consents.say(tx, small_kail.actors["mentor"], person, "record", given=False, channel="phone", said_on=day)
    found = imported(small_kail, f"name,nik,nib\nBu Ani,{ANI},true\nBu Ida,{IDA},true\n")
    assert counts(found) == (2, 1, 1, 1, 1)
    assert [(p["row"], p["field"]) for p in found["problems"]] == [(1, "consent")]
    assert "consent" in found["problems"][0]["remedy"].lower()
    with small_kail.record.read() as tx:
        assert not consents.stands(tx, person, "record")  # a sheet does not give it back


@pytest.mark.parametrize("by", ["nik", "participant"])
def test_somebody_of_another_mentor_is_refused_without_telling_who(small_kail, by):
    person = small_kail.participant("mentor2", name="Bu Rahasia", nik=ANI, own_id="K-7")
    key = {"nik": ANI, "participant": "K-7"}[by]
    before = people(small_kail, "mentor2")
    found = imported(small_kail, f"{by},name,nib\n{key},Bu Ani,true\n")
    assert counts(found) == (1, 0, 0, 0, 1)
    assert [(p["row"], p["field"], p["value"]) for p in found["problems"]] == [(1, by, "")]
    for secret in ("Rahasia", ANI, person, small_kail.actors["mentor2"].name, small_kail.actors["mentor2"].account_id):
        assert secret not in json.dumps(found)
    assert people(small_kail, "mentor2") == before
    assert people(small_kail) == {}


def test_another_organisations_people_are_nobody_here(small_kail):
    small_kail.participant("other_mentor", name="Bu Rahasia", nik=ANI, own_id="K-7")
    found = imported(small_kail, f"participant,nik,nib\nK-7,{ANI},true\n")
    assert counts(found) == (1, 1, 1, 1, 0)
    assert people(small_kail)[""][0] == {"nik": ANI, "own_id": "K-7"}


def test_two_rows_with_the_same_nik_are_one_person(small_kail):
    found = imported(small_kail, f"name,nik,nib,sku\nBu Ani,{ANI},true,\nIbu Ani,{ANI},,false\nBu Ani,{ANI},true,\n")
    assert counts(found) == (3, 3, 1, 2, 0)
    assert people(small_kail) == {"Bu Ani": ({"name": "Bu Ani", "nik": ANI}, {"nib": True, "sku": False})}


def test_two_ids_with_the_same_nik_or_two_niks_with_the_same_id_are_told(small_kail):
    sheet = f"participant,name,nik,nib\n1,Bu Ani,{ANI},true\n2,Bu Ida,{ANI},false\n1,Bu Umi,{UMI},false\n1,,,\n"
    found = imported(small_kail, sheet)
    assert counts(found) == (4, 2, 1, 1, 2)
    assert [(p["row"], p["field"]) for p in found["problems"]] == [(2, "participant"), (3, "nik")]
    assert people(small_kail) == {"Bu Ani": ({"name": "Bu Ani", "nik": ANI, "own_id": "1"}, {"nib": True})}


def test_a_nik_of_one_and_an_id_of_another_are_told(small_kail):
    imported(small_kail, f"participant,name,nik,nib\n1,Bu Ani,{ANI},true\n2,Bu Ida,{IDA},true\n")
    found = imported(small_kail, f"participant,nik,nib\n1,{IDA},false\n")
    assert counts(found) == (1, 0, 0, 0, 1)
    assert all(signals == {"nib": True} for _, signals in people(small_kail).values())


# -- files -------------------------------------------------------------------------------------------------------------


def test_the_same_file_twice_is_refused_and_changes_nothing(kail):
    sheet = f"name,nik,nib\nBu Ani,{ANI},true\n"
    imported(kail, sheet)
    before = everything(kail)
    again = send(kail, sheet, "another-name.csv")
    assert again.status == "failed"
    assert "21 November 2026" in again.problems[0]["message"]
    assert everything(kail) == before


def test_the_same_rows_in_another_file_write_nothing_twice(kail):
    sheet = f"participant,name,nik,nib,existing_credit\nK-7,Bu Ani,{ANI},true,kur\n"
    assert counts(imported(kail, sheet))[1:4] == (1, 1, 2)
    before = everything(kail)
    found = imported(kail, sheet + "\n")
    assert counts(found) == (1, 1, 0, 0, 0)
    after = everything(kail)
    assert {name for name in after if after[name] != before[name]} == {"imports"}


def test_another_mentor_may_import_the_same_file_for_their_own(small_kail):
    sheet = "participant,nib\n1,true\n"
    assert counts(imported(small_kail, sheet))[1:3] == (1, 1)
    assert counts(imported(small_kail, sheet, login="other_mentor"))[1:3] == (1, 1)
    found = imported(small_kail, sheet, login="mentor2")  # of the same organisation: that id is taken
    assert counts(found) == (1, 0, 0, 0, 1)


MOST_ROWS = 1_000
TOO_LONG = "participant,nib\n" + "".join(f"{number},true\n" for number in range(MOST_ROWS + 1))


@pytest.fixture
def kail_of_few_rows(tmp_path):
    """An installation whose operator allows no more rows than that."""
    with installation(tmp_path / "data", upload_rows=MOST_ROWS) as made:
        yield made


@pytest.mark.parametrize(
    ("content", "name", "what"),
    [
        ("name,nib\nBu Ani,true\n", "people.csv", "participant"),
        ("", "people.csv", ""),
        ("name,nik,nib\n", "people.csv", "no row"),
        ("warna,shoe_size\nmerah,42\n", "people.csv", "shoe_size"),
        ("hello", "people.pdf", ""),
        (b"PK\x03\x04 not a workbook", "people.xlsx", ""),
        (b"name,nik\n\x81\xfe,1\n", "people.csv", ""),
        (TOO_LONG, "people.csv", "1,000"),
    ],
    ids=["no id", "empty", "no rows", "unknown column", "a pdf", "no workbook", "no UTF-8", "too long"],
)
def test_a_file_that_cannot_be_read_is_refused_with_a_remedy_and_nothing_is_kept(kail_of_few_rows, content, name, what):
    before = everything(kail_of_few_rows)
    answer = send(kail_of_few_rows, content, name)
    assert answer.status == "failed"
    problems = answer.problems
    assert problems
    assert all(problem["field"] == "file" and problem["message"] and problem["remedy"] for problem in problems)
    assert what in json.dumps(problems)
    assert everything(kail_of_few_rows) == before


NO_ROWS = {
    "id": ("Ada judul kolom, tetapi tidak ada barisnya.", "Tambahkan satu baris untuk setiap orang."),
    "en": ("There is a header but no row.", "Add one row for each person."),
}
LONG = {
    "id": ("Isinya lebih dari 1.000 baris.", "Bagi menjadi beberapa berkas."),
    "en": ("It has more than 1,000 rows.", "Import it in several files."),
}

STRANGE = {
    "id": (
        "Tidak ada kolom yang dikenal: warna, shoe_size.",
        "Beri judul kolom yang biasa dipakai, misalnya Nama, Omzet, NIB. Nama dari kami: Yang mengajukan, KTP DKI Jakarta, Kecamatan, Datang untuk, Mau punya atau memajukan usaha, Usaha sedang berjalan, Umur usaha, Jenis usaha.",
    ),
    "en": (
        "No column is known: warna, shoe_size.",
        "Name the columns as people call them, such as Nama, Omzet, NIB; ours are: Who applies, Jakarta identity card, Kecamatan (district), Came for, Wants to run or grow a business, Business is running, Age of the business, Kind of business.",
    ),
}


@pytest.mark.parametrize(("asked", "told"), [(None, "id"), ("id", "id"), ("en", "en")])
@pytest.mark.parametrize(
    ("content", "said"),
    [("name,nik,nib\n", NO_ROWS), (TOO_LONG, LONG), ("warna,shoe_size\nmerah,42\n", STRANGE)],
    ids=["no rows", "too long", "unknown column"],
)
def test_why_a_file_cannot_be_read_is_told_in_indonesian_unless_english_is_asked(
    kail_of_few_rows, content, said, asked, told
):
    answer = send(kail_of_few_rows, content, language=asked)
    assert answer.status == "failed"
    (problem,) = answer.problems
    assert (problem["message"], problem["remedy"]) == said[told]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"consents": ""}, "consents"),
        ({"consents": "record,referral"}, "consents"),
        ({"channel": "telepathy"}, "channel"),
        ({"said_on": "2026-11-22"}, "said_on"),
        ({"owner": "me"}, "owner"),
    ],
)
def test_whoever_imports_must_say_how_and_when_people_agreed(small_kail, fields, field):
    answer = send(small_kail, f"nik,nib\n{ANI},true\n", **fields)
    assert answer.status == 400
    assert field in [problem["field"] for problem in answer.problems]
    assert people(small_kail) == {}


def test_nobody_new_goes_in_without_consent_to_be_kept(small_kail):
    found = imported(small_kail, f"nik,nib\n{ANI},true\n", consents="recommendation")
    assert counts(found) == (1, 0, 0, 0, 1)
    assert people(small_kail) == {}


def test_what_was_imported_is_counted_where_the_same_file_is_looked_for(small_kail):
    imported(small_kail, f"nik,nib\n{ANI},true\n12,true\n")
    with small_kail.record.read() as tx:
        (row,) = tx.all(select(IMPORTS))
    assert (row.rows_taken, row.rows_rejected) == (1, 1)
