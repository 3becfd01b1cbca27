"""The keys whose comings and goings are remembered, and what that says of a miss."""

from __future__ import annotations

import logging
from typing import Any
from zlib import crc32

from collector.events import Event
from collector.ghost import ONE_KEY_IN, Ghost, is_followed
from collector.keys import KeyEncoder

logger = logging.getLogger("collector")


class Following:
    """A ghost table fed with events as they were recorded. None of its methods raises.

    `follows` may be asked by any thread; `explained` by one at a time.
    """

    def __init__(self, encode: KeyEncoder, ghost: Ghost | None = None) -> None:
        self._encode = encode
        self._ghost = Ghost() if ghost is None else ghost

    def follows(self, key: Any, cache_name: str) -> bool:
        """Whether the key is in the sample; one that cannot be encoded is not."""
        try:
            return is_followed(self._encode(key, cache_name))
        except Exception:
            return False

    def explained(self, event: Event) -> Event | None:
        """The event with the cause of its miss in its metadata; None where there is none to tell.

        A cause that the cache itself has told is left as it is.
        """
        try:
            told = self._told(event)
        except BaseException:  # a rule is broken, or the key's own code; it is refused elsewhere
            logger.debug("an event was not followed", exc_info=True)
            return None
        *values, metadata, is_sample = event
        if told is None or (metadata is not None and not isinstance(metadata, dict)):
            return None
        return (*values, {**told, **(metadata or {})}, is_sample)

    def explain(self, events: list[Event]) -> list[Event]:
        """The same events in order, those explained that `explained` can tell something of."""
        explained = self.explained
        found = []
        for event in events:
            key = event[4]
            # most keys are texts that are not followed: so much is told without a call
            if type(key) is str and crc32(key.encode("utf-8", "surrogatepass")) % ONE_KEY_IN:
                found.append(event)
            else:
                found.append(explained(event) or event)
        return found

    def _told(self, event: Event) -> dict[str, object] | None:
        _, operation, cache_name, _, key, *_, metadata, is_sample = event
        if is_sample:
            return None
        if key is None:
            if operation == "delete" and isinstance(metadata, dict) and "cleared" in metadata:
                self._ghost.clear(event)
            return None
        encoded = self._encode(key, cache_name)
        return self._ghost.tell(event, encoded) if is_followed(encoded) else None
