"""Truths in the spellings of people: each spelling says beforehand how many readings its text has, before any reader runs.

`ONE`: there is one reading, the truth. `TWO`: a person who sees the column alone could not tell; a reader has to ask, or refuse.
"""

from __future__ import annotations

import random
from datetime import date
from typing import NamedTuple

ONE, TWO = "one", "two"
MONTHS = "Januari Februari Maret April Mei Juni Juli Agustus September Oktober November Desember".split()
SHORT = "Jan Feb Mar Apr Mei Jun Jul Agt Sep Okt Nop Des".split()
ENGLISH = "January February March April May June July August September October November December".split()
WEEKDAYS = "Senin Selasa Rabu Kamis Jumat Sabtu Minggu".split()


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
