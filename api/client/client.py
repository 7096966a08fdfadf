"""The client: a method for each thing that a lender's system does.

Whatever writes has a key of its own, made once and sent with every try: after a connection that broke it is done once,
whether the first try had arrived or not.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple, Protocol
from urllib.parse import urlsplit

import httpx

from .errors import Busy, Unreachable, error_of
from .values import Change, Many, Quota, Reason, Referral, Room, Waits

TRIES: Final = 4
FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 60.0
_OF_THIS_MACHINE: Final = ("localhost", "127.0.0.1", "::1")


class HasVersion(Protocol):
    """A referral as it was read: what is asked for is refused where it was changed since."""

    @property
    def id(self) -> str: ...

    @property
    def version(self) -> int: ...


class Known(NamedTuple):
    """A referral of which no more was kept than this."""

    id: str
    version: int


class Client:
    """Asks one service with one API key; use it in a `with`, or `close` it.

    `tries`: how often what fails for want of a connection, or because many ask, is tried; `sleep`: by what it waits.
    """

    def __init__(
        self,
        address: str,
        key: str,
        *,
        language: str = "en",
        tries: int = TRIES,
        timeout: float = 30.0,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        parts = urlsplit(address)
        if parts.scheme != "https" and parts.hostname not in _OF_THIS_MACHINE:
            raise ValueError(f"{parts.scheme}://{parts.hostname}: by anything but https the key would go in clear")
        self._http = httpx.Client(
            base_url=address.rstrip("/") + "/api/v1",
            headers={"authorization": f"Bearer {key}"},
            params={"language": language},
            timeout=timeout,
            transport=transport,
        )
        self._tries, self._sleep = tries, sleep

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    # -- reading -------------------------------------------------------------------------------------------------------

    def me(self) -> Mapping[str, Any]:
        """Whose key it is. Scope: me."""
        return self._ask("GET", "/me")

    def queue(self, **asked: str) -> Iterator[Referral]:
        """What was sent to us, page by page, filtered and sorted as the endpoint is asked: turn="lender". Scope: read."""
        page = ""
        while True:
            told = self._ask("GET", "/referrals", params=asked | ({"page": page} if page else {}))
            yield from map(Referral.of, told["items"])
            page = told.get("next") or ""
            if not page:
                return

    def referral(self, referral_id: str) -> Referral:
        """One with its pack and history; what is looked at is noted there. Scope: read."""
        return Referral.of(self._ask("GET", f"/referrals/{referral_id}"))

    def changes(self, since: str = "", *, at_once: int = 100) -> Iterator[Change]:
        """What changed after a cursor, in order, until there is no more; keep the `cursor` of the last. Scope: read."""
        more = True
        while more:
            told = self._ask("GET", "/referrals/changes", params={"since": since, "limit": str(at_once)})
            yield from map(Change.of, told["changes"])
            since, more = told["next"], told["more"]

    def quotas(self, month: str = "") -> list[Quota]:
        """Ours of a month, "2026-12"; of this one where none is said. Scope: read."""
        return [
            Quota.of(one) for one in self._ask("GET", "/quotas", params={"month": month} if month else {})["quotas"]
        ]

    def rooms(self) -> list[Room]:
        """For which products we said that there is room. Scope: read."""
        return [Room.of(one) for one in self._ask("GET", "/rooms")["rooms"]]

    def declined(self) -> dict[str, int]:
        """For which reasons we declined this quarter, and how often each. Scope: read."""
        told = self._ask("GET", "/lending/figures")["declined"]
        return {one["reason"]: one["count"] for one in told}

    # -- answering: scope decide ---------------------------------------------------------------------------------------

    def take_up(self, referral: HasVersion) -> Referral:
        """Say that we look at it."""
        return self._moved(referral, "take_up")

    def ask_more(self, referral: HasVersion, documents: Sequence[str], note: str = "") -> Referral:
        """Ask for documents."""
        return self._moved(referral, "ask_more", documents=list(documents), note=note)

    def hold(self, referral: HasVersion, reasons: Iterable[str | Reason], note: str = "") -> Referral:
        """Put it on hold."""
        return self._moved(referral, "hold", reasons=_written(reasons), note=note)

    def resume(self, referral: HasVersion) -> Referral:
        """Go on with it."""
        return self._moved(referral, "resume")

    def accept(self, referral: HasVersion, amount_idr: int | None = None) -> Referral:
        """Accept it, for that much; None: what was asked for. It takes a place in the month's quota."""
        return self._moved(referral, "accept", amount_idr=amount_idr)

    def decline(self, referral: HasVersion, reasons: Iterable[str | Reason], note: str = "") -> Referral | Waits:
        """Decline it, with codes of the programme; a door shut for good waits for a second officer."""
        return self.move(referral, "decline", reasons=_written(reasons), note=note)

    def take_back(self, referral: HasVersion, reasons: Iterable[str | Reason]) -> Referral | Waits:
        """Take an acceptance back, with codes as for a decline."""
        return self.move(referral, "take_back", reasons=_written(reasons))

    def mark_error(self, referral: HasVersion, reasons: Iterable[str | Reason]) -> Referral:
        """Say that it should never have been."""
        return self._moved(referral, "mark_error", reasons=_written(reasons))

    def note(self, referral_id: str, text: str) -> Referral:
        """Say something to the mentor."""
        return Referral.of(self._ask("POST", f"/referrals/{referral_id}/notes", {"note": text}))

    def still_lives(self, referral_id: str, reason: str) -> Referral:
        """Answer whether a silent one still lives, with a code of the programme."""
        return Referral.of(self._ask("POST", f"/referrals/{referral_id}/still-lives", {"reason": reason}))

    def set_quota(self, quota: Quota, *, most: int | None, most_idr: int | None) -> int:
        """Set a quota that was read, to so many and so much; None: no bound. Returns its new version."""
        sent = {"product": quota.product, "month": quota.month, "version": quota.version}
        return int(self._ask("PUT", "/quotas", sent | {"most": most, "most_idr": most_idr})["version"])

    def say_room(self, product: str, answer: str, weeks: int | None = None) -> None:
        """Say whether there is room for more: "yes", "no", or "weeks" and how many."""
        self._ask("PUT", "/rooms", {"product": product, "answer": answer, "weeks": weeks})

    # -- reporting: scope report ---------------------------------------------------------------------------------------

    def disburse(self, referral: HasVersion, amount_idr: int, on: date) -> Referral:
        """Say what was paid out, and on which day in Jakarta."""
        return self._moved(referral, "disburse", amount_idr=amount_idr, on=on.isoformat())

    def fall_through(self, referral: HasVersion, reasons: Iterable[str | Reason]) -> Referral:
        """Say that it fell through after it was accepted."""
        return self._moved(referral, "fall_through", reasons=_written(reasons))

    def repay(self, referral: HasVersion, on: date, days_late: int) -> Referral:
        """Say that all was paid back, and how many days late at most."""
        return self._moved(referral, "repay", on=on.isoformat(), days_late=days_late)

    def default(self, referral: HasVersion, on: date, days_late: int) -> Referral:
        """Say that it is not paid back."""
        return self._moved(referral, "default", on=on.isoformat(), days_late=days_late)

    def undo_payment(self, referral: HasVersion, reasons: Iterable[str | Reason]) -> Referral:
        """Say that a payment was entered in error."""
        return self._moved(referral, "undo_payment", reasons=_written(reasons))

    # -- any move ------------------------------------------------------------------------------------------------------

    def move(self, referral: HasVersion, name: str, **said: Any) -> Referral | Waits:
        """Make a move of the programme's, with what it asks for."""
        sent = {"version": referral.version} | _said(said)
        told = self._ask("POST", f"/referrals/{referral.id}/moves/{name}", sent)
        return Waits.of(told) if "object_id" in told else Referral.of(told)

    def move_many(self, referrals: Iterable[HasVersion], name: str, **said: Any) -> Many:
        """Make the same move of up to 25; each is done or refused by itself."""
        which = [{"id": one.id, "version": one.version} for one in referrals]
        return Many.of(self._ask("POST", f"/referrals/moves/{name}", {"referrals": which} | _said(said)))

    def _moved(self, referral: HasVersion, name: str, **said: Any) -> Referral:
        found = self.move(referral, name, **said)
        assert isinstance(found, Referral)
        return found

    # -- asking --------------------------------------------------------------------------------------------------------

    def _ask(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, params: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Ask until there is an answer; what writes has one key for all tries.

        Raises:
            KailError: what was refused, with every problem; Unreachable, Busy: where no try was answered otherwise.
        """
        headers = {} if method == "GET" else {"idempotency-key": secrets.token_urlsafe(24)}
        failed: Unreachable | Busy = Unreachable(0, "nothing was tried")
        for number in range(self._tries):
            try:
                answer = self._http.request(method, path, params=params, json=body, headers=headers)
            except httpx.RequestError as error:
                failed, wait = Unreachable(0, f"{type(error).__name__} at {path}"), 0.0
            else:
                if answer.is_success:
                    return _told(answer)
                refused = error_of(answer.status_code, _json(answer))
                if not isinstance(refused, Busy):
                    raise refused
                failed, wait = refused, _seconds(answer)
            if number + 1 < self._tries:
                self._sleep(min(max(wait, FIRST_PAUSE * (1 << number)), LONGEST_PAUSE))
        raise failed


def _said(said: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in said.items() if value not in (None, "", [])}


def _written(reasons: Iterable[str | Reason]) -> list[Any]:
    return [one.written if isinstance(one, Reason) else one for one in reasons]


def _told(answer: httpx.Response) -> dict[str, Any]:
    told = _json(answer)
    if not isinstance(told, dict):
        raise Unreachable(answer.status_code, "What came back is no answer of Kail's: is the address right?")
    return told


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:  # of a proxy between us
        return None


def _seconds(answer: httpx.Response) -> float:
    told = answer.headers.get("retry-after", "")
    return float(told) if told.isdecimal() else 0.0
