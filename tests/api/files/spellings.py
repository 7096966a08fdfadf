"""Truths in the spellings of people: each spelling says beforehand how many readings its text has, before any reader runs.

`ONE`: there is one reading, the truth. `TWO`: a person who sees the column alone could not tell; a reader has to ask, or refuse.
"""

from __future__ import annotations

import random
from datetime import date
from typing import NamedTuple

from tests.api.files.spelled_sums import (
    ONE,
    OPEN_SUMS,
    SUMS,
    TWO,
    Text,
    in_millions,
    in_months,
    in_thousands,
    in_years,
    losses,
)

MONTHS = "Januari Februari Maret April Mei Juni Juli Agustus September Oktober November Desember".split()
SHORT = "Jan Feb Mar Apr Mei Jun Jul Agt Sep Okt Nop Des".split()
ENGLISH = "January February March April May June July August September October November December".split()
WEEKDAYS = "Senin Selasa Rabu Kamis Jumat Sabtu Minggu".split()


# -- days ----------------------------------------------------------------------------------------------------------------


def a_day(draw: random.Random, after: int = 0) -> date:
    return date(draw.randint(2019, 2025), draw.randint(1, 12), draw.randint(after + 1, 28))


def iso_days(draw, n):
    return [Text((d := a_day(draw)).isoformat() + draw.choice(("", " 00:00:00")), "ISO", d) for _ in range(n)]


def named_days(draw, n):
    column = []
    for _ in range(n):
        d = a_day(draw)
        month = draw.choice((MONTHS, SHORT, ENGLISH))[d.month - 1]
        way = draw.choice(("{d} {m} {y}", "{d}-{m}-{y}", "{w}, {d} {m} {y}", "{d:02} {m} {y}", "{d} {M} {y}"))
        column.append(
            Text(way.format(d=d.day, m=month, M=month.upper(), y=d.year, w=WEEKDAYS[d.weekday()]), "named month", d)
        )
    return column


def ordered_days(draw, n):
    """Day first, and one above 12 shows it."""
    mark = draw.choice("/-.")
    days = [a_day(draw, after=12), *(a_day(draw) for _ in range(n - 1))]
    column = [Text(mark.join((f"{d.day:02}", f"{d.month:02}", str(d.year))), "day first, shown", d) for d in days]
    draw.shuffle(column)
    return column


def american_days(draw, n):
    days = [a_day(draw, after=12), *(a_day(draw) for _ in range(n - 1))]
    return [Text(f"{d.month}/{d.day}/{d.year}", "month first, shown", d) for d in days]


def year_first_days(draw, n):
    return [Text(f"{(d := a_day(draw)).year}/{d.month:02}/{d.day:02}", "year first", d) for _ in range(n)]


def open_days(draw, n):
    """Days up to 12 alone: both orders are days."""
    column = []
    for _ in range(n):
        day, month = draw.sample(range(1, 13), 2)
        column.append(Text(f"{day:02}/{month:02}/2024", "day or month", None, TWO))
    return column


def broken_days(draw, n):
    ways = ("Agustus 2024", "2024", "31 Februari 2024", "17-08-24", "kemarin", "45000", "Senin, 17 Agustus 2024")
    return [Text(draw.choice(ways), "no day", None, TWO) for _ in range(n)]


DAYS = (iso_days, named_days, ordered_days, american_days, year_first_days)
OPEN_DAYS = (open_days, broken_days)


# -- numbers, answers ----------------------------------------------------------------------------------------------------


def months(draw, n):
    column = []
    for _ in range(n):
        years, rest = draw.randint(1, 9), draw.randint(1, 11)
        ways = {
            f"{years} tahun {rest} bulan": years * 12 + rest,
            f"{years} thn {rest} bln": years * 12 + rest,
            f"{years} tahun": years * 12,
            f"{years}th": years * 12,
            f"{rest} bulan": rest,
            f"{years * 12 + rest} bln": years * 12 + rest,
            f"{years},5 tahun": years * 12 + 6,
            f"{years} years": years * 12,
        }
        text = draw.choice(list(ways))
        column.append(Text(text, "years and months", ways[text]))
    return column


def open_months(draw, n):
    ways = ("2,5", "sejak 2019", "2019", "mulai 2020", "2-3 tahun", "2,3 tahun", "5", "8", "2 tahunan")
    return [Text(draw.choice(ways), "how long, open", None, TWO) for _ in range(n)]


def people(draw, n):
    return [Text(draw.choice(("{}", "{} orang", "{} org", "{}.0", "{} karyawan")).format(k := draw.randint(0, 40)), "people", k) for _ in range(n)]  # fmt: skip


def ages(draw, n):
    return [Text(draw.choice(("{}", "{} tahun", "{} th", "{} thn")).format(k := draw.randint(17, 80)), "age", k) for _ in range(n)]  # fmt: skip


YES = (
    "Ya",
    "YA",
    "ya",
    "Ada",
    "ada",
    "Sudah",
    "sudah ada",
    "v",
    "V",
    "✓",
    "1",
    "Y",
    "yes",
    "Punya",
    "TRUE",
    " Ya ",
    "1.0",
    "Sdh",
    "ada.",
)
NO = (
    "Tidak",
    "TIDAK",
    "tidak ada",
    "Belum",
    "belum ada",
    "0",
    "T",
    "no",
    "Tdk",
    "blm",
    "tidak punya",
    "FALSE",
    "0.0",
    "Tdk ada",
)


def yes_no(draw, n):
    return [Text(draw.choice(YES), "yes", True) if draw.random() < 0.6 else Text(draw.choice(NO), "no", False) for _ in range(n)]  # fmt: skip


def open_yes_no(draw, n):
    return [Text(draw.choice(("x", "proses", "X", "sedang diurus", "mungkin", "9120001234567", "2")), "yes or no, open", None, TWO) for _ in range(n)]  # fmt: skip


def genders(draw, n):
    """P beside L is perempuan; a column of both."""
    ways = draw.choice(((("P", "p"), ("L", "l")), (("Perempuan", "PEREMPUAN", "Wanita", "woman"), ("Laki-laki", "laki - laki", "Pria", "man")), (("P",), ("L",))))  # fmt: skip
    truths = ["woman", "man", *(draw.choice(("woman", "man")) for _ in range(n))][:n]
    draw.shuffle(truths)
    lone = n < 2 and ways[0][0] == "P" and truths[0] == "woman"
    return [Text(draw.choice(ways[t == "man"]), "gender", t, TWO if lone else ONE) for t in truths]


def sectors(draw, n):
    ways = {"food": ("Makanan dan minuman", "kuliner", "FOOD", "Food and drink", "makanan"), "fashion": ("Pakaian dan jahit", "Fashion", "konveksi"), "services": ("Jasa", "services"), "craft": ("Kerajinan", "kriya")}  # fmt: skip
    return [Text(draw.choice(ways[t := draw.choice(list(ways))]), "sector", t) for _ in range(n)]


def places(draw, n):
    ways = {"31.75.10": "Cipayung", "31.74.01": "Tebet", "31.72.03": "Koja", "31.75.02": "Pulo Gadung", "31.75.04": "Kramat Jati", "31.71.06": "Menteng"}  # fmt: skip
    column = []
    for _ in range(n):
        truth = draw.choice(list(ways))
        way = draw.choice(("{}", "Kec. {}", "Kecamatan {}", "kec {}", "{}, Jakarta"))
        text = way.format(ways[truth])
        column.append(Text(draw.choice((text, text.upper(), text.lower())), "kecamatan", truth))
    return column


def other_places(draw, n):
    return [Text(draw.choice(("Beji", "Cipayung, Depok", "Cipayung (Kab. Bogor)", "Bekasi")), "of another city", None, TWO) for _ in range(n)]  # fmt: skip


def classes(draw, n):
    ways = {
        "1": ("Lancar", "Kol 1", "1", "KOL-1"),
        "2": ("Dalam perhatian khusus", "Kol 2", "2"),
        "5": ("Macet", "kol 5", "5"),
    }
    return [Text(draw.choice(ways[t := draw.choice(list(ways))]), "Kolektibilitas", t) for _ in range(n)]


def credits(draw, n):
    ways = (("KUR", ["kur"]), ("tidak ada", []), ("Tidak", []), ("none", []), ("belum pernah", []), ("KUR, KPR", ["kur", "house"]), ("kur; house", ["kur", "house"]), ("KUR dan KPR", ["kur", "house"]), ("Pinjol", ["paylater_p2p"]))  # fmt: skip
    return [Text((w := draw.choice(ways))[0], "credits", w[1]) for _ in range(n)]


def open_credits(draw, n):
    return [Text(draw.choice(("-", "0", "kur;tidak ada", "ada")), "credits, open", None, TWO) for _ in range(n)]


UNKNOWN = (
    "-",
    "n/a",
    "N/A",
    "NA",
    "?",
    "tidak tahu",
    "Tidak Tahu",
    "kosong",
    "NULL",
    "--",
    "belum tahu",
    "tidak diisi",
)


class Column(NamedTuple):
    """A column of a sheet: the signal, what people call it, how it is written, and what is open."""

    signal: str
    headers: tuple[str, ...]
    spellings: tuple
    open: tuple
    unknown: bool = True


COLUMNS = (
    Column("monthly_revenue", ("Omzet", "Omset per bulan", "OMZET", "omzet (Rp)", "Penjualan per bulan"), SUMS, OPEN_SUMS),
    Column("monthly_profit", ("Laba", "Keuntungan bersih", "Laba bersih", "Untung", "Laba/bulan", "Profit"), (*SUMS, losses), OPEN_SUMS),
    Column("monthly_instalments", ("Angsuran", "Cicilan", "Angsuran per bulan", "Cicilan/bln"), SUMS, OPEN_SUMS),
    Column("amount_asked", ("Jumlah pinjaman", "Modal yang dibutuhkan", "Kebutuhan modal"), SUMS[:-2], OPEN_SUMS),
    Column("training_certificate_on", ("Tgl sertifikat", "Tanggal sertifikat pelatihan"), DAYS, OPEN_DAYS),
    Column("business_age_months", ("Lama usaha", "Umur usaha", "Usia usaha"), (months,), (open_months,)),
    Column("monthly_revenue", ("Omzet (ribu)", "Omset (dalam ribuan)", "Omzet dalam ribuan rupiah"), (in_thousands,), ()),
    Column("monthly_profit", ("Laba (juta)", "Keuntungan (dalam jutaan)", "Laba (Rp juta)"), (in_millions,), ()),
    Column("business_age_months", ("Lama usaha (bulan)", "Umur usaha (bln)"), (in_months,), ()),
    Column("business_age_months", ("Lama usaha (tahun)", "Umur usaha (th)"), (in_years,), ()),
    Column("staff", ("Karyawan", "Jumlah karyawan", "Jml tenaga kerja", "staff"), (people,), ()),
    Column("age", ("Usia", "Umur", "Umur (tahun)"), (ages,), ()),
    Column("nib", ("NIB", "Punya NIB?", "nib", "Status NIB"), (yes_no,), (open_yes_no,)),
    Column("halal", ("Halal", "Sertifikat halal"), (yes_no,), (open_yes_no,)),
    Column("npwp", ("NPWP", "Ada NPWP"), (yes_no,), (open_yes_no,)),
    Column("spp_irt", ("PIRT", "P-IRT"), (yes_no,), (open_yes_no,)),
    Column("gender", ("Jenis kelamin", "JK", "Gender"), (genders,), (), unknown=False),
    Column("sector", ("Jenis usaha", "Bidang usaha", "Sektor"), (sectors,), ()),
    Column("kecamatan", ("Kecamatan", "Kec.", "Kecamatan usaha"), (places,), (other_places,)),
    Column("slik_class", ("Kolektibilitas", "Kol.", "BI Checking"), (classes,), ()),
    Column("existing_credit", ("Kredit berjalan", "Pinjaman sekarang"), (credits,), (open_credits,), unknown=False),
)  # fmt: skip
STRANGE = ("Keterangan", "No. urut kelas", "Alamat rumah", "Catatan petugas", "Nama usaha")


def a_column(draw: random.Random, column: Column, rows: int) -> list[Text]:
    """The texts of a column; here and there nobody knew, or left it empty; seldom with open texts among them."""
    is_open = column.open and draw.random() < 0.15
    texts = draw.choice(column.open if is_open else column.spellings)(draw, rows)
    for place in range(1, rows):
        if place > 1 and column.unknown and not is_open and draw.random() < 0.08:
            texts[place] = Text(draw.choice(UNKNOWN), "unknown", None)
        elif place > 1 and draw.random() < 0.05:
            texts[place] = Text("", "empty", None)
    return texts
