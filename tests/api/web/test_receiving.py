"""Receiving: a form with files is bounded while it is read, refused in words, and leaves nothing behind that nobody keeps."""

from __future__ import annotations

import asyncio
import hashlib

import pytest
from litestar import Litestar, post
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.testing import TestClient

from api.record.live import Live, go_live
from api.record.sealed_files import open_sealed
from api.record.staging import FOLDER, sweep
from api.settings import Settings
from api.web import errors
from api.web.receiving import LONGEST_FIELD, LONGEST_NAME, MOST_BESIDE, MOST_PARTS, Upload, receiving

BOUNDARY = "----kail"
KIND = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
MAP = 64 * 1024


def part(name, content=b"", filename=None, more=""):
    """A part as a browser writes it."""
    file = "" if filename is None else f'; filename="{filename}"'
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n{more}\r\n'
    return head.encode() + content + b"\r\n"


def form(*parts):
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


@pytest.fixture
def app(tmp_path):
    """A service with one route, which tells what it was given and keeps it if it is asked to."""

    @post("/", dependencies={"upload": Provide(receiving(file=None, columns=MAP))}, request_max_body_size=None)
    async def receive(upload: NamedDependency[Upload]) -> dict[str, object]:
        told = {}
        for name, one in upload.files.items():
            with open_sealed(one.staged.path, one.staged.key, one.staged.id) as file:
                found = hashlib.sha256(file.read()).hexdigest()
            told[name] = (one.name, one.size, one.sha256 == found, one.staged.name)
            assert sweep(tmp_path, lambda: ()) == 0
        if "keep" in upload.fields:
            upload.keep()
        if "break" in upload.fields:
            raise RuntimeError
        return {"fields": upload.fields, "files": told, "digest": upload.digest().hex()}

    live: Live = go_live(Settings())
    state = State({"settings": Settings(data=tmp_path, upload_mb=1), "live": live, "space": None})
    return Litestar([receive], state=state, exception_handlers={**errors.HANDLERS}, logging_config=None)


@pytest.fixture
def send(app, tmp_path):
    """Send a body; nothing may be staged afterwards."""
    with TestClient(app) as client:

        def send(content, status=201, headers=KIND):
            answer = client.post("/?language=en", content=content, headers=headers)
            assert answer.status_code == status, answer.text
            assert left(tmp_path) == []
            return answer.json()

        yield send


def left(data):
    return sorted(path.name for path in (data / FOLDER).glob("*"))


def said(answer):
    (problem,) = answer["problems"]
    return problem["field"], problem["message"]


BROKEN = "What was sent cannot be read as a form with files."


def test_fields_and_files_come_as_they_were_sent(send):
    content = bytes(range(256)) * 1_000
    found = send(
        form(
            part("channel", "kertas é".encode()),
            part("consents", b"record"),
            part("file", content, "Peserta 2026.csv", "Content-Type: text/csv\r\n"),
            part("consents", b"recommendation"),
            part("consents", b""),
            part("columns", b"[map]", "a b.toml"),
            part("empty", b"\r\n--\r\n"),
        )
    )
    assert found["fields"] == {
        "channel": "kertas é",
        "consents": ["record", "recommendation", ""],
        "empty": "\r\n--\r\n",
    }
    assert found["files"] == {
        "file": ["Peserta 2026.csv", len(content), True, "Peserta 2026.csv"],
        "columns": ["a b.toml", 5, True, "a b.toml"],
    }


def test_where_no_file_was_chosen_there_is_none(send):
    assert send(form(part("columns", b"", "")))["files"] == {}
    assert send(form(part("file", b"", "empty.csv")))["files"] == {"file": ["empty.csv", 0, True, "empty.csv"]}


def test_however_a_form_comes_cut_it_is_the_same(app, tmp_path):
    content = form(part("a", b"1"), part("file", b"\r\n--" * 30_000, "a.csv"), part("columns", b"x", "b.toml"))
    with TestClient(app) as client:
        found = [
            client.post(
                "/", headers=KIND, content=(content[start : start + step] for start in range(0, len(content), step))
            ).json()
            for step in (len(content), 65_536, 10_007, 997)
        ]
    assert all(one == found[0] for one in found)
    assert found[0]["files"]["file"][1] == 120_000
    assert left(tmp_path) == []


def test_equal_forms_have_one_digest_and_others_have_others(send):
    same = [form(part("a", b"1"), part("file", b"x", "a.csv"))] * 2
    others = [
        form(part("a", b"2"), part("file", b"x", "a.csv")),
        form(part("b", b"1"), part("file", b"x", "a.csv")),
        form(part("a", b"1"), part("file", b"y", "a.csv")),
        form(part("a", b"1"), part("file", b"x", "b.csv")),
        form(part("a", b"1"), part("columns", b"x", "a.csv")),
        form(part("a", b"1"), part("a", b""), part("file", b"x", "a.csv")),
        form(part("a", b"1"), part("file", b"x")),
    ]
    digests = [send(one)["digest"] for one in (*same, *others)]
    assert len(set(digests)) == 1 + len(others)
    assert digests[0] == digests[1]


def test_what_is_kept_stays_until_it_is_swept_and_what_breaks_leaves_nothing(app, tmp_path):
    with TestClient(app) as client:
        assert (
            client.post("/", headers=KIND, content=form(part("keep"), part("file", b"x", "a.csv"))).status_code == 201
        )
        assert len(left(tmp_path)) == 1
        assert sweep(tmp_path, lambda: left(tmp_path)) == 0
        assert sweep(tmp_path, lambda: ()) == 1
        assert (
            client.post("/", headers=KIND, content=form(part("break"), part("file", b"x", "a.csv"))).status_code == 500
        )
        assert left(tmp_path) == []


# -- bounds ------------------------------------------------------------------------------------------------------------


def test_a_file_may_be_as_large_as_is_set_and_no_byte_larger(send):
    assert send(form(part("file", b"x" * 1_000_000, "a.csv")))["files"]["file"][1] == 1_000_000
    large = send(form(part("a", b"1"), part("file", b"x" * 1_000_001, "a.csv")), 413)
    assert said(large) == ("file", "file has more than 1 MB.")
    assert send(form(part("columns", b"x" * MAP, "a.toml")))["files"]["columns"][1] == MAP
    assert said(send(form(part("columns", b"x" * (MAP + 1), "a.toml")), 413)) == (
        "columns",
        "columns has more than 64 kB.",
    )


def test_all_together_is_bounded_whether_its_length_is_told_or_not(send):
    content = b" " * (1_000_000 + MOST_BESIDE + 1)
    assert said(send(content, 413)) == ("file", "file has more than 1 MB.")
    assert said(send(iter([content]), 413)) == ("file", "file has more than 1 MB.")
    assert said(send(content[1:], 400)) == ("body", BROKEN)


def test_fields_are_bounded(send):
    assert send(form(part("a", b"x" * LONGEST_FIELD)))["fields"]["a"] == "x" * LONGEST_FIELD
    assert said(send(form(part("file", b"x", "a.csv"), part("a", b"x" * (LONGEST_FIELD + 1))), 400))[0] == "a"
    assert set(send(form(part("a" * LONGEST_NAME, b"x")))["fields"]) == {"a" * LONGEST_NAME}
    assert said(send(form(part("a" * (LONGEST_NAME + 1), b"x")), 400)) == ("body", BROKEN)


def test_parts_are_counted(send):
    assert len(send(form(*(part("a", b"1") for _ in range(MOST_PARTS - 1))))["fields"]["a"]) == MOST_PARTS - 1
    for count in (MOST_PARTS, 1_000):
        assert said(send(form(part("file", b"x", "a.csv"), *(part("a", b"1") for _ in range(count))), 400)) == (
            "body",
            BROKEN,
        )


WRONG = {
    "nothing": b"",
    "no boundary in it": b"name=x" * 100,
    "another boundary": form(part("a", b"1")).replace(BOUNDARY.encode(), b"----other"),
    "no end": part("file", b"x" * 1_000, "a.csv"),
    "an end within a file": form(part("file", b"x" * 100_000, "a.csv"))[:50_000],
    "an end within a header": form(part("file", b"x", "a.csv"))[:40],
    "a part of no form": form(part("a", b"1")).replace(b"form-data", b"attachment"),
    "a part without a header": f"--{BOUNDARY}\r\n\r\nx\r\n--{BOUNDARY}--\r\n".encode(),
    "a huge header": form(part("a", b"1", more=f"X: {'x' * 5_000}\r\n")),
    "a header without end": part("a")[:-4] + b"x" * 200_000,
    "many headers": form(part("a", b"1", more="".join(f"X-{n}: 1\r\n" for n in range(20)))),
    "a header of many lines": form(part("a", b"1", more="X: 1\r\n" + " x\r\n" * 2_000)),
    "a name of no encoding": form(part("a", b"1")).replace(b'"a"', b'"\xff"'),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_no_form_with_files_is_refused_in_words(send, wrong):
    assert said(send(WRONG[wrong], 400)) == ("body", BROKEN)


@pytest.mark.parametrize(
    "kind", ["multipart/form-data", "multipart/form-data; boundary=", "multipart/mixed; boundary=x", "application/json", "",
             "multipart/form-data; boundary=" + "x" * 201]
)  # fmt: skip
def test_a_content_type_that_names_no_boundary_is_refused(send, kind):
    assert said(send(form(part("a", b"1")), 400, {"content-type": kind})) == ("content-type", BROKEN)


def test_files_that_nobody_asked_for_and_files_twice_are_refused(send):
    assert said(send(form(part("file", b"x", "a.csv"), part("other", b"x", "a.csv")), 400)) == (
        "other",
        "other is not known here.",
    )
    assert said(send(form(part("file[x]", b"x", "a.csv")), 400))[0] == "file[x]"
    assert said(send(form(part("file", b"x", "a.csv"), part("file", b"x", "a.csv")), 400)) == (
        "file",
        "file stands twice.",
    )
    assert said(send(form(part("a", b"\xff")), 400))[0] == "a"


def test_a_sender_who_goes_away_in_the_middle_leaves_nothing(app, tmp_path):
    """Neither one whose connection ends, nor one whose request the server gives up."""
    begun = part("file", b"x" * 300_000, "a.csv")[:-2]

    async def go_away(how):
        events = iter([{"type": "http.request", "body": begun, "more_body": True}])

        async def receive():
            for event in events:
                return event
            assert len(left(tmp_path)) == 1
            if how == "disconnected":
                return {"type": "http.disconnect"}
            await asyncio.sleep(60)

        async def ignore(message):
            pass

        headers = [(b"content-type", KIND["content-type"].encode())]
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/",
            "raw_path": b"/",
            "query_string": b"",
            "headers": headers,
        }
        scope |= {
            "http_version": "1.1",
            "scheme": "http",
            "client": ("x", 1),
            "server": ("x", 1),
            "root_path": "",
            "asgi": {},
        }
        async with app.lifespan():
            asking = asyncio.create_task(app(scope, receive, ignore))
            if how == "cancelled":
                while not left(tmp_path) and not asking.done():
                    await asyncio.sleep(0.01)
                await asyncio.sleep(0.1)
                asking.cancel()
            await asyncio.wait([asking])

    for how in ("disconnected", "cancelled"):
        asyncio.run(go_away(how))
        assert left(tmp_path) == [], how
