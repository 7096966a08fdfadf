"""Outcomes: what became of referrals, brought by a lender's file, and with what was known then as training sets."""
