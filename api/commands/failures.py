"""Failures: whatever stops a command becomes one clear message in place of a stack trace."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import click

NOTHING_DONE: Final = 2


class Failure(click.ClickException):
    """Something that stops a command: one clear message, exit code 2, nothing done."""

    exit_code = NOTHING_DONE

    def show(self, file: Any = None) -> None:
        """Print the message on the error channel."""
        click.echo(f"kail: {self.message}", err=True)


class Commands(click.Group):
    """A group whose commands answer every error with one message in place of a stack trace."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command named."""
        with in_words():
            return super().invoke(ctx)


@contextmanager
def in_words() -> Iterator[None]:
    """Turn an error into a message. KAIL_TRACE=1 shows where it came from instead."""
    from api.advice.participant_rows import Rejected
    from api.files.rows import FileProblem
    from matcher.programme.reading import ProgrammeError
    from matcher.scorecard import ScorecardError

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
        if isinstance(error, ProgrammeError):
            raise Failure(f"{_count(len(error.problems), 'problem')}:\n{error}") from None
        if isinstance(error, Rejected):
            raise Failure("\n".join(_rejection(error))) from None
        if isinstance(error, FileProblem):
            raise Failure(error.said(_language())) from None
        if isinstance(error, ScorecardError):
            raise Failure(str(error)) from None
        if isinstance(error, OSError) and error.filename:
            raise Failure(
                f"{error.filename}: {error.strerror}.\n  Remedy: check the name and that you may use it."
            ) from None
        what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        remedy = "this is a mistake in Kail. Run it again with KAIL_TRACE=1 set and report what it prints."
        raise Failure(f"unexpected {what}.\n  Remedy: {remedy}") from None


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _language() -> str:
    """The language of the command that runs; English where it has none."""
    return str(click.get_current_context().find_root().meta.get("kail.language", "en"))


def _rejection(error: Any) -> Iterator[str]:
    row = error.row
    yield f"row {row.number}{f' (row {row.line} of the sheet)' if row.letters else ''} cannot be read."
    for _, _, cell, _, field, value, remedy in error.table(_language()):
        yield f"  {cell}{' ' if cell else ''}{field or 'the row'} = {value!r}: {remedy}"
