"""The client's check of a webhook: what is forged, old or repeated is refused, each with what is wrong."""

from __future__ import annotations

import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest

from api.client import Forged, Repeated, TooOld, check_webhook

NOW = datetime(2026, 12, 1, 2, tzinfo=UTC)
CHANGE = {
    "id": "e" * 24,
    "referral": "f" * 24,
    "product": "kur_super_mikro",
    "move": "send",
    "state": "sent",
    "version": 2,
    "at": "2026-12-01T01:59:00Z",
    "cursor": "7",
    "webhook": "a" * 24,
}
BODY = json.dumps(CHANGE).encode()
OURS, OLD = "kail_secret_ours", "kail_secret_before"


def signed(*secrets, at=NOW, body=BODY, name="Kail-Signature"):
    moment = int(at.timestamp())
    made = [hmac.new(one.encode(), b"%d.%b" % (moment, body), "sha256").hexdigest() for one in secrets]
    return {"Content-Type": "application/json", name: ",".join([f"t={moment}", *(f"v1={one}" for one in made)])}


def test_what_is_signed_just_now_is_taken_with_any_secret_that_counts():
    for headers, secrets in (
        (signed(OURS), [OURS]),
        (signed(OURS, OLD), [OLD]),
        (signed(OURS), [OLD, OURS]),
        (signed(OURS, name="kail-signature"), [OURS]),
        (signed("kail_secret_another", OURS), {OURS}),
    ):
        change = check_webhook(headers, BODY, secrets, NOW, set())
        assert (change.id, change.move, change.version, change.cursor) == ("e" * 24, "send", 2, "7")
        assert change.at == datetime(2026, 12, 1, 1, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (signed("kail_secret_other"), BODY),
        (signed(OURS), BODY + b" "),
        (signed(OURS), BODY.replace(b'"sent"', b'"accepted"')),
        (signed(OURS, body=b""), BODY),
        ({}, BODY),
        ({"Kail-Signature": ""}, BODY),
        ({"Kail-Signature": "t=1"}, BODY),
        ({"Kail-Signature": "v1=" + "0" * 64}, BODY),
        ({"Kail-Signature": "t=x,v1=" + "0" * 64}, BODY),
        ({"Kail-Signature": "t=" + "9" * 40 + ",v1=é"}, BODY),
        ({"Kail-Signature": signed(OURS)["Kail-Signature"].replace("v1=", "v0=")}, BODY),
        ({"Kail-Signature": signed(OURS)["Kail-Signature"].replace("t=1", "t=2")}, BODY),
    ],
)
def test_what_is_forged_is_refused(headers, body):
    with pytest.raises(Forged):
        check_webhook(headers, body, [OURS], NOW, set())


@pytest.mark.parametrize("secrets", [[OURS, ""], [""], OURS, "", ["kail_secret_"], [OURS.removeprefix("kail_secret_")]])
def test_what_is_no_secret_is_told_before_anybody_can_sign_with_it(secrets):
    """A setting that is empty, or one string where a list is meant: everybody could sign with that."""
    for one in ("", "k"):
        with pytest.raises(ValueError, match="begins with kail_secret_"):
            check_webhook(signed(one), BODY, secrets, NOW, set())


def test_without_a_secret_everything_is_forged():
    with pytest.raises(Forged):
        check_webhook(signed(OURS), BODY, [], NOW, set())


def test_within_five_minutes_a_clock_may_be_off_and_not_beyond():
    for off in (-300, -1, 0, 1, 300):
        check_webhook(signed(OURS), BODY, [OURS], NOW + timedelta(seconds=off), set())
    for off in (-301, 301):
        with pytest.raises(TooOld):
            check_webhook(signed(OURS), BODY, [OURS], NOW + timedelta(seconds=off), set())


def test_a_banks_clock_an_hour_off_is_told_by_how_much_and_which_way():
    with pytest.raises(TooOld, match=r"3600 seconds behind your clock, and 300 are allowed: set your clock"):
        check_webhook(signed(OURS), BODY, [OURS], NOW + timedelta(hours=1), set())
    with pytest.raises(TooOld, match=r"3600 seconds ahead of your clock"):
        check_webhook(signed(OURS), BODY, [OURS], NOW - timedelta(hours=1), set())
    with pytest.raises(ValueError, match="time zone"):
        check_webhook(signed(OURS), BODY, [OURS], NOW.replace(tzinfo=None), set())


def test_what_was_taken_already_is_refused_and_an_old_one_never_gets_that_far():
    seen = {check_webhook(signed(OURS), BODY, [OURS], NOW, set()).id}
    with pytest.raises(Repeated):
        check_webhook(signed(OURS), BODY, [OURS], NOW, seen)
    later = NOW + timedelta(hours=2)  # Kail sends it again by itself: signed anew, the same id
    with pytest.raises(Repeated):
        check_webhook(signed(OURS, at=later), BODY, [OURS], later, seen)
    with pytest.raises(TooOld):  # somebody else sends again what they overheard
        check_webhook(signed(OURS), BODY, [OURS], later, set())


def test_a_field_that_a_later_kail_adds_is_passed_over():
    body = json.dumps(CHANGE | {"more": 1}).encode()
    assert check_webhook(signed(OURS, body=body), body, [OURS], NOW, set()).id == "e" * 24
