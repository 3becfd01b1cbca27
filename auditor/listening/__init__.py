"""Hearing of changes as they happen, and showing them in a terminal."""
