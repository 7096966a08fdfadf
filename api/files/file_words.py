"""What is said of a file that cannot be used: by code what is wrong and what to do about it, in both languages.

`{name}` stands for what a `FileProblem` (rows.py) is given. A sentence begins small: the file's name may stand before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

Both = Mapping[str, str]


def _(id_: str, en: str) -> Both:
    return {"id": id_, "en": en}


def _damaged(id_: str, en: str) -> tuple[Both, Both]:
    return _(f"berkas Excel ini rusak ({id_})", f"it is a damaged workbook ({en})"), _SAVE_AGAIN


def fill(both: Both, language: str, given: Mapping[str, Any]) -> str:
    """A sentence with what is given put in: numbers with their thousands apart, what has both languages in this one."""
    return both[language].format(**{name: _shown(value, language) for name, value in given.items()})


def _shown(value: Any, language: str) -> Any:
    if isinstance(value, Mapping):
        return value[language]
    if isinstance(value, int):
        return f"{value:,}" if language == "en" else f"{value:,}".replace(",", ".")
    return value


_SAVE_AGAIN = _(
    "Buka di Excel atau LibreOffice, lalu simpan lagi sebagai 'Excel Workbook (.xlsx)'.",
    "Open it in Excel or LibreOffice and save it again as 'Excel Workbook (.xlsx)'.",
)
_SAVE_AS_CSV = _(
    "Buka di Excel atau program sejenis, lalu simpan sebagai 'CSV UTF-8 (comma delimited)'.",
    "Open it in the spreadsheet program and save it as 'CSV UTF-8 (comma delimited)'.",
)
_SMALLER = _(
    "Sisakan satu lembar tanpa gambar dan hiasan, atau simpan lembarnya sebagai CSV UTF-8 atau Parquet.",
    "Keep one sheet without pictures and formats, or save the sheet as CSV UTF-8 or as Parquet.",
)
_UNLOCK = _("Simpan lagi tanpa kata sandi.", "Save it without a password.")
_NAME_COLUMNS = _(
    "Tulis judul setiap kolom di baris pertama.",
    "Write the names of the columns in the first line.",
)
_CLOSE_QUOTES = _(
    "Tulis judul setiap kolom di baris pertama, dan tutup setiap tanda kutip.",
    "Write column names in the first line, with every quote closed.",
)
_NAME_ONCE = _(
    "Beri setiap kolom judul sendiri, atau hapus salah satunya.",
    "Give every column a name of its own, or take one of them out.",
)
_HEADER_AND_ROWS = _(
    "Tulis judul kolom dan satu baris untuk setiap orang, atau sebut lembar lain (sheet).",
    "Write a header and one row for each person, or name another sheet (sheet).",
)
_ENDINGS = _("Akhiri namanya dengan salah satu dari {endings}.", "End the name in one of {endings}.")
_OUTPUT_ENDINGS = _(
    "Akhiri nama berkas hasilnya dengan salah satu dari {endings}.", "End the output's name in one of {endings}."
)
_OTHER_OUTPUT = _("Sebut berkas hasil yang lain dengan -o.", "Name another output with -o.")

SENTENCE: Final = _("{path}: {what}.\n  Caranya: {remedy}", "{path}: {what}.\n  Remedy: {remedy}")

FILE_PROBLEMS: Final[Mapping[str, tuple[Both, Both]]] = {
    # any file
    "no_such_file": (
        _("berkas ini tidak ada", "there is no such file"),
        _("Periksa nama dan foldernya.", "Check the name and the folder."),
    ),
    "not_a_file": (
        _("ini bukan berkas", "it is not a file"),
        _("Sebut berkas CSV, JSON lines, Parquet, atau Excel.", "Name a CSV, JSON lines, Parquet or Excel file."),
    ),
    "empty_file": (
        _("berkas ini kosong", "the file is empty"),
        _(
            "Simpan lagi dengan baris judul kolom dan satu baris untuk setiap orang.",
            "Save it again with a header line and one row for each person.",
        ),
    ),
    "cannot_read": (
        _("berkas ini tidak bisa dibaca ({error})", "it cannot be read ({error})"),
        _("Periksa apakah Anda boleh membacanya.", "Check that you may read it."),
    ),
    "other_workbook": (
        _("berkas {ending} tidak bisa dibaca", "{ending} workbooks cannot be read"),
        _(
            "Buka di Excel atau program sejenis, lalu simpan sebagai .xlsx atau CSV.",
            "Open it in the spreadsheet program and save it as .xlsx or as CSV.",
        ),
    ),
    "one_json": (
        _("satu dokumen JSON besar tidak bisa dibaca", "one big JSON document cannot be read"),
        _(
            "Tulis JSON lines (satu objek per baris), dan akhiri namanya dengan .jsonl.",
            "Write JSON lines (one object a line) and end the name in .jsonl.",
        ),
    ),
    "unknown_ending": (_("jenis berkas {ending} tidak dikenal", "files with {ending} are not known"), _ENDINGS),
    "no_ending": (_("nama berkas tanpa akhiran tidak dikenal", "files with no ending are not known"), _ENDINGS),
    "no_sheets": (
        _(
            "berkas ini tidak punya lembar untuk dipilih, jadi sheet {name!r} tidak berarti",
            "it has no sheets to choose from, so sheet {name!r} means nothing",
        ),
        _("Kosongkan sheet; itu hanya untuk {endings}.", "Leave sheet out; it is for {endings}."),
    ),
    # a header and its rows
    "too_many_columns": (
        _("baris judulnya punya {count} kolom", "the header has {count} columns"),
        _(
            "Sisakan paling banyak {most} kolom. Benarkah baris pertama berisi judul kolom?",
            "Keep at most {most}; is the first line really the header?",
        ),
    ),
    "column_twice": (
        _("judul kolom {names} ada lebih dari sekali", "the header names {names} more than once"),
        _NAME_ONCE,
    ),
    "column_twice_at": (
        _(
            "judul kolom {name!r} ada lebih dari sekali ({where})",
            "the header names {name!r} more than once ({where})",
        ),
        _NAME_ONCE,
    ),
    "empty_header": (_("semua judul kolomnya kosong", "the header is empty"), _NAME_COLUMNS),
    "blank_header": (_("baris judul kolomnya kosong", "the header line is blank"), _NAME_COLUMNS),
    "no_header_line": (
        _(
            "baris judul kolomnya tidak bisa dibaca (tidak ada)",
            "the header line cannot be read (there is none)",
        ),
        _CLOSE_QUOTES,
    ),
    "bad_header_line": (
        _("baris judul kolomnya tidak bisa dibaca ({error})", "the header line cannot be read ({error})"),
        _CLOSE_QUOTES,
    ),
    "no_rows": (
        _("ada judul kolom, tetapi tidak ada barisnya", "there is a header but no row"),
        _("Tambahkan satu baris untuk setiap orang.", "Add one row for each person."),
    ),
    # text that is none
    "zip_archive": (
        _("ini berkas Excel atau arsip zip", "it is an Excel workbook or a zip archive"),
        _(
            "Kalau dibuat dengan Excel, akhiri namanya dengan .xlsx.",
            "If Excel made it, give its name the ending .xlsx.",
        ),
    ),
    "old_workbook": (_("ini berkas Excel lama", "it is an old Excel workbook"), _SAVE_AS_CSV),
    "parquet": (
        _("ini berkas Parquet", "it is a Parquet file"),
        _("Akhiri namanya dengan .parquet.", "Give its name the ending .parquet."),
    ),
    "utf_16": (_("teksnya UTF-16, bukan UTF-8", "it is UTF-16, not UTF-8"), _SAVE_AS_CSV),
    "gzip": (
        _("berkas ini dikompres (gzip)", "it is compressed (gzip)"),
        _("Ekstrak dulu berkasnya.", "Unpack it first."),
    ),
    "pdf": (_("ini berkas PDF", "it is a PDF"), _("Pakai tabel asalnya.", "Use the table it was made from.")),
    "nul": (
        _(
            "byte ke-{byte} (baris {line}) adalah NUL, jadi ini bukan teks biasa",
            "byte {byte} (line {line}) is NUL, so it is no plain text",
        ),
        _SAVE_AS_CSV,
    ),
    "not_utf8": (
        _(
            "byte ke-{byte} (baris {line}) bukan UTF-8; berkas ini disimpan dalam format teks lain",
            "byte {byte} (line {line}) is no UTF-8; the file was saved in another encoding",
        ),
        _SAVE_AS_CSV,
    ),
    "long_line": (
        _(
            "baris {line}, atau sedikit sesudahnya, lebih panjang dari {most} byte, jadi bukan baris tabel",
            "line {line} or one soon after it is longer than {most} bytes, so it is no row of a sheet",
        ),
        _(
            "Cari baris yang tersambung dengan baris berikutnya, atau tanda kutip yang tidak ditutup.",
            "Look for a line break that was lost, or a quotation mark that is never closed.",
        ),
    ),
    # Parquet
    "bad_parquet": (
        _("berkas Parquet ini tidak terbaca ({error})", "it is no readable Parquet file ({error})"),
        _(
            "Buat lagi, misalnya dengan pyarrow, pandas, atau DuckDB.",
            "Write it again, for example with pyarrow, pandas or DuckDB.",
        ),
    ),
    "breaks_off": (
        _("berkas ini terputus setelah baris {row} ({error})", "it breaks off after row {row} ({error})"),
        _("Berkasnya rusak; buat lagi.", "The file is damaged; write it again."),
    ),
    # workbooks
    "no_workbook": (
        _(
            "ini bukan berkas Excel, walaupun namanya berakhir dengan {ending}",
            "it is no Excel workbook, whatever its ending {ending} says",
        ),
        _(
            "Kalau isinya teks, akhiri namanya dengan .csv; kalau bukan, buka di Excel atau program sejenis, lalu simpan "
            "sebagai .xlsx.",
            "If it is text, end its name in .csv; else open it in the spreadsheet program and save it as .xlsx.",
        ),
    ),
    "zip_no_workbook": (
        _("ini arsip zip, bukan berkas Excel (.xlsx)", "it is a zip archive but no workbook (.xlsx)"),
        _SAVE_AGAIN,
    ),
    "renamed_workbook": (
        _("ini berkas Excel lama (.xls) dengan nama lain", "it is an old Excel workbook (.xls) under another name"),
        _SAVE_AGAIN,
    ),
    "strict_workbook": (
        _("berkas Excel ini berjenis 'Strict Open XML'", "it is a 'Strict Open XML' workbook"),
        _SAVE_AGAIN,
    ),
    "locked": (_("berkas ini dikunci dengan kata sandi", "it is locked with a password"), _UNLOCK),
    "unpacks_large": (
        _(
            "isinya {total} byte dalam {parts} bagian; yang bisa dibaca paling banyak {most} byte dalam {most_parts} "
            "bagian",
            "it unpacks to {total} bytes in {parts} parts; the most that is read is {most} in {most_parts}",
        ),
        _SMALLER,
    ),
    "many_tags": (_("isinya lebih dari {most} tag", "it has more than {most} tags"), _SMALLER),
    "many_covered": (
        _("ada lebih dari {most} sel yang digabung atau bertautan", "it has more than {most} merged or linked cells"),
        _SMALLER,
    ),
    "damaged": _damaged("{error}", "{error}"),
    "part_not_utf8": _damaged(
        "{part} bukan UTF-8, padahal semua program tabel menulisnya begitu",
        "{part} is not UTF-8, as every spreadsheet program writes it",
    ),
    "part_doctype": _damaged(
        "{part} menyebut jenis dokumen, padahal tidak ada program tabel yang menulisnya",
        "{part} declares a document type, which no spreadsheet program writes",
    ),
    "part_endless": _damaged(
        "{part} memuat tag atau komentar yang tidak ditutup", "{part} has a tag or comment without end"
    ),
    "no_block": _damaged("{block!r} bukan kumpulan sel", "{block!r} is no block of cells"),
    "long_text": _damaged("ada teks sepanjang {length} huruf", "a text of {length} characters"),
    "far_column": (
        _(
            "sel {cell} di lembar {sheet!r} ada di luar {most} kolom yang dibaca",
            "cell {cell} of sheet {sheet!r} lies beyond the {most} columns that are read",
        ),
        _("Hapus isi yang begitu jauh di kanan.", "Delete what stands so far to the right."),
    ),
    "no_such_sheet": (
        _("lembar {name!r} tidak ada", "it has no sheet {name!r}"),
        _("Sebut salah satu lembarnya: {names}.", "Name one of its sheets: {names}."),
    ),
    "empty_sheet": (_("lembarnya kosong", "its sheet is empty"), _HEADER_AND_ROWS),
    "empty_sheets": (
        _("semua lembar yang terlihat kosong", "it has no sheet in sight that holds anything"),
        _HEADER_AND_ROWS,
    ),
    "no_header": (
        _("judul kolom tidak ditemukan di {where}", "no header is found in {where}"),
        _(
            "Tulis judul kolom dalam satu baris, paling sedikit {least} dari: {names}. Atau sebut peta kolom (columns) "
            "atau lembar lain (sheet).",
            "Write the names of the columns in one row, at least {least} of: {names}. Or name a column map (columns) "
            "or another sheet (sheet).",
        ),
    ),
    # importing
    "nobody_known": (
        _(
            "tidak ada kolom participant atau nik, jadi orangnya tidak bisa ditemukan lagi",
            "it has neither a column participant nor a column nik, so nobody could be found again",
        ),
        _(
            "Tambahkan kolom participant berisi nomor Anda sendiri untuk setiap orang.",
            "Add a column participant with your own number for each person.",
        ),
    ),
    "many_rows": (
        _("isinya lebih dari {most} baris", "it has more than {most} rows"),
        _("Bagi menjadi beberapa berkas.", "Import it in several files."),
    ),
    # the command line
    "no_such_row": (
        _(
            "berkas ini punya {rows} baris, jadi baris {number} tidak ada",
            "it has {rows} row(s), so there is no row {number}",
        ),
        _(
            "Baris dihitung dari 1, tanpa judul kolom; lihat kolom row di .rejected.csv.",
            "Rows are counted from 1, without the header; see row in .rejected.csv.",
        ),
    ),
    "wrong_day": (_("{what}", "{what}"), _("{remedy}", "{remedy}")),
    "no_such_goal": (
        _("ini bukan produk pada {day}", "it is no product on {day}"),
        _("Sebut salah satu dari {names}.", "Name one of {names}."),
    ),
    "many_answers": (
        _(
            "satu lembar kerja memuat {most} baris, dan jawabannya lebih banyak",
            "a worksheet holds {most} rows, and there are more answers",
        ),
        _(
            "Sebut berkas hasil yang berakhir dengan .parquet atau .csv dengan -o.",
            "Name an output that ends in .parquet or .csv with -o.",
        ),
    ),
    "output_not_a_file": (
        _("nama ini sudah ada dan bukan berkas", "it is there already and is no file"),
        _OTHER_OUTPUT,
    ),
    "output_is_input": (
        _("berkas yang dibaca akan tertimpa", "this would overwrite the input"),
        _OTHER_OUTPUT,
    ),
    "output_ending": (_("{ending} tidak bisa ditulis", "{ending} cannot be written"), _OUTPUT_ENDINGS),
    "output_no_ending": (
        _("nama tanpa akhiran tidak bisa ditulis", "a name without ending cannot be written"),
        _OUTPUT_ENDINGS,
    ),
    "cannot_write": (
        _("berkas ini tidak bisa ditulis ({error})", "it cannot be written ({error})"),
        _(
            "Sebut berkas hasil di folder yang boleh Anda tulisi, dengan -o, dan periksa apakah disk tidak penuh.",
            "Name an output in a folder where you may write, with -o, and see that the disk is not full.",
        ),
    ),
}
