"""Failures: whatever stops a command becomes one clear message in place of a stack trace."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import click

from matcher.message import CodedError
from matcher.programme.reading import ProgrammeError
from words.catalogues import languages
from words.mistakes import say_mistakes
from words.speaking import speaker

NOTHING_DONE: Final = 2


def language() -> str:
    """The language of the command that runs: its --language, else KAIL_LANGUAGE, else English."""
    context = click.get_current_context(silent=True)
    kept = context.find_root().meta.get("kail.language") if context else None
    asked = kept or os.environ.get("KAIL_LANGUAGE", "")
    return asked if asked in languages() else "en"


def say(code: str, **args: Any) -> str:
    """A sentence of the command line, in the language of the command that runs."""
    return speaker(language()).sentence("terminal", code, **args)


class Failure(click.ClickException):
    """Something that stops a command: one clear message in the command's language, exit code 2, nothing done."""

    exit_code = NOTHING_DONE

    def __init__(self, code: str, **args: Any) -> None:
        super().__init__(say(code, **args))

    @classmethod
    def told(cls, message: str) -> Failure:
        """A failure that is in words already."""
        failure = cls.__new__(cls)
        click.ClickException.__init__(failure, message)
        return failure

    def show(self, file: Any = None) -> None:
        """Print the message on the error channel."""
        click.echo(f"kail: {self.message}", err=True)


class Commands(click.Group):
    """A group whose commands answer every error with one message in place of a stack trace."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command named."""
        with in_words():
            asked = os.environ.get("KAIL_LANGUAGE", "")
            if asked and asked not in languages():
                raise Failure("unknown_language", language=asked, allowed=languages())
            return super().invoke(ctx)


@contextmanager
def in_words() -> Iterator[None]:
    """Turn an error into a message. KAIL_TRACE=1 shows where it came from instead."""
    try:
        yield
    except (click.ClickException, click.exceptions.Exit, click.Abort):
        raise
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read us has seen enough
        raise click.exceptions.Exit(0) from None
    except Exception as error:
        if os.environ.get("KAIL_TRACE"):
            raise
        raise failure_of(error) from None


def failure_of(error: Exception) -> Failure:
    """What to say of an error: in its own words where it has some, else that it was not expected."""
    if isinstance(error, CodedError):
        says = speaker(language())
        what, remedy = says.say(error.message), says.remedy(error.message)
        return Failure("failed", what=what, remedy=remedy) if remedy else Failure.told(what)
    if isinstance(error, ProgrammeError):
        return Failure.told(say_mistakes(error, language()))
    said = getattr(error, "said", None)
    if said is not None:
        return Failure.told(said(language()))
    if isinstance(error, OSError) and error.filename:
        return Failure("cannot_use", path=error.filename, error=error.strerror or "")
    return Failure("unexpected", error=f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)
