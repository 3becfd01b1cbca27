"""Why a key is missing: what is remembered of keys that left a cache, for a sample of all keys.

A key is followed when the CRC-32 of its bytes is a multiple of ONE_KEY_IN, so every process follows
the same keys, whatever their cache. What a cache itself cannot tell is told from what this process
has recorded of the key before: how it left, and when.
"""

from __future__ import annotations

from typing import Any, NamedTuple
from zlib import crc32

from collector.events import Event

ONE_KEY_IN = 16
MOST_KEYS = 32_768

FIRST_SEEN, EXPIRED, EVICTED, INVALIDATED = "first_seen", "expired", "evicted", "invalidated"
UNSEEN = "unseen"
_LEFT = {"evict": EVICTED, "expire": EXPIRED, "delete": INVALIDATED}
_THERE = ""


class _Last(NamedTuple):
    """What is known last of a key. until_ns: when its time to live ends, if it was given one."""

    cause: str
    when_ns: int
    until_ns: int | None = None


class Ghost:
    """A bounded memory of followed keys; the one not heard of for longest is forgotten first.

    One caller at a time.
    """

    def __init__(self, most_keys: int = MOST_KEYS) -> None:
        self._most = most_keys
        self._last: dict[int, _Last] = {}
        self._cleared: dict[tuple[str, str], int] = {}

    def __len__(self) -> int:
        return len(self._last)

    def tell(self, event: Event, encoded: bytes) -> dict[str, object] | None:
        """Remember the event of a followed key; what to add to its metadata if it is a miss.

        miss_cause is first_seen, expired, evicted, invalidated, or unseen: it was there, and nobody
        in this process saw it leave. gone_s: seconds since it left. one_key_in: the sampling.
        """
        when, operation, cache, implementation, _, _, _, _, error, _, metadata, _ = event
        series = (cache, implementation)
        key = hash((series, encoded))
        if operation == "miss":
            return self._explain(series, self._last.get(key), when)
        if error is None:
            if operation in _LEFT:
                self._remember(key, _Last(_LEFT[operation], when))
            elif operation in ("set", "hit"):
                self._arrive(key, operation, when, metadata)
        return None

    def clear(self, event: Event) -> None:
        """All keys of the event's cache were removed at once."""
        if len(self._cleared) < self._most:
            self._cleared[event[2], event[3]] = event[0]

    def _arrive(self, key: int, operation: str, when: int, metadata: Any) -> None:
        if operation == "hit":
            known = self._last.get(key)
            if known is None or known.cause != _THERE:
                known = _Last(_THERE, when)
            self._remember(key, known)
            return
        until = None
        ttl_s = metadata.get("ttl_s") if isinstance(metadata, dict) else None
        if isinstance(ttl_s, int | float) and 0 < ttl_s < 1e9:
            until = when + int(ttl_s * 1e9)
        self._remember(key, _Last(_THERE, when, until))

    def _remember(self, key: int, last: _Last) -> None:
        self._last.pop(key, None)
        self._last[key] = last
        if len(self._last) > self._most:
            del self._last[next(iter(self._last))]

    def _explain(self, series: tuple[str, str], last: _Last | None, now: int) -> dict[str, object]:
        cause, since = FIRST_SEEN, None
        if last is not None:
            cause, since = last.cause, last.when_ns
            cleared = self._cleared.get(series)
            if cause == _THERE:
                cause, since = UNSEEN, None
                if cleared is not None and cleared >= last.when_ns:
                    cause, since = INVALIDATED, cleared
                elif last.until_ns is not None and last.until_ns <= now:
                    cause, since = EXPIRED, last.until_ns
        told: dict[str, object] = {"miss_cause": cause, "one_key_in": ONE_KEY_IN}
        if since is not None:
            told["gone_s"] = round(max(now - since, 0) / 1e9, 3)
        return told


def is_followed(encoded: bytes) -> bool:
    """Whether the key of these bytes is in the sample; no key is not."""
    return bool(encoded) and crc32(encoded) % ONE_KEY_IN == 0
