"""Recommendations by pages alone: the work list, a mentor's whole journey, objections and their decision."""

import tomllib

import pytest

from api.assessments import stored
from api.consents import service as consents
from tests.conftest import ROOT
from tests.installation import A_TRADER
from tests.reading import errors_of, field, read

BOTH = pytest.mark.parametrize("language", ["id", "en"])


def assessed(client, person, **data):
    response = client.post(f"/participants/{person}/assessments", data=data, follow_redirects=False)
    assert response.status_code == 303, response.text
    return response.headers["location"]


def typed(value):
    return str(value).lower() if isinstance(value, bool) else str(value)


def links(reader, begin):
    """Where the links of a page lead that begin so, in order."""
    return [
        attributes["href"] for tag, attributes in reader.tags if tag == "a" and attributes["href"].startswith(begin)
    ]


def test_a_mentors_journey_by_pages_alone(small_kail):
    """Register, fill in, agree, ask, choose otherwise."""
    with small_kail.client("mentor") as client:
        agreed = {"channel": "paper", "said_on": "2026-11-21", "text_version": "2026-11"}
        new = client.post("/participants/new", data={"name": "Bu Ani", "consents": "record", **agreed})
        person = new.url.path.rpartition("/")[2]
        assert "Belum setuju dihitung" in read(new).text
        read(client.post(f"/participants/{person}/assessments"), 409)

        version = field(read(client.get(f"/participants/{person}/consents")), "version")
        entry = {"purpose": "recommendation", "given": "true", "version": version, **agreed}
        read(client.post(f"/participants/{person}/consents", data=entry))
        assert "Bu Ani" in read(client.get("/work-list")).text

        version = field(read(client.get(f"/participants/{person}/evidence")), "version")
        facts = {f"signals.{name}": typed(value) for name, value in A_TRADER.items()}
        read(client.post(f"/participants/{person}/evidence", data={"version": version, "on": "2026-11-21", **facts}))

        path = assessed(client, person)
        reader = read(client.get(path))
        assert "Nomor Induk Berusaha (NIB)" in reader.text
        assert "bukan aturan pemerintah" in reader.text
        assert "Produk modal" in reader.text
        chosen = [a["value"] for tag, a in reader.tags if tag == "option" and a.get("value")]
        other = next(code for code in chosen if code in small_kail.live.rules.intervention_ids)
        wrong = client.post(f"{path}/override", data={"chosen": "", "code": "other", "note": ""})
        assert errors_of(wrong) == ["chosen", "note"]
        done = client.post(f"{path}/override", data={"chosen": other, "code": "other", "note": "Anaknya <b>sakit</b>"})
        assert "Pilihan Anda sudah dicatat" in read(done).text
        assert "Anaknya &lt;b&gt;sakit" in done.text
        assert "sudah dihitung dalam tujuh hari" in read(client.get("/work-list")).text
        page = read(client.get(f"/participants/{person}")).text
        assert "Saran terakhir" in page


@BOTH
def test_each_page_is_there_in_both_languages(small_kail, language):
    person = small_kail.participant()
    small_kail.evidence(person)
    asked = {"language": language}
    with small_kail.client("mentor") as client:
        path = assessed(client, person)
        pages = [client.get(path, params=asked), client.get("/work-list", params=asked)]
        client.post(f"{path}/objection", data={"words": "Tidak mau"})
    with small_kail.client("operator") as client:
        pages += [client.get(page, params=asked) for page in ("/objections", "/disagreements", path)]
    with small_kail.client("analyst") as client:
        pages.append(client.get("/disagreements", params=asked))
    for response in pages:
        reader = read(response)
        assert ("html", {"lang": language}) in reader.tags
        assert "{" not in reader.text


def test_what_changed_since_the_last_time_is_told(small_kail):
    person = small_kail.participant()
    small_kail.evidence(person)
    with small_kail.client("mentor") as client:
        assessed(client, person)
        small_kail.clock.forward(minutes=10)
        small_kail.evidence(person, nib=True)
        path = assessed(client, person, goal="")
        text = read(client.get(path)).text
        assert "Yang berubah sejak" in text
        assert "Langkah berikutnya berubah: Nomor Induk Berusaha (NIB)" in text
        assert "Saran sebelumnya (1)" in read(client.get(f"/participants/{person}")).text


def test_a_page_opens_what_it_lists_and_the_older_ones_stand_on_pages_of_their_own(small_kail, monkeypatch):
    person, count = small_kail.participant(), 2 * stored.LISTED + 1
    small_kail.evidence(person)
    made = []
    with small_kail.client("mentor") as client:
        for _ in range(count):
            small_kail.clock.forward(minutes=1)
            made.insert(0, assessed(client, person))
        assert len(set(made)) == count
        opened, summary_of = [], stored.summary_of
        monkeypatch.setattr(stored, "summary_of", lambda tx, row: opened.append(row.id) or summary_of(tx, row))
        monkeypatch.setattr(stored, "opened", None)  # nothing else of them is read
        first = read(client.get(f"/participants/{person}"))
        assert f"({count - 1})" in first.text or f" {count - 1} " in first.text
        shown, pages = [links(first, "/assessments/")], 0
        where = links(first, f"/participants/{person}/assessments?before")
        while where:
            found = read(client.get(where[0]))
            shown.append(links(found, "/assessments/"))
            where, pages = links(found, f"/participants/{person}/assessments?before"), pages + 1
        listed = [one for page in shown for one in dict.fromkeys(page)]
        assert listed == made
        assert pages == 2
        assert len(opened) == count
        from_begin = links(read(client.get(f"/participants/{person}/assessments")), "/assessments/")
        assert from_begin == made[: stored.LISTED]
        read(client.get(f"/participants/{person}/assessments?before=x"), 400)


def test_of_who_took_the_consent_back_no_list_is_shown(small_kail):
    person = small_kail.participant()
    small_kail.evidence(person)
    with small_kail.client("mentor") as client:
        assessed(client, person)
        with small_kail.record.write() as tx:
            said = {"given": False, "channel": "paper", "said_on": small_kail.clock.now.date()}
            consents.say(tx, small_kail.actors["mentor"], person, "record", **said)
        read(client.get(f"/participants/{person}/assessments"), 409)


def test_the_goal_may_be_chosen(small_kail):
    person = small_kail.participant()
    small_kail.evidence(person)
    with small_kail.client("mentor") as client:
        reader = read(client.get(f"/participants/{person}"))
        goal = [a["value"] for tag, a in reader.tags if tag == "option" and a["value"]][-1]
        name = small_kail.live.rules.product_ids[goal].entry.name["id"]
        assert name in read(client.get(assessed(client, person, goal=goal))).text
        read(client.post(f"/participants/{person}/assessments", data={"goal": "gold"}), 400)


def the_page_of(kail, name):
    """What the page says, the day of the case being today's."""
    signals = tomllib.loads((ROOT / "tests" / "cases" / f"{name}.toml").read_text(encoding="utf-8"))["signals"]
    person = kail.participant()
    kail.evidence(person, **signals)
    with kail.client("mentor") as client:
        return read(client.get(assessed(client, person), params={"language": "en"})).text


def test_what_would_be_cheaper_stands_beside_the_path(small_kail):
    text = the_page_of(small_kail, "the_offer_and_the_path_agree")
    path = text[text.index("The path to KUR Mikro") : text.index("Other steps that help too")]
    assert "would cost less: 6% a year. 0 days, free" in path
    assert "What does the business sell or make?" in path


def test_what_nobody_can_have_stands_folded_at_the_very_end_and_never_as_met(small_kail):
    text = the_page_of(small_kail, "what_nobody_can_have_is_never_met")
    rules = small_kail.live.rules
    past = [rule.entry.name["en"] for rule in rules.products if not rule.suggested]
    running = [rule.entry.name["en"] for rule in rules.products if rule.suggested]
    met = text[text.index("Conditions met (") : text.index("Still to be asked (")]
    assert "KUR Mikro" in met
    folded = text.index(f"Products that cannot be had now ({len(past)})")
    end = text.index("Do you disagree?")
    for name in past:
        assert text.index(f"{name}, ") > folded
        assert text.rindex(f"{name}, ") < end
    assert all(text.index(f"{name}, ") < folded for name in running)


def test_a_score_is_never_without_its_notice(small_kail):
    person = small_kail.participant()
    small_kail.evidence(person)
    with small_kail.client("mentor") as client:
        text = read(client.get(assessed(client, person))).text
    assert "Kartu skor ini dibuat dari data buatan" in text


def test_an_objection_stops_the_calculation_until_an_operator_decides(small_kail):
    person = small_kail.participant()
    small_kail.evidence(person)
    with small_kail.client("mentor") as client:
        path = assessed(client, person)
        assert errors_of(client.post(f"{path}/objection", data={"words": " "})) == ["words"]
        assert (
            "operator akan memutuskan"
            in read(client.post(f"{path}/objection", data={"words": "Saya <i>tidak</i>"})).text
        )
        assert "tidak ada yang dihitung" in read(client.get(f"/participants/{person}")).text
        read(client.post(f"/participants/{person}/assessments"), 409)
        read(client.post(f"{path}/objection", data={"words": "Lagi"}), 409)
    with small_kail.client("operator") as client:
        response = client.get("/objections")
        read(response)
        assert "Saya &lt;i&gt;tidak&lt;/i&gt;" in response.text
        number = response.text.partition("/objections/")[2].partition("/")[0]
        wrong = client.post(f"/objections/{number}/decision", data={"decision": "", "reason": "Sudah dibicarakan"})
        assert errors_of(wrong) == ["decision"]
        assert "Sudah dibicarakan" in wrong.text
        data = {"decision": "upheld", "reason": "Sudah dibicarakan"}
        assert "Tidak ada yang menunggu" in read(client.post(f"/objections/{number}/decision", data=data)).text
        read(client.post(f"/objections/{number}/decision", data=data), 409)
    with small_kail.client("mentor") as client:
        assert "Sudah dibicarakan" in read(client.get(path)).text
        assessed(client, person)


def test_another_mentors_recommendation_is_not_there_in_the_same_words(small_kail):
    person = small_kail.participant("mentor2")
    with small_kail.client("mentor2") as client:
        path = assessed(client, person)
    with small_kail.client("mentor") as client:
        theirs, nobodys = client.get(path), client.get(f"/assessments/{'0' * 24}")
        read(theirs, 404)
        assert theirs.text == nobodys.text
        read(client.post(f"{path}/objection", data={"words": "x"}), 404)


def test_an_operator_turns_the_lot_on_and_an_analyst_may_not(small_kail):
    with small_kail.client("analyst") as client:
        read(client.post("/disagreements/lot", data={"on": "true"}), 403)
    with small_kail.client("operator") as client:
        assert "Sekarang menyala" in read(client.post("/disagreements/lot", data={"on": "true"})).text
        assert "Sekarang mati" in read(client.post("/disagreements/lot", data={"on": "false"})).text


def test_disagreements_hold_neither_names_nor_words(small_kail):
    person = small_kail.participant(name="Bu Ani")
    small_kail.evidence(person)
    with small_kail.client("mentor") as client:
        path = assessed(client, person)
        other = small_kail.live.rules.intervention_ids
        listed = [a["value"] for tag, a in read(client.get(path)).tags if tag == "option" and a["value"] in other]
        client.post(f"{path}/override", data={"chosen": listed[0], "code": "too_far", "note": "Rahasia"})
    with small_kail.client("analyst") as client:
        text = read(client.get("/disagreements")).text
    assert "Terlalu jauh" in text
    assert "Bu Ani" not in text
    assert "Rahasia" not in text


def test_the_programme_having_changed_is_said_instead_of_shown_wrongly(small_kail, monkeypatch):
    person = small_kail.participant()
    with small_kail.client("mentor") as client:
        path = assessed(client, person)
        monkeypatch.setattr(stored, "replay", lambda live, assessment: (False, None))
        assert "Aturan program sudah berubah" in read(client.get(path)).text
