"""Signatures of known causes, one a file, found by the registry."""
