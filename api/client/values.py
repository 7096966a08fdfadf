"""What is sent and answered, as values. A field that a later service adds is passed over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, TypeVar

T = TypeVar("T")


def _read(kind: type[T], told: Mapping[str, Any], **read: Any) -> T:
    """A value of a kind whose fields are called as they are answered; moments are read, lists become tuples."""
    given: dict[str, Any] = {}
    for one in fields(kind):  # type: ignore[arg-type] # every kind here is a dataclass
        value = read[one.name] if one.name in read else told.get(one.name)
        if one.name in ("at", "said_at") or one.name.endswith("_at"):
            value = _moment(value)
        given[one.name] = tuple(value) if isinstance(value, list) else value
    return kind(**given)


def _moment(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


@dataclass(frozen=True)
class Change:
    """Something that was done with a referral. `state`, `version`: those after it; `cursor`: to go on after it."""

    id: str
    referral: str
    product: str
    move: str
    state: str
    version: int
    at: datetime
    cursor: str

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Change:
        """Read one."""
        return _read(cls, told)


@dataclass(frozen=True)
class Event:
    """Something in the history of a referral, with what was said."""

    at: datetime
    side: str
    mine: bool
    move: str
    state: str
    reasons: tuple[str, ...]
    said: Mapping[str, Any]


@dataclass(frozen=True)
class Referral:
    """A referral. From the queue it has a `name` and no pack, looked at by itself a `pack` and `events`."""

    id: str
    product: str
    amount_idr: int | None
    area: str | None
    state: str
    turn: str
    is_over: bool
    version: int
    sent_at: datetime | None
    due_at: datetime | None
    agreed: bool
    complete_percent: int | None
    moves: tuple[str, ...]
    name: str | None = None
    quota_month: str | None = None
    pack: Mapping[str, Any] | None = None
    events: tuple[Event, ...] = ()

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Referral:
        """Read one."""
        return _read(cls, told, events=[_read(Event, one) for one in told.get("events") or ()])


@dataclass(frozen=True)
class Waits:
    """A no that shuts a door for good: nothing is done before a second officer approves it."""

    id: str
    kind: str
    object_id: str
    state: str

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Waits:
        """Read one."""
        return _read(cls, told)


@dataclass(frozen=True)
class Many:
    """What became of each of several referrals, by id; of a refused one all that the service said."""

    done: tuple[str, ...]
    waits: tuple[str, ...]
    refused: tuple[Mapping[str, Any], ...]

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Many:
        """Read one."""
        return _read(cls, told)


@dataclass(frozen=True)
class Quota:
    """How many of a product in a month of Jakarta, and for how much; None: no bound. `taken`: promised of it by now."""

    product: str
    month: str
    most: int | None
    most_idr: int | None
    taken: int
    taken_idr: int
    version: int
    left: int | None

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Quota:
        """Read one."""
        return _read(cls, told)


@dataclass(frozen=True)
class Room:
    """Whether there is room for more of a product: "yes", "no", "weeks" (`weeks` of them), or None."""

    product: str
    answer: str | None
    weeks: int | None
    said_at: datetime | None

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Room:
        """Read one."""
        return _read(cls, told)


@dataclass(frozen=True)
class Reason:
    """A reason: a code of the programme, words where it needs some, and how much more where it asks for more."""

    code: str
    text: str = ""
    more: int | None = None

    @property
    def written(self) -> dict[str, Any]:
        """As it is sent."""
        return {name: value for name, value in vars(self).items() if value not in ("", None)}
