"""The words that pages share: titles, the menu, the names of fields and codes, what was done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

Both = Mapping[str, str]


def _(id_: str, en: str) -> Both:
    return {"id": id_, "en": en}


HOMES: Final[Mapping[str, str]] = {
    "mentor": "/work-list",
    "operator": "/accounts",
    "analyst": "/disagreements",
    "lender": "/account",
}
"""Where each role begins after signing in."""

_PEOPLE: Final = ("/participants", _("Peserta", "Participants"))
_DISAGREEMENTS: Final = ("/disagreements", _("Perbedaan pendapat", "Disagreements"))
_ACCOUNT: Final = ("/account", _("Akun saya", "My account"))
MENU: Final[Mapping[str, tuple[tuple[str, Both], ...]]] = {
    "mentor": (("/work-list", _("Minggu ini", "This week")), _PEOPLE, _ACCOUNT),
    "operator": (
        ("/accounts", _("Akun", "Accounts")),
        _PEOPLE,
        ("/objections", _("Keberatan", "Objections")),
        _DISAGREEMENTS,
        ("/audit", _("Catatan", "Audit")),
        _ACCOUNT,
    ),
    "analyst": (_DISAGREEMENTS, _ACCOUNT),
    "lender": (_ACCOUNT,),
}

TITLES: Final[Mapping[str, Both]] = {
    "sign_in": _("Masuk", "Sign in"),
    "account": _("Akun saya", "My account"),
    "accounts": _("Akun organisasi", "Accounts of the organisation"),
    "audit": _("Siapa melihat dan mengubah apa", "Who saw and changed what"),
    "participants": _("Peserta", "Participants"),
    "participant_new": _("Daftarkan peserta", "Register a participant"),
    "participant": _("Peserta", "Participant"),
    "identity": _("Betulkan data diri", "Correct personal details"),
    "evidence": _("Isi data usaha", "Fill in what is known"),
    "history": _("Riwayat data", "History of what is known"),
    "consents": _("Persetujuan", "Consents"),
    "mentor": _("Pindahkan ke pendamping lain", "Hand over to another mentor"),
    "rights": _("Hak peserta", "Rights of the participant"),
    "imports": _("Masukkan berkas", "Import a file"),
    "work_list": _("Siapa yang ditemui minggu ini", "Whom to see this week"),
    "assessment": _("Saran", "Recommendation"),
    "objections": _("Keberatan yang menunggu", "Objections that wait"),
    "disagreements": _("Perbedaan pendapat", "Disagreements"),
    "problem": _("Tidak bisa", "Not possible"),
}

FIELDS: Final[Mapping[str, Both]] = {
    "login": _("Nama masuk", "Login"),
    "password": _("Kata sandi", "Password"),
    "old": _("Kata sandi lama", "Old password"),
    "new": _("Kata sandi baru", "New password"),
    "name": _("Nama", "Name"),
    "role": _("Peran", "Role"),
    "scopes": _("Boleh untuk", "Allowed to"),
    "expires_on": _("Berlaku sampai", "Valid until"),
    "search": _("Cari nama, NIK, telepon, atau nomor peserta", "Search by name, NIK, phone or own number"),
    "nik": _("NIK", "NIK"),
    "phone": _("Nomor telepon", "Phone number"),
    "own_id": _("Nomor peserta di organisasi Anda", "Number in your organisation"),
    "consents": _("Peserta setuju bahwa", "The participant agrees that"),
    "channel": _("Disampaikan lewat", "Said by way of"),
    "said_on": _("Disampaikan pada tanggal", "Said on"),
    "purpose": _("Tentang apa", "About what"),
    "given": _("Setuju atau menarik kembali", "Agreed or taken back"),
    "recipient": _("Pemberi modal", "Lender"),
    "on": _("Benar pada tanggal", "True on"),
    "said_by": _("Siapa yang mengatakan", "Who said so"),
    "proof": _("Buktinya", "The proof"),
    "file": _("Berkas", "File"),
    "columns": _("Peta kolom", "Column map"),
    "sheet": _("Lembar", "Sheet"),
    "mentor_id": _("Pendamping baru", "New mentor"),
    "of_mentor": _("Peserta dari pendamping", "Participants of the mentor"),
    "confirm": _("Kata untuk memastikan", "Word to confirm"),
    "goal": _("Tujuan", "Goal"),
    "chosen": _("Langkah yang dipilih", "The step chosen"),
    "code": _("Alasannya", "The reason"),
    "note": _("Catatan", "Note"),
    "words": _("Kata-kata peserta", "The participant's words"),
    "decision": _("Keputusan", "Decision"),
    "reason": _("Alasan keputusan", "Reason of the decision"),
}

_PROOFS: Final = {
    "self_declared": _("Kata orangnya sendiri", "The person says so"),
    "seen": _("Dilihat pendamping", "Seen by the mentor"),
    "document": _("Ada dokumennya", "There is a document"),
    "system": _("Dari sistem lain", "From another system"),
}

CODES: Final[Mapping[str, Mapping[str, Both]]] = {
    "role": {
        "mentor": _("Pendamping", "Mentor"),
        "lender": _("Pemberi modal", "Lender"),
        "analyst": _("Analis", "Analyst"),
        "operator": _("Operator", "Operator"),
    },
    "purpose": {
        "record": _("Data disimpan", "Keeping data"),
        "recommendation": _("Dihitung komputer", "Recommendation by a computer"),
        "referral": _("Dirujuk ke pemberi modal", "Referral to a lender"),
        "training": _("Memperbaiki perhitungan", "Improving the calculation"),
    },
    "channel": {
        "paper": _("Kertas bertanda tangan", "Signed paper"),
        "spoken": _("Lisan, bertemu langsung", "Spoken, face to face"),
        "phone": _("Telepon", "Phone"),
        "message": _("Pesan (WhatsApp, SMS)", "Message (WhatsApp, SMS)"),
        "online": _("Formulir di internet", "Form on the internet"),
    },
    "proof": _PROOFS,
    "scope": {
        "me": _("melihat milik siapa kunci ini", "see whose key it is"),
        "programme": _("membaca program hari ini", "read today's programme"),
    },
    "why": {
        "already_done": _("Sudah dikerjakan", "Done already"),
        "cannot_now": _("Sekarang belum bisa", "Not possible now"),
        "too_expensive": _("Terlalu mahal", "Too expensive"),
        "too_far": _("Terlalu jauh", "Too far away"),
        "other_first": _("Yang lain lebih mendesak", "Something else is more urgent"),
        "not_wanted": _("Peserta tidak mau", "The participant does not want it"),
        "facts_wrong": _("Datanya salah", "The facts are wrong"),
        "other": _("Lain (tulis di catatan)", "Other (write it in the note)"),
    },
    "decision": {
        "upheld": _("Keberatan diterima: hasil itu tidak dipakai", "Upheld: that result does not count"),
        "rejected": _("Keberatan ditolak: hasil itu tetap", "Rejected: that result stands"),
        "corrected": _("Data dibetulkan", "Facts were put right"),
    },
    "cause": {
        "asked": _("diminta pendamping", "asked by the mentor"),
        "rescreened": _("dihitung lagi karena aturan berubah", "worked out again since the rules changed"),
    },
    "step": {
        "done": _("selesai", "done"),
        "under_way": _("sedang berjalan", "under way"),
        "open": _("belum", "not yet"),
        "unknown": _("belum diketahui", "not known yet"),
    },
    "status": {
        "conditions_met": _("Syaratnya terpenuhi", "Conditions met"),
        "ask": _("Masih perlu ditanyakan", "Still to be asked"),
        "not_yet": _("Belum", "Not yet"),
        "not_for_you": _("Bukan untuk orang ini", "Not for this person"),
    },
    "affordable": {
        "yes": _("Cicilannya terjangkau.", "The instalment is affordable."),
        "no": _("Cicilannya tidak terjangkau.", "The instalment is not affordable."),
        "unknown": _("Belum tahu apakah cicilannya terjangkau.", "Not known yet whether the instalment is affordable."),
    },
    "kind": {
        "override": _("Pilihan lain pendamping", "Other choice of a mentor"),
        "objection": _("Keberatan peserta", "Objection of a participant"),
    },
    "left_out": {
        "no_consent": _("belum setuju dihitung komputer", "do not agree to recommendations"),
        "objection": _("keberatannya menunggu keputusan operator", "objected; an operator has yet to decide"),
        "seen_this_week": _("sudah dihitung dalam tujuh hari terakhir", "worked out within the last seven days"),
    },
    "action": {
        "signed_in": _("masuk", "signed in"),
        "signed_out": _("keluar", "signed out"),
        "sign_in_refused": _("gagal masuk", "was refused at sign-in"),
        "changed_password": _("mengganti kata sandi", "changed the password"),
        "reset_password": _("membuat kata sandi baru", "made a new password"),
        "added": _("menambah", "added"),
        "changed": _("mengubah", "changed"),
        "revoked": _("mencabut", "revoked"),
        "registered": _("mendaftarkan", "registered"),
        "corrected": _("membetulkan data diri", "corrected details"),
        "handed_over": _("memindahkan ke pendamping lain", "handed over"),
        "consent_given": _("mencatat persetujuan", "recorded a consent"),
        "consent_withdrawn": _("mencatat persetujuan ditarik", "recorded a consent taken back"),
        "listed": _("melihat daftar", "saw a list"),
        "saw": _("melihat", "saw"),
        "saw_evidence": _("melihat riwayat data", "saw the history"),
        "saw_consents": _("melihat persetujuan", "saw the consents"),
        "saw_assessment": _("melihat saran", "saw a recommendation"),
        "saw_assessments": _("melihat semua saran", "saw all recommendations"),
        "saw_changes": _("melihat perubahan", "saw the changes"),
        "saw_work_list": _("melihat daftar minggu ini", "saw the work list"),
        "saw_objections": _("melihat keberatan", "saw the objections"),
        "added_evidence": _("mengisi data", "recorded facts"),
        "imported": _("memasukkan berkas", "imported a file"),
        "exported": _("mengambil salinan", "exported"),
        "erased": _("menghapus", "erased"),
        "assessed": _("meminta saran", "asked for a recommendation"),
        "replayed": _("menghitung ulang", "worked out again"),
        "overrode": _("memilih langkah lain", "chose another step"),
        "objected": _("mencatat keberatan", "recorded an objection"),
        "decided": _("memutuskan keberatan", "decided an objection"),
        "turned_on": _("menyalakan", "turned on"),
        "turned_off": _("mematikan", "turned off"),
    },
    "object": {
        "account": _("akun", "account"),
        "api_key": _("kunci API", "API key"),
        "organisation": _("organisasi", "organisation"),
        "participant": _("peserta", "participant"),
        "import": _("berkas", "file"),
        "switch": _("sakelar", "switch"),
    },
}
"""What codes are called on a page, by kind."""

DONE: Final[Mapping[str, Both]] = {
    "password": _("Kata sandi sudah diganti.", "The password is changed."),
    "revoked": _("Kunci sudah dicabut.", "The key is revoked."),
    "account": _("Akun sudah diubah.", "The account is changed."),
    "registered": _("Peserta sudah terdaftar.", "The participant is registered."),
    "identity": _("Data diri sudah dibetulkan.", "The details are corrected."),
    "evidence": _("Data sudah dicatat.", "What you filled in is recorded."),
    "nothing_new": _(
        "Semua itu sudah tercatat; tidak ada yang baru.", "All of that was recorded already; nothing is new."
    ),
    "consent": _("Persetujuan sudah dicatat.", "The consent is recorded."),
    "erased": _("Semua data peserta itu sudah dihapus.", "Everything about that participant is erased."),
    "handed": _("Peserta sudah dipindahkan.", "The participant is handed over."),
    "override": _("Pilihan Anda sudah dicatat.", "Your choice is recorded."),
    "objection": _(
        "Keberatan sudah dicatat; operator akan memutuskan.", "The objection is recorded; an operator will decide."
    ),
    "decided": _("Keputusan sudah dicatat.", "The decision is recorded."),
    "switch": _("Sakelar sudah diubah.", "The switch is changed."),
}
"""What is said on the page after a form was taken."""
