"""Rows that the database refused for their content, with the reason, for a person to look at."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from collector.sinks.sink import RefusedRow

MAX_BYTES = 10 * 2**20


def set_aside(path: Path, collector_id: str, sequence: int, refused: Sequence[RefusedRow]) -> None:
    """One JSON line a row at the end of the file (0600); when it is full, the one before goes.

    Raises OSError.
    """
    lines = [
        json.dumps(
            {
                "collector_id": collector_id,
                "sequence": sequence,
                "reason": row.reason,
                type(row.item).__name__.lower(): row.item._asdict(),
            }
        )
        for row in refused
    ]
    if path.exists() and path.stat().st_size > MAX_BYTES:
        path.replace(path.with_suffix(".1" + path.suffix))
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
