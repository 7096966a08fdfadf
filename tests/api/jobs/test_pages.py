"""The pages of jobs: what can be asked for, how far one is without a script, what came out, and stopping it."""

from __future__ import annotations

import re

import pytest

from api.jobs.worker import do_all


def shown(answer):
    assert answer.status_code == 200, answer.text
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


def token(text):
    return re.search(r'name="once" value="([^"]+)"', text)[1]


def start(client, kind, **more):
    page = client.get("/jobs?language=en").text
    sent = {"kind": kind, "once": token(page), **more}
    return client.post("/jobs?language=en", data=sent, follow_redirects=False), sent


def test_a_mentor_asks_for_an_export_watches_it_and_fetches_it(small_kail):
    small_kail.participant(name="Bu Ani")
    with small_kail.client("mentor") as client:
        answer, _ = start(client, "export")
        assert answer.status_code == 303
        where = answer.headers["location"]
        waiting = client.get(where)
        assert "Waiting for its turn" in shown(waiting)
        assert '<meta http-equiv="refresh" content="2">' in waiting.text
        do_all(small_kail.record, small_kail.live, small_kail.settings.data)
        over = client.get(where)
        assert "In the file: 1 person." in shown(over)
        assert "Done" in shown(over)
        assert "http-equiv" not in over.text
        file = client.get(re.search(r'href="(/jobs/\w+/file[^"]*)"', over.text)[1])
        assert "Bu Ani" in file.text
        assert "Exporting your participants" in shown(client.get("/jobs?language=en"))


def test_a_form_that_is_sent_twice_asks_for_one_job(small_kail):
    with small_kail.client("mentor") as client:
        answer, sent = start(client, "export")
        again = client.post("/jobs?language=en", data=sent, follow_redirects=False)
        assert again.headers["location"] == answer.headers["location"]
        assert len(client.get("/api/v1/jobs").json()["items"]) == 1


def test_a_job_that_waits_can_be_cancelled_and_says_so(small_kail):
    with small_kail.client("operator") as client:
        answer, _ = start(client, "verification")
        where = answer.headers["location"]
        form = client.get(where).text
        action = re.search(r'action="(/jobs/\w+/cancel[^"]*)"', form)[1]
        after = client.post(action, data={"once": token(form)})
        assert "Being cancelled" in shown(after)
        assert "/cancel" not in after.text
        do_all(small_kail.record, small_kail.live, small_kail.settings.data)
        assert "Cancelled" in shown(client.get(where))


@pytest.mark.parametrize(("login", "kind"), [("mentor", "verification"), ("operator", "export")])
def test_what_is_another_roles_is_neither_offered_nor_done(small_kail, login, kind):
    with small_kail.client(login) as client:
        page = client.get("/jobs?language=en")
        assert f'value="{kind}"' not in page.text
        assert start(client, kind)[0].status_code == 403
        assert client.post("/api/v1/jobs", json={"kind": kind}).status_code == 403


def test_what_is_no_kind_is_refused_with_those_there_are(small_kail):
    with small_kail.client("mentor") as client:
        answer = client.post("/api/v1/jobs?language=en", json={"kind": "magic", "keep": True})
        assert answer.status_code == 400
        assert {problem["field"] for problem in answer.json()["problems"]} == {"kind", "keep"}


def test_the_chains_are_said_in_words_with_their_ends(small_kail):
    small_kail.participant()
    with small_kail.client("operator") as client:
        where = start(client, "verification")[0].headers["location"]
        do_all(small_kail.record, small_kail.live, small_kail.settings.data)
        text = shown(client.get(where))
    assert "all of them whole" in text
    assert re.search(r"Note down its end .* audit:\d+:[0-9a-f]{64}", text)
