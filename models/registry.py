"""The registry: scorecards in folders that never change. The one module of `models` that serving imports; it never trains.

A version is a folder with scorecard.json (what scores), card.md (what it is and is not for) and manifest.json (digests of
those two, of the training rows and of the programme, and what it was made with). A file is input: before a Scorecard
exists its digest, format, signals and points are checked, and that no directed signal pays for less, or for silence.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from matcher.message import Message
from matcher.programme.rules import Rules
from matcher.scorecard import Scorecard, ScorecardError, read_scorecard
from words.speaking import SaidError

ARTIFACTS: Final = Path(__file__).parent / "artifacts"
SHIPPED: Final = "funded-synthetic-1"
"""The version that is used where nobody named another."""
NO_MODEL: Final = "none"
SCORECARD, CARD, MANIFEST = "scorecard.json", "card.md", "manifest.json"
MOST_BYTES: Final = 10_000_000


class RegistryError(SaidError):
    """A version that cannot be loaded or written; it says why and what to do."""


def versions(artifacts: Path = ARTIFACTS) -> tuple[str, ...]:
    """The names of all versions, sorted."""
    return tuple(sorted(path.parent.name for path in artifacts.glob(f"*/{MANIFEST}")))


def load_scorecard(name: str | Path, rules: Rules, artifacts: Path = ARTIFACTS) -> Scorecard:
    """Load a version, a version's folder, or a lone points table (a file of which no manifest tells the digest).

    Raises:
        RegistryError: if there is no such version, its digest is wrong, its points table does not fit the programme (see
            `read_scorecard`), or it pays for less or for silence.
        OSError: if a file cannot be read.
    """
    path = _find(name, artifacts)
    content = _read(path / SCORECARD if path.is_dir() else path)
    if path.is_dir():
        _check_digest(path, content)
    try:
        scorecard = read_scorecard(content, rules)
    except ScorecardError as error:
        raise RegistryError("version_unfit", version=path.name, reason=error.message) from None
    check_directions(scorecard, rules)
    return scorecard


def scorecard_for(model: str, rules: Rules, artifacts: Path = ARTIFACTS) -> Scorecard | None:
    """What an operator asked for: "none", a version, or a file; "" is the shipped version, if of this programme.

    Raises:
        RegistryError, OSError: see `load_scorecard`.
    """
    if model == NO_MODEL:
        return None
    if model:
        return load_scorecard(model, rules, artifacts)
    if SHIPPED not in versions(artifacts):
        return None
    of = read_manifest(SHIPPED, artifacts).get("programme", {}).get("id")
    return load_scorecard(SHIPPED, rules, artifacts) if of == rules.programme.id else None


def check_directions(scorecard: Scorecard, rules: Rules) -> None:
    """Refuse a table in which a better value of a directed signal, or an answer, has fewer points than less of it.

    Raises:
        RegistryError: naming the signal.
    """
    for bins in scorecard.bins:
        direction = rules.signals[bins.signal].direction
        steps = [b - a for a, b in zip(bins.points, bins.points[1:], strict=False)]
        if any(step * direction < 0 for step in steps):
            points = str(list(bins.points))  # as the file has them
            raise RegistryError("version_falls", signal=bins.signal, points=points, direction=f"{direction:+d}")
        most = max(bins.worst, 0)
        if direction and not bins.worst <= bins.unknown <= most:
            known = {"unknown": str(bins.unknown), "worst": str(bins.worst), "most": str(most)}
            raise RegistryError("version_silence", signal=bins.signal, **known)


def read_manifest(version: str, artifacts: Path = ARTIFACTS) -> dict[str, Any]:
    """The manifest of a version.

    Raises:
        RegistryError: if there is no such version or its manifest cannot be read.
    """
    return _manifest(_find(version, artifacts))


def new_folder(version: str, artifacts: Path = ARTIFACTS) -> Path:
    """The folder of a version that is not there yet.

    Raises:
        RegistryError: if the name is taken or no name for a folder.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", version) or version == NO_MODEL:
        raise RegistryError("version_name", version=version)
    if (artifacts / version).exists():
        raise RegistryError("version_exists", version=version)
    return artifacts / version


def write_version(
    version: str, scorecard: bytes, card: str, about: Mapping[str, Any], artifacts: Path = ARTIFACTS
) -> Path:
    """Write a new version and return its folder; `about` joins the digests in the manifest. All of it or nothing.

    Raises:
        RegistryError: if the name is taken or no name for a folder.
        OSError: if it cannot be written.
    """
    folder = new_folder(version, artifacts)
    files = {SCORECARD: scorecard, CARD: card.encode()}
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    manifest = {"format": 1, "version": version, "files": digests, **about}
    files[MANIFEST] = (json.dumps(manifest, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()
    artifacts.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=artifacts))
    try:
        for name, content in files.items():
            (draft / name).write_bytes(content)
        draft.chmod(0o755)
        os.rename(draft, folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return folder


# -- reading -----------------------------------------------------------------------------------------------------------


def _find(name: str | Path, artifacts: Path) -> Path:
    if isinstance(name, str) and (artifacts / name / MANIFEST).is_file():
        return artifacts / name
    path = Path(name)
    if path.is_file() or (path / SCORECARD).is_file():
        return path
    raise RegistryError("version_missing", name=str(name), known=versions(artifacts) or Message("none"))


def _read(path: Path) -> bytes:
    if path.stat().st_size > MOST_BYTES:
        raise RegistryError("table_large", file=path.name, most=MOST_BYTES)
    return path.read_bytes()


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest = json.loads(_read(folder / MANIFEST))
    except (OSError, ValueError, RecursionError) as error:
        raise RegistryError("manifest_unreadable", version=folder.name, file=MANIFEST, error=str(error)) from None
    if not isinstance(manifest, dict) or manifest.get("format") != 1 or not isinstance(manifest.get("files"), dict):
        raise RegistryError("manifest_format", version=folder.name, file=MANIFEST)
    return manifest


def _check_digest(folder: Path, content: bytes) -> None:
    wanted, found = _manifest(folder)["files"].get(SCORECARD), hashlib.sha256(content).hexdigest()
    if wanted != found:
        digests = {"found": found[:16], "wanted": str(wanted)[:16]}
        raise RegistryError("version_changed", version=folder.name, file=SCORECARD, **digests)
