"""Bringing the schema `monitoring` to this version, and asking that it be there."""
