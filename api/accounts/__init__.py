"""Accounts: organisations, the people who sign in and their roles, sessions, API keys, and the limits on guessing."""
