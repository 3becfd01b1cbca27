"""Metadata as JSON can hold it: a similarity that an array library computed is a number too."""

from __future__ import annotations

import logging
from math import isfinite

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

logger = logging.getLogger("collector")

_KEPT = frozenset({str, int, bool, list, tuple, dict, type(None)})


def plain(metadata: dict[str, Any]) -> dict[str, Any]:
    """The same, of Python's own types; what is no finite number and nothing else is left out."""
    if all(type(value) in _KEPT for value in metadata.values()):
        return metadata
    found = {name: _plain(value) for name, value in metadata.items()}
    return {name: value for name, value in found.items() if value is not NOTHING}


NOTHING = object()


def _plain(value: Any) -> Any:
    if type(value) in _KEPT:
        return value
    try:
        number = value.item() if hasattr(value, "item") else value
        if type(number) in _KEPT:
            return number
        number = float(number)
    except Exception:
        logger.debug("metadata of type %s is left out", type(value).__name__)
        return NOTHING
    return number if isfinite(number) else NOTHING
