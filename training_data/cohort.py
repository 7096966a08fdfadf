"""A synthetic cohort of OK OCE: people who never lived, shaped on what is published about those who do.

No row-level data of the programme is public. What a source states is marked SOURCED, with the host, the article's id and
the date (the full addresses stand in datasheet.md); everything else is INVENTED, though plausible, and above all who is
referred, who gets a loan and who repays. What is learnt from these rows describes this file, not people.

The causes run in one direction: a person (`_people`), the business, the steps done, money and credit, the referral, the
lender's answer, repayment; last, what the programme's files know of it all (`_unknowns`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, Final

import numpy as np

from matcher.programme.entries import Programme
from matcher.programme.loading import load_programme
from training_data.cohort_signals import (
    AS_OF,
    Columns,
    Truth,
    asking,
    business,
    credit,
    market,
    money,
    papers,
    record,
    training,
)
from training_data.draws import Draws, Floats
from training_data.rows import MISSING, SOURCES, Bools, Ints, Rows, fields_by_name, window_end

OBSERVED_UNTIL: Final = date(2023, 6, 30)  # INVENTED: late enough for every funded window, too early for some of kept
EVERYBODY: Final = 284_164

# SOURCED (megapolitan.kompas.com 2021/11/12/16541211, counts of 2021-10-27). That the steps are nearly but not strictly
# nested is INVENTED: P7 asked for P1 to P6 until 2020-01-31, and since then the steps are facilities.
FUNNEL: Final[Mapping[str, int]] = {
    "P1": 284_164,
    "P2": 176_891,
    "P3": 157_498,
    "P4": 148_374,
    "P5": 44_456,
    "P6": 32_883,
    "P7": 6_159,
}
# SOURCED (m.tribunnews.com 2018-09-13): 58.51 % of 51,656 registered.
WOMEN: Final = 0.5851
# SOURCED (m.tribunnews.com 2018-09-13): Koja, 1,610 of 51,656 registered.
KOJA: Final = ("31.72.03", 1_610 / 51_656)
# SOURCED (wartakota 2018-02-15), early and small: of 6,051 whose city is told; 2,366 more signed up online and are taken to
# be spread alike (INVENTED). A later report has 17,722 registered in the west alone in 2018 (faktapers, February 2019).
CITIES: Final[Mapping[str, int]] = {"31.75": 2_177, "31.71": 1_825, "31.74": 1_105, "31.73": 476, "31.72": 468}
ISLANDS: Final = ("31.01", 0.003)  # INVENTED: no source counts the Thousand Islands
# SOURCED (megapolitan.kompas.com 2018/09/10/09414981): 45,183 of about 50,000 lived in Jakarta. From February 2019 on a
# Jakarta KTP was asked at registration (faktapers, February 2019), so that we let later members be outsiders seldom.
OUTSIDE_EARLY: Final = 1 - 45_183 / 50_000
OUTSIDE_LATER: Final = 0.02  # INVENTED
# SOURCED: registered so far, by day (reports of these days, listed in datasheet.md). INVENTED: the first day, and even
# sign-ups between two reports.
REGISTERED: Final = (
    (date(2018, 1, 1), 0),
    (date(2018, 1, 22), 4_230),
    (date(2018, 2, 15), 6_905),
    (date(2018, 3, 8), 16_990),
    (date(2018, 4, 3), 25_483),
    (date(2018, 7, 16), 42_000),
    (date(2018, 12, 31), 65_000),
    (date(2020, 12, 15), 200_000),
    (date(2021, 3, 2), 226_280),
    (date(2021, 10, 27), 284_164),
)
REFERRED: Final = 0.028  # INVENTED: of all people, in the half year after AS_OF; of the order of the capital stage
NEVER: Final = -np.inf


def make_cohort(
    n: int, *, random_state: int, programme: Programme | None = None, progress: Callable[[int, int], None] | None = None
) -> Rows:
    """Make `n` people as they stood on 2021-10-27, with what became of those referred in the half year after it.

    The same n and seed give the same rows (under the same numpy); each step's count is the published one scaled to n.
    `programme` is OK OCE or an amended copy of it, for its signals and codes are named here. `progress` is told how many
    people of how many are finished. 284,164 people take a few seconds and 0.4 GB.

    Raises:
        ValueError: if n is below 1.
        KeyError: if the programme lacks one of those signals or codes.
    """
    if n < 1:
        raise ValueError(f"n must be 1 or more; got {n}.")
    programme = programme or load_programme()
    draw = Draws(programme, n, random_state)
    columns: Columns = {}
    truth: Truth = {}
    stages = (
        _people,
        business,
        _steps,
        training,
        papers,
        market,
        money,
        credit,
        record,
        asking,
        _referrals,
        _outcomes,
        _unknowns,
    )
    for number, stage in enumerate(stages, start=1):
        stage(draw, columns, truth)
        if progress is not None:
            progress(n * number // len(stages), n)
    _name_products(programme, columns, truth)
    columns["as_of"] = np.full(n, AS_OF.toordinal(), dtype=np.int64)
    columns["source"] = np.full(n, SOURCES.index("synthetic"), dtype=np.int64)
    order = [name for name in fields_by_name(programme) if name in columns]
    names = [f"s{random_state}-{place:06d}" for place in range(1, n + 1)]
    return Rows(programme, names, {name: columns[name] for name in order})


def enrich(rows: Rows, *, others: int, random_state: int) -> Rows:
    """All who were referred, and `others` of the rest drawn evenly: the capital stage is 2 % of people, too few to learn.

    Each outcome is conditional on a referral (or a loan), so keeping all of these and few of the rest changes neither
    share; shares of everything else are those of no population any more.
    """
    referred = rows.known("referred_on")
    rest = np.flatnonzero(~referred)
    # Its own stream: the first numbers of the cohort's are the drive of its people.
    chosen = np.random.default_rng([random_state, 1]).choice(rest, size=min(others, len(rest)), replace=False)
    return rows.take(np.sort(np.concatenate([np.flatnonzero(referred), chosen])))


# -- a person ----------------------------------------------------------------------------------------------------------


def _people(draw: Draws, columns: Columns, truth: Truth) -> None:
    n = draw.people
    # INVENTED: drive, what nobody measures and what moves a person through the steps, the market and a loan alike. So a step
    # goes along with a loan more than it causes one; a scorecard learns the first and must not be read as the second.
    truth["drive"] = draw.normal()
    # SOURCED counts by day; who came when is drawn evenly.
    days, totals = zip(*[(day.toordinal(), count) for day, count in REGISTERED], strict=True)
    truth["registered_on"] = np.interp(draw.random.random(n) * totals[-1], totals, days).astype(np.int64)
    truth["years"] = (AS_OF.toordinal() - truth["registered_on"]) / 365.25
    columns["registered"] = np.ones(n, dtype=np.int64)
    # SOURCED share of women; age, marriage, schooling and disability have no source: INVENTED.
    truth["woman"] = draw.yes(WOMEN)
    columns["gender"] = np.where(truth["woman"], *[draw.signals["gender"].codes[code] for code in ("woman", "man")])
    columns["age"] = np.clip(np.round(draw.normal(40, 11)), 17, 78).astype(np.int64)
    columns["married"] = draw.yes(np.clip((columns["age"] - 17) / 18, 0, 0.88)).astype(np.int64)
    columns["disability"] = draw.yes(0.015).astype(np.int64)
    schools = {"below_junior": 0.14, "junior_high": 0.2, "senior_high": 0.5, "higher": 0.16}
    columns["schooling"] = draw.code("schooling", schools)
    columns["social_register"] = draw.codes(
        "social_register", {"pkh_bpnt": 0.09, "poor_register": 0.14, "mustahik": 0.02}
    )
    columns["applicant"] = draw.code("applicant", {"person": 0.998, "cooperative": 0.002})
    columns["sharia_only"] = draw.yes(0.18).astype(np.int64)
    columns["family_in_business"] = draw.yes(0.35).astype(np.int64)
    early = truth["registered_on"] <= date(2018, 12, 31).toordinal()
    truth["outside"] = draw.yes(np.where(early, OUTSIDE_EARLY, OUTSIDE_LATER))
    columns["ktp_dki"] = (~truth["outside"]).astype(np.int64)
    columns["kecamatan"] = _places(draw, truth["outside"])


def kecamatan_shares(kecamatan: Iterable[str]) -> dict[str, float]:
    """The share of each kecamatan among all people with a place in Jakarta; adds up to one.

    SOURCED: the five cities and Koja. INVENTED: the islands, and that a city's other kecamatan have equal parts.
    """
    kecamatan = tuple(kecamatan)
    told = sum(CITIES.values())
    cities = {city: count / told * (1 - ISLANDS[1]) for city, count in CITIES.items()} | dict([ISLANDS])
    koja = KOJA[1] / (1 - _outside())
    shares: dict[str, float] = {}
    for city, share in cities.items():
        inside = [code for code in kecamatan if code.startswith(city)]
        fixed = koja if KOJA[0] in inside else 0.0
        even = (share - fixed) / (len(inside) - (fixed > 0))
        shares |= {code: koja if code == KOJA[0] else even for code in inside}
    return {code: shares[code] for code in kecamatan}


def _outside() -> float:
    """The share of all people who live outside Jakarta, by when they registered."""
    early = dict(REGISTERED)[date(2018, 12, 31)] / EVERYBODY
    return early * OUTSIDE_EARLY + (1 - early) * OUTSIDE_LATER


def _places(draw: Draws, outside: Bools) -> Ints:
    """The kecamatan of each person; outside Jakarta there is no code, so it stays unknown."""
    shares = kecamatan_shares(draw.signals["kecamatan"].values)
    found = draw.random.choice(len(shares), size=draw.people, p=list(shares.values())).astype(np.int64)
    return np.where(outside, MISSING, found)


# -- the steps ---------------------------------------------------------------------------------------------------------


def _steps(draw: Draws, columns: Columns, truth: Truth) -> None:
    """Who has done which step: exactly the published counts; who it is, is INVENTED.

    Each log-weight: mostly those who did the step before, more the driven, from P4 on the running businesses.
    """
    drive, years, running = truth["drive"], truth["years"], truth["running"]
    trades = np.where(running, 0.0, NEVER)  # a market, a report or a loan without a business would contradict itself
    wants = truth["wants"]
    truth["P1"] = np.ones(draw.people, dtype=np.bool_)
    truth["P2"] = draw.exactly(_share("P2"), 0.6 * drive + 0.5 * np.minimum(years, 2))
    truth["P3"] = draw.exactly(_share("P3"), 5 * truth["P2"] + 0.5 * drive)
    truth["P4"] = draw.exactly(_share("P4"), 5 * truth["P3"] + 0.3 * drive + running)
    truth["P5"] = draw.exactly(
        _share("P5"), trades + 2.5 * truth["P4"] + 0.6 * drive + 0.5 * (truth["came_for"] == "buyers")
    )
    truth["P6"] = draw.exactly(_share("P6"), trades + 2.5 * truth["P5"] + truth["P4"] + 0.6 * drive)
    truth["P7"] = draw.exactly(_share("P7"), trades + 2.5 * truth["P6"] + 1.5 * truth["P4"] + wants + 0.4 * drive)


def _share(step: str) -> float:
    return FUNNEL[step] / EVERYBODY


# -- the referral and its end: no source at all, so everything below is INVENTED -----------------------------------------


def _referrals(draw: Draws, columns: Columns, truth: Truth) -> None:
    """Who is referred within half a year of AS_OF (after that the signals would be stale), and for what."""
    asked = columns["amount_asked"]
    may = truth["wants"] & truth["running"] & (asked > 0)
    # A mentor brings those who did more of the steps, and seldom those in arrears.
    done = 0.1 * truth["P2"] + 0.15 * truth["P3"] + 0.6 * truth["P4"] + 0.4 * truth["P5"] + 1.1 * truth["P6"]
    weight = np.where(may, done - 1.0 * (columns["arrears_idr"] > 0) + 0.2 * truth["drive"], NEVER)
    truth["referred"] = draw.exactly(REFERRED, weight)
    day = AS_OF.toordinal() + draw.whole(0, 180)
    columns["referred_on"] = np.where(truth["referred"], day, MISSING)
    truth["product"] = np.where(truth["referred"], _product(draw, columns, truth), "")


def _product(draw: Draws, columns: Columns, truth: Truth) -> Any:
    """By amount and history, under today's names of the schemes; few want a grant, and those never train a scorecard."""
    asked = columns["amount_asked"]
    grocery = columns["sector"] == draw.signals["sector"].codes["grocery_stall"]
    first = ~truth["bank_credit_ever"]
    return np.select(
        [
            grocery & (asked <= 3_800_000) & draw.yes(0.3),
            truth["woman"] & (columns["lending_group"] == 1) & (asked >= 2_000_000) & (asked <= 15_000_000),
            (asked <= 20_000_000) & draw.yes(0.08),
            first & (asked <= 10_000_000),
            asked <= 100_000_000,
        ],
        ["baznas_bazis_dki_zmart", "pnm_mekaar", "umi_pip", "kur_super_mikro", "kur_mikro"],
        "kur_kecil",
    )


def _afford(columns: Columns) -> Floats:
    """Log of a year of half the profit over the amount asked, in -2..2: how easily the amount could be carried."""
    carried = np.maximum(columns["monthly_profit"], 100_000) * 6.0
    found: Floats = np.clip(np.log(carried / np.maximum(columns["amount_asked"], 500_000)), -2, 2)
    return found


def _outcomes(draw: Draws, columns: Columns, truth: Truth) -> None:
    """The lender's answer and repayment. No group enters here: whatever gaps a group shows come through the signals.

    The noise is large on purpose. On real micro-traders such signals foretell a loan weakly (AUC about 0.6, up to 0.76 with
    a loan history), and a cohort that is easier than people are would teach the analyst to expect too much.
    """
    referred, drive, permit = truth["referred"], truth["drive"], truth["P4"]
    books = np.log1p(np.minimum(columns["months_of_books"], 24)) / np.log(25)
    age = np.log1p(np.minimum(columns["business_age_months"], 120)) / np.log(121)
    bad_record = np.isin(columns["slik_class"], [draw.signals["slik_class"].codes[code] for code in "345"])
    late = columns["arrears_idr"] > 0
    afford = _afford(columns)
    # The lender: papers, books, a running past, a clean record, an amount that can be carried.
    lender = -1.9 + 0.4 * permit + 0.2 * truth["P2"] + 0.25 * truth["P3"] + 0.2 * truth["P5"] + 0.35 * truth["P6"]
    lender = lender + 0.45 * books + 0.6 * age + 0.3 * afford - 1.3 * late - 1.5 * bad_record
    lender = lender + 0.3 * (columns["npwp"] == 1) + 0.3 * (columns["bank_account"] == 1) + 0.25 * drive
    gets = draw.yes(_chance(draw.normal(lender, 0.9)))
    days = np.clip(draw.money(35, 0.7, 1), 3, 300)  # from the referral to the money
    slow = draw.yes(0.01)  # a loan that comes after the window: funded is no, though there is a loan
    disbursed = referred & (gets | slow)
    columns["disbursed_on"] = np.where(disbursed, columns["referred_on"] + np.where(gets, days, days + 366), MISSING)
    funded = disbursed & (columns["disbursed_on"] <= window_end(columns["referred_on"]))
    columns["funded"] = np.where(referred, funded, MISSING).astype(np.int64)
    # Repayment: an amount that can be carried, habits with money, help from a mentor, and much luck.
    repays = 1.15 + 0.55 * afford + 0.5 * books + 0.25 * truth["P3"] + 0.4 * (columns["separate_household_money"] == 1)
    repays = repays + 0.4 * age - 1.0 * late - 0.8 * bad_record + 0.3 * drive + 0.1 * np.minimum(columns["bazaars"], 3)
    kept = draw.yes(_chance(draw.normal(repays, 0.6)))
    # A loan already late is known before its window has passed, a good one is not: `rows_for` leaves out both alike.
    grant = truth["product"] == "baznas_bazis_dki_zmart"
    known = (window_end(columns["disbursed_on"]) <= OBSERVED_UNTIL.toordinal()) | (~kept & draw.yes(0.5))
    seen = disbursed & ~grant & known & (columns["disbursed_on"] <= OBSERVED_UNTIL.toordinal())
    columns["kept"] = np.where(seen, kept, MISSING).astype(np.int64)
    unseen = disbursed & (columns["disbursed_on"] > OBSERVED_UNTIL.toordinal())
    columns["disbursed_on"][unseen] = MISSING
    columns["observed_until"] = np.where(referred, OBSERVED_UNTIL.toordinal(), MISSING).astype(np.int64)


def _chance(logit: Floats) -> Floats:
    found: Floats = 1 / (1 + np.exp(-logit))
    return found


# -- what the files know -----------------------------------------------------------------------------------------------


def _unknowns(draw: Draws, columns: Columns, truth: Truth) -> None:
    """Hide what nobody wrote down. INVENTED rates: the nearer to a loan, the more was asked.

    What proves a step that is done stays known, for the published counts are counts of such proofs.
    """
    asked = 0.3 + 0.15 * truth["P3"] + 0.2 * truth["P6"] + 0.15 * truth["wants"]
    asked = np.where(truth["referred"], 0.93, asked)
    signed_up = {"kecamatan": 0.98, "gender": 0.99, "age": 0.97, "ktp_dki": 0.97, "applicant": 0.99, "came_for": 0.85}
    signed_up |= {
        "sector": 0.9,
        "business_running": 0.88,
        "wants_business": 0.8,
        "wants_capital": 0.85,
        "schooling": 0.6,
    }
    signed_up |= {"disability": 0.7, "married": 0.7, "social_register": 0.4, "premises": 0.7, "npwp": 0.6}
    proofs = {
        "training_certificate": truth["P2"],
        "mentor_recommendation": truth["P3"],
        "profit_and_loss": truth["P6"],
        "bazaars": truth["P5"] & (columns["bazaars"] > 0),
        "sales_channels": truth["P5"],
        "capital_received": truth["P7"],
        "productive_credit_ever": truth["P7"],
        **dict.fromkeys(("iumk", "sku", "nib"), truth["P4"]),
        "registered": truth["P1"],
        "amount_asked": truth["referred"],
        "business_running": truth["P5"] | truth["P6"] | truth["referred"],
    }
    late_questions = {"slik_class": 0.35, "credit_ends_on": 0.6, "premises_zone": 0.6, "offtaker": 0.5, "halal": 0.6}
    outcomes = {"referred_on", "disbursed_on", "funded", "kept", "observed_until"}
    for name in [name for name in columns if name not in outcomes]:
        share = np.maximum(signed_up.get(name, 0), asked * late_questions.get(name, 1))
        hidden = draw.known(columns[name], share, proofs.get(name, False))
        columns[name] = np.where(columns[name] == MISSING, MISSING, hidden)


def _name_products(programme: Programme, columns: Columns, truth: Truth) -> None:
    codes = fields_by_name(programme)["product"].codes
    names, which = np.unique(truth["product"], return_inverse=True)
    columns["product"] = np.array([codes.index(x) if x else MISSING for x in names.tolist()], dtype=np.int64)[which]
