"""The words of the pages, in Indonesian and English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

PAGE: Final[Mapping[str, Mapping[str, str]]] = {
    "title": {
        "id": "Kail: langkah berikutnya menuju modal",
        "en": "Kail: the next step towards capital",
    },
    "skip": {"id": "Langsung ke isi", "en": "Skip to the content"},
    "other_language": {"id": "In English", "en": "Dalam bahasa Indonesia"},
    "lead": {
        "id": (
            "Kail membaca seberapa siap seorang pengusaha kecil untuk modal, lalu mengatakan apa yang bisa dilakukan "
            "sekarang: langkah berikutnya, atau pemberi modal yang syaratnya sudah terpenuhi."
        ),
        "en": (
            "Kail reads how ready a small entrepreneur is for capital and says what can be done now: the next step, or "
            "the lenders whose conditions are met."
        ),
    },
    "what": {"id": "Apa yang Kail lakukan", "en": "What Kail does"},
    "what_1": {
        "id": "Mencocokkan jawaban satu orang dengan syarat yang diumumkan setiap produk: ya, tidak, atau belum diketahui.",
        "en": "Compares one person's answers with the published conditions of every product: yes, no, or not known yet.",
    },
    "what_2": {
        "id": "Menghitung cicilan dan apakah terjangkau dari sisa uang usaha sebulan.",
        "en": "Works out the instalment and whether what a month leaves can carry it.",
    },
    "what_3": {
        "id": "Menunjukkan jalan dari hari ini ke sebuah produk: langkah, hari, dan rupiahnya.",
        "en": "Shows the way from today to a product: the steps, the days and the rupiah.",
    },
    "what_4": {
        "id": "Menyebut pertanyaan yang masih terbuka. Yang tidak dijawab tidak pernah dianggap tidak.",
        "en": "Names the questions still open. What nobody answered is never taken for a no.",
    },
    "not": {"id": "Apa yang tidak Kail lakukan", "en": "What Kail does not do"},
    "not_1": {
        "id": "Tidak memutuskan. Pendamping dan pemberi modal yang memutuskan, dan setiap hasil boleh ditolak.",
        "en": "It does not decide. Mentors and lenders do, and every result may be contested.",
    },
    "not_2": {
        "id": "Tidak menyimpan dan tidak mencatat apa yang dikirim ke alamat rekomendasi.",
        "en": "It neither keeps nor logs what is sent to the address for recommendations.",
    },
    "not_3": {
        "id": "Tidak menjamin syarat masih sama. Syarat produk diambil dari sumber terbuka yang bertanggal.",
        "en": "It does not promise that terms are still the same. They come from dated public sources.",
    },
    "steps": {"id": "{count} langkah", "en": "{count} steps"},
    "evidence": {"id": "Bukti:", "en": "Proof:"},
    "tiers": {"id": "Apa yang ditawarkan", "en": "What is offered"},
    "call": {"id": "Cara memanggil Kail", "en": "How to call Kail"},
    "call_text": {
        "id": "Kirim yang sudah diketahui saja; yang belum, tinggalkan. Tempel ini di terminal:",
        "en": "Send only what is known and leave out the rest. Paste this into a terminal:",
    },
    "call_fields": {
        "id": "Selain signals boleh ditambahkan as_of (tanggal), goal (id produk), dan language (id atau en).",
        "en": "Beside signals you may add as_of (a date), goal (the id of a product) and language (id or en).",
    },
    "call_wrong": {
        "id": "Kalau ada yang salah, semua kesalahan dijawab sekaligus, masing-masing dengan cara membetulkannya.",
        "en": "If something is wrong, all of it is answered at once, each with the way to mend it.",
    },
    "catalogue": {
        "id": "Daftar pertanyaan, langkah, dan produk (JSON)",
        "en": "All questions, steps and products (JSON)",
    },
    "schema": {
        "id": "Keterangan lengkap untuk programmer (OpenAPI)",
        "en": "Full description for programmers (OpenAPI)",
    },
    "counted": {
        "id": "{signals} data, {interventions} langkah bantuan, {products} produk.",
        "en": "{signals} signals, {interventions} interventions, {products} products.",
    },
    "version": {"id": "Kail {version}, program {digest}", "en": "Kail {version}, programme {digest}"},
}
