"""Rows, batches and collectors for the tests."""

import time
from pathlib import Path
from uuid import UUID

from collector.batch import Batch
from collector.events import Row
from collector.settings import Settings

NOW = time.time_ns()


def row(number: int = 0, **changes: object) -> Row:
    """The number-th row of a series of hits; a microsecond apart."""
    made = Row(
        NOW + number * 1000, "hit", "pages", "new", f"{number:032x}", 1.0, None, 100, None, None,
        None, False,
    )  # fmt: skip
    return made._replace(**changes)  # type: ignore[arg-type]


def batch(sequence: int, events: int = 10, collector: int = 1, **changes: object) -> Batch:
    """A batch of distinct rows."""
    rows = tuple(row(sequence * 10_000 + number, **changes) for number in range(events))
    return Batch(str(UUID(int=collector)), sequence, rows)


def settings(folder: Path, **changes: object) -> Settings:
    """Quick to react, spooling into the test's folder."""
    chosen: dict[str, object] = {
        "spool_dir": str(folder),
        "spread_s": 0.1,
        "connect_timeout_s": 2,
        "exit_timeout_s": 10.0,
    }
    return Settings(**(chosen | changes))  # type: ignore[arg-type]
