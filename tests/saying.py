"""What an error of the matcher, which has no sentences, says in words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from matcher.message import CodedError
from matcher.programme.reading import ProgrammeError
from words.mistakes import say_mistakes
from words.speaking import speaker


def said(error: BaseException, language: str = "en") -> str:
    """The sentence of an error with its remedy; of a programme, how many mistakes and each on a line of its own."""
    if isinstance(error, ProgrammeError):
        return say_mistakes(error, language)
    assert isinstance(error, CodedError)
    return speaker(language).with_remedy(error.message)


@contextmanager
def says(kind: type[Exception], match: str) -> Iterator[None]:
    """As `pytest.raises`; what is said in English must match."""
    with pytest.raises(kind) as caught:
        yield
    assert re.search(match, said(caught.value)), said(caught.value)
