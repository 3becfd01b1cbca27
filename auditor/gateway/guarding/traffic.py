"""What came and went, counted for /metrics. Only for the event loop's own thread."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Traffic:
    """listening: sockets and streams that are open, by kind. requests: by method, route, status.

    stalled: connections cut because their client took nothing. crowded: connections refused
    because there were too many.
    """

    listening: Counter[str] = field(default_factory=lambda: Counter(socket=0, sse=0))
    requests: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    stalled: int = 0
    crowded: int = 0
