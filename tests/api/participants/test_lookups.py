"""Look-ups: people are found by their marks, a stop leaves nobody lost or in the way, and an erased one leaves none."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import pytest
from sqlalchemy import update

from api.consents.service import Agreement
from api.participants import lookups, people
from api.participants.gate import RECORD, may
from api.participants.tables import PARTICIPANTS
from api.record import marks
from api.record.key_store import rotate
from api.record.refusals import Refused
from api.record.unavailable import Unavailable
from tests.finding import NIK, again, copy_database, correct, found, marked
from tests.installation import installation

# -- finding -----------------------------------------------------------------------------------------------------------


def test_an_operator_finds_by_whole_numbers_and_by_the_beginnings_of_words(kail):
    kail.participant(name="Siti Nurhayati", nik=NIK, phone="6281234567890", own_id="KJ-7")
    kail.participant("mentor2", name="Sri Siti Aminah", phone="6281234567890")
    kail.participant(name="Nu'man bin Zaid", own_id="77")
    both = ["Siti Nurhayati", "Sri Siti Aminah"]
    for search, expected in {
        NIK: both[:1],
        "3171 0141 0180 0001": both[:1],
        "081234567890": both,
        "+62 812-3456-7890": both,
        "KJ-7": both[:1],
        "kj-7 ": both[:1],
        "77": ["Nu'man bin Zaid"],
        "siti": both,
        "SI": both,
        "nurhayati sit": both[:1],
        "nurhayatu": [],
        "hayati": [],
        "amin sri s": both[1:],
        "nu'man": ["Nu'man bin Zaid"],
        "ZAID nu": ["Nu'man bin Zaid"],
        "3171014101800002": [],
        "-": [],
        "siti x": [],
    }.items():
        assert found(kail, search) == expected, search
        assert found(kail, search, "other_operator") == []
    assert found(kail, "hayati", "mentor") == both[:1]  # a mentor's are few enough to be looked at
    assert found(kail, "siti", mentor=kail.actors["mentor2"].account_id) == both[1:]


def test_of_more_than_are_shown_another_word_is_asked_for(small_kail):
    for number in range(people.MOST_FOUND + 2):
        small_kail.participant(name=f"Sri {'Wahyuningsih' if number else 'Wahyuni'}")
    with small_kail.client("operator") as client:
        page = client.post("/participants", data={"search": "sri", "of_mentor": ""}).text
        assert page.count("<li><h3>") == people.MOST_FOUND
        assert "Masih ada orang lain" in page
        page = client.post("/participants", data={"search": "sri wahyuni", "of_mentor": ""}).text
        assert "Masih ada orang lain" in page  # the longer name begins so too
        erase_all_but_one = client.post("/participants", data={"search": "sri wahyuningsih x", "of_mentor": ""}).text
        assert "<li><h3>" not in erase_all_but_one
        assert "Masih ada orang lain" not in erase_all_but_one


@pytest.mark.parametrize(
    ("name", "words"), [("  Ｓｉｔｉ  AMINAH ", ["siti", "aminah"]), ("d'Ännä_x 2", ["d", "ännä", "x", "2"])]
)
def test_words_are_compared_without_case_width_and_signs(name, words):
    assert lookups.words_of(name) == words


def test_a_number_is_known_in_its_own_organisation_alone(kail):
    kail.participant(nik=NIK, own_id="1")
    for identity in ({"nik": NIK}, {"own_id": "1"}, {"nik": NIK, "own_id": "2"}):
        with pytest.raises(Refused, match=r"409") as refused:
            kail.participant("mentor2", **identity)
        assert [trouble.code for trouble in refused.value.troubles] == [f"known_{next(iter(identity))}"]
    kail.participant("other_mentor", nik=NIK, own_id="1")


def test_of_many_who_register_the_same_number_at_once_one_does(kail):
    def register(number):
        try:
            return kail.participant("mentor" if number % 2 else "mentor2", nik=NIK)
        except Refused as error:
            return error.troubles[0].code

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(register, range(16)))
    assert sorted(answers)[-15:] == ["known_nik"] * 15


def test_a_corrected_number_is_found_and_the_one_before_is_free(kail):
    person, other = kail.participant(name="Ani", nik=NIK), "3171014101800002"
    correct(kail, person, name="Wati", nik=other)
    assert [found(kail, search) for search in (NIK, other, "ani", "wati")] == [[], ["Wati"], [], ["Wati"]]
    kail.participant("mentor2", name="Budi", nik=NIK)
    with pytest.raises(Refused, match="409"):
        correct(kail, person, nik=NIK)
    correct(kail, person, nik="")
    assert found(kail, other) == []


# -- a stop, and databases put back ------------------------------------------------------------------------------------


class Stop(Exception):
    """The use case ends here, and nothing of it is committed."""


@contextmanager
def stopped(kail):
    with suppress(Stop), kail.record.write() as tx:
        yield tx
        raise Stop


def settle(kail):
    return lookups.settle(kail.record)


def test_whoever_was_not_registered_after_all_stands_in_nobodys_way(kail):
    agreed = Agreement(("record",), "paper", kail.clock.now.date(), "2026-11")
    with stopped(kail) as tx:
        people.register(tx, kail.actors["mentor"], {"name": "Ani", "nik": NIK}, agreed)
    assert marked(kail)[0] == 1
    assert found(kail, NIK) == found(kail, "ani") == []
    assert settle(kail) == 1
    assert marked(kail) == [0, 0, 0]
    with stopped(kail) as tx:
        people.register(tx, kail.actors["mentor"], {"name": "Ani", "nik": NIK}, agreed)
    kail.participant("mentor2", name="Ani", nik=NIK)  # at once, not only when it is settled
    assert found(kail, NIK) == ["Ani"]
    assert settle(kail) == 2
    assert marked(kail)[::2] == [1, 0]
    assert found(kail, NIK) == found(kail, "an") == ["Ani"]


def test_a_correction_that_was_not_stored_is_put_right(kail):
    person = kail.participant(name="Ani", nik=NIK, phone="6281234567890")
    settle(kail)
    with stopped(kail) as tx:
        version = may(tx, kail.actors["mentor"], person, RECORD).version
        people.change(tx, kail.actors["mentor"], person, version, {"name": "Wati", "nik": "3171014101800002"})
    assert settle(kail) == 1
    assert [found(kail, s) for s in (NIK, "3171014101800002", "ani", "wati")] == [["Ani"], [], ["Ani"], []]
    assert marked(kail)[2] == 0


def test_until_it_is_settled_a_correction_that_was_not_stored_frees_and_takes_no_number(kail):
    person, other = kail.participant(name="Ani", nik=NIK), "3171014101800002"
    settle(kail)
    with stopped(kail) as tx:
        version = may(tx, kail.actors["mentor"], person, RECORD).version
        people.change(tx, kail.actors["mentor"], person, version, {"nik": other})
    with pytest.raises(Refused, match="409"):
        kail.participant("mentor2", name="Budi", nik=NIK)
    assert [found(kail, search) for search in (NIK, other)] == [["Ani"], []]
    kail.participant("mentor2", name="Citra", nik=other)
    for _ in range(2):
        assert [found(kail, search) for search in (NIK, other)] == [["Ani"], ["Citra"]]
        settle(kail)
    assert marked(kail)[2] == 0


def test_a_row_that_cannot_be_opened_costs_nobody_else_anything(small_kail, caplog):
    persons = [small_kail.participant(name=name, nik=f"317101410180000{n}") for n, name in enumerate(("Ani", "Budi"))]
    with small_kail.record.write() as tx:
        spoilt = update(PARTICIPANTS).where(PARTICIPANTS.c.id == persons[0]).values(sealed=b"x" * 40)
        tx.run(spoilt)
    with small_kail.record.vault.store.write() as sql:
        marks.unsettle_all(sql, persons)
    assert settle(small_kail) == 2
    assert marked(small_kail)[2] == 1
    assert "a participant cannot be opened" in caplog.text
    assert found(small_kail, "budi") == ["Budi"]


def test_an_office_phone_is_not_cut_before_a_mentors_own_are_picked(small_kail):
    for _ in range(people.MOST_FOUND + 2):
        small_kail.participant(phone="62215550000")
    small_kail.participant("mentor2", name="Pak Budi", phone="62215550000")
    assert len(found(small_kail, "021 555 0000", "mentor")) == people.MOST_FOUND + 2
    assert found(small_kail, "021 555 0000", "mentor2") == ["Pak Budi"]
    assert len(found(small_kail, "0215550000")) == people.MOST_FOUND
    with small_kail.client("operator") as client:
        page = client.post("/participants", data={"search": "021 555 0000", "of_mentor": ""}).text
        assert "Masih ada orang lain" in page


def test_a_service_with_yesterdays_keys_finds_and_registers_nobody(tmp_path):
    with installation(tmp_path / "data") as kail:
        kail.participant(name="Ani", nik=NIK)
        rotate(tmp_path / "data" / "kail.key", kail.record.vault.store)
        with pytest.raises(Unavailable, match="keys_replaced"):
            found(kail, NIK)
        with pytest.raises(Unavailable, match="keys_replaced"):
            kail.participant(name="Budi", nik="3171014101800002")
        with pytest.raises(Unavailable, match="keys_replaced"):
            settle(kail)
    with again(tmp_path / "data", kail.actors) as kail:
        assert found(kail, NIK) == found(kail, "an") == ["Ani"]
        assert len(list((tmp_path / "data").glob("kail.key*"))) == 1


def test_an_older_database_is_put_back_and_then_the_newer_one_again(tmp_path):
    data = tmp_path / "data"
    with installation(data) as kail:
        kail.participant(name="Ani", nik=NIK)
        actors = kail.actors
    copy_database(data, tmp_path / "older")
    with again(data, actors) as kail:
        kail.participant(name="Budi", nik="3171014101800002", phone="6281234567890")
        settle(kail)
    copy_database(data, tmp_path / "newer")
    copy_database(tmp_path / "older", data)
    with again(data, actors) as kail:
        assert found(kail, "3171014101800002") == found(kail, "budi") == []
        kail.participant(name="Citra", nik="3171014101800002")
        assert found(kail, "3171014101800002") == ["Citra"]
        settle(kail)
    copy_database(tmp_path / "newer", data)
    with again(data, actors) as kail:
        settle(kail)
        for search, expected in {
            NIK: ["Ani"],
            "3171014101800002": ["Budi"],
            "ani": ["Ani"],
            "bu": ["Budi"],
            "citra": [],
        }.items():
            assert found(kail, search) == expected, search
        assert found(kail, "", "mentor") == ["Ani", "Budi"]
