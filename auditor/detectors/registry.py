"""Finds every detector in this folder: a new one is a new file that defines DETECTOR."""

from __future__ import annotations

import importlib
import pkgutil
from functools import lru_cache

import auditor.detectors
from auditor.detectors.detector import Detector


@lru_cache(maxsize=1)
def detectors() -> tuple[Detector, ...]:
    """All detectors, by name."""
    found: list[Detector] = []
    for module in pkgutil.iter_modules(auditor.detectors.__path__):
        loaded = importlib.import_module(f"auditor.detectors.{module.name}")
        detector: Detector | None = getattr(loaded, "DETECTOR", None)
        if detector is not None:
            found.append(detector)
    return tuple(sorted(found, key=lambda detector: detector.name))
