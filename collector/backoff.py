"""How long to wait before the next try: twice as long each time, with jitter, up to a bound."""

from __future__ import annotations

FIRST_S = 0.5
LONGEST_S = 60.0


def pause(failures: int, draw: float) -> float:
    """Seconds to wait after so many failures in a row (at least 1); draw is uniform in [0, 1).

    Between half and the whole of min(0.5 s * 2^(failures - 1), 60 s): a server that comes back
    meets its collectors one after the other.
    """
    whole: float = min(FIRST_S * 2.0 ** min(failures - 1, 20), LONGEST_S)
    return whole * (0.5 + draw / 2.0)
