"""Paths: from today to a named product."""
