"""Settings: what one running service needs to be told. Made by whoever starts it; nothing is read on import."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from matcher.programme.loading import OKOCE


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Where to listen and what to answer with.

    `programme`: the folder of the programme to serve. `data`: the operator's folder, where the record is kept; where no
    programme is named, a sub-folder `programme` in it is served instead of OK OCE. Without a data folder nothing is kept.
    `model`: a version or file of a scorecard, "none", or "" for the one that comes with Kail where it is of this programme.
    `database`: the address of a PostgreSQL database, or "" for an SQLite file in the data folder. `keys`: that of the key
    store, or "" for a file there. `https`: whether browsers come by HTTPS, so that cookies are sent by it alone.
    `trusted_proxy`: the networks (CIDR) of the proxies that are
    believed when they say from where somebody comes. `upload_mb`: how many million bytes a file may have that somebody
    sends, `upload_rows` how many rows. `webhook_network`: the networks (CIDR) to which webhooks may go beside the open
    internet. `reserve`: megabytes of the disk of the data folder that writing may not use up.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    programme: Path | None = None
    data: Path | None = None
    model: str = ""
    database: str = ""
    keys: str = ""
    https: bool = False
    trusted_proxy: tuple[str, ...] = ()
    upload_mb: int = 200
    upload_rows: int = 300_000
    webhook_network: tuple[str, ...] = ()
    reserve: int = 256

    @property
    def upload_bytes(self) -> int:
        """How many bytes a file may have that somebody sends."""
        return self.upload_mb * 1_000_000

    @property
    def programme_folder(self) -> Path:
        """The folder of the programme to serve."""
        if self.programme is not None:
            return self.programme
        own = self.data / "programme" if self.data else None
        return own if own is not None and own.is_dir() else OKOCE

    def to_environment(self) -> dict[str, str]:
        """Write the settings as environment variables: the one way by which a worker process can be told them."""
        written = {"KAIL_HOST": self.host, "KAIL_PORT": str(self.port), "KAIL_WORKERS": str(self.workers)}
        written |= {"KAIL_PROGRAMME": str(self.programme or ""), "KAIL_MODEL": self.model}
        written |= {"KAIL_DATABASE": self.database, "KAIL_KEYS": self.keys, "KAIL_HTTPS": "1" if self.https else ""}
        written |= {"KAIL_TRUSTED_PROXY": ",".join(self.trusted_proxy)}
        written |= {"KAIL_UPLOAD_MB": str(self.upload_mb), "KAIL_UPLOAD_ROWS": str(self.upload_rows)}
        written |= {"KAIL_RESERVE": str(self.reserve), "KAIL_WEBHOOK_NETWORK": ",".join(self.webhook_network)}
        return written | ({"KAIL_DATA": str(self.data)} if self.data else {})

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read what `to_environment` wrote; what is not there keeps its default."""
        programme, data = environment.get("KAIL_PROGRAMME"), environment.get("KAIL_DATA")
        return cls(
            host=environment.get("KAIL_HOST") or cls.host,
            port=int(environment.get("KAIL_PORT") or cls.port),
            workers=int(environment.get("KAIL_WORKERS") or cls.workers),
            programme=Path(programme) if programme else None,
            data=Path(data) if data else None,
            model=environment.get("KAIL_MODEL") or cls.model,
            database=environment.get("KAIL_DATABASE") or cls.database,
            keys=environment.get("KAIL_KEYS") or cls.keys,
            https=bool(environment.get("KAIL_HTTPS")),
            trusted_proxy=tuple(filter(None, environment.get("KAIL_TRUSTED_PROXY", "").split(","))),
            upload_mb=int(environment.get("KAIL_UPLOAD_MB") or cls.upload_mb),
            upload_rows=int(environment.get("KAIL_UPLOAD_ROWS") or cls.upload_rows),
            webhook_network=tuple(filter(None, environment.get("KAIL_WEBHOOK_NETWORK", "").split(","))),
            reserve=int(environment.get("KAIL_RESERVE") or cls.reserve),
        )
