"""Audit: who saw and changed what, as a chain of hashes in which no entry can be changed, taken out or moved."""
