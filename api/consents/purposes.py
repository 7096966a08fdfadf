"""What people are asked to agree to: a dated document under texts/ for each version, never edited once it is used.

The purposes and their words are our choice, after UU PDP 27/2022 art. 20 to 24: one consent for one purpose, in plain
words, as easily taken back as given.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final

PURPOSES: Final = ("record", "recommendation", "referral", "training")
WITH_RECIPIENT: Final = ("referral",)
HANDED_OVER: Final = frozenset({"name", "phone", "nik", "facts"})
"""What a lender is sent, all of it: whoever agreed to less by an older text is asked again."""
CHANNELS: Final = ("paper", "spoken", "phone", "message", "online")
FOLDER: Final = Path(__file__).parent / "texts"


@dataclass(frozen=True)
class Document:
    """One version of the texts: the day from which it is asked, and by purpose what it says in each language.

    `referral_gives`: what its text of a referral says is handed to the lender. The first texts named nothing that would do.
    """

    version: str
    begins: date
    says: Mapping[str, Mapping[str, str]]
    referral_gives: frozenset[str] = frozenset()

    def text(self, purpose: str, language: str) -> str:
        """What it says of a purpose; in its first language where it does not speak the one asked for."""
        said = self.says[purpose]
        return said.get(language) or next(iter(said.values()))


@cache
def documents() -> Mapping[str, Document]:
    """Every version there ever was, the oldest first."""
    found = {}
    for path in sorted(FOLDER.glob("*.toml"), key=lambda path: path.stem):
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        says, gives = {purpose: table[purpose] for purpose in PURPOSES}, frozenset(table.get("referral_gives", ()))
        found[path.stem] = Document(path.stem, table["begins"], says, gives)
    return found


def current(today: date) -> Document:
    """The version that is asked on a day: the newest that has begun; before all of them the first."""
    begun = [document for document in documents().values() if document.begins <= today]
    return begun[-1] if begun else next(iter(documents().values()))
