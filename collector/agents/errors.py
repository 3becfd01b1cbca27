"""Why a server that is polled gave no reading.

CollectorError
├── AddressInvalid     a URL, or what is said beside it, cannot be meant
└── NoReading          this time there is none; what is said of it has no credentials in it
    ├── ServerAway     nobody answers in time, or the connection ends
    ├── ServerRefuses  it answers, and does not let us: login, rights, or not now
    └── BadAnswer      what comes back is not what such a server says
"""

from __future__ import annotations

from collector.errors import CollectorError

LONGEST_SAID = 200


class AddressInvalid(CollectorError):
    """The text says what is wrong with it, without quoting a password."""


class NoReading(CollectorError):
    """A poll failed; the next one may not."""


class ServerAway(NoReading):
    """No connection, or no answer in time."""


class ServerRefuses(NoReading):
    """An answer that says no."""


class BadAnswer(NoReading):
    """An answer that cannot be read."""


def quoted(text: bytes | str) -> str:
    """What a server said, on one line, without control characters, cut to a bound."""
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    shown = "".join(letter if letter.isprintable() else " " for letter in words[:LONGEST_SAID])
    return " ".join(shown.split())
