"""The doubts of a programme: values that can hardly be, read from its file and checked."""

from __future__ import annotations

import string
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from matcher.programme.entries import Doubt, Signal
from matcher.programme.noting import Notes
from matcher.programme.parts import dated
from matcher.programme.reading import Entry, ProgrammeProblem

COUNTED: Final = ("number", "money")
MOST_PERCENT: Final = 5_000
"""So that the largest value there is, so many times over, fits numpy's int64."""
MOST_PLUS: Final = 10**15


def doubt_of(e: Entry, languages: Iterable[str]) -> Doubt:
    """Turn an entry into a Doubt, noting every problem on the way."""
    languages = tuple(languages)
    doubt = Doubt(
        **dated(e, languages),
        label=e.text("label", languages),
        text=e.text("text", languages),
        signal=e.take("signal", str, "", required=True),
        below=e.take("below", int, 0),
        other=e.take("other", str, ""),
        times_percent=e.take("times_percent", int, 100),
        plus=e.take("plus", int, 0),
    )
    if ("below" in e.table) == ("other" in e.table):
        e.problem("doubt_keys")
    elif "below" in e.table and e.table.keys() & {"times_percent", "plus"}:
        e.problem("doubt_below_alone")
    may = ("value", "thousand") if "below" in e.table else ("value", "other")
    for said in doubt.text.values():
        strange = [] if not isinstance(said, str) else _strange(said, may)
        if strange:
            e.problem("doubt_text", value=strange[0], allowed=[f"{{{name}}}" for name in may])
    e.close()
    return doubt


def _strange(text: str, may: Sequence[str]) -> list[str]:
    """What stands in a text in the place of a value and is none that may."""
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError:
        return [text]
    return [f"{{{name}}}" for _, name, form, how in parts if name is not None and (name not in may or form or how)]


def check_doubts(doubts: Sequence[Doubt], signals: Mapping[str, Signal]) -> list[ProgrammeProblem]:
    """Return every problem that only shows when the doubts are read together, and with the signals."""
    return _Check(signals).run(doubts)


class _Check(Notes):
    def __init__(self, signals: Mapping[str, Signal]) -> None:
        super().__init__()
        self.signals = signals

    def run(self, doubts: Sequence[Doubt]) -> list[ProgrammeProblem]:
        self.overlaps("signals", doubts)
        for doubt in doubts:
            where = f"doubt {doubt.id}"
            names = (doubt.signal, doubt.other) if doubt.other else (doubt.signal,)
            if all([self._counted(where, key, name) for key, name in zip(("signal", "other"), names, strict=False)]):
                (self._pair if doubt.other else self._floor)(where, doubt)
        return self.problems

    def _counted(self, where: str, key: str, name: str) -> bool:
        """Whether a name is that of a signal that can be doubted."""
        if not self.known("signals", where, key, name, self.signals):
            return False
        if self.signals[name].kind not in COUNTED:
            self.note("signals", where, "doubt_kind", key=key, signal=name, kind=self.signals[name].kind)
            return False
        for other in self.signals.values():  # what is unknown cannot have let another value grow
            if other.id != name and other.grows and other.grows.while_ and name in other.grows.while_.signals():
                self.note("signals", where, "doubt_growth", signal=name, other=other.id)
        return True

    def _floor(self, where: str, doubt: Doubt) -> None:
        signal = self.signals[doubt.signal]
        least, most = max(signal.minimum, 1) + 1, signal.maximum
        if not least <= doubt.below <= most:
            self.note("signals", where, "doubt_range", key="below", value=doubt.below, least=least, most=most)

    def _pair(self, where: str, doubt: Doubt) -> None:
        if doubt.other == doubt.signal:
            self.note("signals", where, "doubt_itself", signal=doubt.signal)
        for key, value, least, most in (
            ("times_percent", doubt.times_percent, 1, MOST_PERCENT),
            ("plus", doubt.plus, -MOST_PLUS, MOST_PLUS),
        ):
            if not least <= value <= most:
                self.note("signals", where, "doubt_range", key=key, value=value, least=least, most=most)
                return
        signal, other = self.signals[doubt.signal], self.signals[doubt.other]
        first, last = (doubt.times_percent * end + 100 * doubt.plus for end in (other.minimum, other.maximum))
        if last < 100 * signal.minimum or first >= 100 * signal.maximum:
            self.note("signals", where, "doubt_bounds", signal=signal.id, other=other.id)
