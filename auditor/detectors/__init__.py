"""Detectors, one a file, found by the registry: series and baseline in, statistics out."""
