"""The work list: at most 25, in the order of suggestions, with who is left out counted, the same however often asked."""

from __future__ import annotations

import pytest

from api.assessments import service
from api.assessments.work_list import work_list
from tests.installation import A_TRADER
from words.telling import teller

OFFERED = A_TRADER | {"nib": True, "existing_credit": [], "productive_credit_ever": []}
SKILL = A_TRADER | {"came_for": "skill", "wants_capital": False}
del SKILL["amount_asked"]
KINDS = {"offered": OFFERED, "path": A_TRADER, "skill": SKILL, "nothing told": {}}


def somebody(kail, name, kind=None, login="mentor"):
    person = kail.participant(login, name=name)
    if kind is not None:
        if KINDS[kind]:
            kail.evidence(person, login, **KINDS[kind])
        service.assess(kail.record, kail.live, kail.actors[login], person)
    return person


def shown(kail, login="mentor", language="en"):
    with kail.record.write() as tx:
        return work_list(tx, kail.actors[login], teller(kail.live.rules, language), kail.live.today)


def test_the_list_follows_the_order_of_suggestions(small_kail):
    kail = small_kail
    for kind in ("skill", "path", "offered"):
        somebody(kail, kind.title(), kind)
    kail.clock.forward(days=8)
    somebody(kail, "Never")
    entries = shown(kail)["entries"]
    # 0 a product that can be offered, 1 a step of the path, 2 what the person came for, 3 the earliest open step.
    assert [entry["name"] for entry in entries] == ["Offered", "Path", "Skill", "Never"]
    assert [entry["rank"][0] for entry in entries] == [0, 1, 2, 3]
    why = [entry["why"][0] for entry in entries]
    assert "KUR Super Mikro" in why[0]
    assert "referral" in why[0]
    assert "is a step on the path to KUR Super Mikro" in why[1]
    assert why[2].startswith("The next step: ")
    assert why[3].startswith("Never worked out yet")
    assert [entry["next"] and entry["next"]["id"] for entry in entries] == ["referral", "nib", "basic_class", None]


def test_whoever_was_to_be_talked_to_again_comes_first_on_that_day(small_kail):
    kail = small_kail
    somebody(kail, "Quiet", "nothing told")
    somebody(kail, "Path", "path")
    kail.clock.forward(days=29)
    assert "time to talk again" not in str(shown(kail))
    kail.clock.forward(days=1)
    entry = next(one for one in shown(kail)["entries"] if one["name"] == "Quiet")
    assert entry["rank"][0] == 0
    assert entry["why"][0].startswith("It is time to talk again (since ")


def test_at_most_twenty_five_are_shown_and_the_others_are_counted(small_kail):
    kail = small_kail
    for number in range(30):
        somebody(kail, f"Bu {number:02}")
    found = shown(kail)
    assert [entry["name"] for entry in found["entries"]] == [f"Bu {number:02}" for number in range(25)]
    assert found["waiting"] == 5


def test_equal_ranks_stand_by_name_and_the_list_is_the_same_however_often_it_is_asked_for(small_kail):
    kail = small_kail
    people = {name: somebody(kail, name, "path") for name in ("bu Wati", "Bu Ani", "Bu ani", "BU EMI")}
    kail.clock.forward(days=7)
    lists = [shown(kail) for _ in range(5)]
    assert all(one == lists[0] for one in lists)
    names = [entry["name"] for entry in lists[0]["entries"]]
    assert [name.casefold() for name in names] == ["bu ani", "bu ani", "bu emi", "bu wati"]
    first_two = [entry["participant"] for entry in lists[0]["entries"][:2]]
    assert first_two == sorted([people["Bu Ani"], people["Bu ani"]])


def test_who_is_left_out_is_counted_by_its_reason(small_kail):
    kail = small_kail
    somebody(kail, "Seen", "path")
    objecting = somebody(kail, "Objecting", "path")
    kail.participant(name="Silent", consents=("record",))
    somebody(kail, "Waiting")
    somebody(kail, "Another's", login="mentor2")
    with kail.client("mentor") as client:
        (made,) = client.get(f"/api/v1/participants/{objecting}/assessments").json()["assessments"]
        client.post(f"/api/v1/assessments/{made['id']}/objection", json={"words": "No."})
        found = client.get("/api/v1/work-list?language=en").json()
    assert [entry["name"] for entry in found["entries"]] == ["Waiting"]
    assert found["left_out"] == {"no_consent": 1, "objection": 1, "seen_this_week": 1}
    assert found["waiting"] == 0


@pytest.mark.parametrize(("days", "due"), [(0, False), (6, False), (7, True)])
def test_whoever_was_worked_out_comes_back_after_a_week(small_kail, days, due):
    somebody(small_kail, "Bu Ani", "path")
    small_kail.clock.forward(days=days)
    found = shown(small_kail)
    assert (len(found["entries"]), found["left_out"]["seen_this_week"]) == (int(due), int(not due))


@pytest.mark.parametrize(("language", "word"), [("en", "is a step on the path to"), ("id", "langkah di jalan menuju")])
def test_the_reason_is_told_in_both_languages_with_a_question_to_ask(small_kail, language, word):
    somebody(small_kail, "Bu Ani", "path")
    small_kail.clock.forward(days=8)
    (entry,) = shown(small_kail, language=language)["entries"]
    assert word in entry["why"][0]
    assert len(entry["why"]) == 2
    assert entry["why"][1].startswith("Ask as well: " if language == "en" else "Tanyakan juga: ")


def test_an_empty_list_is_a_list(small_kail):
    left_out = {"no_consent": 0, "objection": 0, "seen_this_week": 0}
    assert shown(small_kail) == {"on": "2026-11-21", "entries": [], "waiting": 0, "left_out": left_out}


def test_a_result_whose_objection_was_upheld_is_on_no_work_list(small_kail):
    person = small_kail.participant()
    small_kail.evidence(person)
    with small_kail.client("mentor") as client:
        made = client.post(f"/api/v1/participants/{person}/assessments").json()["id"]
        number = client.post(f"/api/v1/assessments/{made}/objection", json={"words": "Salah."}).json()["id"]
    with small_kail.client("operator") as client:
        body = {"decision": "upheld", "reason": "Benar."}
        assert client.post(f"/api/v1/objections/{number}/decision", json=body).status_code == 200
    with small_kail.client("mentor") as client:
        [entry] = client.get("/api/v1/work-list").json()["entries"]
        assert entry["tier"] is None
