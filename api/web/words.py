"""Words: the sentences of the service itself, in Indonesian and English, and a Speaker who knows them too."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from matcher.message import Message
from matcher.programme.criteria import Criterion
from matcher.programme.rules import Rules
from words.speaking import Speaker
from words.wording import SENTENCES

Both = Mapping[str, str]
LANGUAGES: Final = ("id", "en")


def _(id_: str, en: str) -> Both:
    return {"id": id_, "en": en}


OWN: Final[Mapping[str, Both]] = {
    # what is wrong with a request
    "body_empty": _("Isi permintaan kosong.", "The body is empty."),
    "body_not_utf8": _(
        "Isi bukan teks UTF-8: byte ke-{place} tidak terbaca.", "The body is no UTF-8: byte {place} cannot be read."
    ),
    "body_not_json": _(
        "Isi bukan JSON yang benar: baris {line}, kolom {column}.",
        "The body is no correct JSON: line {line}, column {column}.",
    ),
    "body_too_deep": _(
        "JSON ini bersarang lebih dari {deepest} tingkat.", "This JSON is nested more than {deepest} levels deep."
    ),
    "not_json_type": _(
        "Jenis isi harus application/json; yang dikirim {sent}.",
        "The content type must be application/json; got {sent}.",
    ),
    "bad_header": _(
        "Kepala permintaan (Host atau Content-Length) tidak benar.", "A header (Host or Content-Length) is not right."
    ),
    "no_type": _("(tidak disebut)", "(none named)"),
    "duplicate_key": _(
        "{name} tertulis dua kali dalam satu objek; tidak jelas mana yang dimaksud.",
        "{name} stands twice in one object; it is not clear which one is meant.",
    ),
    "not_an_object": _("Di sini harus objek JSON, bukan {sent}.", "This must be a JSON object, not {sent}."),
    "signals_missing": _("signals belum ada.", "signals is missing."),
    "unknown_top_key": _(
        "{name} tidak dikenal di sini.",
        "{name} is not known here.",
    ),
    "unknown_parameter": _("{name} tidak dikenal di alamat ini.", "{name} is not known here."),
    "parameter_twice": _("{name} ada lebih dari sekali.", "{name} stands more than once."),
    "wrong_language": _("language ini tidak ada.", "There is no such language."),
    "wrong_detail": _("detail ini tidak ada.", "There is no such detail."),
    "wrong_as_of": _("as_of harus tanggal yang benar.", "as_of must be a real date."),
    "future_as_of": _("as_of sesudah hari ini, {today}.", "as_of lies after today, {today}."),
    "as_of_before": _("as_of sebelum program ini mulai, {start}.", "as_of lies before the programme began, {start}."),
    "as_of_after": _("as_of sesudah program ini berakhir, {end}.", "as_of lies after the programme ended, {end}."),
    "wrong_goal": _("goal harus id sebuah produk.", "goal must be the id of a product."),
    "goal_unknown": _("{name} bukan id produk pada tanggal itu.", "{name} is not the id of a product on that day."),
    "too_many_signals": _(
        "signals berisi {count} nama; program ini mengenal {known}.",
        "signals holds {count} names; this programme knows {known}.",
    ),
    "name_too_long": _(
        "Nama ini {count} huruf; tidak ada data dengan nama sepanjang itu.",
        "This name has {count} letters; no signal has a name that long.",
    ),
    "more_problems": _("Dan {count} lagi.", "And {count} more."),
    "number": _("angka", "a number"),
    "text": _("teks", "text"),
    "list": _("daftar", "a list"),
    "yes_no": _("true atau false", "true or false"),
    "null": _("null", "null"),
    # products
    "more_than": _("lebih dari {amount_idr}", "more than {amount_idr}"),
    "only_conventional": _(
        "Produk ini hanya konvensional, tidak ada bentuk syariahnya",
        "This product is conventional only, with no sharia form",
    ),
    "for_larger_amounts": _("untuk jumlah yang lebih besar: {need}", "for larger amounts: {need}"),
    "have_one": _("{signal}: {text_value}", "{signal}: {text_value}"),
    "price": _("{rate}% setahun, {basis}", "{rate}% a year, {basis}"),
    "price_total": _("{rate}% untuk seluruh masa, {basis}", "{rate}% for the whole term, {basis}"),
    "effective": _("efektif", "effective"),
    "flat": _("flat (dari pinjaman awal)", "flat (on the first amount)"),
    "flat_total": _("flat (dari pinjaman awal)", "flat (on the first amount)"),
    "margin": _("margin (dari pinjaman awal)", "margin (on the first amount)"),
    "unstated": _("cara menghitungnya tidak disebut", "how it is counted is not stated"),
    "joint_liability": _(
        "Anggota kelompok saling menanggung: kalau satu orang tidak membayar, yang lain ikut membayar.",
        "The members answer for each other: if one does not pay, the others pay too.",
    ),
    "all_other_credit": _("semua kredit lain", "all other credit"),
    "change_do": _("{intervention}: {days} hari, {cost_idr}", "{intervention}: {days} days, {cost_idr}"),
    "change_do_unpriced": _(
        "{intervention}: {days} hari, biayanya belum diketahui", "{intervention}: {days} days, cost not known yet"
    ),
    "change_time": _(
        "Menunggu: dengan lewatnya waktu syarat ini terpenuhi sendiri.",
        "Waiting: with time this condition comes to be met.",
    ),
    "confirmed_never": _(
        "Syarat menurut sumber {as_of}; belum dikonfirmasi ke pemberi pinjaman sesudahnya.",
        "Terms as of the source, {as_of}; not confirmed with the lender since.",
    ),
    "undated": _("tanpa tanggal", "undated"),
    # where a figure comes from
    "figure_source": _("Sumber: {url}, {on}", "Source: {url}, {on}"),
    "figure_choice": _("Pilihan kami: {why}", "Our choice: {why}"),
    "figure_signal": _("Sebesar: {signal}", "As much as: {signal}"),
    # path
    "ask_then": _(
        "Tanyakan ini dulu. Kalau jawabannya mendukung, langkah di sini berlaku.",
        "Ask this first. If the answer is favourable, the steps given here hold.",
    ),
    "ask_then_nothing": _(
        "Tanyakan ini dulu. Kalau jawabannya mendukung, tidak ada langkah lain: syaratnya sudah terpenuhi.",
        "Ask this first. If the answer is favourable, no other step is needed: the conditions are met.",
    ),
    "ask_all_then": _(
        "Tanyakan ini dulu, lalu yang lain. Kalau semua jawabannya mendukung, langkah di sini berlaku.",
        "Ask this first, then the others. If all answers are favourable, the steps given here hold.",
    ),
    "ask_all_then_nothing": _(
        "Tanyakan ini dulu, lalu yang lain. Kalau semua jawabannya mendukung, tidak ada langkah lain: syaratnya sudah "
        "terpenuhi.",
        "Ask this first, then the others. If all answers are favourable, no other step is needed: the conditions are met.",
    ),
    "impossible": _(
        "Syarat yang tidak bisa dicapai dengan langkah atau dengan menunggu: {criterion}",
        "A condition that no step and no waiting can bring: {criterion}",
    ),
    "impossible_amount": _(
        "Produk ini untuk jumlah yang lebih besar: {need}.", "This product is for larger amounts: {need}."
    ),
    "no_way": _(
        "Tidak ada langkah dan tidak ada waktu tunggu yang sampai ke produk ini.",
        "No steps and no waiting lead to this product.",
    ),
    "lender_days": _(
        "Sesudah itu pemberi pinjaman perlu sekitar {days} hari untuk memutuskan.",
        "After that the lender needs about {days} days to decide.",
    ),
    "lender_days_unknown": _(
        "Berapa lama pemberi pinjaman memutuskan tidak disebut sumber mana pun; waktunya tidak ikut dihitung.",
        "No source states how long the lender takes to decide; that time is not counted.",
    ),
    "wait": _("Menunggu", "Wait"),
    # readiness
    "contribution": _("{signal} ({text_value}): {points} poin", "{signal} ({text_value}): {points} points"),
}

REMEDIES: Final[Mapping[str, Both]] = {
    "body_empty": _('Kirim paling sedikit {{"signals": {{}}}}.', 'Send at least {{"signals": {{}}}}.'),
    "body_not_utf8": _("Simpan teksnya sebagai UTF-8.", "Save the text as UTF-8."),
    "body_not_json": _(
        "Periksa tanda kutip, koma, dan kurung di tempat itu.", "Check quotes, commas and brackets at that place."
    ),
    "body_too_deep": _("Tulis setiap data langsung di bawah signals.", "Write every signal directly under signals."),
    "not_json_type": _(
        "Tambahkan kepala Content-Type: application/json.", "Add the header Content-Type: application/json."
    ),
    "duplicate_key": _("Hapus salah satunya.", "Remove one of them."),
    "not_an_object": _('Tulis {{"nama": nilai}}.', 'Write {{"name": value}}.'),
    "signals_missing": _(
        'Tambahkan "signals": {{}}; isinya boleh kosong kalau belum ada yang diketahui.',
        'Add "signals": {{}}; it may be empty while nothing is known.',
    ),
    "bad_header": _(
        "Kirim satu Host yang benar, dan Content-Length yang sama dengan panjang isi.",
        "Send one correct Host, and a Content-Length that is the length of the body.",
    ),
    "unknown_top_key": _("Yang boleh: signals, as_of, goal, language.", "Allowed: signals, as_of, goal, language."),
    "unknown_parameter": _("Yang boleh: {allowed}.", "Allowed: {allowed}."),
    "parameter_twice": _("Sisakan satu.", "Keep one of them."),
    "wrong_language": _("Tulis id atau en.", "Write id or en."),
    "wrong_detail": _("Tulis plain atau full.", "Write plain or full."),
    "wrong_as_of": _("Tulis TTTT-BB-HH, misalnya 2026-03-31.", "Write it YYYY-MM-DD, such as 2026-03-31."),
    "more_problems": _("Betulkan dulu yang di atas.", "Correct those above first."),
    "future_as_of": _("Isi hari ini atau hari yang sudah lewat.", "Give today or a day that has passed."),
    "as_of_before": _("Isi {start} atau sesudahnya.", "Give {start} or later."),
    "as_of_after": _("Isi {end} atau sebelumnya.", "Give {end} or earlier."),
    "goal_unknown": _("Mungkin maksud Anda salah satu dari: {near}.", "Did you mean one of: {near}?"),
    "wrong_goal": _(
        "Tulis dalam tanda kutip salah satu id di GET /api/v1/programme, atau hapus goal supaya kami yang memilih.",
        "Write one of the ids at GET /api/v1/programme in quotes, or leave goal out and we choose.",
    ),
    "too_many_signals": _(
        "Kirim hanya nama yang ada di GET /api/v1/programme.", "Send only names listed at GET /api/v1/programme."
    ),
    "name_too_long": _("Lihat namanya di GET /api/v1/programme.", "See the names at GET /api/v1/programme."),
}

PROBLEMS: Final[Mapping[int, Mapping[str, Any]]] = {
    400: {
        "type": "invalid-request",
        "field": "",
        "title": _("Ada yang perlu dibetulkan", "Something must be corrected"),
        "detail": _("Yang perlu dibetulkan ada di problems, semuanya.", "Everything to correct is listed in problems."),
    },
    401: {
        "type": "signed-out",
        "field": "",
        "title": _("Masuk dulu", "Sign in first"),
        "detail": _("Alamat ini hanya untuk yang sudah masuk.", "This address is for those who have signed in."),
    },
    403: {
        "type": "not-allowed",
        "field": "",
        "title": _("Tidak boleh", "Not allowed"),
        "detail": _("Peran Anda tidak boleh melakukan ini.", "Your role may not do this."),
    },
    409: {
        "type": "conflict",
        "field": "",
        "title": _("Sekarang tidak bisa", "Not possible now"),
        "detail": _(
            "Ada yang menghalangi; lihat problems. Tidak ada yang berubah.",
            "Something is in the way; see problems. Nothing was changed.",
        ),
    },
    429: {
        "type": "too-many-tries",
        "field": "",
        "title": _("Terlalu sering", "Too many tries"),
        "detail": _("Tunggu dulu, lalu coba lagi.", "Wait, then try again."),
    },
    404: {
        "type": "not-found",
        "field": "",
        "title": _("Alamat ini tidak ada", "There is nothing at this address"),
        "detail": _(
            "Daftar alamat yang ada: /schema/openapi.json, penjelasannya di /.",
            "The addresses there are: /schema/openapi.json, explained at /.",
        ),
    },
    405: {
        "type": "method-not-allowed",
        "field": "",
        "title": _("Cara memanggil alamat ini lain", "This address is called in another way"),
        "detail": _(
            "Lihat kepala Allow untuk cara yang boleh, misalnya GET atau POST.",
            "See the header Allow for what is possible, such as GET or POST.",
        ),
    },
    413: {
        "type": "too-large",
        "field": "body",
        "title": _("Isi terlalu besar", "The body is too large"),
        "detail": _(
            "Satu berkas paling besar 20 MiB, data satu orang 1 MiB, isian lain 256 KiB. Kirim lebih sedikit sekaligus.",
            "A file holds at most 20 MiB, one person's data 1 MiB, anything else 256 KiB. Send less at a time.",
        ),
    },
    415: {
        "type": "unsupported-media-type",
        "field": "content-type",
        "title": _("Jenis isi tidak dikenal", "This content type cannot be read"),
        "detail": _("Kirim sebagai application/json.", "Send application/json."),
    },
    503: {
        "type": "busy",
        "field": "",
        "title": _("Sedang sibuk", "Busy just now"),
        "detail": _(
            "Ada pekerjaan besar yang sedang disimpan. Tidak ada yang berubah; tunggu sebentar, lalu kirim lagi.",
            "Something large is being stored. Nothing was changed; wait a little, then send it again.",
        ),
    },
    500: {
        "type": "internal",
        "field": "",
        "title": _("Ada yang salah di pihak kami", "Something went wrong on our side"),
        "detail": _(
            "Tidak ada data Anda yang disimpan. Coba lagi; kalau tetap begini, beri tahu yang menjalankan layanan ini.",
            "Nothing that you sent was kept. Try again; if it stays so, tell whoever runs this service.",
        ),
    },
}


class Teller(Speaker):
    """Says everything that a service says about the rules of one day, in one language."""

    def __init__(self, rules: Rules, language: str) -> None:
        super().__init__(rules.programme, language)
        self.rules = rules
        self.signals = rules.signals
        self.names["intervention"].update({name: i.entry.name for name, i in rules.intervention_ids.items()})
        self.names["product"].update({name: p.entry.name for name, p in rules.product_ids.items()})
        self.names["tier"].update({t.tier.id: t.tier.name for t in rules.tiers})

    def say(self, message: Message) -> str:
        """Return the sentence of a message, whether the matcher's or ours."""
        return self.fill(OWN.get(message.code) or SENTENCES[message.code], message)

    def remedy(self, message: Message) -> str:
        """Return what to do about a problem, whether the matcher's or ours."""
        own = REMEDIES.get(message.code)
        return self.fill(own, message) if own else super().remedy(message)

    def word(self, kind: str, value: Any) -> str:
        """Write one argument; beside the matcher's kinds, a message inside a message."""
        if kind == "as_of" and value == "":
            return self.say(Message("undated"))
        return self.say(value) if isinstance(value, Message) else super().word(kind, value)

    def criterion(self, criterion: Criterion) -> str:
        """Say what a criterion asks; that something is so is said by its name alone."""
        if criterion.kind == "signal" and criterion.op == "is" and criterion.value is True and criterion.text is None:
            return self.text(self.signals[criterion.signal].label)
        if self.is_form(criterion):
            return self.say(Message("only_conventional"))
        return super().criterion(criterion)

    def is_form(self, criterion: Criterion) -> bool:
        """Whether a condition says that a product has no sharia form."""
        return criterion.kind == "signal" and criterion.signal == self.rules.roles.get("sharia_only")

    def need(self, criterion: Criterion) -> str:
        """Say what a criterion wants; the programme writes "more than Rp10,000,000" as at least Rp10,000,001."""
        if criterion.kind != "signal" or self.is_form(criterion):
            return self.criterion(criterion)
        if criterion.text is not None and criterion.op in ("includes", "excludes", "one_of"):
            return self.text(criterion.text)  # the programme's own words say it better than a list of codes
        money = self.signals[criterion.signal].kind == "money"
        if money and criterion.op == "at_least" and criterion.value % 1000 == 1 and criterion.value > 1:
            return self.say(Message("more_than", {"amount_idr": criterion.value - 1}))
        return super().need(criterion)

    def question(self, name: str, stale: frozenset[str] = frozenset()) -> str:
        """Ask for a signal; where its value has grown old, ask whether it is still so."""
        question = self.text(self.signals[name].question)
        return self.say(Message("still_so", {"question": question})) if name in stale else question


@lru_cache(maxsize=64)
def teller(rules: Rules, language: str) -> Teller:
    """Return the Teller of these rules in a language; kept, since making one reads every name of a programme."""
    return Teller(rules, language)
