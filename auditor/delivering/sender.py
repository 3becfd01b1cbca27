"""The way out: one address, through apprise. What it says of a failure has no secret in it."""

from __future__ import annotations

import logging
import re
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

if TYPE_CHECKING:
    from auditor.notifying.wording import Message

LONGEST: Final = 300
SENT_WITHIN_S: Final = 20
SECRET: Final = re.compile(r"[A-Za-z0-9_\-]{4,}")
NO_REASON: Final = "the service did not take it, and apprise does not say why"


@dataclass(frozen=True, slots=True)
class Sender:
    """One address. service: the kind of service. For one thread at a time."""

    service: str
    _url: str = field(repr=False)
    _way: Any = field(repr=False)

    @classmethod
    def to(cls, url: str) -> Sender | None:
        """None for a URL that apprise does not know."""
        _hush()
        # apprise loads all its services, and with them what Python is to drop
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
            import apprise

            asset = apprise.AppriseAsset(
                app_id="cache-auditor", app_desc="cache-auditor", app_url="",
                storage_mode="memory", service_timeout=SENT_WITHIN_S,
            )  # fmt: skip
            plugin = apprise.Apprise.instantiate(url, asset=asset, suppress_exceptions=True)
        if plugin is None:
            return None
        way = apprise.Apprise(asset=asset)
        way.add(plugin)
        return cls(url.partition(":")[0].lower(), url, way)

    def send(self, message: Message) -> str:
        """'' when the service took it; else why not, in words that may be shown."""
        try:
            result = self._way.notify(
                body=message.body, title=message.title, notify_type=message.tone,
                body_format="text",
            )  # fmt: skip
        except Exception as trouble:  # a service's own module may raise anything
            return scrubbed(f"{type(trouble).__name__}: {trouble}", self._url)
        if result:
            return ""
        said = " ".join(entry.message for entry in result.logs())
        return scrubbed(said or f"{NO_REASON} ({result.status.value})", self._url)


def scrubbed(text: str, url: str) -> str:
    """A text with every part of a URL replaced, on one line, at most LONGEST characters."""
    rest = url.partition("://")[2]
    parts = {part for form in (rest, unquote(rest)) for part in SECRET.findall(form)}
    for part in sorted(parts, key=len, reverse=True):
        text = text.replace(part, "***")
    return " ".join(text.split())[:LONGEST]


def _hush() -> None:
    """apprise's own log may quote an address; what it has to say comes with each result."""
    log = logging.getLogger("apprise")
    log.propagate = False
    if not log.handlers:
        log.addHandler(logging.NullHandler())
