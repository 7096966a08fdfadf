"""A third language is a folder and a line of a programme: it is served, and nothing is said that is not in its folder.

The installed command is run with a copy of `words` that has one folder more, and a programme that speaks that language
first. Principle: no sentence stands in the code. Remedy: give it a code and put it into words/locale.
"""

import csv
import functools
import json
import os
import re
import subprocess
import time

import httpx
import pytest

from api.consents.purposes import documents
from api.jobs.kinds import ASKED
from tests.installation import A_TRADER
from tests.installed import serving
from tests.words.another_language import LANGUAGE, Visible, make_programme, make_words, names_in, outside

KNOWN = (
    "Kail",
    "Dalam bahasa Indonesia",
    "In English",
    "NIK",
    "CSV",
    "JSON",
    "OpenAPI",
    "Bahasa Indonesia",
    "English",
    "Indonesia",
    "Jawa",
    "Inggris",
    "id",
    "en",
)


@pytest.fixture(scope="module")
def world(tmp_path_factory, kail_by_dev):
    """The folder with words and programme, and the environment that puts them, and the installed command, first."""
    folder = tmp_path_factory.mktemp("another")
    make_words(folder)
    programme = make_programme(folder / "data" / "programme")
    path = f"{kail_by_dev.parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "PYTHONPATH": str(folder), "KAIL_LANGUAGE": LANGUAGE}
    return folder, programme, environment


def run(world, *arguments, code=0):
    """Run a command in the language; return all that it printed."""
    folder, _, environment = world
    command = ["kail", *map(str, arguments)]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


@functools.cache
def known_of(folder):
    """What is no sentence: paths of the test, file names, versions, and what the programme writes for all languages."""
    ours = (*KNOWN, str(folder), "kail:", "kail.key", "rejected.csv", "funded-synthetic-1", "synthetic")
    agreed = (said for document in documents().values() for texts in document.says.values() for said in texts.values())
    return (*ours, *names_in(folder / "data" / "programme"), *agreed)


@pytest.fixture(scope="module")
def served(world, kail_by_dev):
    """The demo served in that language: the address and the passwords by role."""
    folder, _, environment = world
    printed = run(world, "demo", "--data", folder / "data", "-n", "30")
    accounts = {}
    for role, login, password in re.findall(r"^  (mentor|lender|analyst|operator) +(\S+) +(\S+)$", printed, re.M):
        accounts.setdefault(role, (login, password))
    with serving(kail_by_dev, folder, "--data", folder / "data", environment=environment) as service:
        yield service.address, accounts


def test_the_demo_says_nothing_outside_the_marks(world, tmp_path):
    folder, programme, _ = world
    data = tmp_path / "data"
    data.mkdir()
    (data / "programme").symlink_to(programme)
    printed = run(world, "demo", "--data", data, "-n", "3")
    names = re.sub(r"^  (mentor|lender|analyst|operator) .*$", "", printed, flags=re.M)
    assert outside(names, *known_of(folder)) == ""
    again = run(world, "demo", "--data", data, "-n", "3", code=2)
    assert outside(again, str(data), *known_of(folder)) == ""


def check_page(page, *known):
    found = Visible(page.text)
    left = outside("\n".join(found.text), *known)
    assert left == "", f"{page.request.method} {page.request.url}: {left}"
    return found


@pytest.mark.parametrize("role", ["mentor", "lender", "analyst", "operator"])
def test_no_page_says_anything_outside_the_marks(world, served, role):
    """Every page that links lead to from a role's first one, and every form on them sent empty."""
    folder, _, _ = world
    address, accounts = served
    with httpx.Client(base_url=address, follow_redirects=True, headers={"accept": "text/html"}, timeout=60) as client:
        login, password = accounts[role]
        assert client.post("/sign-in", data={"login": login, "password": password}).status_code == 200
        typed = typed_by_people(client, accounts, role)
        known = (*known_of(folder), *typed)
        seen, waiting, sent, patterns = set(), ["/", "/account", "/participants", "/sign-in"], set(), {}
        if role == "operator":
            waiting.append("/accounts")
        done = jobs_done(client, role)
        waiting += done
        while waiting:
            path = waiting.pop(0)
            shape = re.sub(r"[0-9a-f]{24}", "*", path.partition("?")[0])
            if (
                path in seen
                or patterns.get(shape, 0) >= (8 if shape == "/jobs/*" else 4)
                or "language=" in path
                or path.startswith(("/static", "/schema", "/api"))
                or path.partition("?")[0].endswith(
                    ("/file", "/workbook", "/pack.pdf")
                )  # rows of people, as they were typed
            ):
                continue
            seen.add(path)
            patterns[shape] = patterns.get(shape, 0) + 1
            page = client.get(path)
            found = check_page(page, *known)
            waiting += found.links
            for action, fields in found.forms:
                form = re.sub(r"[0-9a-f]{24}", "*", action)
                if form in sent or "sign-out" in form or "lot" in form or "/accounts/*" in form:
                    continue  # who signs in elsewhere must still be able to
                sent.add(form)
                multipart = {"file": ("a.csv", b"x,y\n1,2\n")} if "file" in fields else None
                check_page(client.post(action, data={"nobody": "asks"}, files=multipart), *known)
        if role == "operator":
            other = next(one for one in client.get("/api/v1/accounts").json()["items"] if one["login"] == "pendamping2")
            for action in (f"/accounts/{other['id']}/password", f"/accounts/{other['id']}"):
                check_page(client.post(action, data={"role": "king"}), *known)
        assert len(seen) > {"mentor": 15, "operator": 8, "analyst": 4, "lender": 3}[role]
        assert any("/assessments/" in path for path in seen) or role != "mentor"
        assert seen >= {"/jobs", *done} or not done


AGREED = {"consents": "record", "channel": "paper", "said_on": "2026-01-02"}
FILES = {
    "with a bad row": ("a.csv", b"participant,nib,staff\nx,ya,2\ny,ya,perhaps\n"),
    "that is none": ("a.pdf", b"x"),
    "without rows": ("a.csv", b"nib,nik\n"),
}


def jobs_done(client, role):
    """Have a job of each kind done that the role may ask for, an import also with what is wrong; return their pages."""
    answers = [client.post("/api/v1/jobs", json={"kind": kind}) for kind, one in ASKED.items() if one.role == role]
    if role == "mentor":
        answers += [client.post("/api/v1/imports", data=AGREED, files={"file": file}) for file in FILES.values()]
    assert {answer.status_code for answer in answers} <= {202}
    end = time.monotonic() + 120
    while any(job["ended_at"] is None for job in (client.get("/api/v1/jobs").json()["items"] if answers else [])):
        assert time.monotonic() < end
        time.sleep(0.2)
    return [f"/jobs/{answer.json()['id']}" for answer in answers]


def typed_by_people(client, accounts, role):
    """Names that stand on pages because somebody typed them."""
    found = {login for login, _ in accounts.values()}
    me = client.get("/api/v1/me").json()
    found |= {str(value) for value in me.values()} | {word for value in me.values() for word in str(value).split(" | ")}
    if role == "mentor":
        people = client.get("/api/v1/participants").json()["items"]
        found |= {str(one.get(name)) for one in people for name in ("name", "own_id")}
    if role == "operator":
        found |= {one[name] for one in client.get("/api/v1/accounts").json()["items"] for name in ("name", "login")}
    if role != "analyst":
        sent = client.get("/api/v1/referrals").json()["items"]
        found |= {str(one[name]) for one in sent for name in ("name", "lender")}
    if role in ("mentor", "operator"):
        found |= {one["name"] for one in client.get("/api/v1/lenders").json()["lenders"]}
    found |= {name for name, *_ in FILES.values()}
    return found | {
        "Demo",
        "Koja",
        "Bank (contoh)",
        "OK OCE (contoh)",
        "x",
        "y",
        "nobody",
        "asks",
        "nib",
        "staff",
        "perhaps",
    }


WRONG = [
    ({}, {"signals": {"nibb": True, "age": -1, "nib": "perhaps", "kecamatan": 3, "any_permit": True}}),
    ({}, {"signals": {"nib": {"on": "2026-13-01", "proof": "x", "y": 1}, "existing_credit": "kur", "sector": "fo"}}),
    ({}, {"signals": {"months_of_books": 12, "business_age_months": 3, "amount_asked": 5, "wants_capital": False}}),
    ({}, {"goal": "kur_mikr", "as_of": "2031-01-01", "language": "fr", "surplus": 1}),
    ({}, {"signals": [], "goal": 3, "as_of": 3}),
    ({"detail": "half", "x": "y"}, {"signals": {}}),
    ({}, []),
]


def sentences_of(answer, at=""):
    """Every text of an answer that is no code: it has a blank, and is no source, study or moment."""
    if isinstance(answer, dict):
        for name, value in answer.items():
            if name not in ("source", "study", "value", "url", "pattern"):
                yield from sentences_of(value, f"{at}.{name}")
    elif isinstance(answer, list):
        for value in answer:
            yield from sentences_of(value, at)
    elif isinstance(answer, str) and " " in answer:
        yield at, answer


def check_json(answer, *known):
    for at, said in sentences_of(answer):
        assert outside(said, *known) == "", f"{at}: {said}"


@pytest.mark.parametrize("signals", [{}, A_TRADER, A_TRADER | {"nib": True, "npwp": True, "amount_asked": 50_000_000}])
@pytest.mark.parametrize("detail", ["plain", "full"])
def test_no_answer_says_anything_outside_the_marks(world, served, signals, detail):
    answer = httpx.post(f"{served[0]}/api/v1/recommendations?detail={detail}", json={"signals": signals}).json()
    assert sum(1 for _ in sentences_of(answer)) > 10
    check_json(answer, *known_of(world[0]))


def test_no_refusal_says_anything_outside_the_marks(served):
    url = f"{served[0]}/api/v1/recommendations"
    answers = [httpx.post(url, params=params, json=body) for params, body in WRONG]
    answers += [
        httpx.post(url, content=content, headers={"content-type": "application/json"})
        for content in (b"", b"{", b"\xff", b'{"a":1,"a":1}')
    ]
    answers += [httpx.post(url, content=b"x", headers={"content-type": "text/plain"}), httpx.put(url, json={})]
    answers += [httpx.get(f"{served[0]}/api/v1/{path}") for path in ("programme?as_of=x&y=1", "me", "nowhere")]
    assert {answer.status_code for answer in answers} >= {400, 401, 404, 405, 415}
    for answer in answers:
        check_json(answer.json(), "signals", "true", "false", "null", "value", "language", "as_of", "goal")


def test_the_catalogue_says_nothing_outside_the_marks(world, served):
    answer = httpx.get(f"{served[0]}/api/v1/programme").json()
    check_json(answer, *known_of(world[0]))


SHEET = """participant,nib,amount_asked,as_of,months_of_books,business_age_months
a,ya,5000000,2026-11-01,3,12
b,perhaps,5000000,2026-11-01,3,12
c,ya,-4,not a day,12,3
,ya,,,,
Total,,9000000,,,
a,tidak,,2026-11-02,,
"""


def test_no_report_of_a_file_says_anything_outside_the_marks(world, tmp_path):
    folder, programme, _ = world
    sheet = tmp_path / "people.csv"
    sheet.write_text(SHEET, encoding="utf-8")
    known = (*known_of(folder), str(tmp_path), *"participant nib amount_asked as_of perhaps Total not a day".split())
    printed = run(world, "recommend", sheet, "--programme", programme, code=3)
    assert outside(printed, *known) == ""
    rejected = list(csv.DictReader((tmp_path / "people.kail.rejected.csv").read_text("utf-8").splitlines()))
    assert len(rejected) >= 5
    for row in rejected:
        assert outside(row["remedy"], *known) == ""
    for number, code in (("1", 0), ("2", 2), ("99", 2)):
        said = run(world, "explain", sheet, "--row", number, "--programme", programme, code=code)
        assert outside(said, "(a)", *known) == "", said


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b""),
        ("a.csv", b"\xff\xfe"),
        ("a.csv", b"nib,nib\n1,1\n"),
        ("a.csv", b"nibb\n1\n"),
        ("a.xlsx", b"PK\x03\x04"),
        ("a.xls", b"x"),
        ("a.parquet", b"x"),
        ("a.jsonl", b"[1]\n"),
        ("a", b"x"),
    ],
)
def test_no_refusal_of_a_file_says_anything_outside_the_marks(world, tmp_path, name, content):
    folder, programme, _ = world
    path = tmp_path / name
    path.write_bytes(content)
    said = run(world, "recommend", path, "--programme", programme, code=2)
    others = ("nibb", "nib", name, "UTF", "csv", "tsv", "jsonl", "ndjson", "parquet", "xlsx", "xlsm", "xls")
    assert outside(said, str(tmp_path), *others, *known_of(folder)) == "", said


def test_no_command_says_anything_outside_the_marks(world, served, tmp_path):
    folder, programme, _ = world
    known = (*known_of(folder), str(tmp_path))
    data = folder / "data"
    broken = make_programme(tmp_path / "broken")
    signals = broken / "signals.toml"
    signals.write_text(
        signals.read_text("utf-8")
        .replace('kind = "yes_no"', 'kind = "perhaps"', 1)
        .replace('step = "P1"', 'step = "P9"', 1),
        "utf-8",
    )
    outputs = [
        run(world, "programme", "check", programme),
        run(world, "programme", "check", broken, code=2),
        run(world, "programme", "check", tmp_path / "nowhere", code=2),
        run(world, "audit", "verify", "--data", data),
        run(world, "audit", "verify", "--data", tmp_path, code=2),
        run(world, "account", "add", "budi", "--role", "operator", "--organisation", "Koja", "--data", data),
        run(world, "account", "add", "budi", "--role", "operator", "--organisation", "Koja", "--data", data, code=2),
        run(world, "rescreen", "--data", data, "-o", tmp_path / "changes.csv"),
        run(world, "train", code=2),
        run(world, "cohort", "-n", "5", "-o", tmp_path / "rows.txt", code=2),
        run(world, "cohort", "-n", "50", "-o", tmp_path / "rows.csv"),
        run(world, "train", "--rows", tmp_path / "rows.csv", "-o", tmp_path, "--version", "v1", code=2),
        run(world, "serve", "--database", "postgresql://x", code=2),
    ]
    words = "budi operator Koja audit consents perhaps signals toml data kail DIR NAME VERSION yes_no".split()
    for said in outputs:
        assert outside(said, *words, *known) == "", said


def test_the_language_is_offered_on_every_page_by_its_own_name(served):
    page = httpx.get(f"{served[0]}/").text
    assert f'<html lang="{LANGUAGE}">' in page
    assert 'hreflang="en"' in page
    assert 'hreflang="id"' in page
    assert json.loads(httpx.get(f"{served[0]}/api/v1/programme").text)["languages"][0] == LANGUAGE
