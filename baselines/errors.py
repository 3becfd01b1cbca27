"""What can be wrong with a request to learn what is ordinary.

BaselineError
├── TooFewWindows      not enough history yet
├── MismatchedWindows  arrays that do not fit the grid they claim
└── UnreadableProfile  stored rows that do not make up one baseline
"""

from __future__ import annotations


class BaselineError(Exception):
    """What is ordinary cannot be told."""


class TooFewWindows(BaselineError):
    """The series has fewer windows than its statistic needs."""

    def __init__(self, what: str, *, needed: int, found: int) -> None:
        wait = max(needed - found, 0)
        super().__init__(
            f"{what} has {found} windows; {needed} are needed. "
            f"Wait {wait // 60} h {wait % 60} min, or read a longer span."
        )
        self.needed = needed
        self.found = found


class MismatchedWindows(BaselineError):
    """A column does not have the shape of its block."""

    def __init__(self, column: str, *, expected: tuple[int, int], found: tuple[int, ...]) -> None:
        super().__init__(f"column {column} has shape {found}; the block has {expected}")
        self.expected = expected
        self.found = found


class UnreadableProfile(BaselineError):
    """Stored profile rows lack a slot, or name a metric that does not exist."""
