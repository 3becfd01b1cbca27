"""What can go wrong. But for MissingLibrary none of these ever reaches the host application.

CollectorError
├── SinkUnavailable     the server cannot be reached, or cannot take anything now: spool, retry
│   ├── SchemaMismatch  it answers, but its schema is missing, older, newer or closed to this login
│   ├── ForeignPackage  our own SQL cannot be read: another package named `sql` is in its place
│   ├── TokenRefused    the ingest does not know the token, or not for this
│   └── NoIngest        something answers there, and it is no ingest of this version
├── SpoolFull           the bound on disk is reached and nothing older is left to drop
├── MissingLibrary      an adapter was imported, but not the library that it watches
├── UnencodableKey      a cache key that is neither text nor bytes, and no encoder for it
└── UnreadableDsn       a connection string that is none, or would show its password
"""

from __future__ import annotations


class CollectorError(Exception):
    """Whatever the collector raises inside itself."""


class SinkUnavailable(CollectorError):
    """The batch was not accepted for a reason that is not its content; keep it and try again.

    retry_after_s: not before so many seconds, where the server said so.
    """

    def __init__(self, said: str, retry_after_s: float | None = None) -> None:
        super().__init__(said)
        self.retry_after_s = retry_after_s


class SchemaMismatch(SinkUnavailable):
    """The server answers, but cannot take batches until somebody runs `cache-auditor migrate`."""


class ForeignPackage(SinkUnavailable):
    """Another package is found under the name of one of ours, or ours is damaged."""


class TokenRefused(SinkUnavailable):
    """The ingest turns this collector away until somebody gives it a token that is known there."""


class NoIngest(SinkUnavailable):
    """What answers at the address does not speak as an ingest does; somebody must mend the URL."""


class SpoolFull(CollectorError):
    """A batch does not fit under the spool's bound, even after dropping older ones."""


class UnreadableDsn(CollectorError):
    """A connection string that cannot be read as it was meant; see its text for how to write it."""


class UnencodableKey(CollectorError):
    """A cache key of a type that has no encoder; give one with `encode_key`."""


class MissingLibrary(CollectorError, ImportError):
    """An adapter was imported in an environment that lacks its library; the import says so."""

    def __init__(self, library: str, package: str = "") -> None:
        name = package or library
        super().__init__(
            f"this adapter watches {library}, which is not installed here: pip install {name}",
            name=library,
        )
