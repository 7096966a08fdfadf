"""Settings: what one running service needs to be told. Made by whoever starts it; nothing is read on import."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from matcher.programme import OKOCE


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Where to listen and what to answer with.

    `data`: the operator's folder; a sub-folder `programme` in it is served instead of OK OCE. `scorecard`: a points table.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    data: Path | None = None
    scorecard: Path | None = None

    @property
    def programme(self) -> Path:
        """The folder of the programme to serve."""
        own = self.data / "programme" if self.data else None
        return own if own is not None and own.is_dir() else OKOCE

    def to_environment(self) -> dict[str, str]:
        """Write the settings as environment variables: the one way by which a worker process can be told them."""
        written = {"KAIL_HOST": self.host, "KAIL_PORT": str(self.port), "KAIL_WORKERS": str(self.workers)}
        paths = {"KAIL_DATA": self.data, "KAIL_SCORECARD": self.scorecard}
        return written | {name: str(path) for name, path in paths.items() if path is not None}

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read what `to_environment` wrote; what is not there keeps its default."""
        data, scorecard = environment.get("KAIL_DATA"), environment.get("KAIL_SCORECARD")
        return cls(
            host=environment.get("KAIL_HOST") or cls.host,
            port=int(environment.get("KAIL_PORT") or cls.port),
            workers=int(environment.get("KAIL_WORKERS") or cls.workers),
            data=Path(data) if data else None,
            scorecard=Path(scorecard) if scorecard else None,
        )
