"""Consents: a ledger of what a person agreed to and took back, for a purpose and a recipient. Only ever added to."""
