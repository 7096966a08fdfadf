"""A Programme is a folder of TOML files: steps, signals, interventions, products, tiers, referrals; dated and sourced.
How people write what is asked may stand beside them.

`load_programme` reads and checks a folder. It is the only code of the package that touches files, and it reports every
mistake at once. What the programme says on one day is `matcher.programme.rules.Rules`.
"""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path
from typing import Any, Final

from matcher.message import Message
from matcher.programme.building import programme_of
from matcher.programme.checking import check
from matcher.programme.entries import Programme
from matcher.programme.reading import ProgrammeError, ProgrammeProblem
from matcher.programme.writings import FILE as WRITING

FORMAT: Final = 2
"""The number of the folder format, which PROGRAMME.md describes; there stands how to upgrade a folder of another number."""

OKOCE: Final = Path(__file__).parent.parent / "programmes" / "okoce"
FILES: Final = ("programme", "steps", "signals", "interventions", "products", "tiers", "referrals")


def load_programme(folder: Path = OKOCE) -> Programme:
    """Read and check a programme's folder.

    Raises:
        ProgrammeError: with every problem found, each naming file, entry and remedy.
    """
    problems: list[ProgrammeProblem] = []
    tables, digest = _read(folder, problems)
    if problems:
        raise ProgrammeError(problems)
    programme = programme_of(tables, digest, problems)
    if not problems:
        problems.extend(check(programme))
    if problems:
        raise ProgrammeError(problems)
    return programme


def _read(folder: Path, problems: list[ProgrammeProblem]) -> tuple[dict[str, dict[str, Any]], str]:
    tables: dict[str, dict[str, Any]] = {}
    digest = hashlib.sha256()
    writing = WRITING.removesuffix(".toml")  # may be left out, and no rule reads it
    for name in (*FILES, *([writing] if (folder / WRITING).exists() else [])):
        path = folder / f"{name}.toml"
        try:
            content = path.read_bytes()
            tables[name] = tomllib.loads(content.decode("utf-8"))
        except OSError as error:
            wrong = Message("toml_unreadable", {"error": error.strerror})
        except UnicodeDecodeError as error:
            wrong = Message("toml_not_utf8", {"byte": error.start})
        except tomllib.TOMLDecodeError as error:
            wrong = Message("toml_invalid", {"error": str(error)})
        else:
            if name != writing:
                digest.update(name.encode() + b"\0" + hashlib.sha256(content).digest())
            continue
        problems.append(ProgrammeProblem(path.name, "file", wrong))
    if not problems and tables["programme"].get("format") != FORMAT:
        wrong = Message("programme_format", {"value": tables["programme"].get("format"), "format": FORMAT})
        problems.append(ProgrammeProblem("programme.toml", "programme", wrong))
    return tables, digest.hexdigest()
