"""Files of referrals: the pack on paper says what the page says, a workbook what the CSV says; for whom the gate lets through."""

from __future__ import annotations

import csv
import io
import re
import tempfile

import pytest
from openpyxl import load_workbook

from api.files.paper import shown
from tests.api.files.test_paper import read_paper
from tests.api.referrals.test_eyes import GONE, Asker
from tests.chains import looks_in
from tests.reading import Reader
from tests.referring import Referring

NIK = "3174097612345098"
ODD = "Şükrü 李 <b> & O'Neil"


@pytest.fixture
def referring(small_kail):
    return Referring(small_kail)


@pytest.fixture
def ask(referring):
    with referring.kail.client() as client:
        yield Asker(referring.kail, client)


def paper_of(answer):
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["cache-control"] == "no-store"
    return read_paper(answer.content)


@pytest.mark.parametrize("language", ["id", "en"])
def test_the_pack_on_paper_says_what_the_page_says(referring, ask, language):
    sent = referring.sent(referring.trader(nik=NIK, name=ODD))
    asked = {"language": language}
    for login in ("officer", "mentor"):
        page = ask(login, "GET", f"/referrals/{sent.id}", params=asked).text
        section = re.search(r"<h3>.*</section>", page, re.DOTALL)[0].removesuffix("</section>")
        pages = paper_of(ask(login, "GET", f"/referrals/{sent.id}/pack.pdf", params=asked))
        assert all(one.splitlines()[-2].endswith(f"· {sent.id}") for one in pages)  # drawn last, above and below
        body = [line for one in pages for line in one.splitlines()[:-2]]
        said = re.sub(r"\s|•", "", "".join(body))
        for element in re.findall(r"<(?:h3|dt|dd|li|td|p)\b.*?</(?:h3|dt|dd|li|td|p)>", section, re.DOTALL):
            assert re.sub(r"\s", "", shown(Reader(element).text)) in said, element
        assert "Rp152" in said  # the sum is written out
        assert NIK in said


def test_every_address_of_the_pack_gives_the_same_paper_and_names_nobody(referring, ask):
    sent = referring.sent(referring.trader(nik=NIK))
    one, other = (ask("officer", "GET", f"{at}/referrals/{sent.id}/pack.pdf") for at in ("", "/api/v1"))
    assert one.content == other.content
    assert one.headers["content-disposition"] == f'attachment; filename="kail-{sent.id}.pdf"'


def test_who_fetched_a_pack_is_noted_as_who_looked(referring, ask):
    sent = referring.sent()
    ask("officer", "GET", f"/referrals/{sent.id}/pack.pdf")
    officer = referring.kail.actors["officer"].account_id
    noted = [row.action for row in looks_in(referring.kail.record) if row.account_id == officer]
    assert noted == ["saw_referral"]


def test_what_was_not_sent_has_no_paper(referring, ask):
    draft = referring.draft(referring.trader())
    for at in ("", "/api/v1"):
        answer = ask("mentor", "GET", f"{at}/referrals/{draft.id}/pack.pdf")
        assert answer.status_code == 404
        assert ask("officer", "GET", f"{at}/referrals/{draft.id}/pack.pdf").status_code == 404


@pytest.mark.parametrize("happens", GONE, ids=lambda one: one.__name__)
def test_whose_consent_is_gone_has_no_paper_and_no_line_for_a_lender(referring, ask, happens):
    sent = referring.sent(referring.trader(nik=NIK))
    assert ask("officer", "GET", f"/referrals/{sent.id}/pack.pdf").status_code == 200
    happens(referring, sent.participant_id)
    for at in ("", "/api/v1"):
        assert ask("officer", "GET", f"{at}/referrals/{sent.id}/pack.pdf").status_code == 404
    rows = rows_of(ask("officer", "GET", "/referrals/workbook"))
    assert NIK not in str(rows)
    assert "Bu Ani" not in str(rows)


def rows_of(answer):
    assert answer.status_code == 200, answer.text
    return [list(row) for row in load_workbook(io.BytesIO(answer.content)).active.iter_rows(values_only=True)]


def test_a_workbook_says_what_the_csv_says_and_runs_nothing(referring, ask, monkeypatch):
    for name in ("Bu Ani", "=1+1", "+cmd|' /C calc'!A0", "@SUM(A1)", "-2", "#N/A", ODD):
        referring.sent(referring.trader(name=name))

    def on_disk(*_, **__):
        raise AssertionError("openpyxl was about to write into the temporary folder")

    monkeypatch.setattr(tempfile, "NamedTemporaryFile", on_disk)
    monkeypatch.setattr("openpyxl.worksheet._writer.create_temporary_file", on_disk)
    answer = ask("officer", "GET", "/referrals/workbook")
    assert answer.headers["content-disposition"] == 'attachment; filename="kail-referrals.xlsx"'
    assert answer.headers["cache-control"] == "no-store"
    text = ask("officer", "GET", "/referrals/file").text.removeprefix("\N{BYTE ORDER MARK}")
    lines = list(csv.reader(io.StringIO(text)))
    rows = [["" if cell is None else str(cell) for cell in row] for row in rows_of(answer)]
    assert rows == [[cell.removeprefix("'") for cell in line] for line in lines]
    assert all(cell.data_type != "f" for row in load_workbook(io.BytesIO(answer.content)).active for cell in row)


def test_a_workbook_holds_what_the_list_was_asked_for(referring, ask):
    small, large = (referring.sent(amount=amount) for amount in (2_000_000, 4_000_000))
    rows = rows_of(ask("officer", "GET", "/referrals/workbook", params={"amount_idr_from": "3000000"}))
    assert [row[-1] for row in rows[1:]] == [large.id]
    assert small.id not in str(rows)
