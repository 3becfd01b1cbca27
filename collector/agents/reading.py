"""A reading: what a server said of itself at one instant, in the same terms whatever it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from collector.agents.errors import BadAnswer

# operation_type and whether it failed, as in a weight
Kind = tuple[str, bool]

KINDS: tuple[Kind, ...] = (
    ("hit", False),
    ("miss", False),
    ("error", True),
    ("set", False),
    ("set", True),
    ("delete", False),
    ("delete", True),
    ("evict", False),
    ("expire", False),
)

TIMED = ("get", "set", "delete")
"""What the server's own times are added up under; a get is a hit or a miss."""


@dataclass(frozen=True, slots=True)
class Levels:
    """Gauges; None where the server does not say, or where there is no limit."""

    entries: int | None = None
    memory_bytes: int | None = None
    memory_limit_bytes: int | None = None
    clients: int | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """Counters since the server's start, or since they were reset.

    at_ns: the instant they are of (UTC). process: changes with a restart and with another server.
    uptime_s: where `process` alone does not tell two servers apart; None where it does.
    counts: by Kind. others: further counters, by any name, which fall only with a reset.
    micros: the server's own time by TIMED, µs. buckets: by TIMED, how many calls took up to so many
    µs (upper bound -> calls in that bucket alone); absent where the server does not say.
    """

    at_ns: int
    process: str
    counts: Mapping[Kind, int]
    others: Mapping[str, int] = field(default_factory=dict)
    micros: Mapping[str, int] = field(default_factory=dict)
    buckets: Mapping[str, Mapping[int, int]] = field(default_factory=dict)
    levels: Levels = Levels()
    uptime_s: int | None = None
    version: str = ""
    role: str = ""


def count_in(said: Mapping[str, str], name: str, absent: int | None = None) -> int:
    """The count that a server says under a name; absent: what stands for one that it does not say.

    Raises BadAnswer for what is missing all the same, or is no count.
    """
    text = said.get(name)
    if text is None and absent is not None:
        return absent
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 20:
        shown = "is missing" if text is None else "is not a count"
        raise BadAnswer(f"that is not what such a server says of itself: {name} {shown}")
    return int(text)
