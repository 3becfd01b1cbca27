"""What is sent to clients, in the words of both serialisers.

Traps that are minded here: a message of 1.0.0 always has the key `ref`; a ref is a string or null;
`response` and a broadcast's payload are objects, never null, which would end a Node process.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Final

from auditor.gateway.realtime.frames import JSON_ENCODING, LONGEST_NAME, Frame, Version

USER_BROADCAST: Final = 4
PHOENIX: Final = "phoenix"


def dumps(content: Any) -> str:
    """JSON in ASCII, so that half a letter that a client escaped breaks nobody's socket.

    Raises ValueError for what JSON cannot say: infinite numbers, and nesting without end.
    """
    try:
        return json.dumps(content, separators=(",", ":"), allow_nan=False)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


@dataclass(slots=True)
class Envelope:
    """A message from the server to everybody in a topic; each serialiser writes it once.

    payload: JSON of an object.
    """

    topic: str
    event: str
    payload: str
    _written: dict[Version, str] = field(default_factory=dict)

    def frame(self, version: Version) -> str:
        """The text of one version."""
        if version not in self._written:
            self._written[version] = _written(
                version, None, None, self.topic, self.event, self.payload
            )
        return self._written[version]


@dataclass(slots=True)
class BytesEnvelope:
    """A client's broadcast that is not JSON; only clients of 2.0.0 can be told."""

    topic: str
    event: str
    content: bytes

    def frame(self, version: Version) -> bytes | None:
        """The bytes of 2.0.0; None for 1.0.0, or where a name is too long for the frame."""
        names = [self.topic.encode(), self.event.encode()]
        if version == 1 or max(map(len, names)) > LONGEST_NAME:
            return None
        header = bytes([USER_BROADCAST, *map(len, names), 0, 1 - JSON_ENCODING])
        return b"".join((header, *names, self.content))


def broadcast(topic: str, event: str, payload: str) -> Envelope:
    """A broadcast. payload: JSON of an object, which goes out as it is."""
    return Envelope(
        topic, "broadcast", f'{{"type":"broadcast","event":{dumps(event)},"payload":{payload}}}'
    )


def reply(version: Version, to: Frame, response: dict[str, Any], status: str = "ok") -> str:
    """The answer to a frame."""
    payload = dumps({"status": status, "response": response})
    return _written(version, to.join_ref, to.ref, to.topic, "phx_reply", payload)


def refused(version: Version, to: Frame, reason: str) -> str:
    """The answer no: clients try again, and show the reason."""
    return reply(version, to, {"reason": reason}, "error")


def closed(version: Version, topic: str, join_ref: str | None) -> str:
    """The end of a channel, for good: no client joins again by itself."""
    return _written(version, join_ref, join_ref, topic, "phx_close", "{}")


def system(topic: str, extension: str, message: str, status: str = "ok") -> Envelope:
    """How a channel stands. `error` makes Python clients join again for ever."""
    said = {"channel": topic.partition(":")[2], "extension": extension, "message": message}
    return Envelope(topic, "system", dumps(said | {"status": status}))


def _written(
    version: Version, join_ref: str | None, ref: str | None, topic: str, event: str, payload: str
) -> str:
    if version == 1:
        head = dumps({"ref": ref, "topic": topic, "event": event})
        return f'{head[:-1]},"payload":{payload}}}'
    head = dumps([join_ref, ref, topic, event])
    return f"{head[:-1]},{payload}]"
