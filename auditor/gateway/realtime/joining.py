"""What a client asks for when it joins a channel, read leniently: what is not understood is off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from auditor.gateway.realtime.frames import LONGEST_NAME

OUR_KEY: Final = "sb_"
"""A token that begins so means: use the key of the socket."""
CRASHING_KEY: Final = "ids"
"""A presence of this name would end a Node process: its client takes the message for a change."""


@dataclass(frozen=True, slots=True)
class JoinConfig:
    """hears_itself: broadcasts come back to their sender. acknowledged: they are replied to.

    presence_key: '' lets the server choose one. changes: the requests for postgres_changes as they
    were written. token: None means the key of the socket.
    """

    hears_itself: bool
    acknowledged: bool
    replication_ready: bool
    presence: bool
    presence_key: str
    private: bool
    changes: tuple[Any, ...]
    token: str | None


def read_join(payload: dict[str, Any]) -> JoinConfig:
    """Of a join's payload; whatever it is, there is a configuration."""
    config = _object(payload.get("config"))
    broadcast, presence = _object(config.get("broadcast")), _object(config.get("presence"))
    key, changes = presence.get("key"), config.get("postgres_changes")
    usable = isinstance(key, str) and len(key) <= LONGEST_NAME and key != CRASHING_KEY
    return JoinConfig(
        hears_itself=_yes(broadcast.get("self")),
        acknowledged=_yes(broadcast.get("ack")),
        replication_ready=_yes(broadcast.get("replication_ready")),
        presence=_yes(presence.get("enabled")),
        presence_key=str(key) if usable else "",
        private=_yes(config.get("private")),
        changes=tuple(changes) if isinstance(changes, list) else (),
        token=read_token(payload),
    )


def read_token(payload: dict[str, Any]) -> str | None:
    """The access token of a payload; None where it has none, or means the socket's key."""
    token = payload.get("access_token")
    return token if isinstance(token, str) and token and not token.startswith(OUR_KEY) else None


def _object(found: object) -> dict[str, Any]:
    return found if isinstance(found, dict) else {}


def _yes(found: object) -> bool:
    """Booleans may arrive as text."""
    return found is True or (isinstance(found, str) and found.lower() == "true")
