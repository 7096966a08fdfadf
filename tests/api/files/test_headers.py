"""Columns by what people call them: known ones are taken, near ones proposed, others left out, each with its reason."""

from __future__ import annotations

import pytest

from api.files.headers import Known, columns_of, names_of
from matcher.programme.loading import load_programme

PROGRAMME = load_programme()

HEADERS = {
    "name": "Nama|nama|NAMA|Nama Lengkap|Nama Peserta|nama_lengkap|Nama  Pemilik|Nama (sesuai KTP)|1. Nama",
    "nik": "NIK|nik|No KTP|No. KTP|Nomor KTP|NIK/No KTP|Nomor Induk Kependudukan",
    "phone": "No HP|No. HP|no_hp|HP|Nomor HP|No. WA|No WA|Whatsapp|Telepon|No. Telp|Nomer HP|Kontak",
    "kelurahan": "Kelurahan|Kel.|Desa/Kelurahan",
    "participant": "ID Peserta|Kode|No. Anggota|ID",
    "as_of": "Tanggal data|Per tanggal|Tgl wawancara|Tanggal kunjungan",
    "city": "Kota|Kab/Kota|Kabupaten/Kota",
    "kecamatan": "Kec.|Kecamatan|KECAMATAN|Kecamatan usaha|kec",
    "gender": "L/P|JK|Jenis Kelamin|jenis kelamin (L/P)|Gender|P/L",
    "age": "Usia|Umur|Umur (tahun)|Usia (th)|Tgl lahir|Tanggal Lahir",
    "married": "Status pernikahan|Status Perkawinan|Menikah",
    "schooling": "Pendidikan|Pendidikan Terakhir|Pend. Terakhir",
    "business_running": "Usaha berjalan|Usaha aktif|Usaha sedang berjalan",
    "business_age_months": "Lama usaha|Umur usaha|Usia Usaha|Lama usaha (bulan)|Mulai usaha|Tahun berdiri|Berdiri sejak",
    "sector": "Jenis usaha|Bidang Usaha|Sektor|Kategori usaha",
    "premises": "Tempat usaha|Status tempat usaha|Kepemilikan tempat usaha",
    "staff": "Karyawan|Jumlah karyawan|Jml Tenaga Kerja|Jumlah pegawai (orang)",
    "nib": "NIB|Punya NIB?|Nomor Induk Berusaha|Ada NIB",
    "npwp": "NPWP|Punya NPWP|Ada NPWP?",
    "spp_irt": "PIRT|P-IRT|SPP-IRT|Izin PIRT",
    "halal": "Halal|Sertifikat Halal|Sertifikasi halal",
    "iumk": "IUMK",
    "sku": "SKU|Surat Keterangan Usaha",
    "monthly_revenue": "Omzet|Omset|Omset per bulan|Omzet/bln|OMZET (Rp)|Omzet sebulan|omzet (ribu)|Penjualan per bulan",
    "monthly_profit": "Laba|Laba bersih|Keuntungan|Keuntungan bersih|Untung|Laba/bulan|Profit|MONTHLY_PROFIT",
    "monthly_instalments": "Angsuran|Cicilan|Angsuran per bulan|Cicilan/bln|Total cicilan",
    "household_need": "Kebutuhan rumah tangga|Biaya hidup|Pengeluaran rumah tangga",
    "amount_asked": "Jumlah pinjaman|Kebutuhan modal|Modal yang dibutuhkan|Nominal pengajuan",
    "slik_class": "Kolektibilitas|Kol.|SLIK|BI Checking",
    "arrears_idr": "Tunggakan|Jumlah tunggakan",
    "existing_credit": "Kredit berjalan|Pinjaman sekarang",
    "bank_account": "Rekening|Punya rekening|Rekening bank",
    "training_certificate_on": "Tgl sertifikat|Tanggal sertifikat pelatihan",
    "collateral": "Jaminan|Agunan",
}
"""What Indonesian sheets call their columns; more than a hundred of them."""

PROPOSED = {
    "Pendapatan": "monthly_revenue", "Penghasilan bersih": "monthly_profit", "Izin usaha": "nib", "Pelanggan": "regular_buyers",
    "Tanggal": "as_of", "Omzett": "monthly_revenue", "Angsurann": "monthly_instalments", "Modal yg dibutuhkan": "amount_asked",
}  # fmt: skip
STRANGE = ("Keterangan", "Alamat", "Warna", "nama_ibu", "Catatan", "Nama/Alamat", "npwp/nib", "Omzet 2023 dan 2024")
OF_ANOTHER_PERIOD = (
    "Omzet/minggu",
    "Omset per hari",
    "Laba per tahun",
    "Omzet harian",
    "Angsuran (minggu)",
    "Omzet tahunan",
)


def what(header):
    found = names_of(PROGRAMME).find(header)
    return found.of if isinstance(found, Known) else found


@pytest.mark.parametrize("of", HEADERS)
def test_a_column_is_known_by_what_people_call_it(of):
    assert {header: what(header) for header in HEADERS[of].split("|")} == dict.fromkeys(HEADERS[of].split("|"), of)


def test_a_hundred_headers_are_tried():
    assert sum(len(names.split("|")) for names in HEADERS.values()) >= 100


@pytest.mark.parametrize("signal", [one for one in PROGRAMME.signals if not one.derived], ids=lambda one: one.id)
def test_every_signal_is_known_by_its_id_and_its_labels_and_has_names(signal):
    assert {what(name) for name in (signal.id, signal.id.upper(), *signal.label.values())} == {signal.id}
    assert PROGRAMME.writing.called[signal.id].names


def test_what_is_near_is_proposed_and_never_taken():
    found = columns_of(PROGRAMME, [*PROPOSED, "NIB"])
    assert list(found.known) == ["NIB"]
    assert found.near == PROPOSED
    assert {header: found.left_out[header].code for header in PROPOSED} == dict.fromkeys(PROPOSED, "column_near")


def test_what_nobody_knows_is_left_out():
    found = columns_of(PROGRAMME, [*STRANGE, "NIB"])
    assert list(found.known) == ["NIB"]
    assert set(found.left_out) == set(STRANGE)


@pytest.mark.parametrize("header", OF_ANOTHER_PERIOD)
def test_a_sum_of_another_period_is_not_taken_for_a_months(header):
    found = columns_of(PROGRAMME, [header, "NIB"])
    assert list(found.known) == ["NIB"]
    assert found.left_out[header].code == "column_of_period"


def test_of_two_columns_that_say_the_same_none_is_read_but_by_its_own_name():
    found = columns_of(PROGRAMME, ["Omzet", "Omset per bulan", "NIB"])
    assert list(found.known) == ["NIB"]
    assert {why.code for why in found.left_out.values()} == {"column_also"}
    assert list(columns_of(PROGRAMME, ["monthly_revenue", "Omzet"]).known) == ["monthly_revenue"]


def test_what_a_header_says_beside_its_name_is_its_unit():
    known = columns_of(
        PROGRAMME, ["Omzet (ribu)", "Laba (dalam jutaan)", "Lama usaha (tahun)", "L/P", "Tgl lahir"]
    ).known
    assert [known[header].hints.factor for header in ("Omzet (ribu)", "Laba (dalam jutaan)")] == [1_000, 1_000_000]
    assert known["Lama usaha (tahun)"].hints.unit == "years"
    assert known["L/P"].hints.evidence == {"word l", "word p"}
    assert known["Tgl lahir"].hints.since


def test_a_surveys_paths_and_boxes_are_understood():
    headers = ["usaha/nib", "usaha/sales_channels/stall", "usaha/sales_channels/chat", "usaha/sales_channels/lainnya"]
    found = columns_of(PROGRAMME, headers)
    assert found.known["usaha/nib"].of == "nib"
    assert found.marks == {"sales_channels": {headers[1]: "stall", headers[2]: "chat", headers[3]: ""}}
    assert found.left_out == {}
