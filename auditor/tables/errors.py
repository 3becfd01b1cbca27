"""What can be wrong with a table of windows; each error says where, and what to do."""

from __future__ import annotations

from pathlib import Path

from auditor.errors import InputRefused


class TableUnreadable(InputRefused):
    """The file cannot be read as a table at all."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} cannot be read: {why}")


class UnusableColumns(InputRefused):
    """The table lacks columns that are needed, or they are mapped in a way that cannot be."""


class BadRow(InputRefused):
    """One row holds a value that cannot be. line: counted from 1, the header included."""

    def __init__(self, path: Path, line: int, column: str, value: object, why: str) -> None:
        super().__init__(
            f"{path}:{line}: {column} is {value!r}, which {why}. Mend the row, "
            "or leave such rows out with --skip-bad-rows"
        )
        self.line = line
        self.column = column


class TooLargeHole(InputRefused):
    """Between two rows lies more time than any series is silent for."""

    def __init__(self, path: Path, days: int, before: object, after: object) -> None:
        super().__init__(
            f"{path}: {days} days without a row, from {before} to {after}. One of the two is "
            "probably wrong; if not, cut the file there"
        )
