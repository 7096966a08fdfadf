"""`kail serve --check`: asks the service that has just been started what a stranger would ask, and ends it."""

from __future__ import annotations

import http.client
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import click

from api.commands.failures import Failure, say
from api.settings import Settings

START_SECONDS: Final = 60
"""How long a service may take to answer for the first time."""
ANSWER_SECONDS: Final = 30
PAUSE_SECONDS: Final = 0.1
ANY_ADDRESS: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""Who listens on all addresses is asked at this machine's own."""


@dataclass(frozen=True)
class Question:
    """One thing to ask, the status that is in order, and what the answer must hold."""

    what: str
    method: str
    path: str
    status: int = 200
    holds: bytes = b""
    body: bytes | None = None
    bearer: str = ""


@dataclass(frozen=True)
class Answer:
    """What came: a status, or 0 and why nothing did."""

    question: Question
    status: int
    body: bytes = b""
    error: str = ""

    @property
    def in_order(self) -> bool:
        """Whether it is what was to come."""
        return self.status == self.question.status and self.question.holds in self.body


def check_service(serve: Callable[[], None], settings: Settings) -> None:
    """Serve, ask, stop, and say what was found.

    `serve` answers until a signal ends it, in the main thread, as it does without a check; who asks is beside it.

    Raises:
        Failure: if something is not in order.
    """
    asked, answers, ended = list(questions(settings)), list[Answer](), threading.Event()
    asking = threading.Thread(target=_ask_and_end, args=(asked, settings, answers, ended))
    asking.start()
    try:
        serve()
    except SystemExit:  # the server has said why it does not start, and nothing was answered
        pass
    finally:
        ended.set()
        asking.join()
    for answer in answers:
        click.echo(_told(answer))
    wrong = [answer for answer in answers if not answer.in_order]
    if wrong or not answers:
        raise Failure("check_failed")
    click.echo(say("check_passed"))


def questions(settings: Settings) -> Iterator[Question]:
    """What is asked, in order; the first is asked until it is answered."""
    from api.accounts.guard import MATRIX
    from api.accounts.sessions import KEY_PREFIX

    yield Question(say("check_health"), "GET", "/health", holds=b"{")
    if "GET /ready" in MATRIX:
        yield Question(say("check_ready"), "GET", "/ready")
    yield Question(say("check_home"), "GET", "/", holds=b"</html>")
    yield Question(say("check_advice"), "POST", "/api/v1/recommendations", holds=b'"tier"', body=b'{"signals": {}}')
    if settings.data:  # a key that was never made is looked up in the record, and is in nobody's name
        yield Question(say("check_record"), "GET", "/api/v1/me", status=401, bearer=f"{KEY_PREFIX}check")


def _ask_and_end(asked: list[Question], settings: Settings, answers: list[Answer], ended: threading.Event) -> None:
    until = time.monotonic() + START_SECONDS
    try:
        for question in asked:
            answer = _ask(question, settings)
            while not answers and not answer.status and not ended.wait(PAUSE_SECONDS) and time.monotonic() < until:
                answer = _ask(question, settings)
            answers.append(answer)
            if not answer.status:
                break
    finally:
        if not ended.is_set():
            os.kill(
                os.getpid(), signal.SIGINT
            )  # as Ctrl-C: the server ends as it always does, and this command goes on


def _ask(question: Question, settings: Settings) -> Answer:
    """Ask once; whatever keeps an answer from coming is the answer."""
    headers = {"content-type": "application/json", "connection": "close"}
    headers |= {"authorization": f"Bearer {question.bearer}"} if question.bearer else {}
    host = ANY_ADDRESS.get(settings.host, settings.host)
    connection = http.client.HTTPConnection(host, settings.port, timeout=ANSWER_SECONDS)
    try:
        connection.request(question.method, question.path, question.body, headers)
        came = connection.getresponse()
        return Answer(question, came.status, came.read())
    except (OSError, http.client.HTTPException) as error:
        return Answer(question, 0, error=str(error) or type(error).__name__)
    finally:
        connection.close()


def _told(answer: Answer) -> str:
    question = answer.question
    if answer.in_order:
        return say("check_in_order", what=question.what)
    asked = {"what": question.what, "method": question.method, "path": question.path}
    if not answer.status:
        return say("check_silent", **asked, error=answer.error)
    return say("check_wrong", **asked, status=str(answer.status), expected=str(question.status))
