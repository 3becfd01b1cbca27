"""A conversation without a socket: what a client says, and what it would be sent."""

from __future__ import annotations

import json
from typing import Any

from auditor.gateway.live.messages import OBSERVATIONS, WINDOWS
from auditor.gateway.realtime.conversation import Conversation, JoinAsked, TokenGiven
from auditor.gateway.realtime.frames import Version, read_binary, read_text
from auditor.gateway.realtime.rooms import Rooms

COLUMNS = {
    WINDOWS: (("cache_name", "text"), ("hits", "int8")),
    OBSERVATIONS: (("id", "uuid"), ("cache_name", "text"), ("severity", "text")),
}


class Client:
    """Of one serialiser, in rooms that it shares with others; every join is allowed.

    sent: the frames that it was sent since it last looked.
    """

    def __init__(self, rooms: Rooms, version: Version) -> None:
        self.version: Version = version
        self.conversation = Conversation(self, rooms)
        self.sent: list[str | bytes] = []
        self.refs = 0

    def offer(self, frame: str | bytes) -> None:
        """As an outbox."""
        self.sent.append(frame)

    def say(
        self, topic: str, event: str, payload: Any, *, join_ref: Any = "", ref: Any = ""
    ) -> JoinAsked | TokenGiven | None:
        """A frame in the words of its serialiser; with refs of its own where none are given."""
        self.refs += 1
        ref = f"{self.refs}" if ref == "" else ref
        join_ref = ref if join_ref == "" else join_ref
        if self.version == 1:
            words = {"topic": topic, "event": event, "payload": payload, "ref": ref,
                     "join_ref": join_ref}  # fmt: skip
            text = json.dumps(words)
        else:
            text = json.dumps([join_ref, ref, topic, event, payload])
        return self.conversation.take(read_text(self.version, text), now_s=0.0)

    def join(self, topic: str = "realtime:room", **config: Any) -> None:
        """Joins, and is let in."""
        asked = self.say(topic, "phx_join", {"config": config})
        assert isinstance(asked, JoinAsked), self.heard()
        self.conversation.join(asked, COLUMNS)

    def push(self, event: str, payload: Any, topic: str = "realtime:room") -> None:
        """A broadcast, as a client of its serialiser sends it."""
        if self.version == 1:
            self.say(topic, "broadcast", {"type": "broadcast", "event": event, "payload": payload})
            return
        self.refs += 1
        content = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        parts = [b"1", f"{self.refs}".encode(), topic.encode(), event.encode(), b""]
        encoding = 0 if isinstance(payload, bytes) else 1
        frame = bytes([3, *map(len, parts), encoding]) + b"".join(parts) + content
        self.conversation.take(read_binary(frame), now_s=0.0)

    def heard(self) -> list[dict[str, Any]]:
        """What it was sent since it last looked, whatever the serialiser."""
        frames, self.sent = self.sent, []
        names = ("join_ref", "ref", "topic", "event", "payload")
        read = []
        for frame in frames:
            assert isinstance(frame, str)
            found = json.loads(frame)
            if self.version == 2:
                found = dict(zip(names, found, strict=True))
            read.append(found)
        return read

    def events(self) -> list[str]:
        """The same, only what each was."""
        return [message["event"] for message in self.heard()]
