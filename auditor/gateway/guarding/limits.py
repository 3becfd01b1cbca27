"""How much of everything the gateway takes, as the settings say."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """origins: pages of these may call, such as https://wall.example. loopback: whether the gateway
    listens there, where reading needs no token, so that only local names may be asked for.

    requests_per_s: of one token, or of one address; 0 for no limit. connections: of all kinds.
    listeners: of these, sockets and streams of events.
    """

    origins: tuple[str, ...] = ()
    loopback: bool = False
    requests_per_s: int = 0
    connections: int = 2000
    listeners: int = 1000
