"""Referrals: a participant is put to a lender, who decides with a reason that becomes the next step."""
