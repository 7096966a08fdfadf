"""Sums in the spellings of people, each with the number of its readings."""

from __future__ import annotations

import random
from typing import NamedTuple

ONE, TWO = "one", "two"


class Text(NamedTuple):
    """What stands in a cell, which spelling that is, its truth, and how many readings it has."""

    text: str
    spelling: str
    truth: object
    readings: str = ONE


def dots(number: int) -> str:
    """A number with its thousands apart, as in Indonesia."""
    return f"{number:,}".replace(",", ".")


def commas(number: int) -> str:
    return f"{number:,}"


# -- sums: each gives a whole column, since a column is what is read -------------------------------------------------------


def a_sum(draw: random.Random) -> int:
    return draw.choice((50_000, 100_000, 250_000, 1_000_000)) * draw.randint(1, 40)


def plain_sums(draw, n):
    return [Text(str(s := a_sum(draw)), "digits", s) for _ in range(n)]


def dotted_sums(draw, n):
    """Rupiah with dots; one above a million shows what a dot parts, so even 1.500 is certain."""
    column = [Text(dots(s := a_sum(draw)), "dots", s) for _ in range(n)]
    column[0] = Text(dots(s := 1_000_000 + a_sum(draw)), "dots", s)
    if n > 2:
        column[1] = Text("1.500", "dots, small", 1_500)
    return column


def rp_sums(draw, n):
    ways = ("Rp {}", "Rp{}", "Rp. {}", "Rp.{}", "Rp {},-", "Rp. {},00", "IDR {}", "{} rupiah", "rp {}", "Rp {},-")
    return [Text(draw.choice(ways).format(dots(s := a_sum(draw))), "Rp and dots", s) for _ in range(n)]


def cents_sums(draw, n):
    return [Text(f"{dots(s := a_sum(draw))},00", "dots and ,00", s) for _ in range(n)]


def english_sums(draw, n):
    return [Text(f"{commas(s := a_sum(draw))}.00", "commas and .00", s) for _ in range(n)]


def float_sums(draw, n):
    return [Text(f"{(s := a_sum(draw))}.0", "digits and .0", s) for _ in range(n)]


def blank_sums(draw, n):
    return [Text(commas(s := a_sum(draw)).replace(",", draw.choice(" \u00a0")), "blanks", s) for _ in range(n)]


def million_sums(draw, n):
    column = []
    for _ in range(n):
        tenths, word = draw.randint(1, 99), draw.choice((" juta", "juta", " jt", "jt", " Juta", " JT"))
        mark = draw.choice(",.")
        text = f"{tenths // 10}{mark}{tenths % 10}" if tenths % 10 else str(tenths // 10)
        column.append(Text(f"{draw.choice(('', 'Rp ', 'Rp. '))}{text}{word}", "juta", tenths * 100_000))
    return column


def thousand_sums(draw, n):
    words = (" ribu", "rb", " rb", "ribu", "k", "K", " Ribu")
    return [Text(f"{(s := draw.randint(5, 995))}{draw.choice(words)}", "ribu", s * 1_000) for _ in range(n)]


def two_word_sums(draw, n):
    column = []
    for _ in range(n):
        m, t = draw.randint(1, 9), draw.randint(1, 9) * 100
        text = draw.choice(("{} juta {} ribu", "{}jt {}rb", "{} jt {} rb")).format(m, t)
        column.append(Text(text, "juta and ribu", m * 1_000_000 + t * 1_000))
    return column


def losses(draw, n):
    ways = (
        "({})",
        "-{}",
        "\u2212{}",
        "\u2013{}",
        "- {}",
        "Rp -{}",
        "-Rp {}",
        "(Rp {})",
        "Rp ({})",
        "minus {}",
        "rugi {}",
        "-Rp{}",
    )
    return [Text(draw.choice(ways).format(dots(s := a_sum(draw))), "losses", -s) for _ in range(n)]


def monthly_sums(draw, n):
    ways = ("{}/bulan", "{} per bulan", "{}/bln", "{} / bulan", "{} sebulan")
    return [Text(draw.choice(ways).format("Rp " + dots(s := a_sum(draw))), "a month's", s) for _ in range(n)]


def mixed_sums(draw, n):
    """Several hands in one column; each text is certain for itself."""
    ways = (rp_sums, million_sums, thousand_sums, two_word_sums, monthly_sums)
    column = [draw.choice(ways)(draw, 1)[0] for _ in range(n)]
    column[-1] = Text(dots(s := draw.randint(2, 99) * 10_000), "dots among words", s)
    return [text._replace(spelling="several hands") if text.readings == ONE else text for text in column]


def in_thousands(draw, n):
    return [Text(str(s := draw.randint(1, 9_000)), "header says ribu", s * 1_000) for _ in range(n)]


def in_millions(draw, n):
    column = []
    for _ in range(n):
        tenths = draw.randint(1, 99)
        column.append(Text(f"{tenths // 10},{tenths % 10}", "header says juta", tenths * 100_000))
    return column


def in_years(draw, n):
    column = []
    for _ in range(n):
        years, half = draw.randint(1, 20), draw.random() < 0.3
        column.append(Text(f"{years},5" if half else str(years), "header says tahun", years * 12 + 6 * half))
    return column


def in_months(draw, n):
    return [Text(str(m := draw.randint(1, 200)), "header says bulan", m) for _ in range(n)]


def weekly_sums(draw, n):
    ways = ("{}/minggu", "{} per hari", "{} seminggu", "{}/hari", "{} per tahun")
    return [Text(draw.choice(ways).format(dots(a_sum(draw))), "of another period", None, TWO) for _ in range(n)]


def open_sums(draw, n):
    """Nothing in the column tells what the dot parts."""
    return [Text(draw.choice(("1.500", "2.750", "12.500", "3.250")), "1.500 alone", None, TWO) for _ in range(n)]


def mixed_marks(draw, n):
    return [Text(draw.choice(("1.500,000", "2,500.000", "1500.000")), "marks mixed", None, TWO) for _ in range(n)]


def about_sums(draw, n):
    ways = (
        "2-3 juta",
        "+/- 2jt",
        "sekitar 2 juta",
        "2 jutaan",
        "500rban",
        "± 500.000",
        "1-2jt",
        "< 5 juta",
        "kurang lebih 1 juta",
        "1,5 M",
        "500.000 - 1.000.000",
        "500.000-",
    )
    return [Text(draw.choice(ways), "about", None, TWO) for _ in range(n)]


def small_sums(draw, n):
    """Sums in millions of which nobody said so."""
    if draw.random() < 0.5:
        return [Text(draw.choice(("3", "5", "12", "750")), "without unit", None, TWO) for _ in range(n)]
    column = [Text(draw.choice(("1,5", "2.5", "0,75")), "without unit", None, TWO) for _ in range(n)]
    return [*column[:-1], Text("3", "without unit", None, TWO)] if n > 1 else column


SUMS = (plain_sums, dotted_sums, rp_sums, cents_sums, english_sums, float_sums, blank_sums, million_sums, thousand_sums, two_word_sums, monthly_sums, mixed_sums)  # fmt: skip
OPEN_SUMS = (weekly_sums, open_sums, mixed_marks, about_sums, small_sums)
