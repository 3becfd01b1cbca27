"""What can be wrong with a request to compare two implementations.

ComparisonError
├── UnknownCache            no window of that cache
├── UnknownImplementation   no window of that implementation
├── SameImplementation      an implementation against itself
└── UnknownMeasure          a margin for something that is not compared
"""

from __future__ import annotations

from collections.abc import Iterable


class ComparisonError(Exception):
    """Two implementations cannot be compared as asked."""


class UnknownCache(ComparisonError):
    """No series of the cache exists in the span."""

    def __init__(self, cache_name: str, known: Iterable[str]) -> None:
        super().__init__(f"there is no cache {cache_name!r} in this span; {_named(known)}")
        self.cache_name = cache_name


class UnknownImplementation(ComparisonError):
    """The cache has no series of the implementation in the span."""

    def __init__(self, cache_name: str, implementation: str, known: Iterable[str]) -> None:
        super().__init__(
            f"{cache_name} has no implementation {implementation!r} in this span; {_named(known)}"
        )
        self.cache_name = cache_name
        self.implementation = implementation


class SameImplementation(ComparisonError):
    """Baseline and candidate are one."""

    def __init__(self, implementation: str) -> None:
        super().__init__(f"{implementation!r} is both baseline and candidate; name two")


class UnknownMeasure(ComparisonError):
    """A margin was given for something that is not compared."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__(f"{name!r} is not compared; {_named(known)}")


def _named(known: Iterable[str]) -> str:
    names = sorted(set(known))
    return f"there is {', '.join(names)}" if names else "there is none"
