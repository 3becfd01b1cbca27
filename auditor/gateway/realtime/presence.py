"""Who is present in a topic: kept while a channel tracks it, told to those who asked."""

from __future__ import annotations

import itertools
from typing import Any, Final

from auditor.gateway.realtime.envelopes import dumps

MOST_PRESENCES: Final = 1_000
MOST_BYTES: Final = 4_096
"""Of what one channel says of itself, as JSON."""

Metas = dict[str, list[dict[str, Any]]]


class PresenceRefused(ValueError):
    """The message says why."""


class Presences:
    """Of one topic. A presence belongs to one holder; several holders may share a key."""

    _numbers = itertools.count(1)

    def __init__(self) -> None:
        self._held: dict[object, tuple[str, dict[str, Any]]] = {}

    def __len__(self) -> int:
        return len(self._held)

    def track(self, holder: object, key: str, content: dict[str, Any]) -> str:
        """From now on the holder's; gives the difference as JSON. Raises PresenceRefused."""
        if holder not in self._held and len(self._held) >= MOST_PRESENCES:
            raise PresenceRefused(f"a topic has at most {MOST_PRESENCES} presences")
        if len(_written(content)) > MOST_BYTES:
            raise PresenceRefused(f"a presence has at most {MOST_BYTES} bytes")
        before = self._held.get(holder)
        meta = content | {"phx_ref": f"{next(self._numbers)}"}
        left: Metas = {}
        if before is not None:
            meta["phx_ref_prev"] = before[1]["phx_ref"]
            left = {before[0]: [before[1]]}
        self._held[holder] = key, meta
        return _difference({key: [meta]}, left)

    def untrack(self, holder: object) -> str | None:
        """The difference as JSON; None where the holder had no presence."""
        before = self._held.pop(holder, None)
        return None if before is None else _difference({}, {before[0]: [before[1]]})

    def state(self) -> str:
        """Everybody, as JSON."""
        metas: Metas = {}
        for key, meta in self._held.values():
            metas.setdefault(key, []).append(meta)
        return dumps(_keyed(metas))


def _difference(joined: Metas, left: Metas) -> str:
    return dumps({"joins": _keyed(joined), "leaves": _keyed(left)})


def _keyed(metas: Metas) -> dict[str, Any]:
    return {key: {"metas": each} for key, each in metas.items()}


def _written(content: dict[str, Any]) -> str:
    try:
        return dumps(content)
    except ValueError as error:
        raise PresenceRefused(f"a presence is JSON: {error}") from None
