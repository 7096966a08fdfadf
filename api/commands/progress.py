"""A progress bar for commands that take a while."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from api.commands.failures import language
from words.speaking import speaker


@contextmanager
def progress_bar(what: str = "rows") -> Iterator[Callable[[int, int], None]]:
    """A bar on the error channel, if somebody is there to see it; it is gone when the work is done. `what`: a code."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda done, total: None
        return
    what = speaker(language()).name("progress", what)
    with Progress(
        what, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console, transient=True
    ) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
