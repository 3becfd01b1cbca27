"""Which cache a key of a shared server belongs to."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

logger = logging.getLogger("collector")

# A key's cache_name, or None for a key that is not to be recorded.
Naming = Callable[[str], "str | None"]


def naming(
    cache_name: str, caches: Mapping[str, str | None] | Callable[[str], str | None] | None
) -> Callable[[str | bytes | None], str | None] | None:
    """A function from a key to its cache_name; None when all keys are cache_name's.

    caches: names by prefix, of which the longest that fits counts (None as a name: not recorded),
    or a function of the key. cache_name is for what fits none, and for a function that fails.
    """
    if caches is None:
        return None
    name_of = _by_prefix(caches, cache_name) if isinstance(caches, Mapping) else caches

    def named(key: str | bytes | None) -> str | None:
        if key is None:
            return cache_name
        try:
            return name_of(key if isinstance(key, str) else key.decode("utf-8", "surrogateescape"))
        except Exception:
            logger.debug("the function that names caches failed", exc_info=True)
            return cache_name

    return named


def _by_prefix(caches: Mapping[str, str | None], cache_name: str) -> Naming:
    longest_first = sorted(caches.items(), key=lambda item: -len(item[0]))

    def name_of(key: str) -> str | None:
        for prefix, name in longest_first:
            if key.startswith(prefix):
                return name
        return cache_name

    return name_of
