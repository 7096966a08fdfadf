"""Refusals: what a use case says no to, as codes; the words and remedies of each code in both languages.

A use case knows neither language nor status page: it raises `Refused` with `Trouble`s, and errors.py tells them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, init=False)
class Trouble:
    """One thing in the way: the field it is about, its code, the value as sent (never a secret), what the words need."""

    field: str
    code: str
    value: Any
    args: Mapping[str, Any]

    def __init__(self, field: str, code: str, value: Any = None, **args: Any) -> None:
        for name, given in (("field", field), ("code", code), ("value", value), ("args", args)):
            object.__setattr__(self, name, given)

    def said(self, language: str) -> dict[str, Any]:
        """The trouble in words, as an entry of an answer's problems."""
        message, remedy = (TROUBLES[self.code][language + part] for part in ("", "_remedy"))
        args = {"value": self.value, **self.args}
        return {
            "field": self.field,
            "value": self.value,
            "message": message.format(**args),
            "remedy": remedy.format(**args),
        }


class Refused(Exception):
    """A use case that was not done, and nothing of it: an HTTP status and every trouble found."""

    def __init__(self, status: int, *troubles: Trouble) -> None:
        self.status, self.troubles = status, troubles
        self.already_told: Sequence[Mapping[str, Any]] = ()
        super().__init__(f"{status}: {', '.join(f'{t.field} ({t.code})' for t in troubles)}")

    def __reduce__(self) -> Any:
        """How it comes through a pipe."""
        return _refused, (self.status, self.troubles, self.already_told)

    @classmethod
    def told(cls, status: int, problems: Sequence[Mapping[str, Any]]) -> Refused:
        """A refusal whose problems are in words already."""
        refused = cls(status)
        refused.already_told = problems
        return refused

    def problems(self, language: str) -> list[Mapping[str, Any]]:
        """Every trouble in words."""
        return [*self.already_told, *(trouble.said(language) for trouble in self.troubles)]


def _refused(status: int, troubles: Sequence[Trouble], already_told: Sequence[Mapping[str, Any]]) -> Refused:
    refused = Refused(status, *troubles)
    refused.already_told = already_told
    return refused


def _(id_: str, en: str, id_remedy: str, en_remedy: str) -> Mapping[str, str]:
    return {"id": id_, "en": en, "id_remedy": id_remedy, "en_remedy": en_remedy}


_AGREE = ("Minta persetujuannya, lalu catat di bagian Persetujuan.", "Ask for consent, then record it under Consents.")

TROUBLES: Final[Mapping[str, Mapping[str, str]]] = {
    "not_found": _(
        "Tidak ada di sini.",
        "There is no such thing here.",
        "Periksa alamatnya, atau mulai lagi dari daftar.",
        "Check the address, or start again from the list.",
    ),
    "stale": _(
        "Sementara itu sudah ada yang mengubah: versi {value} bukan yang terakhir.",
        "Somebody changed this in the meantime: version {value} is not the latest.",
        "Buka lagi, lihat perubahannya, lalu kirim ulang.",
        "Open it again, look at what changed, then send yours once more.",
    ),
    # signing in
    "too_many_tries": _(
        "Terlalu banyak percobaan dengan nama ini dari sini.",
        "Too many tries with this name from here.",
        "Tunggu 15 menit, atau minta operator membuat kata sandi baru.",
        "Wait 15 minutes, or ask an operator for a new password.",
    ),
    "wrong_password": _(
        "Nama atau kata sandi tidak cocok.",
        "Name and password do not match.",
        "Periksa huruf besar dan kecil; kalau lupa, minta operator membuat kata sandi baru.",
        "Check capitals; if it is forgotten, ask an operator for a new one.",
    ),
    "wrong_old_password": _(
        "Kata sandi lama tidak cocok.",
        "The old password is not right.",
        "Tulis lagi yang lama.",
        "Write the old one again.",
    ),
    "password_length": _(
        "Kata sandi baru harus {least} sampai {most} huruf.",
        "The new password must have {least} to {most} characters.",
        "Pakai kalimat pendek yang hanya Anda yang tahu.",
        "Use a short sentence that only you know.",
    ),
    "password_easy": _(
        "Kata sandi baru terlalu mudah ditebak.",
        "The new password is too easy to guess.",
        "Pakai beberapa kata yang tidak berhubungan.",
        "Use a few words that have nothing to do with each other.",
    ),
    "signed_out": _(
        "Anda belum masuk, atau sudah terlalu lama diam.",
        "You are not signed in, or were away too long.",
        "Masuk lagi.",
        "Sign in again.",
    ),
    "not_allowed": _(
        "Peran {role} tidak boleh melakukan ini.",
        "The role {role} may not do this.",
        "Minta kepada yang berperan {allowed}.",
        "Ask somebody whose role is {allowed}.",
    ),
    "no_scope": _(
        "Kunci API ini tidak dibuat untuk itu.",
        "This API key was not made for that.",
        "Buat kunci dengan cakupan yang sesuai.",
        "Make a key with the right scope.",
    ),
    "foreign_form": _(
        "Permintaan ini datang dari situs lain.",
        "This request comes from another site.",
        "Buka halamannya di Kail sendiri, lalu kirim dari sana.",
        "Open the page in Kail itself and send it from there.",
    ),
    # accounts
    "name_taken": _(
        "Nama {value} sudah dipakai.", "The name {value} is taken.", "Pilih nama lain.", "Choose another one."
    ),
    "login_taken": _(
        "Nama masuk {value} sudah dipakai.", "The login {value} is taken.", "Pilih yang lain.", "Choose another one."
    ),
    "no_organisation": _(
        "Tidak ada organisasi {value}.", "There is no organisation {value}.", "Lihat daftarnya.", "Look at the list."
    ),
    "own_account": _(
        "Akun sendiri tidak bisa diubah perannya atau ditutup.",
        "One's own account cannot change its role or be closed.",
        "Minta operator lain melakukannya.",
        "Ask another operator to do it.",
    ),
    "key_expiry": _(
        "Kunci harus berakhir di masa depan, paling lama {days} hari lagi.",
        "A key must end in the future, within {days} days.",
        "Pilih tanggal yang lebih dekat.",
        "Choose a nearer date.",
    ),
    # consent
    "no_consent_record": _(
        "Orang ini tidak (lagi) setuju datanya disimpan.",
        "This person does not (any longer) agree to be kept on record.",
        _AGREE[0] + " Kalau tidak setuju, hapus datanya.",
        _AGREE[1] + " If they do not agree, erase their data.",
    ),
    "no_consent_recommendation": _(
        "Orang ini tidak (lagi) setuju dihitung oleh komputer.",
        "This person does not (any longer) agree to recommendations by a computer.",
        *_AGREE,
    ),
    "frozen": _(
        "Orang ini berkeberatan atas hasil sebelumnya; belum ada petugas yang memutuskan.",
        "This person objected to an earlier result; no person has decided on it yet.",
        "Tunggu keputusan operator; sementara itu dampingi seperti biasa.",
        "Wait for an operator's decision; support them as usual meanwhile.",
    ),
    "no_recipient": _(
        "Persetujuan untuk rujukan harus menyebut pemberi modal yang ada.",
        "A consent to a referral must name an organisation of a lender.",
        "Sebut id organisasinya.",
        "Name the id of the organisation.",
    ),
    "recipient_unwanted": _(
        "Tujuan {purpose} tidak punya penerima.",
        "The purpose {purpose} has no recipient.",
        "Hapus recipient.",
        "Leave it out.",
    ),
    "never_agreed": _(
        "Belum pernah ada persetujuan untuk ini, jadi tidak ada yang ditarik.",
        "There is no consent for this that could be withdrawn.",
        "Periksa tujuan dan penerimanya.",
        "Check purpose and recipient.",
    ),
    "future_consent": _(
        "Tanggal persetujuan ada di masa depan.",
        "The day of the consent lies in the future.",
        "Tulis hari ini atau sebelumnya.",
        "Write today or a day before.",
    ),
    "past_expiry": _(
        "Persetujuan ini sudah berakhir saat dicatat.",
        "This consent has ended already.",
        "Tulis tanggal yang belum lewat.",
        "Write a day that is still to come.",
    ),
    # participants and evidence
    "known_nik_index": _(
        "NIK ini sudah terdaftar di organisasi Anda.",
        "This NIK is registered in your organisation already.",
        "Cari orangnya; kalau didampingi pendamping lain, minta operator memindahkan.",
        "Search for the person; if another mentor has them, ask an operator to hand them over.",
    ),
    "known_own_index": _(
        "Kode peserta ini sudah ada di organisasi Anda.",
        "Your organisation already has a participant with this id.",
        "Pakai kode lain.",
        "Use another one.",
    ),
    "another_nik": _(
        "Orang dengan kode ini tercatat dengan NIK lain.",
        "The person with this id is recorded with another NIK.",
        "Lihat di KTP; betulkan barisnya, atau betulkan orangnya di Kail.",
        "Look at the KTP; put the row right, or correct the person in Kail.",
    ),
    "another_own_id": _(
        "Orang dengan NIK ini tercatat dengan kode lain.",
        "The person with this NIK is recorded with another id.",
        "Satu orang, satu kode: pakai yang sudah tercatat.",
        "One person, one id: use the one that is recorded.",
    ),
    "elsewhere": _(
        "Orang dengan kode ini tidak ada pada Anda.",
        "The person with this id is not one of yours.",
        "Periksa kodenya; kalau didampingi pendamping lain, minta operator memindahkan.",
        "Check the id; if another mentor has them, ask an operator to hand them over.",
    ),
    "no_mentor": _(
        "{value} bukan pendamping aktif di organisasi ini.",
        "{value} is no active mentor of this organisation.",
        "Pilih dari daftar akun.",
        "Choose one from the list of accounts.",
    ),
    "no_facts": _(
        "signals harus objek dengan 1 sampai {most} data.",
        "signals must be an object with 1 to {most} facts.",
        'Kirim misalnya {{"signals": {{"nib": true}}}}.',
        'Send for example {{"signals": {{"nib": true}}}}.',
    ),
    "import_twice": _(
        "Berkas ini sudah dimasukkan pada {on}: {rows} baris. Tidak ada yang berubah.",
        "This file was imported on {on}: {rows} rows. Nothing was changed.",
        "Tidak perlu apa-apa; kalau isinya diperbaiki, kirim berkas yang baru.",
        "Nothing needs doing; if you corrected it, send the new file.",
    ),
    "import_unread": _("{what}.", "{what}.", "{remedy}", "{remedy}"),
    # assessments
    "changed_meanwhile": _(
        "Data orang ini berubah selagi dihitung.",
        "This person's data changed while it was worked out.",
        "Coba lagi.",
        "Try again.",
    ),
    "no_such_goal": _(
        "{value} bukan produk hari ini.",
        "{value} is no product today.",
        "Pilih dari daftar produk.",
        "Choose one from the list of products.",
    ),
    "not_listed": _(
        "{value} bukan langkah dalam hasil ini.",
        "{value} is no step of this result.",
        "Pilih dari langkah yang ditawarkan: {allowed}.",
        "Choose one of those suggested: {allowed}.",
    ),
    "first_already": _(
        "{value} memang sudah disarankan pertama.",
        "{value} is suggested first already.",
        "Tidak perlu diganti.",
        "There is nothing to override.",
    ),
    "objection_open": _(
        "Sudah ada keberatan yang menunggu keputusan.",
        "There is an objection already that waits for a decision.",
        "Tunggu keputusannya.",
        "Wait for the decision.",
    ),
    "objection_closed": _(
        "Keberatan ini sudah diputuskan.",
        "This objection has been decided.",
        "Lihat keputusannya.",
        "Look at the decision.",
    ),
    "own_result": _(
        "Hasil ini Anda sendiri yang memintanya; keberatan diputuskan oleh orang lain.",
        "You asked for this result yourself; another person decides on the objection.",
        "Minta operator lain memutuskan.",
        "Ask another operator to decide.",
    ),
    "no_lender": _(
        "{value} bukan organisasi pemberi modal.",
        "{value} is no organisation of a lender.",
        "Sebut id organisasi yang punya akun pemberi modal.",
        "Name the id of an organisation that has a lender's account.",
    ),
    "before_withdrawal": _(
        "Persetujuan ini lebih tua dari penarikannya pada {on}.",
        "This consent is older than its withdrawal on {on}.",
        "Minta persetujuan lagi, lalu catat dengan tanggalnya.",
        "Ask again, then record it with its day.",
    ),
    # reading a form
    "twice": _("{name} tertulis dua kali.", "{name} stands twice.", "Tulis sekali saja.", "Write it once."),
    "wanted": _("{name} belum diisi.", "{name} is missing.", "Isi dulu.", "Fill it in."),
    "no_text": _("{name} harus teks.", "{name} must be text.", "Tulis dalam tanda kutip.", "Write it in quotes."),
    "too_long": _(
        "{name} lebih dari {most} huruf.", "{name} has more than {most} characters.", "Persingkat.", "Make it shorter."
    ),
    "bad_characters": _(
        "{name} memuat tanda yang tidak terlihat.",
        "{name} holds characters that cannot be seen.",
        "Ketik ulang.",
        "Type it again.",
    ),
    "no_choice": _(
        "{name} tidak boleh {value}.",
        "{name} cannot be {value}.",
        "Pilih salah satu: {allowed}.",
        "Choose one of {allowed}.",
    ),
    "no_whole_number": _(
        "{name} harus bilangan bulat.", "{name} must be a whole number.", "Tulis angka saja.", "Write digits only."
    ),
    "no_yes_no": _(
        "{name} harus true atau false.", "{name} must be true or false.", "Pilih salah satu.", "Choose one."
    ),
    "no_day": _(
        "{name} harus tanggal yang benar.",
        "{name} must be a real date.",
        "Tulis TTTT-BB-HH, misalnya 2026-03-31.",
        "Write it YYYY-MM-DD, such as 2026-03-31.",
    ),
    "no_list": _("{name} harus daftar.", "{name} must be a list.", 'Tulis ["..."].', 'Write ["..."].'),
    "bad_nik": _(
        "NIK terdiri dari 16 angka.",
        "A NIK has 16 digits.",
        "Lihat di KTP; tanpa spasi.",
        "Look at the KTP; without blanks.",
    ),
    "bad_phone": _(
        "Nomor telepon terdiri dari 8 sampai 15 angka.",
        "A phone number has 8 to 15 digits.",
        "Tulis misalnya 0812 3456 7890.",
        "Write for example 0812 3456 7890.",
    ),
    "unknown_field": _(
        "{name} tidak dikenal di sini.", "{name} is not known here.", "Yang boleh: {allowed}.", "Allowed: {allowed}."
    ),
    "no_object": _(
        "Isi harus objek JSON.",
        "The body must be a JSON object.",
        'Kirim misalnya {{"name": "..."}}.',
        'Send for example {{"name": "..."}}.',
    ),
    "future_day": _(
        "{name} ada di masa depan.",
        "{name} lies in the future.",
        "Tulis hari ini atau sebelumnya.",
        "Write today or a day before.",
    ),
    "bad_form": _(
        "Isian ini tidak terbaca.",
        "This form cannot be read.",
        "Buka lagi halamannya, lalu isi di sana.",
        "Open its page again and fill it in there.",
    ),
    "not_confirmed": _(
        "Kata {wanted} belum ditulis.",
        "The word {wanted} is not written.",
        "Tulis {wanted} kalau memang mau menghapus semuanya.",
        "Write {wanted} if everything is really to be erased.",
    ),
    "no_json": _(
        "Isi bukan JSON yang benar.",
        "The body is no correct JSON.",
        "Periksa tanda kutip dan kurung.",
        "Check quotes and brackets.",
    ),
}
