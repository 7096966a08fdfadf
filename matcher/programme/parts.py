"""What the entries of several files have in common: an id with its days and origin, and figures."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from matcher.programme.entries import Figure
from matcher.programme.reading import Entry


def dated(e: Entry, languages: Iterable[str]) -> dict[str, Any]:
    """Return what every entry has: id, days, and where it comes from."""
    start, end = e.dates()
    source, choice = e.origin(languages)
    identity = e.take("id", str, "", required=True)
    return {"id": identity, "valid_from": start, "valid_to": end, "source": source, "our_choice": choice}


def figure(e: Entry, key: str, languages: Iterable[str]) -> Figure:
    """Return a figure with the one who states it."""
    part = e.table_of(key, required=True)
    if part is None:
        return Figure(0)
    signal = part.take("signal", str, "")
    value = part.take("value", int, 0, required=not signal)
    source, choice = part.sources(), part.take("our_choice", dict)
    if not signal and not source and choice is None:
        part.problem("figure_origin")
    if choice is not None:
        part.check_text("our_choice", choice, languages)
    if value < 0:
        part.problem("figure_negative", value=value)
    part.close()
    return Figure(value, source, choice, signal)
