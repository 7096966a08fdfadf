"""Signing in and out, one's own account, the operator's accounts and audit: by pages alone."""

import pytest

from tests.installation import PASSWORD
from tests.reading import errors_of, field, read

BOTH = pytest.mark.parametrize("language", ["id", "en"])


def sign_in(client, login="mentor", password=PASSWORD, **more):
    return client.post("/sign-in", data={"login": login, "password": password, **more}, follow_redirects=False)


@BOTH
@pytest.mark.parametrize(
    ("login", "path", "heading"),
    [
        (None, "/sign-in", {"id": "Masuk", "en": "Sign in"}),
        ("lender", "/account", {"id": "Kunci API", "en": "API keys"}),
        ("mentor", "/account", {"id": "Ganti kata sandi", "en": "Change the password"}),
        ("operator", "/accounts", {"id": "Tambah akun", "en": "Add an account"}),
        ("operator", "/audit", {"id": "Siapa melihat", "en": "Who saw"}),
    ],
)
def test_each_page_is_there_in_both_languages(small_kail, language, login, path, heading):
    with small_kail.client(login) as client:
        reader = read(client.get(path, params={"language": language}))
    assert ("html", {"lang": language}) in reader.tags
    assert heading[language] in reader.text


@pytest.mark.parametrize(
    ("login", "home"),
    [("mentor", "/work-list"), ("operator", "/accounts"), ("analyst", "/disagreements"), ("lender", "/referrals")],
)
def test_each_role_begins_at_its_own_page(small_kail, login, home):
    with small_kail.client() as client:
        response = sign_in(client, login)
        assert (response.status_code, response.headers["location"]) == (303, home)
        assert read(client.get(home)).text
        assert client.get("/sign-in", follow_redirects=False).headers["location"] == home


def test_whoever_is_signed_out_is_led_to_sign_in_and_back(small_kail):
    with small_kail.client() as client:
        response = client.get("/participants?language=en", follow_redirects=False)
        assert (response.status_code, response.headers["location"]) == (
            303,
            "/sign-in?language=en&next=%2Fparticipants",
        )
        assert field(read(client.get(response.headers["location"])), "next") == "/participants"
        assert sign_in(client, next="/participants").headers["location"] == "/participants"


@pytest.mark.parametrize(
    "elsewhere", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:x", "/a?b"]
)
def test_nobody_is_led_to_another_site(small_kail, elsewhere):
    with small_kail.client() as client:
        assert sign_in(client, next=elsewhere).headers["location"] == "/work-list"


def test_a_form_sent_after_the_session_ended_says_that_nothing_was_recorded(small_kail):
    with small_kail.client() as client:
        reader = read(client.post("/participants/new", data={"name": "Bu Ani"}), 401)
    assert "belum dicatat" in reader.text


def test_a_wrong_password_keeps_the_login_and_never_the_password(small_kail):
    with small_kail.client() as client:
        response = sign_in(client, password="bukan-ini-juga")
        assert errors_of(response, 401) == ["password"]
    assert field(read(response, 401), "login") == "mentor"
    assert "bukan-ini-juga" not in response.text


def test_a_form_from_another_site_signs_nobody_in(small_kail):
    with small_kail.client() as client:
        headers = {"sec-fetch-site": "cross-site"}
        response = client.post("/sign-in", data={"login": "mentor", "password": PASSWORD}, headers=headers)
        read(response, 403)
        assert "set-cookie" not in response.headers


def test_signing_out_ends_the_session(small_kail):
    with small_kail.client("mentor") as client:
        assert client.post("/sign-out", follow_redirects=False).headers["location"] == "/"
        assert client.get("/work-list", follow_redirects=False).status_code == 303


def test_the_first_page_leads_to_sign_in_only_where_there_is_a_record(small_kail, client):
    with small_kail.client() as browser:
        assert 'href="/sign-in"' in browser.get("/").text
    assert "/sign-in" not in client.get("/").text


def test_a_new_password_must_be_good_and_every_mistake_is_listed(small_kail):
    with small_kail.client("mentor") as client:
        response = client.post("/account/password", data={"old": "salah-sekali", "new": "pendek"})
        assert errors_of(response) == ["old", "new"]
        assert "salah-sekali" not in response.text
        response = client.post("/account/password", data={"old": PASSWORD, "new": "empat-belas-perahu-biru"})
        assert "sudah diganti" in read(response).text
    with small_kail.client() as client:
        assert sign_in(client, password="empat-belas-perahu-biru").status_code == 303


def test_a_lender_makes_a_key_that_is_shown_once_and_revokes_it(small_kail):
    with small_kail.client("lender") as client:
        wrong = client.post("/account/keys", data={"name": "Sistem kami", "expires_on": "2026-02-30"})
        assert errors_of(wrong) == ["scopes", "expires_on"]
        assert field(read(wrong, 400), "name") == "Sistem kami"
        made = client.post("/account/keys", data={"name": "Sistem kami", "scopes": "me", "expires_on": "2027-03-01"})
        assert "kail_" in read(made, 201).text
        again = client.get("/account")
        assert "kail_" not in read(again).text
        key = again.text.partition("/account/keys/")[2].partition("/")[0]
        assert "Dicabut" in read(client.post(f"/account/keys/{key}/revoke")).text
    with small_kail.client("mentor") as client:
        read(client.post("/account/keys", data={"name": "x"}), 403)


def test_an_operator_adds_an_account_whose_password_is_shown_once(small_kail):
    with small_kail.client("operator") as client:
        assert errors_of(client.post("/accounts", data={"login": "mentor", "name": "", "role": "mentor"})) == ["name"]
        taken = client.post("/accounts", data={"login": "mentor", "name": "Siti", "role": "mentor"})
        assert errors_of(taken, 409) == ["login"]
        assert field(read(taken, 409), "name") == "Siti"
        made = client.post("/accounts", data={"login": "siti", "name": "Siti <b>", "role": "mentor"})
        assert "Siti &lt;b&gt;" in made.text
        password = made.text.partition("<pre")[2].partition("<code>")[2].partition("<")[0]
        assert password not in client.get("/accounts").text
    with small_kail.client() as client:
        assert sign_in(client, "siti", password).status_code == 303


def test_an_operator_closes_an_account_and_a_stale_form_changes_nothing(small_kail):
    mentor = small_kail.actors["mentor"].account_id
    with small_kail.client("operator") as client:
        assert "sudah diubah" in read(client.post(f"/accounts/{mentor}", data={"version": "1", "role": "analyst"})).text
        assert "ditutup" in read(client.get("/accounts")).text
        stale = client.post(f"/accounts/{mentor}", data={"version": "1", "role": "mentor", "active": "true"})
        assert "versi 1 bukan yang terakhir" in read(stale, 409).text
        reset = client.post(f"/accounts/{mentor}/password")
        assert "Kata sandi untuk mentor" in read(reset).text
        assert "<pre" in reset.text
        own = small_kail.actors["operator"].account_id
        read(client.post(f"/accounts/{own}", data={"version": "1", "role": "mentor"}), 409)
        read(
            client.post(
                f"/accounts/{small_kail.actors['other_mentor'].account_id}", data={"version": "1", "role": "mentor"}
            ),
            404,
        )


def test_the_audit_names_who_did_what_and_can_be_narrowed(small_kail):
    person = small_kail.participant(name="Bu Ani")
    with small_kail.client("mentor") as client:
        client.get(f"/participants/{person}")
    with small_kail.client("operator") as client:
        response = client.get("/audit", params={"about": person})
        text = read(response).text
        assert "Mentor" in text
        assert "mendaftarkan" in text
        assert "Bu Ani" not in text
        read(client.get("/audit", params={"before": "x"}), 400)
