"""train: rows in, a new version out: learnt, measured on rows not seen, compiled to points, described in a card."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any, Final

import training_data
from matcher.message import Message
from matcher.programme.entries import Programme
from models.additive import ClampedAdditive
from models.card import card
from models.compile import BASE_POINTS, FACTOR, Compiled, bands_of, compile_scorecard
from models.dataset import Dataset, make_dataset
from models.evaluate import Evaluation, cross_fitted, evaluate
from models.registry import ARTIFACTS, SCORECARD, read_manifest, write_version
from training_data.schema import Rows, RowsFileError, read_rows
from words.speaking import Named, speaker

Progress = Callable[[str], None]
STAGES: Final = ("binning", "scoring", "training", "compiling")
"""As codes; the catalogues say them."""


@dataclass(frozen=True, eq=False)
class Trained:
    """A scorecard that is ready to be written: the estimator, its table, and how well it did on rows not seen."""

    version: str
    programme: Programme
    dataset: Dataset
    estimator: ClampedAdditive
    compiled: Compiled
    evaluation: Evaluation

    @property
    def digest(self) -> str:
        """SHA-256 of scorecard.json: the same rows give the same digest."""
        return hashlib.sha256(self.compiled.content).hexdigest()


def sample_file() -> Path:
    """The committed sample of training rows.

    Raises:
        RowsFileError: if this copy of Kail came without it.
    """
    folder = Path(training_data.__file__).parent
    for path in sorted(folder.glob("sample.*")):
        if path.name.endswith((".parquet", ".csv", ".csv.gz")):
            return path
    raise RowsFileError("sample_missing", folder=str(folder))


def read_sample(programme: Programme) -> Rows:
    """The rows of the committed sample."""
    return read_rows(sample_file(), programme)


def make_estimator(dataset: Dataset) -> ClampedAdditive:
    """The estimator with our settings, not fitted yet; see `ClampedAdditive` for what they mean."""
    return ClampedAdditive(dataset.columns)


def train(rows: Rows, outcome: str, version: str, progress: Progress = lambda stage: None) -> Trained:
    """Learn a scorecard for an outcome ("funded" or "kept"); `progress` is told each of STAGES as it begins.

    Raises:
        DatasetError: if the rows cannot be learnt from.
        CompileError: if the points are not the estimator.
    """
    progress(STAGES[0])
    dataset = make_dataset(rows, outcome)
    progress(STAGES[1])
    unseen = cross_fitted(lambda: make_estimator(dataset), dataset)
    progress(STAGES[2])
    estimator = make_estimator(dataset).fit(dataset.bins, dataset.labels)
    progress(STAGES[3])
    compiled = compile_scorecard(estimator, dataset, version)
    if dataset.basis == "outcomes":
        bands = bands_of((unseen - compiled.base_log_odds) * FACTOR + BASE_POINTS, dataset.labels)
        compiled = compile_scorecard(estimator, dataset, version, bands=bands)
    evaluation = evaluate(unseen, dataset.labels, dataset.groups)
    return Trained(version, rows.programme, dataset, estimator, compiled, evaluation)


def save(trained: Trained, artifacts: Path = ARTIFACTS, *, rows_name: str | None = None) -> Path:
    """Write a trained scorecard as a new version and return its folder. `rows_name`: the file of rows, None: the sample.

    Raises:
        RegistryError: if the version exists.
        OSError: if it cannot be written.
    """
    outcome, version = trained.dataset.outcome, trained.version
    rows = f" --rows {rows_name}" if rows_name else ""
    commands = (
        f"kail train{rows} --outcome {outcome} -o DIR --version {version}",
        f"kail train{rows} --check {version}",
        f"kail recommend people.csv --model {version}",
    )
    about: dict[str, Any] = {
        "made_with": {name: version_of(name) for name in ("numpy", "scikit-learn")}
        | {"python": platform.python_version()},
        "outcome": outcome,
        "programme": {"id": trained.programme.id, "digest": trained.programme.digest},
        "training_data": {
            "basis": trained.dataset.basis,
            "digest": trained.dataset.digest,
            "positive": trained.evaluation.positive,
            "rows": trained.evaluation.rows,
        },
    }
    text = card(version, trained.dataset, trained.compiled, trained.evaluation, commands)
    return write_version(version, trained.compiled.content, text, about, artifacts)


def report(trained: Trained, language: str = "en") -> list[str]:
    """What to tell whoever trained: the data, figures with their intervals, parity, the digest."""
    found, dataset, says = trained.evaluation, trained.dataset, speaker(language)
    auc = {name: says.decimal(getattr(found.auc, name), 3, fixed=True) for name in ("value", "low", "high")}
    parity, rounding = f"{trained.compiled.parity:.1e}", says.decimal(trained.compiled.rounding, 4, fixed=True)
    of = {
        "outcome": dataset.outcome,
        "basis": Named("basis", dataset.basis),
        "rows": found.rows,
        "positive": found.positive,
    }
    lines = [
        Message("trained_rows", {"version": trained.version, **of}),
        Message("trained_auc", auc),
        Message("trained_parity", {"parity": parity, "rounding": rounding}),
        Message("trained_digest", {"digest": trained.digest}),
    ]
    if dataset.basis == "synthetic":
        lines.insert(0, Message("trained_synthetic"))
    return [says.say(line) for line in lines]


@dataclass(frozen=True)
class Check:
    """What training again gave, beside the digest and the data that the version's manifest names."""

    trained: Trained
    wanted: str
    wanted_data: str

    @property
    def equal(self) -> bool:
        """Whether the same points came out."""
        return self.trained.digest == self.wanted

    @property
    def why(self) -> Message:
        """Why the digests differ, as far as the manifest tells, with the remedy."""
        return Message("learnt_from_others" if self.trained.dataset.digest != self.wanted_data else "other_points")


def check(rows: Rows, version: str, artifacts: Path = ARTIFACTS, progress: Progress = lambda stage: None) -> Check:
    """Train a version again and compare the digest with that of its manifest.

    Raises:
        RegistryError: if there is no such version.
        DatasetError: if the rows cannot be learnt from.
    """
    manifest = read_manifest(version, artifacts)
    trained = train(rows, str(manifest["outcome"]), version, progress)
    return Check(trained, str(manifest["files"][SCORECARD]), str(manifest["training_data"]["digest"]))
