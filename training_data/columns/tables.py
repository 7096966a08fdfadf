"""The table of a column map's TOML file, read within bounds that are counted before the parser begins.

Python's parser takes memory with the square of the parts of one dotted key and falls over brackets that are deep enough. A
map has some sixty columns, so the bounds are far away from whatever is meant well.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Final

from matcher.message import Message
from matcher.programme.reading import ProgrammeError, ProgrammeProblem

MOST_BYTES: Final = 64 * 1024
MOST_PARTS: Final = 8
"""Of one dotted key."""
MOST_DEPTH: Final = 16
"""Of brackets within brackets."""
MOST_KEYS: Final = 2_000
"""For each that it does not know, a near one is looked for."""
LARGEST_NUMBER: Final = 2**63
"""TOML promises no larger ones; Python would read them from hexadecimal digits and then refuse to write them out."""
_TOKEN: Final = re.compile(
    r"""(?P<text>\"{3}(?:[^"\\]|\\.|"{1,2}(?!"))*"{3,5}|'{3}(?:[^']|'{1,2}(?!'))*'{3,5}"""
    r"""|"(?!"")(?:[^"\\\n]|\\[^\n])*"|'(?!'')[^'\n]*'|[A-Za-z0-9_+:-]+)"""
    r"""|(?P<open>[\[{])|(?P<close>[\]}])|(?P<dot>\.)|(?P<blank>[ \t]+|\#[^\n]*)|(?P<broken>["'])|(?P<other>.)""",
    re.S,
)


def read_table(path: Path) -> dict[str, Any]:
    """Read the file of a map as a table.

    Raises:
        ProgrammeError: if it cannot be read, is no TOML, or lies beyond a bound.
    """
    return table_of(path.name, lambda: path.open("rb"))


def table_of(name: str, opened: Callable[[], IO[bytes]]) -> dict[str, Any]:
    """Read a map as a table from what opens its file; `name` is what the file is called.

    Raises:
        ProgrammeError: if it cannot be read, is no TOML, or lies beyond a bound.
    """
    try:
        with opened() as handle:
            content = handle.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise wrong_map(name, Message("map_large", {"most": MOST_BYTES}))
        text = content.decode("utf-8")
        _check_shape(name, text)
        table = tomllib.loads(text)
    except OSError as error:
        raise wrong_map(name, Message("map_unreadable", {"error": error.strerror})) from None
    except UnicodeDecodeError as error:
        raise wrong_map(name, Message("toml_not_utf8", {"byte": error.start})) from None
    except ValueError as error:  # also a number of more digits than Python takes
        raise wrong_map(name, Message("toml_invalid", {"error": str(error)})) from None
    _check_numbers(name, table)
    return table


def wrong_map(name: str, message: Message) -> ProgrammeError:
    """The one problem of a file that is no map at all."""
    return ProgrammeError([ProgrammeProblem(name, "file", message)])


def _check_shape(name: str, text: str) -> None:
    """Count brackets, keys and their parts outside of texts and comments; where a text does not end the parser stops too."""
    depth, keys, parts, after_dot = 0, 0, 0, False
    for token in _TOKEN.finditer(text):
        kind = token.lastgroup
        if kind == "broken":
            return
        if kind == "text":
            parts = parts + 1 if after_dot else 1
        after_dot = kind == "dot" or (kind == "blank" and after_dot)
        keys += token[0] == "="
        depth += (kind == "open") - (kind == "close")
        if parts > MOST_PARTS:
            raise wrong_map(name, Message("map_long_key", {"most": MOST_PARTS}))
        if keys > MOST_KEYS:
            raise wrong_map(name, Message("map_many_keys", {"most": MOST_KEYS}))
        if depth > MOST_DEPTH:
            raise wrong_map(name, Message("map_deep", {"most": MOST_DEPTH}))


def _check_numbers(name: str, value: Any) -> None:
    if isinstance(value, int) and abs(value) > LARGEST_NUMBER:
        raise wrong_map(name, Message("map_large_number"))
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _check_numbers(name, one)
