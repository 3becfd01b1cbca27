"""Telling people elsewhere: the outbox, the way out through apprise, and who does it."""
