"""Checks of training rows: everything that cannot be true together, gathered, each with its remedy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np

from matcher.facts.columns import ask_columns
from matcher.facts.following import contradictions
from matcher.facts.participant import contradiction
from matcher.message import Message
from matcher.programme.entries import Programme
from training_data.rows import Bools, Ints, Rows, intervals, rows_by_day, window_end
from words.speaking import Speaker

Both = Mapping[str, str]

NEEDED: Final = (
    "participant as_of product amount_asked referred_on funded disbursed_on kept observed_until source"
).split()
"""The columns that a file must have; a signal or group without a column is unknown in every row."""


@dataclass(frozen=True, slots=True)
class RowProblem:
    """One thing wrong: the row (from 1; 0 is the header), the column, the value, and the remedy in each language."""

    row: int
    field: str
    value: Any
    remedy: Both


class RowsError(ValueError):
    """Rows that cannot be used; `problems` names every row, field, value and remedy."""

    def __init__(self, problems: Sequence[RowProblem]) -> None:
        self.problems = tuple(problems)
        shown = "; ".join(f"row {p.row}, {p.field}: {p.remedy['en']}" for p in self.problems[:20])
        super().__init__(f"{len(self.problems)} problem(s): {shown}{'; ...' if len(self.problems) > 20 else ''}")


def check_rows(rows: Rows) -> list[RowProblem]:
    """Everything in the rows that cannot be true together, each with its row, field, value and remedy."""
    problems: list[RowProblem] = []
    for wrong, field, code in _impossible(rows):
        _add(rows, problems, np.flatnonzero(wrong), field, remedy(code))
    standing = np.flatnonzero(_in_days(rows))
    _check_signals(rows, standing, problems)
    return sorted(problems, key=lambda problem: problem.row)


def _impossible(rows: Rows) -> list[tuple[Bools, str, str]]:
    is_known = {name: rows.known(name) for name in NEEDED if name != "participant"}
    referred, disbursed = is_known["referred_on"], is_known["disbursed_on"]
    asks_nothing = ~is_known["amount_asked"] | (rows["amount_asked"] <= 0)
    in_time = disbursed & (rows["disbursed_on"] <= window_end(rows["referred_on"]))
    ended = is_known["funded"] | is_known["kept"]
    twice = _twice(rows) & referred
    return [
        (np.array([not name for name in rows.participant], np.bool_), "participant", "participant"),
        (~is_known["as_of"], "as_of", "as_of"),
        (is_known["as_of"] & ~_in_days(rows), "as_of", "as_of_outside"),
        (~is_known["source"], "source", "source"),
        (referred & ~is_known["product"], "product", "product"),
        (referred & asks_nothing, "amount_asked", "amount_asked"),
        (referred & (rows["as_of"] > rows["referred_on"]), "as_of", "as_of_late"),
        (disbursed & (~referred | (rows["disbursed_on"] < rows["referred_on"])), "disbursed_on", "disbursed"),
        (is_known["funded"] & ~referred, "funded", "funded_who"),
        (is_known["funded"] & referred & ((rows["funded"] == 1) != in_time), "funded", "funded"),
        (is_known["kept"] & ~disbursed, "kept", "kept"),
        (ended & ~is_known["observed_until"], "observed_until", "observed"),
        (disbursed & is_known["observed_until"] & (rows["observed_until"] < rows["disbursed_on"]), "observed_until",
         "observed_early"),
        (twice, "participant", "twice"),
    ]  # fmt: skip


REMEDIES: Final[Mapping[str, tuple[str, str]]] = {
    "participant": ("Isi kode peserta, bukan nama dan bukan NIK.", "Give a pseudonym, no name and no NIK."),
    "as_of": ("Isi tanggal data ini benar (TTTT-BB-HH).", "Give the day on which the signals were true (YYYY-MM-DD)."),
    "as_of_outside": (
        "Program belum ada atau sudah berakhir pada tanggal ini: periksa tanggalnya.",
        "The programme does not stand on that day: check the date.",
    ),
    "source": ("Isi synthetic atau outcomes.", "Write synthetic or outcomes."),
    "product": ("Ada rujukan, jadi isi produknya.", "There was a referral, so name its product."),
    "amount_asked": (
        "Ada rujukan, jadi isi jumlah yang diminta, lebih dari 0.",
        "There was a referral, so give the amount asked, above 0.",
    ),
    "as_of_late": (
        "Data harus dari hari rujukan atau sebelumnya; yang lebih baru sudah tahu hasilnya.",
        "Signals must be of the day of the referral or before; later ones know how it ended.",
    ),
    "disbursed": (
        "Pencairan datang sesudah rujukan: periksa kedua tanggalnya.",
        "A disbursement follows a referral: check both dates.",
    ),
    "funded_who": ("Tanpa tanggal rujukan, kosongkan funded.", "Without a day of referral leave funded empty."),
    "funded": (
        "funded benar hanya bila disbursed_on paling lama 12 bulan sesudah referred_on: samakan.",
        "funded is true exactly where disbursed_on is within 12 months of referred_on: make them agree.",
    ),
    "kept": ("Tanpa tanggal pencairan, kosongkan kept.", "Without a day of disbursement leave kept empty."),
    "observed": ("Isi sampai tanggal berapa hasilnya diamati.", "Give the last day on which the outcome was observed."),
    "observed_early": (
        "Pengamatan berakhir sebelum pencairan: periksa tanggalnya.",
        "The observation ends before the disbursement: check the dates.",
    ),
    "twice": (
        "Rujukan ini sudah ada di baris lain (peserta, produk, tanggal sama): hapus satu.",
        "This referral stands in another row (same participant, product and day): remove one.",
    ),
    "future": ("Tanggal ini sesudah as_of: periksa.", "This date is after as_of: check it."),
    "column_missing": (
        "Kolom ini harus ada; boleh kosong bila belum diketahui.",
        "This column must be there; leave a cell empty where it is unknown.",
    ),
    "column_unknown": (
        "Kolom ini tidak dikenal: betulkan namanya atau hapus.",
        "This column is not known: correct its name or remove it.",
    ),
    "column_twice": ("Kolom ini ada dua kali: hapus satu.", "This column stands twice: remove one."),
    "cell": ("Nilai ini tidak bisa dibaca. Yang boleh: {allowed}.", "This value cannot be read. Allowed: {allowed}."),
}


def _twice(rows: Rows) -> Bools:
    """Where a referral (participant, product, day) stands in an earlier row already."""
    first: dict[tuple[str, int, int], int] = {}
    keys = zip(rows.participant, rows["product"].tolist(), rows["referred_on"].tolist(), strict=True)
    return np.array([first.setdefault(key, place) != place for place, key in enumerate(keys)], dtype=np.bool_)


def _in_days(rows: Rows) -> Bools:
    """Where `as_of` is a day on which the programme stands."""
    first, last = rows.programme.valid_from, rows.programme.valid_to or date.max
    found: Bools = (rows["as_of"] >= first.toordinal()) & (rows["as_of"] <= last.toordinal())
    return found


def _check_signals(rows: Rows, standing: Ints, problems: list[RowProblem]) -> None:
    """What follows from other signals, as `read_participant` checks them, and dates after `as_of`."""
    chosen = rows.take(standing)
    for inside, rules in rows_by_day(chosen):
        low, high = intervals(rules, chosen.take(inside))
        known, places = low == high, standing[inside]
        columns = ask_columns(rules, low, high)
        for name, signal in rules.signals.items():
            at = rules.position[name]
            if signal.kind == "date" and not signal.future and not signal.derived:
                _add(rows, problems, places[known[at] & (columns.low[at] > rules.today)], name, remedy("future"))
        for one, wrong in contradictions(rules, columns.low, columns.high):
            if wrong.any():
                _add(rows, problems, places[wrong], one.signal.id, in_words(rows.programme, contradiction(one)))


def in_words(programme: Programme, message: Message) -> Both:
    """A message of the matcher with its remedy in each language of training rows."""
    speakers = {language: Speaker(programme, language) for language in ("id", "en")}
    return {language: f"{s.say(message)} {s.remedy(message)}".strip() for language, s in speakers.items()}


def remedy(code: str, **words: str) -> Both:
    """One of our own remedies in each language."""
    return {language: text.format(**words) for language, text in zip(("id", "en"), REMEDIES[code], strict=True)}


def _add(rows: Rows, problems: list[RowProblem], places: Ints, field: str, what_to_do: Both) -> None:
    if len(places):
        values = rows.participant if field == "participant" else rows.values(field)
        problems += [RowProblem(place + 1, field, values[place], what_to_do) for place in places.tolist()]
