"""Taps, counted: an officer opens twenty packs and gives five different answers with codes in at most sixty.

A tap follows a link, presses a button, ticks a box, chooses from a list or opens what is folded. Typing is none.
"""

from __future__ import annotations

import re

import pytest

from tests.api.referrals.test_pages import Visitor
from tests.referring import Referring

ANSWERS = [
    ("decline", {"reasons": ["books"]}, "declined"),
    ("decline", {"reasons": ["arrears"]}, "declined"),
    ("hold", {"reasons": ["hold_survey"]}, "on_hold"),
    ("ask_more", {"documents": "NIB\nFoto warung"}, "more_asked"),
    ("accept", {}, "accepted"),
]
TICKED = {"reasons"}


class Officer(Visitor):
    """Answers what stands on the page, and counts what has to be opened and ticked for it."""

    def answer(self, move, said):
        form = re.search(rf'<form[^>]*action="[^"]*/moves/{move}"', self.page.text)
        before = re.split(r"</details>", self.page.text[: form.start()])[-1]
        self.taps += "<details" in before and "<details open" not in before
        self.taps += sum(len(value) for name, value in said.items() if name in TICKED)
        return self.send(f"/moves/{move}", **said)


@pytest.fixture
def referring(small_kail):
    return Referring(small_kail)


def test_twenty_packs_are_opened_and_answered_in_at_most_sixty_taps(referring):
    sent = []
    for _ in range(20):
        sent.append(referring.sent())
        referring.kail.clock.forward(minutes=1)
    with referring.kail.client("officer") as client:
        officer, seen = Officer(client), []
        officer.open("/referrals?sort=queued_at")
        officer.tap(f"/referrals/{sent[0].id}")
        for number, _ in enumerate(sent):
            seen.append(officer.page.url.path.rpartition("/")[2])
            assert "Siapa dan cara menghubunginya" in officer.page.text  # the pack itself stands there
            move, said, _ = ANSWERS[number % len(ANSWERS)]
            officer.answer(move, said)
            assert officer.page.status_code == 200
        assert "Tidak ada lagi yang menunggu" in officer.page.text
    assert seen == [one.id for one in sent]  # each once, the one first that waits longest
    states = [referring.as_seen("officer", one).state for one in sent]
    assert states == [ANSWERS[number % len(ANSWERS)][2] for number in range(20)]
    assert officer.taps <= 60


def test_the_next_in_line_opens_and_at_its_end_the_first_that_was_left(referring):
    sent = [referring.sent() for _ in range(4)]
    order = sorted(sent, key=lambda one: (one.queued_at, one.id))
    referring.agrees(order[2].participant_id, referring.bank, given=False)  # closed: it is not among them
    with referring.kail.client("officer") as client:
        officer = Officer(client)
        officer.open(f"/referrals/{order[1].id}")
        officer.answer("decline", {"reasons": ["books"]})
        assert officer.page.url.path == f"/referrals/{order[3].id}"
        assert f'href="/referrals/{order[1].id}"' in officer.page.text  # the way back
        assert f'href="/referrals/{order[0].id}"' in officer.page.text  # the way on
        officer.send("/moves/take_up")  # no answer yet: it stays
        assert officer.page.url.path == f"/referrals/{order[3].id}"
        officer.answer("hold", {"reasons": ["hold_slik"]})
        assert officer.page.url.path == f"/referrals/{order[0].id}"
        officer.answer("accept", {})
        assert officer.page.url.path == f"/referrals/{order[0].id}"
    with referring.kail.client("mentor") as client:  # a mentor stays where they are
        mentor = Visitor(client)
        mentor.open(f"/referrals/{order[2].id}?before=../../accounts")
        assert "accounts" not in mentor.page.text


def test_what_another_lender_has_to_decide_is_never_the_next(referring):
    mine, theirs = referring.sent(), referring.trader(agrees=False)
    referring.agrees(theirs, referring.other_bank)
    other = referring.sent(theirs, referring.other_bank)
    with referring.kail.client("officer") as client:
        officer = Officer(client)
        officer.open(f"/referrals/{mine.id}")
        assert other.id not in officer.page.text
        officer.answer("decline", {"reasons": ["books"]})
        assert officer.page.url.path == f"/referrals/{mine.id}"
