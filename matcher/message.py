"""Messages: what the matcher has to say, as a code and its arguments. `words` turns them into sentences."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple


class Message(NamedTuple):
    """Something to say: `code` names the sentence; `args` are ids, dates, integers or criteria, by what they are."""

    code: str
    args: Mapping[str, Any] = MappingProxyType({})

    def __str__(self) -> str:
        return f"{self.code}({', '.join(f'{name}={value!r}' for name, value in self.args.items())})"


class CodedError(Exception):
    """An error whose text is a message. As a string it is the code and its arguments, for whoever reads a trace."""

    def __init__(self, code: str, /, **args: Any) -> None:
        super().__init__(code)
        self.message = Message(code, args)

    def __str__(self) -> str:
        return str(self.message)
