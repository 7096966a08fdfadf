"""The page of approvals: what waits is read, approved, refused and withdrawn by pages alone, in both languages."""

from __future__ import annotations

import re

import pytest

from tests.api.approvals.two import DAY, lets_stand, with_second
from tests.reading import read

BOTH = pytest.mark.parametrize("language", ["id", "en"])


@pytest.fixture
def kail(small_kail):
    with_second(small_kail)
    lets_stand(small_kail, "operator")
    return small_kail


def forms(page):
    return re.findall(r'action="(/[^"?]*)', page.text)


def one(page, act):
    [found] = [form for form in forms(page) if form.endswith(f"/{act}")]
    return found


def test_a_new_password_by_pages(kail):
    mentor = kail.actors["mentor"].account_id
    with kail.client("operator") as client:
        asked = client.post(f"/accounts/{mentor}/password")
        assert asked.url.path == "/approvals"
        text = read(asked).text
        assert "Permintaan dicatat." in text
        assert "Mentor (mentor, Pendamping)" in text
        assert "Diminta oleh Operator, 21 November 2026, 09.00." in text
        assert "Berakhir sendiri 28 November 2026, 09.00." in text
        assert "Yang bisa menyetujui: Operator2." in text
        assert [form.rpartition("/")[2] for form in forms(asked) if "/approvals/" in form] == [
            "withdraw",
            "mentor-reset",
        ]
        again = read(client.post(f"/accounts/{mentor}/password"), 409).text
        assert "sedang menunggu persetujuan" in again
        assert "1 permintaan menunggu persetujuan." in read(client.get("/accounts")).text
    with kail.client("operator2") as client:
        page = client.get("/approvals")
        done = client.post(one(page, "approve"))
        text = read(done).text
        assert "Kata sandi untuk mentor." in text
        assert "<pre" in done.text
        assert "Tidak ada yang menunggu." in text
        page = client.get("/approvals")
        assert "<pre" not in page.text
        assert "Kata sandi baru: sudah dilakukan" in read(page).text
        assert "Diputuskan oleh Operator2, 21 November 2026, 09.00." in page.text
        assert "menunggu persetujuan" not in read(client.get("/accounts")).text


def test_refused_and_withdrawn_by_pages(kail):
    with kail.client("operator") as client:
        for act in ("refuse", "withdraw"):
            new = {"login": f"new-{act}", "name": "Bu Baru", "role": "operator"}
            assert client.post("/accounts", data=new).url.path == "/approvals"
        mine = [form for form in forms(client.get("/approvals")) if form.endswith("/withdraw")]
        assert "Permintaan ditarik." in read(client.post(mine[0])).text
        assert "sudah berakhir: ditarik" in read(client.post(mine[0]), 409).text
    with kail.client("operator2") as client:
        page = client.get("/approvals")
        assert "Kata sandi barunya ditampilkan kepada Anda" in page.text
        assert "Ditolak. Tidak ada yang dilakukan." in read(client.post(one(page, "refuse"))).text
        assert "(ditutup)" in read(client.get("/accounts")).text


@BOTH
def test_an_operators_account_changed_by_pages(kail, language):
    mentor = kail.actors["mentor"].account_id
    said = {
        "id": ("Peran baru: Operator.", "Akun akan ditutup"),
        "en": ("New role: Operator.", "The account is to be closed"),
    }
    with kail.client("operator") as client:
        change = {"version": "1", "role": "operator"}
        page = client.post(f"/accounts/{mentor}", params={"language": language}, data=change)
        text = read(page).text
        assert all(sentence in text for sentence in said[language])
    with kail.client("operator2") as client:
        approve = one(client.get("/approvals"), "approve")
        done = client.post(approve, params={"language": language})
        assert {"id": "Disetujui dan sudah dilakukan.", "en": "Approved and done."}[language] in read(done).text


def test_the_page_of_rights_says_who_has_to_approve_and_by_pages_it_is_asked_for(kail):
    person = kail.participant(name="Bu Ida")
    with kail.client("operator") as client:
        page = client.get(f"/participants/{person}/rights")
        assert read(page).text.count("Operator kedua harus menyetujuinya dulu.") == 2
        assert "terhapus sendiri dalam tiga hari" in page.text
        assert f"/api/v1/participants/{person}/export" not in page.text
        asked = client.post(f"/participants/{person}/export")
        assert "Salinan semua data seorang peserta" in read(asked).text
        assert "Bu Ida" not in asked.text, "a list names nobody"
        assert "sedang menunggu" in read(client.post(f"/participants/{person}/export"), 409).text
    with kail.client("operator2") as client:
        client.post(one(client.get("/approvals"), "approve"))
    with kail.client("operator") as client:
        page = client.get(f"/participants/{person}/rights")
        assert f"/api/v1/participants/{person}/export" in page.text
        done = client.post(f"/participants/{person}/erasure", data={"version": "1", "confirm": "HAPUS"})
        assert done.url.path == "/approvals"
    with kail.client("operator2") as client:
        page = client.get("/approvals")
        assert f"/participants/{person}" in page.text
        assert "Disetujui dan sudah dilakukan." in read(client.post(one(page, "approve"))).text
        assert client.get(f"/participants/{person}").status_code == 404


def test_a_mentor_asks_for_an_erasure_by_pages_and_sees_what_became_of_it(kail):
    person = kail.participant()
    with kail.client("mentor") as client:
        page = client.get(f"/participants/{person}/rights")
        assert f"/api/v1/participants/{person}/export" in page.text, "a copy is theirs to hand out"
        asked = client.post(f"/participants/{person}/erasure", data={"version": "1", "confirm": "HAPUS"})
        text = read(asked).text
        assert "Menghapus semua data seorang peserta" in text
        assert "Yang bisa menyetujui: Operator, Operator2." in text
        assert "Kalau pendamping lupa" not in text
        assert "Permintaan ditarik." in read(client.post(one(asked, "withdraw"))).text


def test_who_is_too_new_reads_why_they_cannot_approve_yet(kail):
    with_second(kail, "new", DAY / 2)
    with two_ask(kail) as client:
        page = client.get("/approvals")
        assert "Anda bisa memutuskan setelah 24 jam memegang peran ini." in read(page).text
        assert [form.rpartition("/")[2] for form in forms(page) if "/approvals/" in form] == ["mentor-reset"]


def two_ask(kail):
    with kail.client("operator") as client:
        client.post(f"/accounts/{kail.actors['mentor'].account_id}/password")
    return kail.client("new")


def test_what_an_organisation_lets_one_do_is_chosen_by_pages(kail):
    with kail.client("operator") as client:
        page = client.get("/approvals")
        assert "Kata sandi baru untuk pendamping perlu dua operator." in read(page).text
        asked = client.post("/approvals/mentor-reset", data={"alone": "true"})
        assert "Cukup satu operator membuat kata sandi baru untuk pendamping, mulai sehari" in read(asked).text
    with kail.client("operator2") as client:
        client.post(one(client.get("/approvals"), "approve"))
        page = client.get("/approvals")
        assert "untuk pendamping, sejak 22 November 2026, 09.00." in read(page).text
        assert "Perlu dua operator lagi" in page.text


def test_the_audit_names_both_in_words(kail):
    mentor = kail.actors["mentor"].account_id
    with kail.client("operator") as client:
        client.post(f"/accounts/{mentor}/password")
    with kail.client("operator2") as client:
        client.post(one(client.get("/approvals"), "approve"))
        text = read(client.get("/audit")).text
    assert "Operator2 membuat kata sandi baru" in text
    assert "tentang: Mentor; tindakan: Kata sandi baru; diminta oleh: Operator" in text


def test_alone_is_said_in_the_audit(small_kail):
    with small_kail.client("operator") as client:
        client.post(f"/accounts/{small_kail.actors['mentor'].account_id}/password")
        assert "sendirian: ya" in read(client.get("/audit")).text
        assert "Yang bisa menyetujui" not in read(client.get("/approvals")).text
