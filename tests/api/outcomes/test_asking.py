"""A training set asked for as an analyst: approved by an operator, made by the worker, fetched; and by the command line."""

import pytest
from sqlalchemy import select

from api.assessments.disagreement import objects
from api.assessments.tables import ASSESSMENTS
from api.jobs.kinds import KINDS
from api.jobs.worker import do_all, who
from api.outcomes import service
from api.record.doing import do_next
from api.record.jobs import JOBS, PIECES
from tests.api.approvals.two import Two, lets_stand, noted
from tests.chains import faults_in
from tests.training_sets import Training, erase, made

ASKED = {"known_at": "2026-12-01", "outcome": "all", "ending": ".csv"}


@pytest.fixture
def training(kail):
    return ready(kail)


@pytest.fixture
def small(small_kail):
    return ready(small_kail)


def ready(kail):
    training = Training(kail)
    training.person = training.agreeing()
    training.assess(training.person)
    training.sent(training.person)
    training.forward(days=1)
    return training


@pytest.fixture
def asks(training):
    with training.kail.client() as client:
        yield Two(training.kail, client)


def done(kail, two, login, job):
    do_all(kail.record, kail.live, kail.settings.data)
    found = two.send(login, "GET", f"/jobs/{job}").json()
    assert found["state"] == "done", found
    return found


def test_an_analyst_asks_an_operator_approves_the_worker_makes_it_and_the_analyst_fetches_it(training, asks):
    kail = training.kail
    lets_stand(kail, "operator")
    approval = asks.asks("analyst", "POST", "/training-sets", ASKED)
    assert asks.send("analyst", "POST", "/training-sets", ASKED).status_code == 409
    assert asks.send("mentor", "POST", f"/approvals/{approval}/approve").status_code == 403
    asks.decides("operator", "approve", approval)

    other = asks.send("analyst", "POST", "/training-sets", ASKED | {"outcome": "kept"})
    assert other.json()["state"] == "waiting"  # another set is another approval
    answer = asks.send("analyst", "POST", "/training-sets", ASKED)
    job = answer.json()["id"]
    assert answer.headers["location"] == f"/api/v1/jobs/{job}"
    found = done(kail, asks, "analyst", job)
    direct = made(kail, "2026-12-01")
    assert found["result"]["manifest"] == direct.manifest
    file = asks.send("analyst", "GET", f"/jobs/{job}/file")
    assert file.content == direct.content
    assert file.headers["content-disposition"] == 'attachment; filename="kail-all-2026-12-01.csv"'
    assert asks.send("operator", "GET", f"/jobs/{job}/file").status_code == 404

    entry = noted(kail, "asked_for_job")[0]
    assert approval in entry.detail
    assert training.person in noted(kail, "read_for_training")[0].detail
    assert len(noted(kail, "fetched_export")) == 1
    kail.clock.forward(hours=25)
    assert asks.send("analyst", "POST", "/training-sets", ASKED).status_code in (202, 409)
    with kail.record.read() as tx:
        assert len(tx.all(select(JOBS))) == 1  # the approval is a day old
    assert faults_in(kail.record) == {}


def test_where_nobody_else_stands_it_is_made_at_once_and_noted_as_alone(training, asks):
    answer = asks.send("operator", "POST", "/training-sets", {"known_at": "2026-12-01"})
    found = done(training.kail, asks, "operator", answer.json()["id"])
    assert found["name"] == "kail-all-2026-12-01.parquet"
    assert '"alone": true' in noted(training.kail, "asked_for_job")[0].detail


@pytest.mark.parametrize("how", ["erased", "training", "objected"])
def test_a_file_that_lies_there_goes_when_somebody_leaves_and_one_under_way_begins_again(training, asks, how):
    kail = training.kail
    jobs = [asks.send("analyst", "POST", "/training-sets", ASKED).json()["id"]]
    done(kail, asks, "analyst", jobs[0])
    jobs.append(asks.send("analyst", "POST", "/training-sets", ASKED).json()["id"])
    if how == "erased":
        erase(kail, training.person)
    elif how == "objected":
        with kail.record.read() as tx:
            assessment = tx.one(select(ASSESSMENTS.c.id)).id
        with kail.record.write() as tx:
            objects(tx, kail.actors["mentor"], assessment, "Tidak setuju")
    else:
        said = {"purpose": "training", "given": False, "channel": "paper", "said_on": "2026-12-02"}
        assert asks.send("mentor", "POST", f"/participants/{training.person}/consents", said).status_code == 201
    assert asks.send("analyst", "GET", f"/jobs/{jobs[0]}/file").status_code == 404
    found = done(kail, asks, "analyst", jobs[1])
    assert found["result"]["rows"] == 0
    assert len(asks.send("analyst", "GET", f"/jobs/{jobs[1]}/file").text.splitlines()) == 1


def test_a_worker_that_is_stopped_anywhere_goes_on_to_the_same_bytes(small, monkeypatch):
    """Its turn ends after every step; then once it is cut off within one."""
    kail = small.kail
    for number in range(5):
        small.assess(small.agreeing(name=f"Bu {number}"))
    small.forward(days=1)
    monkeypatch.setattr(service, "MOST_AT_ONCE", 2)
    monkeypatch.setattr(service, "CHUNK", 300)
    wanted = made(kail, "2026-12-02")
    with kail.client() as client:
        two = Two(kail, client)
        asked = ASKED | {"known_at": "2026-12-02"}
        job = two.send("analyst", "POST", "/training-sets", asked).json()["id"]
        turns = 0
        while do_next(kail.record, kail.live, kail.settings.data, KINDS, who, lambda: True):
            turns += 1
        assert turns > 8
        found = two.send("analyst", "GET", f"/jobs/{job}").json()
        assert found["result"]["manifest"] == wanted.manifest
        assert two.send("analyst", "GET", f"/jobs/{job}/file").content == wanted.content
    with kail.record.read() as tx:
        assert len(tx.all(select(PIECES))) == -(-len(wanted.content) // 300)


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({}, "known_at"),
        ({"known_at": "2026-13-01"}, "known_at"),
        ({"known_at": "1 December"}, "known_at"),
        ({"known_at": 20261201}, "known_at"),
        ({"known_at": "2026-12-02"}, "known_at"),
        ({"known_at": "2030-01-01"}, "known_at"),
        ({"known_at": "2026-11-01"}, "known_at"),
        ({"known_at": "0001-01-01"}, "known_at"),
        ({"known_at": "2026-12-01", "outcome": "repaid"}, "outcome"),
        ({"known_at": "2026-12-01", "ending": ".xlsx"}, "ending"),
        ({"known_at": "2026-12-01", "organisation": "Bogor"}, "organisation"),
    ],
)
def test_what_is_wrong_in_the_asking_is_named_with_its_remedy(small, sent, field):
    with small.kail.client("analyst") as client:
        answer = client.post("/api/v1/training-sets", json=sent)
        assert answer.status_code == 400
        [problem] = answer.json()["problems"]
        assert problem["field"] == field
        assert problem["remedy"]
    with small.kail.record.read() as tx:
        assert tx.all(select(JOBS)) == []


def test_the_page_says_what_it_is_and_leads_to_the_file(small):
    kail = small.kail
    lets_stand(kail, "operator")
    with kail.client("analyst") as client:
        shown = client.get("/training-sets?language=en").text
        assert "Only participants who agree to it today" in shown
        answer = client.post("/training-sets?language=en", data=ASKED | {"known_at": "2030-01-01"})
        assert answer.status_code == 400
        assert "is not over yet" in answer.text
        answer = client.post("/training-sets?language=en", data=ASKED, follow_redirects=False)
        assert answer.headers["location"].startswith("/approvals")
        assert "A training set of all participants" in client.get("/approvals?language=en").text
        assert "Waits for approval" in client.get("/training-sets?language=en").text
    with kail.client("operator") as client:
        [waiting] = client.get("/api/v1/approvals").json()["approvals"]
        assert "1 December 2026" in client.get("/approvals?language=en").text
        client.post(f"/approvals/{waiting['id']}/approve")
    with kail.client("analyst") as client:
        assert "May be made now" in client.get("/training-sets?language=en").text
        answer = client.post("/training-sets?language=en", data=ASKED, follow_redirects=False)
        do_all(kail.record, kail.live, kail.settings.data)
        shown = client.get(answer.headers["location"]).text
        assert "1 row of 1 person" in shown
        assert "/file" in shown
        assert "Making a training set" in client.get("/jobs?language=en").text
