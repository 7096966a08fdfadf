"""Imports: sheets of participants, each read as a whole."""
