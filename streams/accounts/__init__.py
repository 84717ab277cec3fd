"""Accounts: signing in and up, one's own password, one's own tokens, and sessions that end."""
