"""Messages: what the matcher has to say, as a code and its arguments. `words` turns them into sentences."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple


class Message(NamedTuple):
    """Something to say: `code` names the sentence; `args` are ids, dates, integers or criteria, by what they are."""

    code: str
    args: Mapping[str, Any] = MappingProxyType({})
