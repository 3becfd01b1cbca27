"""Who listens to which topic, and what everybody there is sent.

Public and private channels of one topic are two rooms: nothing goes from one to the other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Protocol

from auditor.gateway.live.messages import RowChange
from auditor.gateway.realtime.changes import Columns, Subscription, told
from auditor.gateway.realtime.envelopes import BytesEnvelope, Envelope, dumps
from auditor.gateway.realtime.frames import Version
from auditor.gateway.realtime.joining import JoinConfig
from auditor.gateway.realtime.presence import Presences

Message = Envelope | BytesEnvelope
Place = tuple[bool, str]
"""Whether it is private, and its topic."""


class Outbox(Protocol):
    """Where a socket's messages wait to be sent."""

    @property
    def version(self) -> Version:
        """The serialiser that its client asked for."""

    def offer(self, frame: str | bytes) -> None:
        """Never waits."""


@dataclass(slots=True, eq=False)
class Channel:
    """One client in one topic.

    join_ref: of its join. token: its own; None: it is judged by the key of its socket. presence:
    whether it hears who comes and goes.
    """

    topic: str
    join_ref: str | None
    config: JoinConfig
    subscriptions: tuple[Subscription, ...]
    outbox: Outbox
    presence_key: str
    token: str | None
    presence: bool = False

    @property
    def place(self) -> Place:
        """The room it is in."""
        return self.config.private, self.topic

    def say(self, message: Message) -> None:
        """To this one alone."""
        frame = message.frame(self.outbox.version)
        if frame is not None:
            self.outbox.offer(frame)


Group = tuple[str, tuple[Subscription, ...]]


@dataclass(slots=True)
class Rooms:
    """All channels of all sockets. Only for the event loop's own thread."""

    _members: dict[Place, dict[Channel, None]] = field(default_factory=dict)
    _presences: dict[Place, Presences] = field(default_factory=dict)
    _subscribed: dict[Group, dict[Channel, None]] = field(default_factory=dict)

    def __len__(self) -> int:
        """How many channels there are."""
        return sum(map(len, self._members.values()))

    def enter(self, channel: Channel) -> None:
        """From now on it is sent what its room is sent."""
        self._members.setdefault(channel.place, {})[channel] = None
        if channel.subscriptions:
            self._subscribed.setdefault(_group(channel), {})[channel] = None

    def leave(self, channel: Channel) -> None:
        """The others hear that its presence is gone."""
        _remove(self._members, channel.place, channel)
        _remove(self._subscribed, _group(channel), channel)
        self.untrack(channel)

    def say(self, place: Place, message: Message, but: Channel | None = None) -> None:
        """To everybody in a room, or all but one."""
        for member in tuple(self._members.get(place, ())):
            if member is not but:
                member.say(message)

    # Presence ------------------------------------------------------------------------------------

    def show_presence(self, channel: Channel) -> None:
        """Who is there; from now on it hears who comes and goes."""
        channel.presence = True
        state = self._presences.get(channel.place, Presences()).state()
        channel.say(Envelope(channel.topic, "presence_state", state))

    def track(self, channel: Channel, content: dict[str, object]) -> None:
        """Raises PresenceRefused."""
        presences = self._presences.get(channel.place, Presences())
        difference = presences.track(channel, channel.presence_key, content)
        self._presences[channel.place] = presences
        self._tell_presence(channel, difference)

    def untrack(self, channel: Channel) -> None:
        """Harmless where it is not tracked."""
        presences = self._presences.get(channel.place)
        if presences is None or (difference := presences.untrack(channel)) is None:
            return
        if not presences:
            del self._presences[channel.place]
        self._tell_presence(channel, difference)

    def _tell_presence(self, channel: Channel, difference: str) -> None:
        message = Envelope(channel.topic, "presence_diff", difference)
        for member in tuple(self._members.get(channel.place, ())):
            if member.presence:
                member.say(message)

    # Changes -------------------------------------------------------------------------------------

    @property
    def wants_rows(self) -> bool:
        """Whether anybody subscribed to changes of rows."""
        return bool(self._subscribed)

    def say_change(self, change: RowChange, columns: Columns) -> None:
        """To those who want it; who asked alike is told alike, and it is written once."""
        contents: dict[tuple[str, ...] | None, str] = {}
        for (topic, subscriptions), members in tuple(self._subscribed.items()):
            wanting = [each for each in subscriptions if each.wants(change)]
            for select, ids in _by_select(wanting):
                if select not in contents:
                    contents[select] = told(change, columns, select)
                payload = f'{{"ids":{dumps(ids)},"data":{contents[select]}}}'
                message = Envelope(topic, "postgres_changes", payload)
                for member in tuple(members):
                    member.say(message)


def _group(channel: Channel) -> Group:
    return channel.topic, channel.subscriptions


def _by_select(
    subscriptions: Iterable[Subscription],
) -> list[tuple[tuple[str, ...] | None, list[int]]]:
    """The ids of those that want the same columns."""
    ordered = sorted(subscriptions, key=lambda each: each.select or ())
    return [
        (select, list(dict.fromkeys(each.id for each in same)))
        for select, same in groupby(ordered, key=lambda each: each.select)
    ]


def _remove(rooms: dict[Any, dict[Channel, None]], key: Any, channel: Channel) -> None:
    members = rooms.get(key)
    if members is not None:
        members.pop(channel, None)
        if not members:
            del rooms[key]
