"""What a lookup's result says: whether it was a hit, how similar it was, what else to keep."""

from __future__ import annotations

import logging

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, SupportsFloat

logger = logging.getLogger("collector")


class OutcomeOf:
    """Says of what a lookup returned what it came to, and what to keep of it."""

    __slots__ = ("_hit", "_metadata", "_similarity", "_threshold")

    def __init__(
        self,
        hit: Callable[[Any], bool] | None,
        similarity: Callable[[Any], SupportsFloat | None] | None,
        threshold: float | None,
        metadata: Callable[[Any], dict[str, Any] | None] | None,
    ) -> None:
        self._hit, self._similarity = hit, similarity
        self._threshold, self._metadata = threshold, metadata

    def __call__(self, found: Any) -> tuple[str, dict[str, Any]]:
        """The outcome, hit or miss, and the metadata."""
        said = quietly(self._metadata, found) if self._metadata is not None else None
        kept = dict(said) if isinstance(said, dict) else {}
        near = None
        if self._similarity is not None:
            near = quietly(_number, self._similarity, found)
            if near is not None:
                kept["similarity"] = near
        return "hit" if quietly(self._is_hit, found, near) else "miss", kept

    def _is_hit(self, found: Any, near: float | None) -> bool:
        if self._hit is not None:
            return bool(self._hit(found))
        if self._threshold is not None:
            return near is not None and near >= self._threshold
        return found is not None


def _number(similarity: Callable[[Any], Any], found: Any) -> float | None:
    near = similarity(found)
    return None if near is None else float(near)


def quietly(function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """The function's answer, or None when it fails: the user's callbacks are ours to bear."""
    try:
        return function(*arguments, **named)
    except Exception:
        logger.debug("a callback of the watch failed", exc_info=True)
        return None
