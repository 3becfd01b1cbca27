"""One client's side of the protocol: which channels it has, and what is answered to its frames.

What needs somebody else, whether a token may join, is left to the caller: `take` gives it back, and
`join` or `end_channel` goes on from there.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final
from uuid import uuid4

from auditor.gateway.bucket import Bucket
from auditor.gateway.realtime.changes import (
    Columns,
    Subscription,
    read_subscription,
)
from auditor.gateway.realtime.envelopes import (
    PHOENIX,
    BytesEnvelope,
    broadcast,
    closed,
    dumps,
    refused,
    reply,
    system,
)
from auditor.gateway.realtime.frames import Frame
from auditor.gateway.realtime.joining import JoinConfig, read_join, read_token
from auditor.gateway.realtime.limits import (
    JOINS_A_SECOND,
    JOINS_AT_ONCE,
    MOST_BROADCAST_BYTES,
    MOST_CHANNELS,
    MOST_SUBSCRIPTIONS,
)
from auditor.gateway.realtime.presence import PresenceRefused
from auditor.gateway.realtime.rooms import Channel, Message, Outbox, Rooms

PREFIX: Final = "realtime:"
OURS: Final = "cache-metrics"
"""The topic that the auditor alone speaks in."""
OUR_TOPIC: Final = PREFIX + OURS


@dataclass(frozen=True, slots=True)
class JoinAsked:
    """A client wants to join. frame: what its answer is an answer to."""

    frame: Frame
    config: JoinConfig


@dataclass(frozen=True, slots=True)
class TokenGiven:
    """A client has another token for a channel."""

    channel: Channel
    token: str | None


@dataclass(slots=True)
class Conversation:
    """Of one socket. Answers go to its outbox, and what it says to the rooms."""

    outbox: Outbox
    rooms: Rooms
    joins: Bucket = field(init=False)
    channels: dict[str, Channel] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.joins = Bucket(JOINS_A_SECOND, JOINS_AT_ONCE, 0.0)

    def take(self, frame: Frame, now_s: float) -> JoinAsked | TokenGiven | None:
        """Answers a frame, or gives what must be decided first.

        now_s: of a clock that never goes back.
        """
        channel = self.channels.get(frame.topic)
        if frame.event == "phx_join" and frame.topic != PHOENIX:
            config = read_join(frame.payload)
            reason = self._why_not(frame.topic, config, now_s)
            if not reason:
                return JoinAsked(frame, config)
            self._refuse(frame, reason)
        elif frame.event == "phx_leave":
            self._leave(frame)
        elif channel is None:
            self._refuse(frame, "unmatched topic")
        elif frame.event == "access_token":
            return TokenGiven(channel, read_token(frame.payload))
        elif frame.event == "presence":
            self._presence(frame, channel)
        elif frame.event == "broadcast":
            self._broadcast(frame, channel)
        else:
            self._answer(frame)
        return None

    # Joining and leaving -------------------------------------------------------------------------

    def _why_not(self, topic: str, config: JoinConfig, now_s: float) -> str:
        """Why a join is refused at once; '' when it is not."""
        name = topic.removeprefix(PREFIX)
        if topic == name:
            return "unmatched topic"
        if not name:
            return "TopicNameRequired: You must provide a topic name"
        if self.joins.take(now_s):
            return "ClientJoinRateLimitReached: Too many joins per second"
        if topic not in self.channels and len(self.channels) >= MOST_CHANNELS:
            return "ChannelRateLimitReached: Too many channels"
        if len(config.changes) > MOST_SUBSCRIPTIONS:
            said = f"a channel has at most {MOST_SUBSCRIPTIONS} requests for postgres_changes"
            return f"RealtimeDisabledForConfiguration: {said}"
        return ""

    def join(self, asked: JoinAsked, columns: Columns) -> None:
        """It may: it is in the room from its answer on, and hears all that comes after."""
        frame, config = asked.frame, asked.config
        # the ref of a join is the join_ref of its channel, also where the client leaves that out
        itself = replace(frame, join_ref=frame.ref)
        try:
            subscriptions = tuple(read_subscription(each, columns) for each in config.changes)
            echoed = {"postgres_changes": _echoed(asked, subscriptions)}
            answer = reply(self.outbox.version, itself, echoed)
        except (ValueError, RecursionError) as error:
            self.refuse_join(asked, f"RealtimeDisabledForConfiguration: {error}")
            return
        self._replace(frame.topic)
        channel = Channel(
            frame.topic, frame.ref, config, subscriptions, self.outbox,
            config.presence_key or uuid4().hex, config.token,
        )  # fmt: skip
        self.channels[frame.topic] = channel
        self.outbox.offer(answer)
        self.rooms.enter(channel)
        if config.presence:
            self.rooms.show_presence(channel)
        if subscriptions:
            channel.say(system(frame.topic, "postgres_changes", "Subscribed to PostgreSQL"))
        if config.replication_ready:
            channel.say(system(frame.topic, "system", "Replication connection established"))

    def refuse_join(self, asked: JoinAsked, reason: str) -> None:
        """It may not, or not now. A channel that it had in this topic is gone, as it believes."""
        self._replace(asked.frame.topic)
        self._refuse(asked.frame, reason)

    def _replace(self, topic: str) -> None:
        """Clients of 1.0.0 take the end of the old channel for the end of the new one."""
        old = self._forget(topic)
        if old is not None and self.outbox.version != 1:
            self.outbox.offer(closed(self.outbox.version, topic, old.join_ref))

    def _leave(self, frame: Frame) -> None:
        channel = self._forget(frame.topic)
        self._answer(frame)
        if channel is not None:
            self.outbox.offer(closed(self.outbox.version, frame.topic, channel.join_ref))

    def end_channel(self, channel: Channel, why: str) -> None:
        """For good: it lost the right to listen."""
        if self.channels.get(channel.topic) is channel:
            self._forget(channel.topic)
            channel.say(system(channel.topic, "system", why, "error"))
            self.outbox.offer(closed(self.outbox.version, channel.topic, channel.join_ref))

    def end(self) -> None:
        """The socket is gone."""
        for topic in tuple(self.channels):
            self._forget(topic)

    def _forget(self, topic: str) -> Channel | None:
        channel = self.channels.pop(topic, None)
        if channel is not None:
            self.rooms.leave(channel)
        return channel

    # Speaking ------------------------------------------------------------------------------------

    def _presence(self, frame: Frame, channel: Channel) -> None:
        content = frame.payload.get("payload")
        if frame.payload.get("event") == "untrack":
            self.rooms.untrack(channel)
        elif frame.payload.get("event") == "track":
            try:
                self.rooms.track(channel, content if isinstance(content, dict) else {})
            except PresenceRefused as error:
                self._refuse(frame, str(error))
                return
            if not channel.presence:
                self.rooms.show_presence(channel)
        self._answer(frame)

    def _broadcast(self, frame: Frame, channel: Channel) -> None:
        try:
            message = spoken(frame)
            reason = f"only the auditor speaks in {OURS}" if channel.topic == OUR_TOPIC else ""
        except ValueError as error:
            reason = str(error)
        if not reason:
            self.rooms.say(channel.place, message, None if channel.config.hears_itself else channel)
        # without `ack` nobody waits for an answer
        if channel.config.acknowledged:
            self._refuse(frame, reason) if reason else self._answer(frame)

    def _answer(self, frame: Frame) -> None:
        self.outbox.offer(reply(self.outbox.version, frame, {}))

    def _refuse(self, frame: Frame, reason: str) -> None:
        self.outbox.offer(refused(self.outbox.version, frame, reason))


def _echoed(asked: JoinAsked, subscriptions: tuple[Subscription, ...]) -> list[dict[str, object]]:
    """Each request as it came, in its order, with the id that its changes will have."""
    return [
        {**request, "id": subscription.id}
        for request, subscription in zip(asked.config.changes, subscriptions, strict=True)
    ]


def spoken(frame: Frame) -> Message:
    """What a client's broadcast is for the others. Raises ValueError for what some of them, or
    `realtime.send`, could not take."""
    event, content = frame.payload.get("event"), frame.payload.get("payload")
    if not isinstance(event, str) or not event:
        raise ValueError("a broadcast names its event")
    if frame.bytes_sent is not None:
        if len(frame.bytes_sent) > MOST_BROADCAST_BYTES:
            raise ValueError(f"a broadcast has at most {MOST_BROADCAST_BYTES} bytes")
        return BytesEnvelope(frame.topic, event, frame.bytes_sent)
    if content is not None and not isinstance(content, dict):
        raise ValueError("the payload of a broadcast is an object")
    written = dumps(content or {})
    if len(written) > MOST_BROADCAST_BYTES:
        raise ValueError(f"a broadcast has at most {MOST_BROADCAST_BYTES} bytes")
    return broadcast(frame.topic, event, written)
