"""Webhooks as a lender's officer and an operator see and change them, by JSON and on pages."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from api.audit.tables import AUDIT
from api.webhooks.service import rotate
from api.webhooks.tables import HOSTS, WEBHOOKS
from tests.installation import installation
from tests.receiving_hooks import HERE, deliver_all, receiving
from tests.referring import Referring

URL = "https://bank.example/kail"


@pytest.fixture
def kail(small_kail):
    Referring(small_kail)
    return small_kail


def ask(kail, login, method, path, status=200, **sent):
    with kail.client(login) as client:
        answer = client.request(method, f"/api/v1{path}", params={"language": "en"}, json=sent or None)
    assert answer.status_code == status, answer.text
    return answer.json()


def hosts_in(kail):
    with kail.record.read() as tx:
        return [row.host for row in tx.all(select(HOSTS))]


def urls_in(kail):
    with kail.record.read() as tx:
        return [row.url for row in tx.all(select(WEBHOOKS))]


def allow(kail, host="bank.example"):
    assert ask(kail, "operator", "POST", "/webhook-hosts", 201, host=host)["host"] == host


def test_a_webhook_goes_only_to_a_host_that_an_operator_allowed(kail):
    refused = ask(kail, "officer", "POST", "/webhooks", 400, url=URL)["problems"][0]
    assert "may not go to bank.example yet" in refused["message"]
    assert "Ask an operator" in refused["remedy"]
    assert urls_in(kail) == []
    allow(kail)
    allow(kail)  # once more changes nothing
    made = ask(kail, "officer", "POST", "/webhooks", 201, url=URL)
    assert made["secret"].startswith("kail_secret_")
    assert made["told_once"]
    [hook] = ask(kail, "officer", "GET", "/webhooks")["webhooks"]
    assert (hook["id"], hook["url"], hook["state"], hook["told_at"]) == (made["id"], URL, "works", None)
    assert made["secret"] not in str(hook)


def test_a_webhook_to_the_metadata_of_a_cloud_is_refused_with_everything_and_nothing_is_changed(kail):
    allow(kail, "169.254.169.254")  # even where an operator was talked into it
    wrong = ask(kail, "officer", "POST", "/webhooks", 400, url="http://169.254.169.254/latest/meta-data/")["problems"]
    assert [one["message"].split()[0] for one in wrong] == ["This", "Nothing"]
    assert "--webhook-network" in wrong[1]["remedy"]
    assert urls_in(kail) == []


def test_no_lender_learns_from_the_page_to_which_hosts_others_send(kail):
    allow(kail, "kail.rival-bank.example")
    with kail.client("officer") as client:
        for language in ("id", "en"):
            assert "rival-bank" not in client.get("/webhooks", params={"language": language}).text


def test_the_same_url_twice_or_too_many_are_refused(kail):
    allow(kail)
    for number in range(5):
        ask(kail, "officer", "POST", "/webhooks", 201, url=f"{URL}/{number}")
    assert "is a webhook to" in ask(kail, "officer", "POST", "/webhooks", 409, url=f"{URL}/1")["problems"][0]["message"]
    assert "at most 5" in ask(kail, "officer", "POST", "/webhooks", 409, url=URL)["problems"][0]["message"]
    ask(kail, "rival", "POST", "/webhooks", 201, url=f"{URL}/1")  # another lender's may go there too


def test_a_secret_is_told_again_to_who_sends_the_same_key_and_is_the_same(kail):
    allow(kail)
    with kail.client("officer") as client:
        headers = {"idempotency-key": "a-key-of-mine"}
        first = client.post("/api/v1/webhooks", json={"url": URL}, headers=headers).json()
        assert client.post("/api/v1/webhooks", json={"url": URL}, headers=headers).json() == first
        other = client.post("/api/v1/webhooks", json={"url": URL + "2"}, headers=headers)
        assert other.status_code == 422
    assert urls_in(kail) == [URL]


def test_what_is_another_lenders_is_as_if_it_were_not_there(kail):
    allow(kail)
    mine = ask(kail, "officer", "POST", "/webhooks", 201, url=URL)["id"]
    assert ask(kail, "rival", "GET", "/webhooks")["webhooks"] == []
    for method, path in (("POST", "/secret"), ("POST", "/again"), ("DELETE", "")):
        ask(kail, "rival", method, f"/webhooks/{mine}{path}", 404)
    assert ask(kail, "officer", "GET", "/webhooks")["webhooks"][0]["state"] == "works"
    assert ask(kail, "officer2", "GET", "/webhooks")["webhooks"][0]["id"] == mine  # a colleague's is the lender's


def test_a_rotation_that_was_cut_off_does_not_stand_in_the_way_of_the_next(kail):
    allow(kail)
    made = ask(kail, "officer", "POST", "/webhooks", 201, url=URL)
    told = [made["secret"]]

    def cut_off():
        with kail.record.write() as tx:
            told.append(rotate(tx, kail.actors["officer"], made["id"]))
            raise ConnectionError

    with pytest.raises(ConnectionError):
        cut_off()
    assert ask(kail, "officer", "POST", f"/webhooks/{made['id']}/secret")["secret"] not in told


def test_what_is_stopped_stays_so(kail):
    allow(kail)
    mine = ask(kail, "officer", "POST", "/webhooks", 201, url=URL)["id"]
    for _ in range(2):
        assert ask(kail, "officer", "DELETE", f"/webhooks/{mine}") == {"stopped": True}
    for path in ("/secret", "/again"):
        refused = ask(kail, "officer", "POST", f"/webhooks/{mine}{path}", 409)["problems"][0]
        assert refused["remedy"] == "Set up a new one."
    assert ask(kail, "officer", "GET", "/webhooks")["webhooks"][0]["state"] == "stopped"


def test_an_operator_of_a_lender_allows_no_host(kail):
    with kail.record.write() as tx:
        from api.referrals.lenders import bind
        from tests.referring import PROVIDER

        bind(tx, None, kail.live.rules, kail.actors["other_operator"].organisation_id, (PROVIDER,))
    ask(kail, "other_operator", "POST", "/webhook-hosts", 403, host="evil.example")
    ask(kail, "other_operator", "GET", "/webhook-hosts", 403)
    assert hosts_in(kail) == []


def test_a_host_that_is_none_is_refused_and_one_can_be_taken_out(kail):
    refused = ask(kail, "operator", "POST", "/webhook-hosts", 400, host="https://bank.example/x")["problems"][0]
    assert "bank.example:8443" in refused["remedy"]
    allow(kail, "bank.example:8443")
    assert ask(kail, "operator", "GET", "/webhook-hosts")["hosts"] == ["bank.example:8443"]
    ask(kail, "operator", "DELETE", "/webhook-hosts/bank.example:8443")
    ask(kail, "operator", "DELETE", "/webhook-hosts/bank.example:8443", 404)


def test_whoever_changes_something_stands_in_the_audit_and_no_secret_does(kail):
    allow(kail)
    made = ask(kail, "officer", "POST", "/webhooks", 201, url=URL)
    told = [made["secret"], ask(kail, "officer", "POST", f"/webhooks/{made['id']}/secret")["secret"]]
    ask(kail, "officer", "POST", f"/webhooks/{made['id']}/again")
    ask(kail, "officer", "DELETE", f"/webhooks/{made['id']}")
    ask(kail, "operator", "DELETE", "/webhook-hosts/bank.example")
    with kail.record.read() as tx:
        rows = tx.all(select(AUDIT))
    about = [row.action for row in rows if row.object_id == made["id"]]
    assert about == ["added", "rotated_secret", "sent_again", "stopped"]
    assert {"allowed_host", "disallowed_host"} <= {row.action for row in rows}
    assert not [one for one in told if one in str(rows)]


@pytest.fixture
def kail_of_a_data_centre(tmp_path):
    """Kail that may send to receivers on this machine."""
    with installation(tmp_path / "data", webhook_network=HERE) as made:
        yield made


def test_an_officer_sets_one_up_on_a_page_reads_what_failed_and_sends_it_again(kail_of_a_data_centre):
    kail = kail_of_a_data_centre
    referring = Referring(kail)
    with receiving(kail.clock) as receiver, kail.client() as client:

        def on_page(login, method, path, **sent):
            client.cookies.clear()
            asked = {"params": {"language": "en"}, "headers": kail.headers(login), "data": sent or None}
            return client.request(method, path, **asked)

        host = f"localhost:{receiver.port}"
        assert "has to allow your host first" in on_page("officer", "GET", "/webhooks").text
        on_page("operator", "POST", "/webhook-hosts", host=host)
        assert host in on_page("operator", "GET", "/webhook-hosts").text
        wrong = on_page("officer", "POST", "/webhooks", url="http://localhost/x")
        assert wrong.status_code == 400
        assert "by https alone" in wrong.text
        assert "may not go to localhost yet" in wrong.text
        made = on_page("officer", "POST", "/webhooks", url=receiver.url)
        assert made.status_code == 201
        receiver.secrets = [made.text.partition("<code>")[2].partition("</code>")[0]]
        assert receiver.secrets[0].startswith("kail_secret_")
        assert "kail_secret_" not in on_page("officer", "GET", "/webhooks").text
        sent = referring.sent()
        receiver.answer = 503
        for _ in range(26):
            kail.clock.forward(hours=3)
            deliver_all(kail)
        page = on_page("officer", "GET", "/webhooks").text
        assert "the receiver refused it (503)" in page
        assert "1 change could not be delivered for days." in page
        assert f"/referrals/{sent.id}" in page
        with kail.record.read() as tx:
            hook = tx.one(select(WEBHOOKS.c.id)).id
        receiver.answer = 204
        on_page("officer", "POST", f"/webhooks/{hook}/again")
        assert deliver_all(kail) == 1
        assert receiver.moves_of(sent) == ["send"]
        rotated = on_page("officer", "POST", f"/webhooks/{hook}/secret")
        assert "The old and the new secret both count until" in rotated.text
        assert "kail_secret_" in rotated.text
        on_page("officer", "POST", f"/webhooks/{hook}/stop")
        assert "Stopped" in on_page("officer", "GET", "/webhooks").text
        on_page("operator", "POST", "/webhook-hosts/end", host=host)
        assert host not in on_page("operator", "GET", "/webhook-hosts").text
