"""Why batches wait: what the last attempt said, in a file beside them, for whoever looks."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = "trouble"
LONGEST = 500


@dataclass(frozen=True, slots=True)
class Trouble:
    """at: seconds of the UTC epoch. kind: the error's class. said: its text, without secrets."""

    at: float
    kind: str
    said: str


def note(folder: Path, error: BaseException | None, now: float) -> None:
    """Remember it, or with None forget it. Never raises: it is not worth a disturbance."""
    path = folder / FILE
    try:
        if error is None:
            path.unlink(missing_ok=True)
            return
        found = Trouble(now, type(error).__name__, str(error)[:LONGEST])
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(asdict(found), file)
    except OSError:
        pass


def read(folder: Path) -> Trouble | None:
    """What was noted last; None when nothing was, or it cannot be read."""
    try:
        return Trouble(**json.loads((folder / FILE).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None
