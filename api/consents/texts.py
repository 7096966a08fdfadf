"""What people are asked to agree to, in versions: a text that changes gets a new version, and an old one is never edited.

The purposes and their words are our choice, after UU PDP 27/2022 art. 20 to 24: one consent for one purpose, in plain
words, as easily taken back as given.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

PURPOSES: Final = ("record", "recommendation", "referral", "training")
WITH_RECIPIENT: Final = ("referral",)
CHANNELS: Final = ("paper", "spoken", "phone", "message", "online")
CURRENT: Final = "2026-11"

TEXTS: Final[Mapping[str, Mapping[str, Mapping[str, str]]]] = {
    "2026-11": {
        "record": {
            "id": (
                "Pendamping saya boleh menyimpan data diri dan usaha saya supaya bisa mendampingi saya. Saya boleh "
                "melihatnya, membetulkannya, dan meminta semuanya dihapus, kapan saja."
            ),
            "en": (
                "My mentor may keep data about me and my business in order to support me. I may see it, have it "
                "corrected and have all of it erased at any time."
            ),
        },
        "recommendation": {
            "id": (
                "Data saya boleh dihitung oleh komputer untuk menyarankan langkah berikutnya. Komputer tidak "
                "memutuskan; saya boleh keberatan, lalu seorang petugas yang melihatnya."
            ),
            "en": (
                "A computer may work with my data to suggest the next step. It does not decide; I may object, and "
                "then a person looks at it."
            ),
        },
        "referral": {
            "id": "Bukti usaha saya boleh diberikan kepada pemberi modal yang disebut di sini, dan tidak kepada yang lain.",
            "en": "Proof about my business may be given to the lender named here, and to no other.",
        },
        "training": {
            "id": "Data saya, tanpa nama, NIK, dan nomor telepon, boleh dipakai untuk memperbaiki cara Kail menghitung.",
            "en": "My data, without name, NIK and phone number, may be used to improve how Kail works things out.",
        },
    },
}
