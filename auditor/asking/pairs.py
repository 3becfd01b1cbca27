"""Which caches have both a baseline and a candidate, and the windows of both out of a source."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from auditor.asking.source import DAY, Source
from auditor.errors import NothingFound
from baselines.series import SeriesKey, Windows

Pair = tuple[SeriesKey, SeriesKey]
"""Baseline and candidate of one cache."""


def unheard(_: float) -> None:
    """Says nothing of how far it is."""


def pairs_among(
    known: Sequence[SeriesKey],
    baseline: str,
    candidate: str,
    cache_name: str | None,
    where: str,
) -> list[Pair]:
    """Baseline and candidate of each cache that has both; where: they were looked for, in words.

    Raises NothingFound as `pairs_of` does.
    """
    of_cache: dict[str, set[str]] = {}
    for each in known:
        of_cache.setdefault(each.cache_name, set()).add(each.implementation_type)
    if cache_name is not None and cache_name not in of_cache:
        raise NothingFound(f"there is no cache {cache_name!r} {where}; {_named(known)}")
    found = [
        (SeriesKey(name, baseline), SeriesKey(name, candidate))
        for name, there in of_cache.items()
        if cache_name in (None, name) and {baseline, candidate} <= there
    ]
    if not found:
        whose = "no cache has" if cache_name is None else f"{cache_name} does not have"
        raise NothingFound(f"{whose} both {baseline!r} and {candidate!r} {where}; {_named(known)}")
    return found


def windows_of_pairs(
    source: Source,
    pairs: Sequence[Pair],
    since: int,
    until: int,
    progress: Callable[[float], None] = unheard,
) -> list[Windows]:
    """The windows of each pair in [since, until), epoch minutes; the source is read once.

    progress: told how many minutes more have been read.
    """
    parts: list[list[Windows]] = [[] for _ in pairs]
    for block in source.blocks(DAY):
        if block.start >= until:
            break
        cut = block.between(since, until)
        if cut.shape[0]:
            for own, pair in zip(parts, pairs, strict=True):
                own.append(_both(cut, pair))
        progress(block.shape[0])
    return [_joined(own, pair) for own, pair in zip(parts, pairs, strict=True)]


def _both(block: Windows, pair: Pair) -> Windows:
    """The two series of a block; one that is not in it is missing throughout."""
    columns = {name: np.full((block.shape[0], 2), np.nan) for name in block.columns}
    for side, key in enumerate(pair):
        if key in block.keys:
            at = block.keys.index(key)
            for name, values in block.columns.items():
                columns[name][:, side] = values[:, at]
    return Windows(block.start, pair, columns)


def _joined(parts: Sequence[Windows], pair: Pair) -> Windows:
    """Blocks that follow each other as one."""
    if not parts:
        return Windows(0, pair, {})
    names = {name: None for part in parts for name in part.columns}
    columns = {name: np.concatenate([part.column(name) for part in parts]) for name in names}
    return Windows(parts[0].start, pair, columns)


def _named(known: Sequence[SeriesKey]) -> str:
    if not known:
        return "there are no windows"
    of_cache: dict[str, list[str]] = {}
    for each in known:
        of_cache.setdefault(each.cache_name, []).append(each.implementation_type)
    return "there is " + "; ".join(
        f"{cache_name}: {', '.join(names)}" for cache_name, names in of_cache.items()
    )
