"""What can be set, from the environment or in code; a bad value falls back to the default.

The first three names are the reference's. A value that cannot be used is logged once, with its name
and the default taken instead; a setting never raises into the host.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, field

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

logger = logging.getLogger("collector")

ENABLED = "CACHE_METRICS_ENABLED"
BATCH_SIZE = "CACHE_METRICS_BATCH_SIZE"
FLUSH_INTERVAL = "CACHE_METRICS_FLUSH_INTERVAL"
QUARTER = "CACHE_AUDITOR_FLUSH_EVERY"
DSN = "CACHE_AUDITOR_DSN"
DATABASE_URL = "DATABASE_URL"
URL = "CACHE_AUDITOR_URL"
INGEST_TOKEN = "CACHE_AUDITOR_INGEST_TOKEN"
CA_FILE = "CACHE_AUDITOR_CA_FILE"
NODE = "CACHE_AUDITOR_NODE"
BUFFER = "CACHE_AUDITOR_BUFFER_EVENTS"
SPOOL_DIR = "CACHE_AUDITOR_SPOOL_DIR"
SPOOL_MIB = "CACHE_AUDITOR_SPOOL_MIB"
SPOOL_DAYS = "CACHE_AUDITOR_SPOOL_DAYS"
PLAIN_KEYS = "CACHE_AUDITOR_PLAIN_KEYS"
KEY_SECRET = "CACHE_AUDITOR_KEY_SECRET"
EXIT_TIMEOUT = "CACHE_AUDITOR_EXIT_TIMEOUT"
AGGREGATE = "CACHE_AUDITOR_AGGREGATE"
AGGREGATE_ABOVE = "CACHE_AUDITOR_AGGREGATE_ABOVE"

_YES = frozenset({"1", "true", "yes", "on", "t", "y"})
_NO = frozenset({"0", "false", "no", "off", "f", "n"})


@dataclass(frozen=True)
class Settings:
    """How a collector behaves; times in seconds, sizes as named.

    url: an ingest over HTTP, instead of dsn; ingest_token, and ca_file for a private authority.
    flush_every_s: flush at each such part of the clock's minute when anything waits; 0: not at all.
    buffer_events: how many events may wait in memory before more are dropped (and counted).
    attempt_timeout_s: how long one call to the destination may take, once it is reached.
    aggregate: "auto", "always" or "never" add operations up before they are shipped; auto does so
    for a cache and implementation above aggregate_above events a second.
    exit_timeout_s: how long the interpreter's exit may wait for the last delivery.
    """

    enabled: bool = True
    dsn: str | None = field(default=None, repr=False)
    url: str | None = None
    ingest_token: str | None = field(default=None, repr=False)
    ca_file: str | None = None
    node: str = ""
    batch_size: int = 100
    flush_interval_s: float = 60.0
    flush_every_s: float = 15.0
    spread_s: float = 2.0
    heartbeat_s: float = 60.0
    buffer_events: int = 100_000
    aggregate: str = "auto"
    aggregate_above: float = 1_000.0
    spool_dir: str | None = None
    spool_bytes: int = 256 * 2**20
    spool_age_s: float = 7 * 86_400.0
    plain_keys: bool = False
    key_secret: str | None = field(default=None, repr=False)
    connect_timeout_s: int = 5
    attempt_timeout_s: float = 30.0
    exit_timeout_s: float = 5.0


def from_environment(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings that the environment asks for; never raises."""
    read = _Reader(os.environ if environ is None else environ)
    return Settings(
        enabled=read.flag(ENABLED, Settings.enabled),
        dsn=read.text(DSN) or read.text(DATABASE_URL),
        url=read.text(URL),
        ingest_token=read.text(INGEST_TOKEN),
        ca_file=read.text(CA_FILE),
        node=read.text(NODE) or "",
        batch_size=int(read.number(BATCH_SIZE, Settings.batch_size, 1, 5_000)),
        flush_interval_s=read.number(FLUSH_INTERVAL, Settings.flush_interval_s, 0.05, 3_600),
        flush_every_s=read.number(QUARTER, Settings.flush_every_s, 0, 60),
        buffer_events=int(read.number(BUFFER, Settings.buffer_events, 1, 10_000_000)),
        aggregate=read.one_of(AGGREGATE, Settings.aggregate, ("auto", "always", "never")),
        aggregate_above=read.number(AGGREGATE_ABOVE, Settings.aggregate_above, 1, 1e9),
        spool_dir=read.text(SPOOL_DIR),
        spool_bytes=int(read.number(SPOOL_MIB, Settings.spool_bytes / 2**20, 0, 1e6) * 2**20),
        spool_age_s=read.number(SPOOL_DAYS, Settings.spool_age_s / 86_400, 0.001, 7) * 86_400,
        plain_keys=read.flag(PLAIN_KEYS, Settings.plain_keys),
        key_secret=read.text(KEY_SECRET),
        exit_timeout_s=read.number(EXIT_TIMEOUT, Settings.exit_timeout_s, 0, 300),
    )


class _Reader:
    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def text(self, name: str) -> str | None:
        return self._environ.get(name, "").strip() or None

    def flag(self, name: str, default: bool) -> bool:
        value = self.text(name)
        if value is None:
            return default
        if value.lower() in _YES:
            return True
        if value.lower() in _NO:
            return False
        logger.warning("%s is not true or false; %s is taken", name, default)
        return default

    def one_of(self, name: str, default: str, allowed: tuple[str, ...]) -> str:
        value = (self.text(name) or default).lower()
        if value in allowed:
            return value
        logger.warning("%s is none of %s; %s is taken", name, ", ".join(allowed), default)
        return default

    def number(self, name: str, default: float, lowest: float, highest: float) -> float:
        value = self.text(name)
        if value is None:
            return default
        try:
            number = float(value)
        except ValueError:
            number = float("nan")
        if lowest <= number <= highest:
            return number
        logger.warning(
            "%s is not a number from %g to %g; %g is taken", name, lowest, highest, default
        )
        return default
