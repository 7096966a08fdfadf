"""Changes in words: each kind of change, in both languages, and nothing where nothing changed."""

from __future__ import annotations

import copy
import re

import pytest

from api.assessments import service
from api.assessments.changes import changes
from tests.installation import installation
from tests.strategies import JAKARTA
from words.telling import teller

SUPER = "kur_super_mikro"


@pytest.fixture(scope="module")
def rules_and_core(tmp_path_factory):
    """The rules, and the core of somebody to whom KUR Super Mikro can be offered."""
    with installation(tmp_path_factory.mktemp("changes") / "data") as kail:
        signals = JAKARTA | {"ktp_dki": True, "registered": True, "cash_at_hand": 0}
        inputs = {"signals": signals, "as_of": kail.live.today.isoformat(), "goal": None}
        core = service.work_out(kail.live, inputs).outcome.core
    assert core["products"][SUPER]["offered"]
    return kail.live.rules, core


@pytest.fixture
def say(rules_and_core):
    """Change a core in some places and return what is said about it: from the first to the second."""
    rules, core = rules_and_core

    def say(language, before=(), after=()):
        cores = []
        for places in (before, after):
            cores.append(copy.deepcopy(core))
            for place, value in dict(places).items():
                *way, last = place
                inner = cores[-1]
                for name in way:
                    inner = inner[name]
                if value is REMOVED:
                    del inner[last]
                else:
                    inner[last] = value
        return changes(cores[0], cores[1], teller(rules, language))

    return say


REMOVED = object()
READINESS = {"score": 500_000, "base": 480_000}
STATUS, OFFERED, UNMET = (("products", SUPER, name) for name in ("status", "offered", "unmet"))
MET, YET = {STATUS: "conditions_met", OFFERED: False}, {STATUS: "not_yet", OFFERED: False}

KINDS = {
    "tier": ({("tier", "tier"): "kail"}, {}, "tier", "empang", None),
    "next": ({("interventions", 0, 0): "nib"}, {}, "next", "referral", None),
    "goal": ({("path", "goal"): None}, {}, "goal", SUPER, None),
    "path": ({("path", "days"): 90}, {("path", "days"): 30}, "path", SUPER, None),
    "offered": (MET, {}, "product", SUPER, True),
    "not offered": ({}, MET, "product", SUPER, False),
    "gained": (YET, MET, "product", SUPER, True),
    "lost": (MET, YET, "product", SUPER, False),
    "status": ({STATUS: "ask", OFFERED: False}, YET, "product", SUPER, None),
    "new": ({("products", SUPER): REMOVED}, {}, "product", SUPER, None),
    "gone": ({}, {("products", SUPER): REMOVED}, "product", SUPER, False),
    "score": ({("readiness",): READINESS}, {("readiness",): READINESS | {"score": 512_500}}, "score", "", None),
}
TEXTS = {
    "tier": ("What is offered changed: .+ to .+", "Yang ditawarkan berubah: .+ menjadi .+"),
    "next": ("The next step changed: .+ to .+", "Langkah berikutnya berubah: .+ menjadi .+"),
    "goal": ("The goal of the path changed: none to KUR Super Mikro", "Tujuan jalan berubah: tidak ada menjadi KUR Super Mikro"),
    "path": ("The path to KUR Super Mikro.*: 90 days to 30 days", "Jalan ke KUR Super Mikro: 90 hari menjadi 30 hari"),
    "offered": ("KUR Super Mikro.*: can be offered now", "KUR Super Mikro: sekarang bisa ditawarkan"),
    "not offered": ("KUR Super Mikro.*: can no longer be offered", "KUR Super Mikro: tidak lagi bisa ditawarkan"),
    "gained": ("KUR Super Mikro.*: its conditions are met now", "KUR Super Mikro: syaratnya sekarang terpenuhi"),
    "lost": ("KUR Super Mikro.*: not all of its conditions are met any more", "KUR Super Mikro: syaratnya tidak lagi terpenuhi semua"),
    "status": ("KUR Super Mikro.*: still to be asked to not yet", "KUR Super Mikro: masih perlu ditanyakan menjadi belum"),
    "new": (r"KUR Super Mikro.*: new in the list \(conditions met\)", r"KUR Super Mikro: produk baru dalam daftar \(syarat terpenuhi\)"),
    "gone": ("KUR Super Mikro.*: no longer in the list", "KUR Super Mikro: tidak lagi ada dalam daftar"),
    "score": (r"The score changed by \+12\.5 points", r"Skor berubah \+12,5 poin"),
}  # fmt: skip


@pytest.mark.parametrize("language", ["en", "id"])
@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_change_is_told_in_words(say, kind, language):
    before, after, entry, about, gained = KINDS[kind]
    (found,) = say(language, before, after)
    assert (found["kind"], found["id"], found["gained"]) == (entry, about, gained)
    assert re.fullmatch(TEXTS[kind][language == "id"] + r".*\.", found["text"]), found["text"]
    assert "{" not in found["text"]


def test_what_nobody_can_have_is_never_told_as_met(say):
    past = {("products", SUPER, "availability"): "historical"}
    assert say("en", YET | past, MET | past) == []
    (ended,) = say("en", MET, MET | past)
    assert ended["text"].endswith("no longer in the list.")
    assert ended["gained"] is False


@pytest.mark.parametrize("language", ["en", "id"])
def test_equal_cores_say_nothing_and_neither_do_other_versions(say, language):
    assert say(language) == []
    assert say(language, {("versions",): {}}) == []
    assert say(language, {("readiness",): None}, {("readiness",): READINESS}) == []


@pytest.mark.parametrize(
    ("language", "lifted", "came"),
    [
        ("en", "No longer in the way: ", "In the way now: "),
        ("id", "Tidak lagi menghalangi: ", "Sekarang menghalangi: "),
    ],
)
def test_a_product_that_changed_says_what_was_and_what_is_in_the_way(say, rules_and_core, language, lifted, came):
    rules, _ = rules_and_core
    needs = [rule for product in rules.products if product.entry.id == SUPER for rule in product.criteria]
    letter, arrears = (next(r for r in needs if word in r.criterion.key) for word in ("sku", "arrears_idr"))
    before, after = (
        YET | {UNMET: [[letter.criterion.key, []]]},
        YET | {UNMET: [[arrears.criterion.key, []]], STATUS: "ask"},
    )
    (found,) = say(language, before, after)
    said = teller(rules, language)
    assert found["why"] == [lifted + said.need(letter.criterion) + ".", came + said.need(arrears.criterion) + "."]


@pytest.mark.parametrize(
    ("language", "text"), [("en", "Affordable: no to yes."), ("id", "Terjangkau: tidak menjadi ya.")]
)
def test_a_product_that_became_affordable_says_so(say, language, text):
    (found,) = say(language, MET | {("products", SUPER, "affordable"): "no"}, {})
    assert found["why"] == [text]


def test_the_first_assessment_has_nothing_before_it_and_two_of_one_moment_stand_in_their_order(small_kail):
    kail = small_kail
    person = kail.participant()
    kail.evidence(person)
    ids = []
    for facts in ({}, {"nib": True}, {"arrears_idr": 50_000}):
        if facts:
            kail.evidence(person, **facts)
        ids.append(service.assess(kail.record, kail.live, kail.actors["mentor"], person)[0])  # the clock stands
    with kail.client("mentor") as client:
        told = [client.get(f"/api/v1/assessments/{one}/changes?language=en").json() for one in ids]
        assert [one["before"] for one in told] == [None, ids[0], ids[1]]
        assert told[0] == {"since": None, "before": None, "changes": []}
        assert all(one["changes"] for one in told[1:])
        assert [
            one["id"] for one in client.get(f"/api/v1/participants/{person}/assessments").json()["assessments"]
        ] == ids[::-1]
