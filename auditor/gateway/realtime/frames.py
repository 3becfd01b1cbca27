"""What clients send: frames of serialisers 1.0.0 and 2.0.0, read without trust.

1.0.0 is a JSON object, 2.0.0 a JSON array, or bytes: clients of 2.0.0 send every broadcast so.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any, Final, Literal

Version = Literal[1, 2]

LONGEST_NAME: Final = 255
"""Letters of a topic, an event or a ref: as many as the binary frame can say."""
PUSH: Final = 3
PUSH_HEADER: Final = 7
JSON_ENCODING: Final = 1
BROADCAST: Final = "broadcast"
_VERSIONS: Final[tuple[tuple[re.Pattern[str], Version], ...]] = (
    (re.compile(r"1\.0\.\d{1,4}\Z"), 1),
    (re.compile(r"2\.0\.\d{1,4}\Z"), 2),
)


class UnreadableFrame(ValueError):
    """It is no frame of its version; the message says why."""


@dataclass(frozen=True, slots=True)
class Frame:
    """join_ref, ref: None where there is none. payload: {} where it was no object.

    bytes_sent: the payload of a broadcast that is not JSON.
    """

    join_ref: str | None
    ref: str | None
    topic: str
    event: str
    payload: dict[str, Any]
    bytes_sent: bytes | None = None


def version_of(vsn: str | None) -> Version | None:
    """The serialiser that a client asks for; 1 when it asks for none, None when there is none."""
    if vsn is None:
        return 1
    return next((version for written, version in _VERSIONS if written.match(vsn)), None)


def read_text(version: Version, text: str) -> Frame:
    """Raises UnreadableFrame."""
    found = _json(text)
    if version == 1:
        if not isinstance(found, dict):
            raise UnreadableFrame("a frame of 1.0.0 is a JSON object")
        parts = [found.get(name) for name in ("join_ref", "ref", "topic", "event", "payload")]
    else:
        if not isinstance(found, list) or len(found) != 5:
            raise UnreadableFrame("a frame of 2.0.0 is a JSON array of five")
        parts = found
    join_ref, ref, topic, event, payload = parts
    return Frame(
        _ref(join_ref),
        _ref(ref),
        _name(topic, "topic"),
        _name(event, "event"),
        payload if isinstance(payload, dict) else {},
    )


def read_binary(frame: bytes) -> Frame:
    """A broadcast of a client of 2.0.0. Raises UnreadableFrame."""
    if len(frame) < PUSH_HEADER or frame[0] != PUSH:
        raise UnreadableFrame("bytes are broadcasts, of kind 3")
    *lengths, encoding = frame[1:PUSH_HEADER]
    start, parts = PUSH_HEADER, []
    for length in lengths:
        parts.append(frame[start : start + length])
        start += length
    if start > len(frame):
        raise UnreadableFrame("its lengths are longer than itself")
    try:
        join_ref, ref, topic, event, _ = (part.decode() for part in parts)
    except UnicodeDecodeError:
        raise UnreadableFrame("its names are not UTF-8") from None
    envelope: dict[str, Any] = {"type": BROADCAST, "event": _name(event, "event")}
    rest = frame[start:]
    if encoding == JSON_ENCODING:
        envelope["payload"] = _json(rest.decode(errors="replace"))
    return Frame(
        join_ref or None,
        ref or None,
        _name(topic, "topic"),
        BROADCAST,
        envelope,
        None if encoding == JSON_ENCODING else rest,
    )


def _json(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_number, parse_float=_finite)
    except (ValueError, RecursionError):
        raise UnreadableFrame("it is not JSON") from None


def _no_number(said: str) -> None:
    raise ValueError(said)


def _finite(said: str) -> float:
    """1e999 would be infinite, which JSON cannot say back."""
    found = float(said)
    if not math.isfinite(found):
        raise ValueError(said)
    return found


def _ref(found: object) -> str | None:
    """Clients send strings; one who sends a number is answered with it as a string."""
    if isinstance(found, int) and not isinstance(found, bool):
        found = str(found)
    return found if isinstance(found, str) and len(found) <= LONGEST_NAME else None


def _name(found: object, what: str) -> str:
    if not isinstance(found, str) or not 0 < len(found) <= LONGEST_NAME:
        raise UnreadableFrame(f"its {what} is no text of 1 to {LONGEST_NAME} letters")
    return found
