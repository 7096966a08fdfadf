"""The schemas of answers: JSON Schema of all that these endpoints say, by the names it has in the document."""

from __future__ import annotations

from typing import Final

from api.advice.request_schema import request_schema
from api.web.openapi import DAY, PROBLEM, RUPIAH, TEXT, WHOLE, Schema, codes, listed, or_null, ref, table
from matcher.programme.entries import Programme
from matcher.programme.rules import Rules

WHOLE_OR_LESS: Final[Schema] = {"type": "integer", "description": "in the signal's unit; it may be negative"}
THOUSANDTHS: Final[Schema] = {"type": "integer", "description": "thousandths of a point; 20 points double the odds"}


def schemas(rules: Rules) -> dict[str, Schema]:
    """Every schema of the document, by name."""
    return {"RecommendationRequest": request_schema(rules)} | answer_schemas(rules.programme) | SHARED


def answer_schemas(programme: Programme) -> dict[str, Schema]:
    """The recommendation and its parts."""
    tier = codes(*dict.fromkeys(t.id for t in programme.tiers))
    return {
        "Tier": table(
            "What is offered now, never what a person is worth. The rule is the programme's own choice.",
            {
                "tier": tier,
                "name": TEXT,
                "offers": TEXT,
                "provisional": {"type": "boolean", "description": "an answer to one of the questions could lift it"},
                "reasons": listed(TEXT),
                "questions": listed(ref("Question")),
                "talk_again": or_null(table("A programme and a day.", {"programme": ref("Named"), "on": DAY})),
                "notice": {"type": "string", "description": "whose rule the tiers are; show it with the tier"},
            },
        ),
        "Intervention": INTERVENTION | {"properties": {**INTERVENTION["properties"], "tier": tier}},
        "Product": PRODUCT | {"properties": {**PRODUCT["properties"], "tier": tier}},
    }


INTERVENTION: Final = table(
    "Something that can be done next, in the order suggested.",
    {
        "id": TEXT,
        "name": TEXT,
        "about": TEXT,
        "tier": TEXT,
        "rank_reason": {"type": "string", "description": "why it stands in this place"},
        "completes": listed(ref("StepName")),
        "days": WHOLE,
        "days_from": {"type": "string", "description": "whose figure it is: a source with its date, or our choice"},
        "cost_idr": or_null(RUPIAH, "null: not known yet"),
        "cost_from": TEXT,
        "evidence": listed(
            table(
                "What a study found.",
                {
                    "study": TEXT,
                    "finding": codes("positive", "nothing_found"),
                    "text": TEXT,
                    "url": TEXT,
                    "date": DAY,
                },
            )
        ),
        "evidence_note": or_null(TEXT, "a sentence where there is no evidence yet"),
        "otherwise": or_null(TEXT, "what holds if a check or somebody else's decision goes the other way"),
        "questions": listed(ref("Question")),
    },
)
PRODUCT: Final = table(
    "A loan or grant seen from this person. The status speaks of published conditions alone; the lender decides.",
    {
        "id": TEXT,
        "name": TEXT,
        "provider": TEXT,
        "tier": TEXT,
        "form": listed(codes("conventional", "sharia", "grant")),
        "availability": codes("running", "historical", "closed", "lead_only", "wrong_purpose"),
        "as_of": or_null(TEXT, "the day, month or year of the source; null: it names none"),
        "confidence": codes("high", "medium", "low"),
        "status": codes("conditions_met", "ask", "not_yet", "not_for_you"),
        "offered": {
            "type": "boolean",
            "description": "running, conditions met, affordable, not declined and capital not unwanted",
        },
        "declined": or_null(
            table(
                "A lender's no that bars it today; the status is then not_yet at best.",
                {"reason": TEXT, "says": TEXT, "until": or_null(DAY, "the last day on which it bars")},
            )
        ),
        "unmet": listed(ref("Unmet")),
        "questions": listed(ref("Question")),
        "terms_unknown": {**listed(TEXT), "description": "what to ask the lender; it never blocks"},
        "affordable": table(
            "Whether the instalment fits, and whose answer is missing.",
            {"answer": codes("yes", "no", "unknown"), "missing_from": or_null(codes("participant", "lender"))},
        ),
        "effective_rate_percent": or_null({"type": "number"}, "a year, two decimals; null: no source gives enough"),
        "prices": listed(ref("Price")),
        "instalment_idr": or_null(RUPIAH, "for the amount asked"),
        "instalment_every": codes("month", "week", "two_weeks"),
        "max_affordable_idr": or_null(RUPIAH),
        "closes": {**listed(ref("Named")), "description": 'what taking it would bar; id "*": all other credit'},
        "joint_liability": or_null(TEXT),
        "amount_per": codes("person", "group"),
        "notices": listed(TEXT),
        "source": listed(ref("Source")),
    },
)
ALTERNATIVE: Final = table(
    "A product that would be cheaper or larger than the goal, with the questions and the steps that stand before it.",
    {
        "product": TEXT,
        "name": TEXT,
        "text": TEXT,
        "effective_rate_percent": or_null({"type": "number"}, "a year, two decimals; null: nothing to repay"),
        "amount_idr": or_null(RUPIAH, "what could be asked of it"),
        "assumed": {**listed(ref("Question")), "description": "unknown answers taken as favourable"},
        "steps": listed(
            table(
                "",
                {
                    "kind": codes("do", "wait", "ask_less"),
                    "id": or_null(TEXT),
                    "name": TEXT,
                    "days": WHOLE,
                    "cost_idr": RUPIAH,
                },
            )
        ),
        "days": WHOLE,
        "cost_idr": RUPIAH,
    },
)
PATH: Final[Schema] = {
    "description": "The way to one product: steps, with ask where an answer is missing; or impossible; or no goal.",
    "oneOf": [
        table(
            "Steps from today, one after another. With ask, they hold if its answer is favourable.",
            {
                "goal": TEXT,
                "goal_name": TEXT,
                "ask": table("", {"signal": or_null(TEXT), "question": TEXT, "text": TEXT}),
                "steps": listed(
                    table(
                        "",
                        {
                            "kind": codes("do", "wait", "ask_less"),
                            "id": or_null(TEXT),
                            "name": TEXT,
                            "begins": DAY,
                            "ends": DAY,
                            "days": WHOLE,
                            "cost_idr": RUPIAH,
                            "otherwise": or_null(TEXT),
                            "text": TEXT,
                        },
                    )
                ),
                "days": WHOLE,
                "cost_idr": RUPIAH,
                "lender_days": or_null(WHOLE, "the lender's own time, not counted in days"),
                "lender_days_note": TEXT,
                "assumed": {**listed(ref("Question")), "description": "unknown answers taken as favourable"},
                "shortfall_idr": or_null(RUPIAH, "what is lacking beyond the cash at hand"),
                "shortfall_months": or_null(WHOLE, "months of capacity that cover it"),
                "alternatives": {
                    **listed(ref("Alternative")),
                    "description": "at most two; empty for a goal that was named",
                },
            },
            ("ask",),
        ),
        table("No way there.", {"goal": TEXT, "goal_name": TEXT, "impossible": listed(TEXT)}),
        table("No goal.", {"goal": {"type": "null"}, "why": TEXT}),
    ],
}
READINESS: Final = table(
    "A score with all that moved it: score = base + the sum of points, exactly. Tier and order do not depend on it.",
    {
        "basis": codes("synthetic", "outcomes"),
        "outcome": codes("funded", "kept"),
        "score": THOUSANDTHS,
        "base": THOUSANDTHS,
        "low": THOUSANDTHS,
        "high": {**THOUSANDTHS, "description": "low to high, in thousandths of a point: what answers could still move"},
        "probability": or_null({"type": "number", "minimum": 0, "maximum": 1}),
        "why_no_probability": or_null(TEXT),
        "contributions": listed(
            table("", {"signal": TEXT, "value": {}, "points": THOUSANDTHS, "text": TEXT}),
        ),
    },
)
RECOMMENDATION: Final = table(
    "Everything that Kail says about one person on one day. A person decides.",
    {
        "tier": ref("Tier"),
        "readiness": or_null(ref("Readiness")),
        "why_no_readiness": or_null(TEXT),
        "steps": listed(
            table("", {"step": TEXT, "name": TEXT, "status": codes("done", "under_way", "open", "unknown")})
        ),
        "interventions": listed(ref("Intervention")),
        "products": listed(ref("Product")),
        "path": ref("Path"),
        "doubts": listed(ref("Doubt")),
        "questions": listed(ref("FullQuestion")),
        "notices": listed(TEXT),
        "versions": ref("Versions"),
    },
)
PLAIN_PRODUCT: Final = table(
    "A product that runs and is offered, lacks something, or asks something.",
    {
        "id": TEXT,
        "name": TEXT,
        "provider": TEXT,
        "status": codes("conditions_met", "ask", "not_yet"),
        **{
            name: PRODUCT["properties"][name]
            for name in ("offered", "declined", "affordable", "instalment_idr", "instalment_every")
        },
        "open": or_null(
            table(
                "The first condition that is not met, or that nobody knows to be.",
                {"criterion": TEXT, "question": or_null(ref("Question"), "null: no answer would settle it")},
            ),
            "null: all published conditions are met",
        ),
    },
)
OTHER_PRODUCT: Final = table(
    "Any other product; where it does not run, the status says why instead of speaking of its conditions.",
    {
        "id": TEXT,
        "status": codes("conditions_met", "not_for_you", "historical", "closed", "lead_only", "wrong_purpose"),
    },
)
PLAIN: Final = table(
    "What a phone can carry of it: three interventions told, and the products that come into question.",
    {
        **{name: part for name, part in RECOMMENDATION["properties"].items() if "readiness" not in name},
        "interventions": listed({"oneOf": [ref("Intervention"), ref("Named")]})
        | {"description": "in the order suggested: the first is the next step; after three only their names"},
        "products": listed({"oneOf": [ref("PlainProduct"), OTHER_PRODUCT]}),
    },
)
CATALOGUED: Final = ("steps", "signals", "doubts", "interventions", "products", "tiers")
SHARED: Final[dict[str, Schema]] = {
    "Named": table("", {"id": TEXT, "name": TEXT}),
    "StepName": table("", {"step": TEXT, "name": TEXT}),
    "Question": table("A signal and the words to ask for it.", {"signal": TEXT, "question": TEXT}),
    "FullQuestion": table(
        "A question with its possible answers.",
        {
            "signal": TEXT,
            "question": TEXT,
            "still_so": {"type": "boolean", "description": "a value was given but has grown old"},
            "choices": listed(table("", {"code": TEXT, "label": TEXT})),
        },
        ("choices",),
    ),
    "Doubt": table(
        "Values that can hardly be. They count as unknown until each is sent with sure: true, or another one is.",
        {
            "id": TEXT,
            "text": {"type": "string", "description": "what was understood, and what is asked about it"},
            "signals": listed(table("", {"signal": TEXT, "label": TEXT, "value": WHOLE_OR_LESS})),
        },
    ),
    "Source": table("", {"url": TEXT, "date": DAY, "note": TEXT}, ("note",)),
    "Price": table(
        "A price as stated.",
        {
            "rate_percent": {"type": "number"},
            "basis": codes("effective", "flat", "flat_total", "margin", "unstated"),
            "text": TEXT,
            "source": listed(ref("Source")),
        },
    ),
    "Unmet": table(
        "A published condition that is not met, what there is, and what changes it (nothing: never).",
        {
            "criterion": TEXT,
            "need": TEXT,
            "have": TEXT,
            "changed_by": listed(
                table(
                    "",
                    {
                        "kind": codes("intervention", "wait", "ask_less"),
                        "id": or_null(TEXT),
                        "name": TEXT,
                        "days": or_null(WHOLE),
                        "cost_idr": or_null(RUPIAH),
                        "amount_idr": or_null(RUPIAH),
                        "text": TEXT,
                    },
                )
            ),
        },
    ),
    "Readiness": READINESS,
    "Path": PATH,
    "Alternative": ALTERNATIVE,
    "Versions": table(
        "What the answer was made with.",
        {
            "programme": table("", {"id": TEXT, "digest": TEXT}),
            "model": or_null(table("", {"version": TEXT, "digest": TEXT, "basis": TEXT}), "null: no scorecard"),
            "kail": TEXT,
            "as_of": DAY,
        },
    ),
    "Recommendation": RECOMMENDATION,
    "PlainRecommendation": PLAIN,
    "PlainProduct": PLAIN_PRODUCT,
    "Programme": {
        "type": "object",
        "description": "A programme on one day: all that a form needs.",
        "properties": {
            "id": TEXT,
            "name": TEXT,
            "digest": TEXT,
            **{name: listed({"type": "object"}) for name in CATALOGUED},
        },
        "required": ["id", "name", "digest", *CATALOGUED],
    },
    "Health": table("", {"status": codes("ok"), "programme": ref("Named"), "digest": TEXT, "kail": TEXT}),
    "Problem": PROBLEM,
}
