"""The alert budget of a series: that of its cache, else the one for all."""

from __future__ import annotations

from collections.abc import Mapping


def budget_of(cache_name: str, for_all: float, by_cache: Mapping[str, float] | None) -> float:
    """Expected false observations a week of each series of a cache."""
    return for_all if by_cache is None else by_cache.get(cache_name, for_all)
