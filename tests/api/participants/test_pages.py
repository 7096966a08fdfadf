"""Participants by pages alone: registering, evidence, consents, rights, importing; and whose they are."""

import pytest

from api.accounts.service import change_account
from api.participants import people
from api.record.key_store import Vault
from tests.importing import page_of
from tests.installation import A_TRADER
from tests.reading import errors_of, field, read

BOTH = pytest.mark.parametrize("language", ["id", "en"])
AGREED = {
    "consents": ["record", "recommendation"],
    "channel": "paper",
    "said_on": "2026-11-21",
    "text_version": "2026-11",
}
OF_A_PERSON = ("", "/identity", "/evidence", "/history", "/assessments", "/consents", "/rights")


def version_of(client, person, page="/identity"):
    return field(read(client.get(f"/participants/{person}{page}")), "version")


@BOTH
@pytest.mark.parametrize("path", ["/participants", "/participants/new", "/imports"])
def test_each_page_is_there_in_both_languages(small_kail, language, path):
    small_kail.participant()
    with small_kail.client("mentor") as client:
        reader = read(client.get(path, params={"language": language}))
    assert ("html", {"lang": language}) in reader.tags


@BOTH
def test_each_page_of_a_participant_is_there_in_both_languages(small_kail, language):
    person = small_kail.participant(name="Bu Ani")
    small_kail.evidence(person)
    with small_kail.client("mentor") as client:
        for page in OF_A_PERSON:
            response = client.get(f"/participants/{person}{page}", params={"language": language})
            assert "Bu Ani" in read(response).text
            assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("page", OF_A_PERSON)
def test_another_mentors_participant_is_not_there_in_the_same_words(small_kail, page):
    person = small_kail.participant("mentor2")
    with small_kail.client("mentor") as client:
        theirs = client.get(f"/participants/{person}{page}")
        nobodys = client.get(f"/participants/{'0' * 24}{page}")
    read(theirs, 404)
    assert theirs.text == nobodys.text


def test_a_name_is_never_markup(small_kail):
    person = small_kail.participant(name="<script>alert(1)</script>")
    with small_kail.client("mentor") as client:
        for path in ("/work-list", "/participants", *(f"/participants/{person}{page}" for page in OF_A_PERSON)):
            response = client.get(path)
            assert "script" not in [tag for tag, _ in read(response).tags]
            assert "&lt;script&gt;" in response.text


def test_registering_lists_every_mistake_and_keeps_what_was_typed(small_kail):
    with small_kail.client("mentor") as client:
        typed = {
            **AGREED,
            "name": "",
            "nik": "12",
            "phone": "x",
            "own_id": "K-7",
            "said_on": "2027-01-01",
            "channel": "",
        }
        response = client.post("/participants/new", data={**typed, "consents": "training"})
        assert errors_of(response) == ["name", "nik", "phone", "channel", "said_on"]
        reader = read(response, 400)
        assert (field(reader, "own_id"), field(reader, "nik")) == ("K-7", "12")
        ticked = [a["value"] for _, a in reader.tags if a.get("name") == "consents" and "checked" in a]
        assert ticked == ["training"]
        assert "Nomor telepon terdiri dari" in reader.text
        none = client.post("/participants/new", data={**AGREED, "name": "Bu Ani", "consents": ["training"]})
        assert errors_of(none, 409) == ["consents"]


def test_a_nik_that_is_known_is_refused_and_stands_in_no_address(small_kail):
    small_kail.participant(nik="3172012345678901")
    with small_kail.client("mentor") as client:
        again = client.post("/participants/new", data={**AGREED, "name": "Bu Ani", "nik": "3172012345678901"})
        assert errors_of(again, 409) == ["nik"]
        found = client.post("/participants", data={"search": "3172012345678901"})
        assert "Bu Ani" in read(found).text
        assert "3172" not in str(found.url)
        assert "Tidak ada yang cocok" in read(client.post("/participants", data={"search": "Bu Tuti"})).text


@pytest.mark.parametrize("login", ["mentor", "operator"])
@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("3172012345678901", ["Bu Ani"]),
        ("3172 0123 4567 8901", ["Bu Ani"]),
        ("0812-3456-7890", ["Bu Ani", "Pak Budi"]),  # a family may share one phone
        ("+62 812 3456 7890", ["Bu Ani", "Pak Budi"]),
        ("(+62) 812–3456-7890", ["Bu Ani", "Pak Budi"]),
        ("\u202a+62 812\u20113456\u20117890\u202c", ["Bu Ani", "Pak Budi"]),  # as a contact is pasted
        ("17", ["Bu Cici"]),
        ("12-34", ["Pak Dedi"]),
        ("3172012345678902", []),
        ("081234567890123", []),
    ],
)
def test_a_number_is_looked_up_and_nobody_else_is_opened(small_kail, monkeypatch, login, search, found):
    small_kail.participant(name="Bu Ani", nik="3172012345678901", phone="6281234567890")
    small_kail.participant(name="Pak Budi", phone="6281234567890")
    small_kail.participant(name="Bu Cici", own_id="17")
    small_kail.participant(name="Pak Dedi", own_id="12-34")
    small_kail.participant("other_mentor", name="Bu Eka", nik="3172012345678901", phone="6281234567890")
    opened, unseal_each = [], Vault.unseal_each
    monkeypatch.setattr(Vault, "unseal_each", lambda *given: opened.append(given[2]) or unseal_each(*given))
    with small_kail.record.read() as tx:
        people_found = people.people_of(tx, small_kail.actors[login], search)
    assert [person.identity["name"] for person in people_found] == found
    assert len(opened) == len(found)


@pytest.mark.parametrize(
    "search",
    ["ani", "BU AN", "A-17", "a-17", " ani ", "warung 99", "99", "5²", "NIK 3172012345678901", "Ani 0812 3456 7890"],
)
def test_what_is_no_number_is_part_of_a_name_or_an_own_id(small_kail, search):
    details = {"nik": "3172012345678901", "phone": "6281234567890"}
    small_kail.participant(name="Bu Ani, Warung 99, toko 5²", own_id="A-17", **details)
    small_kail.participant(name="Pak Budi", own_id="B-17")
    with small_kail.record.read() as tx:
        found = people.people_of(tx, small_kail.actors["mentor"], search)
    assert [person.identity["name"] for person in found] == ["Bu Ani, Warung 99, toko 5²"]


def test_a_correction_needs_the_latest_version(small_kail):
    person = small_kail.participant(name="Bu Ani", phone="6281234567890")
    with small_kail.client("mentor") as client:
        version = version_of(client, person)
        new = {"name": "Bu Ani S.", "nik": "", "phone": "", "version": version}
        text = read(client.post(f"/participants/{person}/identity", data=new)).text
        assert "Bu Ani S." in text
        assert "62812" not in text
        stale = client.post(f"/participants/{person}/identity", data={**new, "name": "Bu Anu"})
        assert "bukan yang terakhir" in read(stale, 409).text
        assert field(read(stale, 409), "name") == "Bu Anu"


def test_a_field_is_read_as_people_write_and_what_has_two_readings_is_asked(small_kail):
    person = small_kail.participant()
    with small_kail.client("mentor") as client:
        form = {"version": version_of(client, person, "/evidence"), "on": "2026-11-20"}
        filled = {
            "signals.monthly_profit": "1,5 juta",
            "signals.business_age_months": "2 tahun 3 bulan",
            "signals.staff": "-",
        }
        open_ = {
            "signals.monthly_revenue": "1.500",
            "signals.amount_asked": "1.500,000",
            "signals.months_of_books": "2,5",
        }
        response = client.post(f"/participants/{person}/evidence", data=form | filled | open_)
        assert sorted(errors_of(response)) == sorted(open_)
        assert "bisa 1500 atau 1.5" in read(response, 400).text
        assert field(read(response, 400), "signals.monthly_profit") == "1,5 juta"
        text = read(client.post(f"/participants/{person}/evidence", data=form | filled)).text
        assert "Rp1.500.000" in text
        assert "27 bulan" in text
        assert "Orang yang bekerja" not in text


def test_only_what_was_filled_in_is_recorded(small_kail):
    person = small_kail.participant()
    small_kail.evidence(person, sku=True)
    with small_kail.client("mentor") as client:
        form = {
            "version": version_of(client, person, "/evidence"),
            "on": "2026-11-20",
            "said_by": "suami",
            "proof": "document",
        }
        filled = {
            "signals.nib": "true",
            "signals.monthly_profit": "Rp 3.000.000",
            "signals.staff": "",
            "signals.came_for": "capital",
        }
        many = {"signals.existing_credit": "-", "signals.sales_channels": ["-"]}
        text = read(client.post(f"/participants/{person}/evidence", data=form | filled | many)).text
        assert "Rp3.000.000" in text
        assert "20 November 2026" in text
        assert "Orang yang bekerja" not in text
        history = read(client.get(f"/participants/{person}/history")).text
        assert "NIB (nomor induk berusaha) : ya" in history.replace("</strong>", "") or "suami" in history
        assert "ada dokumennya" in history
        form["version"] = version_of(client, person, "/evidence")
        gone = client.post(f"/participants/{person}/evidence", data={**form, "on": "2026-11-21", "gone.sku": "true"})
        assert "SKU" not in read(gone).text
        assert "ditarik kembali" in read(client.get(f"/participants/{person}/history")).text


def test_the_evidence_form_lists_every_mistake_and_keeps_what_was_typed(small_kail):
    person = small_kail.participant()
    with small_kail.client("mentor") as client:
        form = {"version": version_of(client, person, "/evidence"), "on": "2026-11-21"}
        filled = {
            "signals.staff": "banyak",
            "signals.age": "900",
            "signals.nib": "true",
            "signals.amount_asked": "5.000.000",
        }
        response = client.post(f"/participants/{person}/evidence", data=form | filled)
        assert sorted(errors_of(response)) == ["signals.age", "signals.staff"]
        reader = read(response, 400)
        assert field(reader, "signals.staff") == "banyak"
        assert field(reader, "signals.amount_asked") == "5.000.000"
        later = client.post(
            f"/participants/{person}/evidence", data={**form, "on": "2026-12-01", "signals.nib": "true"}
        )
        assert errors_of(later) == ["on"]
        clash = {"signals.wants_capital": "false", "signals.amount_asked": "5000000"}
        read(client.post(f"/participants/{person}/evidence", data=form | clash), 400)
        assert "Belum ada yang diisi" in read(client.get(f"/participants/{person}")).text


def test_a_field_that_nobody_asked_for_is_refused(small_kail):
    person = small_kail.participant()
    with small_kail.client("mentor") as client:
        form = {"version": version_of(client, person, "/evidence"), "signals.nobody": "1", "other": "2"}
        read(client.post(f"/participants/{person}/evidence", data=form), 400)
        assert read(client.post("/participants", content=b"search=%ff"), 400)


def test_consent_is_taken_back_as_it_was_given_and_the_data_is_no_longer_shown(small_kail):
    person = small_kail.participant()
    small_kail.evidence(person)
    said = {
        "purpose": "record",
        "given": "false",
        "channel": "spoken",
        "said_on": "2026-11-21",
        "text_version": "2026-11",
    }
    with small_kail.client("mentor") as client:
        path = f"/participants/{person}/consents"
        version = version_of(client, person, "/consents")
        assert errors_of(client.post(path, data={"version": version, "channel": "spoken"})) == ["purpose", "given"]
        assert "Persetujuan sudah dicatat" in read(client.post(path, data={**said, "version": version})).text
        assert "bukan yang terakhir" in read(client.post(path, data={**said, "version": version}), 409).text
        page = read(client.get(f"/participants/{person}")).text
        assert "tidak ditampilkan" in page
        assert "Rp3.000.000" not in page
        read(client.get(f"/participants/{person}/evidence"), 409)


def test_erasing_needs_the_word(small_kail):
    person = small_kail.participant(name="Bu Ani")
    with small_kail.client("mentor") as client:
        version = version_of(client, person, "/rights")
        no = client.post(f"/participants/{person}/erasure", data={"version": version, "confirm": "ya"})
        assert errors_of(no) == ["confirm"]
        yes = client.post(f"/participants/{person}/erasure", data={"version": version, "confirm": "hapus"})
        assert "sudah dihapus" in read(yes).text
        assert "Bu Ani" not in yes.text
        read(client.get(f"/participants/{person}"), 404)


def test_an_operator_finds_by_searching_and_hands_over(small_kail):
    person = small_kail.participant(name="Bu Ani")
    small_kail.evidence(person)
    other = small_kail.actors["mentor2"].account_id
    with small_kail.client("operator") as client:
        assert "Bu Ani" not in read(client.get("/participants")).text
        assert "Bu Ani" in read(client.post("/participants", data={"search": "ani"})).text
        page = read(client.get(f"/participants/{person}")).text
        assert "Rp3.000.000" not in page
        version = version_of(client, person, "/mentor")
        path = f"/participants/{person}/mentor"
        assert errors_of(client.post(path, data={"version": version, "mentor_id": ""})) == ["mentor_id"]
        assert "sudah dipindahkan" in read(client.post(path, data={"version": version, "mentor_id": other})).text
        read(client.get(f"/participants/{person}/evidence"), 403)
    with small_kail.client("mentor") as client:
        read(client.get(f"/participants/{person}"), 404)


def test_an_operator_finds_the_participants_of_a_mentor_whose_account_is_closed(small_kail):
    small_kail.participant(name="Bu Ani")
    small_kail.participant("mentor2", name="Bu Cici")
    gone = small_kail.actors["mentor"].account_id
    with small_kail.record.write() as tx:
        change_account(tx, small_kail.actors["operator"], gone, 1, active=False)
    with small_kail.client("operator") as client:
        assert f'value="{gone}"' in client.get("/participants").text
        found = read(client.post("/participants", data={"search": "", "of_mentor": gone})).text
        assert "Bu Ani" in found
        assert "Bu Cici" not in found
    with small_kail.client("other_operator") as client:
        assert "Bu Ani" not in read(client.post("/participants", data={"of_mentor": gone})).text
    with small_kail.client("mentor2") as client:
        assert "Bu Ani" not in read(client.post("/participants", data={"of_mentor": gone})).text


def test_a_file_is_imported_and_its_bad_rows_are_shown(small_kail):
    sheet = "participant,nama,nib,staff\nA1,Bu Ani,true,2\nA2,Pak Budi,true,banyak\n"
    agreed = {**AGREED, "consents": "record"}
    with small_kail.client("mentor") as client:
        empty = client.post("/imports", data={"channel": "paper", "said_on": ""}, files={"columns": ("", b"")})
        assert errors_of(empty) == ["consents", "file"]
        files = {"file": ("orang.csv", sheet.encode()), "columns": ("", b"")}
        sent = client.post("/imports", data=agreed, files=files, follow_redirects=False)
        assert sent.headers["location"].startswith("/jobs/")
        assert "Menunggu giliran" in read(client.get(sent.headers["location"])).text
        text = read(page_of(small_kail, client, sent)).text
        assert "2 baris dibaca: 1 masuk" in text
        assert "staff: “banyak”" in text
        again = client.post(
            "/imports", data=agreed, files={"file": ("orang.csv", sheet.encode())}, follow_redirects=False
        )
        text = read(page_of(small_kail, client, again)).text
        assert "Berkas ini sudah dimasukkan pada 21 November 2026" in text
        assert "Tidak perlu apa-apa" in text
        assert "tetap tersimpan" not in text
        assert "Bu Ani" in read(client.get("/participants")).text


def test_every_signal_can_be_filled_in(small_kail):
    person = small_kail.participant()
    with small_kail.client("mentor") as client:
        reader = read(client.get(f"/participants/{person}/evidence"))
        asked = {a["name"].removeprefix("signals.") for _, a in reader.tags if a.get("name", "").startswith("signals.")}
        assert asked == {name for name, signal in small_kail.live.rules.signals.items() if not signal.derived}
        assert set(A_TRADER) <= asked
