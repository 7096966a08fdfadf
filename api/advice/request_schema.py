"""The schema of a request: its body as JSON Schema, with every signal that a programme asks about on one day."""

from __future__ import annotations

from api.web.openapi import DAY, TRUTH, Schema, codes, listed, or_null, table
from matcher.programme.entries import PROOFS, Signal
from matcher.programme.rules import Rules


def request_schema(rules: Rules) -> Schema:
    """The body of a request, with every signal that can be given."""
    given = {name: signal_schema(signal) for name, signal in rules.signals.items() if not signal.derived}
    signals = {
        "type": "object",
        "description": "What is known of one person. Leave out what nobody asked yet: unknown is not no.",
        "properties": given,
        "additionalProperties": False,
    }
    goal = {"type": "string", "enum": list(rules.product_ids)}
    properties = {
        "signals": signals,
        "as_of": or_null(DAY, "The day asked about; today in the programme's time zone where it is left out."),
        "goal": or_null(goal, "The product to find a path to; chosen by us where it is left out."),
        "language": or_null(
            codes(*rules.programme.languages), "Language of every text; the first where it is left out."
        ),
    }
    return table("One person on one day.", properties, ("as_of", "goal", "language"))


def signal_schema(signal: Signal) -> Schema:
    """One signal: its value, or a table of value, on, proof and sure; null is unknown."""
    value = value_schema(signal)
    missing = [{"enum": list(signal.missing_codes)}] if signal.missing_codes else []
    full = table(
        "The value with the day on which it was true, what proves it, and whether it was confirmed.",
        {
            "value": {"anyOf": [value, *missing, {"type": "null"}]},
            "on": or_null(DAY, "The day asked about where it is left out."),
            "proof": or_null(codes(*(signal.proof or PROOFS))),
            "sure": or_null(TRUTH, "true: the person confirmed the value, so that no doubt is about it."),
        },
        ("on", "proof", "sure"),
    )
    schema: Schema = {
        "title": " / ".join(signal.label.values()),
        "description": " / ".join(signal.question.values()),
        "anyOf": [value, *missing, full, {"type": "null"}],
        "x-kind": signal.kind,
    }
    if signal.unit:
        schema["x-unit"] = signal.unit
    if signal.missing_codes:
        schema["description"] += f" ({', '.join(map(str, signal.missing_codes))}: not filled in)"
    if signal.stale_after_days is not None:
        schema["x-stale-after-days"] = signal.stale_after_days
    return schema


def value_schema(signal: Signal) -> Schema:
    """The values a signal may have."""
    if signal.kind == "yes_no":
        return TRUTH
    if signal.kind in ("number", "money"):
        return {"type": "integer", "minimum": signal.minimum, "maximum": signal.maximum}
    if signal.kind == "date":
        return DAY
    label = "; ".join(f"{code}: {' / '.join(text.values())}" for code, text in signal.values.items())
    one = {"type": "string", "enum": list(signal.values), "description": label}
    return one if signal.kind == "choice" else listed(one)
