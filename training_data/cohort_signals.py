"""The signals of the synthetic cohort, stage by stage: business, training, papers, market, money, credit.

Each takes the draws, the columns so far and the truth about each person (arrays of shape (people,), some of which no
signal shows), and adds to both. Every rate here is INVENTED unless its line says SOURCED.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final

import numpy as np

from training_data.draws import Draws
from training_data.rows import MISSING, Ints

Columns = dict[str, Ints]
Truth = dict[str, Any]
AS_OF: Final = date(2021, 10, 27)
"""The day of the signals: that of the published funnel."""
TODAY: Final = AS_OF.toordinal()


def business(draw: Draws, columns: Columns, truth: Truth) -> None:
    """What the person came for, wants and runs."""
    drive, woman = truth["drive"], truth["woman"]
    # SOURCED only in words: many who enrol already trade on and off (beritajakarta 56163, 2018). The share is INVENTED.
    running = truth["running"] = draw.yes(0.7 + 0.04 * drive)
    # SOURCED only in words: people ask for buyers, not money (tribunnews 2018-09-13), and marketing is the biggest hurdle
    # (kompas, November 2021); some expected cash (tribunnews 2019-03-22). Shares INVENTED.
    came = {"buyers": 0.38, "capital": 0.24, "skill": 0.2, "permit": 0.15, "start": 0.03}
    not_yet = {"buyers": 0.0, "capital": 0.2, "skill": 0.3, "permit": 0.05, "start": 0.45}
    shares = {code: np.where(running, came[code], not_yet[code]) for code in came}
    columns["came_for"] = draw.code("came_for", shares)
    truth["came_for"] = np.array(list(draw.signals["came_for"].values))[columns["came_for"]]
    truth["wants"] = draw.yes(np.where(truth["came_for"] == "capital", 0.96, 0.22))
    columns["wants_capital"] = truth["wants"].astype(np.int64)
    columns["wants_business"] = draw.yes(np.where(running, 0.97, 0.85)).astype(np.int64)
    columns["business_running"] = running.astype(np.int64)
    columns["business_age_months"] = np.where(running, np.clip(draw.money(36, 1.0, 1), 0, 480), 0)
    # SOURCED, of women's firms, second-hand (BPS 2018 in kompasiana, 2022): food, fashion and craft. All else INVENTED.
    women = {"food": 0.42, "fashion": 0.19, "craft": 0.16, "services": 0.07, "trade": 0.06, "grocery_stall": 0.06}
    women |= {"agriculture": 0.005, "livestock": 0.003, "fishery": 0.007, "industry": 0.005, "other": 0.02}
    men = {"food": 0.34, "fashion": 0.09, "craft": 0.09, "services": 0.19, "trade": 0.12, "grocery_stall": 0.06}
    men |= {"agriculture": 0.02, "livestock": 0.015, "fishery": 0.025, "industry": 0.02, "other": 0.03}
    columns["sector"] = draw.code("sector", {code: np.where(woman, women[code], men[code]) for code in women})
    places = {"own": 0.34, "rented": 0.22, "family": 0.22, "assigned_place": 0.05, "none": 0.17}
    columns["premises"] = draw.code("premises", places)
    # SOURCED only in words: green zones and upper floors of rusun stop permits (kompas 2018-09-09).
    zones = {"allowed": 0.93, "green_zone": 0.03, "rusun_upper_floor": 0.04}
    columns["premises_zone"] = draw.code("premises_zone", zones)
    columns["staff"] = np.where(running, np.minimum(draw.count(np.exp(-0.6 + 0.3 * drive)), 19), 0)
    columns["offtaker"] = draw.yes(np.where(running, 0.03, 0.0)).astype(np.int64)
    columns["business_group"] = draw.yes(0.16 + 0.03 * drive).astype(np.int64)
    columns["lending_group"] = draw.yes(np.where(woman, 0.07, 0.02)).astype(np.int64)


def training(draw: Draws, columns: Columns, truth: Truth) -> None:
    """Classes and mentors, as far as the steps were done."""
    trained, mentored = truth["P2"], truth["P3"]
    begun = ~trained & draw.yes(0.08)  # a class begun, no certificate
    hours = np.where(trained, 8 + 4 * draw.count(2.5), np.where(begun, 4 * draw.whole(1, 2), 0))
    columns["training_hours"] = hours.astype(np.int64)
    columns["training_certificate"] = trained.astype(np.int64)
    # After a month at the earliest; nobody's certificate is older than the registration.
    earliest = np.minimum(truth["registered_on"] + 30, TODAY)
    columns["training_certificate_on"] = np.where(trained, draw.whole(earliest, TODAY), MISSING)
    some = ~mentored & draw.yes(0.06)
    # SOURCED only in words: weekly homework and evaluation (kompas 2018-01-10); no number of meetings is published.
    sessions = np.where(mentored, 3 + draw.count(4.0), np.where(some, draw.whole(1, 3), 0))
    columns["mentoring_sessions"] = sessions.astype(np.int64)
    columns["mentor_recommendation"] = mentored.astype(np.int64)
    columns["mentoring_months"] = np.where(sessions > 0, np.ceil(sessions / 4) + draw.count(1.0), 0).astype(np.int64)


def papers(draw: Draws, columns: Columns, truth: Truth) -> None:
    """Permits and numbers."""
    licensed, drive, food = truth["P4"], truth["drive"], columns["sector"] == draw.signals["sector"].codes["food"]
    # SOURCED: 147,759 of the papers were called IUMK three days earlier (amp.suara.com 2021/10/24/224158). INVENTED: the SKU
    # and NIB beside it or in its place; OSS by risk began on 2021-08-09, so few have an NIB.
    iumk, sku, nib = (licensed & draw.yes(share) for share in (147_759 / 148_374, 0.2, 0.18))
    columns["iumk"] = (iumk | (licensed & ~sku & ~nib)).astype(np.int64)
    columns["sku"], columns["nib"] = sku.astype(np.int64), nib.astype(np.int64)
    # SOURCED only in words: a copy of the NPWP was on the IUMK's form (mediaindonesia.com/158684), so it goes along.
    columns["npwp"] = draw.yes(np.where(licensed, 0.62, 0.3)).astype(np.int64)
    columns["spp_irt"] = (food & draw.yes(np.where(licensed, 0.12, 0.02))).astype(np.int64)
    columns["halal"] = (food & draw.yes(np.where(licensed, 0.07, 0.01))).astype(np.int64)
    columns["bpjs"] = draw.yes(0.07 + 0.02 * drive).astype(np.int64)
    columns["other_permit"] = draw.codes("other_permit", {"siup": 0.02, "skdu": 0.03})


def market(draw: Draws, columns: Columns, truth: Truth) -> None:
    """Ways of selling, bazaars, buyers who come again."""
    marketed, running, drive = truth["P5"], truth["running"], truth["drive"]
    plain = {"stall": 0.62, "chat": 0.38 + 0.05 * drive, "social_media": 0.3 + 0.06 * drive}
    wide = {"marketplace": 0.48, "city_e_order": 0.12, "consignment": 0.22, "reseller": 0.2}
    channels = draw.codes("sales_channels", {code: running * share for code, share in plain.items()})
    channels |= draw.codes("sales_channels", {code: marketed * share for code, share in wide.items()})
    columns["sales_channels"] = channels
    far = sum(draw.signals["sales_channels"].codes[code] for code in wide)
    # Whoever reached the step did so by a bazaar where not by a channel.
    bazaars = draw.count(np.exp(0.2 + 0.2 * drive))
    bazaars = np.where((channels & far) == 0, np.maximum(bazaars, 1), bazaars)
    columns["bazaars"] = np.where(marketed, bazaars, 0).astype(np.int64)
    median = 12 * np.exp(0.35 * drive + 0.6 * marketed)
    columns["regular_buyers"] = np.where(running, draw.money(median, 0.9, 1), 0).astype(np.int64)


def money(draw: Draws, columns: Columns, truth: Truth) -> None:
    """Books and money in an ordinary month."""
    running, drive, reports = truth["running"], truth["drive"], truth["P6"]
    keeps = running & (reports | draw.yes(0.12))
    months = np.where(keeps, 1 + draw.count(np.where(reports, 7, 3) * np.exp(0.3 * drive)), 0)
    columns["months_of_books"] = months.astype(np.int64)
    columns["business_age_months"] = np.maximum(columns["business_age_months"], columns["months_of_books"])
    columns["profit_and_loss"] = reports.astype(np.int64)
    columns["balance_sheet"] = (reports & draw.yes(0.22)).astype(np.int64)
    columns["cash_flow"] = (reports & draw.yes(0.35)).astype(np.int64)
    separate = np.where(reports, 0.62, 0.3) + 0.05 * drive
    columns["separate_household_money"] = draw.yes(separate).astype(np.int64)
    columns["bank_account"] = draw.yes(0.58 + 0.08 * drive + 0.1 * truth["P4"]).astype(np.int64)
    # SOURCED, of members of the movement: 66 % saw income fall by more than 30 % in the pandemic (republika 2021-12-22). The
    # size of the fall (a half) is INVENTED, and so are all sums.
    hit = np.where(draw.yes(0.66), 0.5, 1.0)
    older = 0.12 * np.log1p(columns["business_age_months"])
    sales = draw.money(6_500_000 * hit * np.exp(0.3 * drive + older + 0.3 * truth["P5"]), 0.8, 100_000)
    margin = np.clip(draw.normal(0.3, 0.16), -0.2, 0.7)
    columns["monthly_revenue"] = np.where(running, sales, 0)
    columns["monthly_profit"] = np.where(running, np.round(sales * margin / 50_000) * 50_000, 0).astype(np.int64)
    only_this = draw.yes(0.45)  # the only income of the household
    need = draw.money(np.where(only_this, 2_200_000, 500_000), 0.5, 50_000)
    columns["household_need"] = np.where(draw.yes(0.15), 0, need).astype(np.int64)
    columns["cash_at_hand"] = draw.money(600_000 * np.exp(0.3 * drive), 1.0, 10_000)


def credit(draw: Draws, columns: Columns, truth: Truth) -> None:
    """Credit held now and before."""
    has_capital, woman = truth["P7"], truth["woman"]
    # P7 is proven by capital through the programme or by a KUR or bank credit from outside; nobody else holds either, so
    # that the counts stay the published ones. In truth some surely do.
    through = has_capital & draw.yes(0.8)
    bank = has_capital & (~through | draw.yes(0.6))
    truth["bank_credit_ever"] = bank
    columns["capital_received"] = through.astype(np.int64)
    kur = bank & draw.yes(0.85)
    ever = draw.codes("productive_credit_ever", {"ultra_micro": 0.04, "mekaar": np.where(woman, 0.07, 0.0)})
    code = draw.signals["productive_credit_ever"].codes
    columns["productive_credit_ever"] = (
        ever | np.where(kur, code["kur"], 0) | np.where(bank & ~kur, code["commercial"], 0)
    )
    micro = ((ever & (code["ultra_micro"] | code["mekaar"])) > 0) & draw.yes(0.5)
    now: dict[str, Any] = {
        "consumer": 0.05,
        "paylater_p2p": 0.15,
        "house": 0.02,
        "motorcycle": 0.1,
        "credit_card": 0.03,
        "household": 0.04,
    }
    now |= {
        "pension": 0.003,
        "ultra_micro": micro,
        "kur": kur & draw.yes(0.5),
        "commercial": bank & ~kur & draw.yes(0.5),
    }
    existing = columns["existing_credit"] = draw.codes("existing_credit", now)
    held = draw.signals["existing_credit"].codes
    loans = np.bitwise_count(existing).astype(np.int64)
    # SOURCED only by kind: KUR comes mostly from BRI (koranbumn.com, September 2020: 71.94 of 107.28 trillion rupiah).
    lenders = {"bri": 0.67, "bni": 0.12, "mandiri": 0.12, "bank_jakarta": 0.07, "other": 0.02}
    none = draw.signals["kur_lender"].codes["none"]
    columns["kur_lender"] = np.where(existing & held["kur"], draw.code("kur_lender", lenders), none).astype(np.int64)
    business_credit = existing & (held["kur"] | held["commercial"] | held["ultra_micro"])
    columns["credit_ends_on"] = np.where(business_credit, TODAY + draw.whole(30, 900), MISSING)
    columns["monthly_instalments"] = np.where(loans > 0, draw.money(550_000 * np.maximum(loans, 1), 0.6, 10_000), 0)


def record(draw: Draws, columns: Columns, truth: Truth) -> None:
    """Arrears and the credit record; whoever never held a credit has none."""
    existing, held = columns["existing_credit"], draw.signals["existing_credit"].codes
    loans = np.bitwise_count(existing).astype(np.int64)
    # SOURCED by size, elsewhere and later: paylater arrears of Rp100,000 to 600,000 stop KUR (klikfakta 2025-07-24).
    risky = 0.04 + 0.14 * ((existing & held["paylater_p2p"]) > 0) + 0.05 * ((existing & held["consumer"]) > 0)
    late = (loans > 0) & draw.yes(np.clip(risky * np.exp(-0.3 * truth["drive"]), 0, 0.6))
    columns["arrears_idr"] = np.where(late, np.maximum(draw.money(300_000, 0.7, 10_000), 10_000), 0)
    seen_before = (loans > 0) | (columns["productive_credit_ever"] > 0)
    clean = draw.code("slik_class", {"1": 0.93, "2": 0.05, "3": 0.008, "4": 0.004, "5": 0.008})
    behind = draw.code("slik_class", {"2": 0.72, "3": 0.1, "4": 0.06, "5": 0.12})
    no_record = draw.signals["slik_class"].codes["none"]
    columns["slik_class"] = np.where(late, behind, np.where(seen_before, clean, no_record))


def asking(draw: Draws, columns: Columns, truth: Truth) -> None:
    """What could serve as security, the amount asked for and its purpose."""
    drive, bank = truth["drive"], truth["bank_credit_ever"]
    columns["collateral"] = draw.codes("collateral", {"vehicle_bpkb": 0.42, "land": 0.1, "other": 0.08})
    # People ask for about what their sales suggest; a second loan is larger.
    median = 7_000_000 * np.exp(0.25 * drive + 0.5 * bank) * (1 + columns["monthly_revenue"] / 20_000_000) ** 0.6
    asked = np.clip(draw.money(median, 0.75, 500_000), 1_000_000, 500_000_000)
    columns["amount_asked"] = np.where(truth["wants"], asked, MISSING)
    purposes = {"working_capital": 0.68, "investment": 0.32}
    columns["purpose"] = np.where(truth["wants"], draw.code("purpose", purposes), MISSING)
