"""The mentor's own sheet: as it is, without a map and without a typed word."""

from __future__ import annotations

import random

from tests.api.imports.test_imports import people
from tests.importing import page_of, send
from tests.reading import read

HEADER = "No urut;Nama Lengkap;No HP;Omset per bulan;Laba bersih;NIB;Kec.;Tgl mulai usaha;L/P;Cicilan;Keterangan"
NAMES = "Ani Budi Cici Dedi Eka Fani Gani Hani Ika Joko Kiki Lina Mira Nani Oki Puji Rani Sari Tini Umi".split()


def a_sheet(rows=40):
    """People who do not live, as a mentor writes of them."""
    draw = random.Random(1)
    lines = ["DATA BINAAN KELURAHAN CONTOH", "", HEADER]
    for n in range(rows):
        sums = draw.choice(("Rp 1.500.000", "1,5 jt", "Rp. 1.500.000,-", "1.500.000", "1500000"))
        profit = draw.choice(("Rp 500.000", "500rb", "500.000", "0,5 juta"))
        owns, sex = draw.choice(("Ada", "Belum", "v", "Sudah", "tidak ada")), draw.choice("LP")
        place = draw.choice(("Cipayung", "Kec. Tebet", "KOJA", "Pulo Gadung"))
        since = draw.choice(("17 Agustus 2024", "1 Mei 2023", "5 Nop 2022", "12-Agt-2021"))
        phone = f"0812-0000-{n:04}"
        lines.append(
            f"{n + 1};Bu {NAMES[n % 20]} Contoh {n};{phone};{sums};{profit};{owns};{place};{since};{sex};-;rajin"
        )
    return "\n".join(lines) + "\n"


def test_forty_rows_go_in_and_are_told_as_they_were_read(kail):
    found = send(kail, a_sheet(), "Data binaan.csv")
    assert (found.status, found.problems) == ("done", [])
    assert found.counts[:3] == (40, 40, 40)
    theirs = people(kail)
    assert len(theirs) == 40
    for _, facts in theirs.values():
        assert (facts["monthly_revenue"], facts["monthly_profit"]) == (1_500_000, 500_000)
        assert "monthly_instalments" not in facts
        assert facts["business_age_months"] in (27, 42, 48, 63)
    notes = " ".join(found.said["notes"])
    assert "Keterangan: nobody knows it" in notes
    assert "“1,5 jt” read as Rp1,500,000" in notes
    assert "“-” read as unknown: 40 cells." in notes


def test_the_same_sheet_again_registers_nobody_twice(kail):
    send(kail, a_sheet(6))
    again = send(kail, a_sheet(7))
    assert again.counts[:3] == (7, 7, 1)
    assert len(people(kail)) == 7


def test_another_name_with_a_known_phone_is_asked_about_and_not_registered(kail):
    send(kail, "Nama,No HP,NIB\nBu Ani,0812-0000-0001,ada\n")
    found = send(
        kail, "Nama,No HP,NIB\nHj. Ani Contoh,081200000001,belum\nBu Umi,81200000002.0,ada\nTanpa Nomor,,ada\n"
    )
    assert found.counts[:3] == (3, 1, 1)
    assert [problem["remedy"][:30] for problem in found.problems] == [
        "Fill in the NIK, your own code"[:30],
        "Somebody with this phone is reg"[:30],
    ] or {problem["row"] for problem in found.problems} == {1, 3}
    assert people(kail)["Bu Umi"][0]["phone"] == "6281200000002"


def test_the_page_shows_how_a_sheet_was_read(kail):
    with kail.client("mentor") as client:
        agreed = {"consents": ["record", "recommendation"], "channel": "paper", "said_on": "2026-11-20"}
        sheet = {"file": ("Data binaan.csv", a_sheet(3).encode())}
        sent = client.post("/imports", data=agreed, files=sheet, follow_redirects=False)
        text = read(page_of(kail, client, sent)).text
        assert "Begini dibacanya" in text
        assert "Tidak dibaca: Keterangan" in text


def test_what_has_two_readings_is_asked_and_its_row_waits(kail):
    found = send(kail, "Nama,No HP,Omzet,Lama usaha\nBu Ani,081200000001,1.500,2 tahun\nBu Umi,081200000002,2 juta,3\n")
    assert found.counts[:3] == (2, 0, 0)
    assert [(p["field"], p["value"]) for p in found.problems] == [("Omzet", "1.500"), ("Lama usaha", "3")]
    assert people(kail) == {}
