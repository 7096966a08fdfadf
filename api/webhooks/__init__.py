"""Webhooks: what a lender learns is sent to its own system, signed, until it was taken."""
