"""compile_scorecard: an additive estimator becomes a points table, plain data that `matcher.scorecard` reads.

The scale: 20 points double the odds (a factor of 20 / ln 2 on log odds), in whole thousandths of a point. The base, 500
points, is somebody whose every contribution is zero: average, among the rows, in all that is known. It is not tied to a
chance: a convention such as "600 points are even odds" would let anybody read a probability off each score, and a
scorecard fitted to synthetic rows gives none. The log odds of the base are returned beside the table, for the card.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from matcher.scorecard import FORMAT, LEAST_PEOPLE
from models.additive import centred, probe
from models.dataset import Bools, Column, Dataset, Floats
from words.speaking import SaidError

POINTS_TO_DOUBLE_THE_ODDS: Final = 20
FACTOR: Final = POINTS_TO_DOUBLE_THE_ODDS / math.log(2)
"""Points for one unit of log odds (Siddiqi, Credit Risk Scorecards, 2006, ch. 6)."""
BASE_POINTS: Final = 500
PARITY: Final = 1e-9
"""How far, in log odds, the table may be from the estimator before rounding."""
ROUNDING: Final = 0.05
"""How far, in points, rounding to thousandths may carry a score."""
PERTURBED: Final = 2000
MOST_BANDS: Final = 10


class CompileError(SaidError):
    """An estimator that no points table can stand for; it says by how much."""


@dataclass(frozen=True, eq=False)
class Compiled:
    """A points table with what it cost. `base_log_odds`: those of 500 points; `parity` in log odds, `rounding` in points.

    Both are the largest found on the rows given and on perturbed ones.
    """

    table: dict[str, Any]
    base_log_odds: float
    parity: float
    rounding: float

    @property
    def content(self) -> bytes:
        """The table as the bytes of a file."""
        return table_bytes(self.table)


def compile_scorecard(
    estimator: Any, dataset: Dataset, version: str, *, others: Floats | None = None, bands: Sequence[Any] = ()
) -> Compiled:
    """Read an additive estimator's points off its decision function, one signal at a time, and round them.

    A signal that moves nothing by half a thousandth is left out: a reason of zero points is none.
    `dataset` is what it was fitted to; `others`, of shape (rows, columns), are further rows in the same bins (held out)
    on which parity is measured, besides the dataset's own and 2,000 whose bins are drawn at random, unknown included.

    Raises:
        CompileError: if the table before rounding is not the estimator to 1e-9, or rounding costs 0.05 point or more.
    """
    columns = dataset.columns
    parts = [centred(part, dataset.bins[:, at]) for at, part in enumerate(probe(estimator, columns))]
    points = [np.rint(part * FACTOR * 1000).astype(np.int64) for part in parts]
    rows = [dataset.bins, perturbed(columns), *([] if others is None else [others])]
    tried = np.vstack(rows)
    log_odds = np.asarray(estimator.decision_function(tried), dtype=np.float64)
    exact = total_of(parts, tried)
    base = float(log_odds[0] - exact[0])
    parity = float(np.abs(log_odds - base - exact).max())
    rounding = float(np.abs((log_odds - base) * FACTOR - total_of(points, tried) / 1000).max())
    if not parity <= PARITY:
        raise CompileError("not_additive", parity=f"{parity:.2g}")
    if not rounding <= ROUNDING:
        raise CompileError("rounding_costs", rounding=f"{rounding:.2g}", most=f"{ROUNDING}")
    table = {
        "format": FORMAT,
        "version": version,
        "outcome": dataset.outcome,
        "basis": dataset.basis,
        "base": BASE_POINTS * 1000,
        "signals": [_entry(c, found.tolist()) for c, found in zip(columns, points, strict=True) if found.any()],
        "bands": list(bands),
        "hold_back_below": None,
        "trained_on": {"rows": len(dataset), "positive": int(dataset.labels.sum()), "digest": dataset.digest},
        "scale": "thousandths of a point; 20 points double the odds; 500 points: average in all that is known",
    }
    return Compiled(table, base, parity, rounding)


def total_of(parts: Sequence[Any], bins: Floats) -> Any:
    """The sum of contributions (the last of each for unknown) for bins of shape (rows, columns); shape (rows,)."""
    total = np.zeros(len(bins), dtype=parts[0].dtype)
    for place, part in enumerate(parts):
        total += part[np.where(np.isnan(bins[:, place]), len(part) - 1, bins[:, place]).astype(np.intp)]
    return total


def perturbed(columns: Sequence[Column], rows: int = PERTURBED) -> Floats:
    """Rows whose every signal is drawn at random from its bins and unknown, shape (rows, columns)."""
    pick = np.random.default_rng(0)
    drawn = [pick.integers(0, column.bins + 1, rows) for column in columns]
    found = [np.where(d == c.bins, np.nan, d) for d, c in zip(drawn, columns, strict=True)]
    return np.column_stack(found)


def bands_of(scores: Floats, labels: Bools) -> list[dict[str, Any]]:
    """Bands of a score in points with about equally many people: from which score, how many, which share.

    For a scorecard of real outcomes, from scores of people whom the estimator had not seen. At most ten bands, of at
    least 50 people each, for fewer give no probability. Shapes (rows,).
    """
    count = max(1, min(MOST_BANDS, len(scores) // LEAST_PEOPLE))
    thousandths = np.rint(scores * 1000).astype(np.int64)
    ordered = np.sort(thousandths)
    starts = sorted({int(ordered[len(ordered) * at // count]) for at in range(count)})
    which = np.searchsorted(np.array(starts), thousandths, side="right") - 1
    return [
        {
            "at_least": start,
            "people": int((which == at).sum()),
            "share": round(float(labels[which == at].mean()), 4),
        }
        for at, start in enumerate(starts)
    ]


def _entry(column: Column, points: list[int]) -> dict[str, Any]:
    """One signal of the table; neighbouring bins with the same points become one."""
    unknown = points.pop()
    if column.codes:
        return {"signal": column.signal, "codes": list(column.codes), "points": points, "unknown": unknown}
    kept = [at for at in range(len(points)) if at == 0 or points[at] != points[at - 1]]
    edges = [column.edges[at - 1] for at in kept[1:]]
    return {"signal": column.signal, "edges": edges, "points": [points[at] for at in kept], "unknown": unknown}


def table_bytes(table: dict[str, Any]) -> bytes:
    """A points table as JSON that a person can read and compare: sorted keys, one signal and one band a line."""
    lines = []
    for key in sorted(table):
        value = table[key]
        if isinstance(value, list) and value:
            inner = ",\n".join(f"    {_json(entry)}" for entry in value)
            lines.append(f'  "{key}": [\n{inner}\n  ]')
        else:
            lines.append(f'  "{key}": {_json(value)}')
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False)
