"""The matcher's own sentences in Indonesian and English. `{name}` stands for an argument of the message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

Both = Mapping[str, str]


def _(id_: str, en: str) -> Both:
    return {"id": id_, "en": en}


MONTHS: Final[Mapping[str, tuple[str, ...]]] = {
    "id": tuple("Januari Februari Maret April Mei Juni Juli Agustus September Oktober November Desember".split()),
    "en": tuple("January February March April May June July August September October November December".split()),
}
YES_NO: Final[Mapping[str, Mapping[bool, str]]] = {
    "id": {True: "ya", False: "tidak"},
    "en": {True: "yes", False: "no"},
}
UNIT_NAMES: Final[Mapping[str, Both]] = {
    "id": {
        "months": "bulan",
        "years": "tahun",
        "hours": "jam",
        "times": "kali",
        "people": "orang",
        "days": "hari",
        "": "",
    },
    "en": {
        "months": "months",
        "years": "years",
        "hours": "hours",
        "times": "times",
        "people": "people",
        "days": "days",
        "": "",
    },
}
OPERATORS: Final[Mapping[str, Both]] = {
    "is": _("{value}", "{value}"),
    "is_not": _("bukan {value}", "not {value}"),
    "one_of": _("salah satu dari {value}", "one of {value}"),
    "at_least": _("paling sedikit {value}", "at least {value}"),
    "at_most": _("paling banyak {value}", "at most {value}"),
    "includes": _("paling sedikit satu dari {value}", "at least one of {value}"),
    "excludes": _("tanpa {value}", "none of {value}"),
    "within_days": _("tidak lebih lama dari {value} hari", "no older than {value} days"),
    "passed": _("sudah lewat", "has passed"),
    "not_passed": _("belum lewat", "has not passed yet"),
}
SENTENCES: Final[Mapping[str, Both]] = {
    # single words
    "unknown": _("belum diketahui", "not known yet"),
    "none": _("tidak ada", "none"),
    "or": _("ATAU", "OR"),
    "and": _("DAN", "AND"),
    "step_done": _("{step} sudah selesai", "{step} is done"),
    "still_so": _("Apakah ini masih berlaku? {question}", "Is this still so? {question}"),
    # input problems; what to do about each stands in REMEDIES
    "unknown_signal": _("{name} bukan data yang dikenal program ini.", "{name} is no signal of this programme."),
    "unknown_signal_near": _("{name} bukan data yang dikenal program ini.", "{name} is no signal of this programme."),
    "derived_signal": _("{name} dihitung dari data lain.", "{name} is worked out from other signals."),
    "unknown_key": _("{name} tidak dikenal di sini.", "{name} is not known here."),
    "value_missing": _("{signal}: value belum ada.", "{signal}: value is missing."),
    "no_date": _("{signal} harus tanggal yang benar.", "{signal} must be a real date."),
    "future_date": _("{signal}: tanggalnya sesudah {as_of}.", "{signal}: the date lies after {as_of}."),
    "unknown_proof": _("Bukti untuk {signal} ini tidak dikenal.", "This proof of {signal} is not known."),
    "not_yes_no": _("{signal} harus ya atau tidak.", "{signal} must be yes or no."),
    "not_a_number": _("{signal} harus bilangan bulat.", "{signal} must be a whole number."),
    "not_a_number_text": _("{signal} harus angka saja.", "{signal} must be a number alone."),
    "not_finite": _(
        "{signal} bukan angka yang bisa dipakai (NaN atau tak hingga).",
        "{signal} is no usable number (NaN or infinity).",
    ),
    "not_whole": _("{signal} harus bulat.", "{signal} must be whole."),
    "out_of_range": _("{signal} harus dari {low} sampai {high}.", "{signal} must be from {low} to {high}."),
    "out_of_range_money": _(
        "{signal} harus dari {low_idr} sampai {high_idr}.", "{signal} must be from {low_idr} to {high_idr}."
    ),
    "unknown_code": _("{signal} tidak punya pilihan ini.", "{signal} has no such choice."),
    "unknown_code_near": _("{signal} tidak punya pilihan ini.", "{signal} has no such choice."),
    "not_a_list": _("{signal} harus daftar.", "{signal} must be a list."),
    "less_than": _(
        "“{signal}” tidak bisa lebih kecil dari “{other_signal}”.", "“{signal}” cannot be less than “{other_signal}”."
    ),
    "contradicts": _("“{signal}” bertentangan dengan “{other_signal}”.", "“{signal}” contradicts “{other_signal}”."),
    "unknown_goal": _("{name} bukan produk pada tanggal itu.", "{name} is no product on that day."),
    # tiers
    "tier_lowest": _(
        "Karena itu kami menyapa dulu, dengan program dan tanggal bicara lagi.",
        "So we begin with a greeting, with a programme and a date to talk again.",
    ),
    "tier_not": _("Belum {tier}: {reason}", "Not {tier} yet: {reason}"),
    "tier_open": _("{tier} masih terbuka: {reason}", "{tier} is still open: {reason}"),
    "tier_held_back": _(
        "kartu skor dari hasil nyata belum cukup tinggi", "the scorecard from real outcomes is not high enough yet"
    ),
    "criterion_met": _("Terpenuhi: {criterion}", "Met: {criterion}"),
    "criterion_unmet": _("Belum terpenuhi: {criterion}", "Not met: {criterion}"),
    "criterion_open": _("Belum dijawab: {criterion}", "Not answered yet: {criterion}"),
    "capacity_met": _(
        "Ada {capacity_idr} sebulan yang bisa jadi cicilan", "There is {capacity_idr} a month for an instalment"
    ),
    "capacity_unmet": _(
        "Belum ada uang sebulan yang bisa jadi cicilan (hitungannya {capacity_idr})",
        "No money is left a month for an instalment (it comes to {capacity_idr})",
    ),
    "capacity_open": _("Belum tahu berapa yang bisa jadi cicilan", "What could go to an instalment is not known yet"),
    "intervention_open": _("Bisa dimulai: {intervention}", "Can be started: {intervention}"),
    "intervention_unknown": _("Belum tahu bantuan mana yang bisa dimulai", "Which help could start is not known yet"),
    "intervention_none": _("Belum ada bantuan yang bisa dimulai", "No help can be started yet"),
    "product_in_reach": _(
        "{product} sampai {planned_idr} terjangkau, dan yang kurang bisa dilengkapi dengan cepat",
        "{product} up to {planned_idr} is affordable, and what is lacking can be completed quickly",
    ),
    "product_open": _("{product} mungkin sudah dekat", "{product} may be close"),
    "product_asked_less": _(
        "yang diminta di bawah {least_idr}, batas yang kami pilih untuk tingkat ini",
        "less than {least_idr} is asked, the limit that we chose for this tier",
    ),
    "product_none": _(
        "belum ada kredit yang terjangkau paling sedikit {least_idr} dan hanya kurang surat atau nomor",
        "no credit of at least {least_idr} is affordable and lacks only a paper or a number",
    ),
    # ranks
    "rank_tier_programme": _("Selalu yang pertama di tingkat {tier}.", "Always the first in tier {tier}."),
    "rank_referral": _(
        "Syarat yang diumumkan untuk {product} terpenuhi dan cicilannya terjangkau.",
        "The published conditions of {product} are met and the instalment is affordable.",
    ),
    "rank_path": _("Langkah di jalan menuju {product}.", "A step on the way to {product}."),
    "rank_came_for": _("Ini yang Anda cari: {choice}.", "This is what you came for: {choice}."),
    "rank_capacity": _(
        "Yang kurang adalah untung; penelitian {study} menemukan bantuan seperti ini menaikkan untung.",
        "What is lacking is profit; the study {study} found that help like this raised it.",
    ),
    "rank_earliest": _("Langkah paling awal yang masih terbuka: {step}.", "The earliest step still open: {step}."),
    "rank_step": _("Melanjutkan langkah {step}.", "Moves step {step} forward."),
    "rank_other": _("Bisa dilakukan kapan saja.", "Can be done at any time."),
    # paths
    "no_goal_wants_none": _(
        "Anda tidak mencari modal, jadi tidak ada tujuan kredit.",
        "You do not want capital, so there is no goal of credit.",
    ),
    "no_goal_no_business": _(
        "Kredit usaha dimulai setelah usahanya berjalan.", "Business credit begins once the business runs."
    ),
    "no_goal_unknown": _(
        "Tujuan baru bisa dipilih setelah ini dijawab: {signal}.",
        "A goal can be chosen once this is answered: {signal}.",
    ),
    "no_goal_capacity": _(
        "Belum ada uang sebulan yang bisa jadi cicilan, jadi tidak ada kredit yang kami sarankan. Lihat lagi angka "
        "bulan depan pada {on}.",
        "No money is left a month for an instalment, so we suggest no credit. Look again at next month's figure on {on}.",
    ),
    "no_goal_no_product": _(
        "Tidak ada kredit yang bunganya diumumkan dan cocok dengan jumlah dan bentuk ini.",
        "No credit with a published price fits this amount and form.",
    ),
    "no_goal_too_far": _(
        "Tidak ada kredit yang bisa dicapai dalam {days} hari.", "No credit can be reached within {days} days."
    ),
    "availability_historical": _(
        "{product}: syarat ini hanya dari masa lalu (sumber {as_of}); tidak kami sarankan sekarang.",
        "{product}: these terms are of the past (source {as_of}); we do not suggest it now.",
    ),
    "availability_closed": _(
        "{product}: sudah ditutup (sumber {as_of}).", "{product}: this round is closed (source {as_of})."
    ),
    "availability_lead_only": _(
        "{product}: terlalu sedikit yang diketahui untuk dicocokkan (sumber {as_of}).",
        "{product}: too little is known to match it (source {as_of}).",
    ),
    "availability_wrong_purpose": _(
        "{product}: bukan untuk modal usaha (sumber {as_of}).",
        "{product}: it is not for business capital (source {as_of}).",
    ),
    "asked_nothing": _(
        "Jumlah yang diminta Rp0, jadi tidak ada yang dipinjam. Isi jumlahnya, atau kosongkan kalau belum tahu.",
        "The amount asked is Rp0, so nothing is borrowed. Give the amount, or leave it empty if it is not known yet.",
    ),
    "unaffordable": _(
        "Cicilannya tidak terjangkau: paling banyak {max_idr} yang bisa dipinjam dari sisa uang sebulan.",
        "The instalment is not affordable: at most {max_idr} can be borrowed on what a month leaves.",
    ),
    "ask_next_month": _(
        "Bulan ini tidak ada sisa untuk cicilan. Lihat angka bulan depan pada {on}.",
        "This month leaves nothing for an instalment. Look at next month's figure on {on}.",
    ),
    "ask_lender_price": _(
        "Tanyakan harga {product} kepada pemberi pinjaman: tidak ada sumber yang menyebutnya.",
        "Ask the lender for the price of {product}: no source states it.",
    ),
    "ask_amount": _("Ajukan paling banyak {amount_idr}.", "Ask for at most {amount_idr}."),
    "wait_for_step": _("Menunggu sampai bisa mulai: {intervention}.", "Wait until this can begin: {intervention}."),
    "wait_for": _("Menunggu sampai terpenuhi: {criterion}.", "Wait until this is met: {criterion}."),
    "wait_for_goal": _("Menunggu sampai syaratnya terpenuhi.", "Wait until the condition is met."),
    # changes
    "change_ask_less": _("ajukan paling banyak {amount_idr}", "ask for at most {amount_idr}"),
    # readiness
    "no_scorecard": _(
        "Belum ada kartu skor yang dipasang; tingkat dan saran tidak bergantung padanya.",
        "No scorecard is installed; tier and suggestions do not depend on one.",
    ),
    "no_probability_synthetic": _(
        "Kartu skor ini dibuat dari data buatan, jadi tidak memberi peluang.",
        "This scorecard is fitted to synthetic data, so it gives no probability.",
    ),
    "no_probability_few": _(
        "Baru {people} orang yang mirip pernah dirujuk; perlu paling sedikit {least}.",
        "Only {people} people like this one were referred so far; {least} are needed.",
    ),
    # evidence
    "no_evidence": _("Belum ada bukti penelitian.", "No evidence yet."),
    # notices
    "not_confirmed": _(
        "Syarat produk dari sumber terbuka bertanggal; belum dikonfirmasi ke pemberi pinjaman sesudahnya. Pemberi pinjaman "
        "tetap memutuskan.",
        "Product terms come from dated public sources, not confirmed with the lender since. The lender still decides.",
    ),
    "synthetic": _(
        "Skor ini dari data buatan (sintetis): titik awal, bukan kenyataan.",
        "This score comes from synthetic data: a starting point, not reality.",
    ),
    "share": _(
        "Terjangkau artinya: cicilan paling banyak {share}% dari sisa uang usaha sebulan. Angka {share}% ini pilihan kami.",
        "Affordable means: instalments of at most {share}% of what the business leaves a month. The {share}% is our choice.",
    ),
    "wants_none": _(
        "Anda tidak mencari modal: kredit tidak ditawarkan.", "You do not want capital: no credit is offered."
    ),
    "no_capacity": _(
        "Sisa uang sebulan {capacity_idr}: tidak ada kredit yang kami tawarkan, juga tidak yang kecil.",
        "A month leaves {capacity_idr}: we offer no credit, not even a small one.",
    ),
    "sharia_only": _(
        "Hanya bentuk syariah yang dilihat; harganya tidak diketahui kalau tidak disebut untuk bentuk itu.",
        "Only sharia forms are looked at; the price is unknown unless stated for that form.",
    ),
}

_CORRECT_OR_LEAVE_OUT = _(
    "Betulkan, atau kosongkan kalau belum diketahui.", "Correct it, or leave it out if it is not known."
)
_CORRECT_ONE = _("Betulkan salah satunya.", "Correct one of them.")
REMEDIES: Final[Mapping[str, Both]] = {
    "unknown_signal": _(
        "Daftarnya ada di signals.toml program dan di /api/v1/programme.",
        "Its signals.toml and /api/v1/programme list them.",
    ),
    "unknown_signal_near": _("Mungkin maksud Anda {near}?", "Did you mean {near}?"),
    "derived_signal": _("Isi data asalnya saja.", "Give those instead."),
    "unknown_key": _("Yang boleh: value, on, proof.", "Allowed: value, on, proof."),
    "value_missing": _("Isi value.", "Add value."),
    "no_date": _("Tulis TTTT-BB-HH, misalnya 2026-03-31.", "Write it YYYY-MM-DD, such as 2026-03-31."),
    "future_date": _("Isi tanggal yang sudah lewat.", "Give a date that has passed."),
    "unknown_proof": _("Pilih salah satu dari: {allowed}.", "Choose one of: {allowed}."),
    "not_yes_no": _("Tulis true (ya) atau false (tidak).", "Write true or false."),
    "not_a_number": _("Tulis angkanya, misalnya 5000000.", "Write its digits, such as 5000000."),
    "not_a_number_text": _(
        "Tulis tanpa satuan, titik, atau kata; misalnya 5000000.",
        "Write it without unit, separators or words; such as 5000000.",
    ),
    "not_finite": _CORRECT_OR_LEAVE_OUT,
    "not_whole": _("Tulis tanpa angka di belakang koma.", "Write it without decimal places."),
    "out_of_range": _CORRECT_OR_LEAVE_OUT,
    "out_of_range_money": _CORRECT_OR_LEAVE_OUT,
    "unknown_code": _("Pilih salah satu dari: {allowed}.", "Choose one of: {allowed}."),
    "unknown_code_near": _(
        "Mungkin maksud Anda {near}? Pilihannya: {allowed}.", "Did you mean {near}? The choices: {allowed}."
    ),
    "not_a_list": _("Tulis daftar (boleh kosong) dari: {allowed}.", "Write a list (it may be empty) of: {allowed}."),
    "less_than": _CORRECT_ONE,
    "contradicts": _CORRECT_ONE,
    "unknown_goal": _("Pilihannya: {allowed}.", "Choose one of: {allowed}."),
}
"""What to do about an input problem, by the code of its sentence."""
