"""The address of a server to poll, and the names that its counts are kept under.

    redis://metrics@cache-1:6379#cache=sessions&implementation=new&node=cache-1

A password in a URL is refused: command lines and files are read by others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from collector.agents.errors import AddressInvalid
from collector.agents.weighing import Series
from collector.events import Refused, Span, prepare

PORTS = {"redis": 6379, "memcached": 11211}
SCHEMES = {
    "redis": ("redis", "tcp"),
    "rediss": ("redis", "tls"),
    "redis+unix": ("redis", "unix"),
    "memcached": ("memcached", "tcp"),
    "memcacheds": ("memcached", "tls"),
    "memcached+unix": ("memcached", "unix"),
}
"""Scheme -> the kind of server, and how it is reached."""
NAMES = {
    "cache": "cache",
    "cache_name": "cache",
    "implementation": "implementation",
    "implementation_type": "implementation",
    "node": "node",
    "password_env": "password_env",
    "ca_file": "ca_file",
    "cert_file": "cert_file",
    "key_file": "key_file",
}
"""What may stand in a URL's fragment, or beside `url` in a table, and what it is called here."""
LONGEST_NODE = 128


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is, how it is reached, and as what it is counted.

    kind: redis or memcached. way: tcp, tls or unix. host: a socket's path where way is unix.
    user: '' for the usual variable's. password_env: the variable that holds the password, '' for no
    login at all; None for the usual one.
    ca_file: '' for those that the system trusts. cert_file, key_file: our own certificate, or ''.
    """

    kind: str
    way: str
    host: str
    port: int
    series: Series
    user: str = ""
    password_env: str | None = None
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""

    @property
    def place(self) -> str:
        """As it may be shown."""
        if self.way == "unix":
            return self.host
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def __str__(self) -> str:
        cache_name, implementation_type, _ = self.series
        return f"{cache_name}/{implementation_type} ({self.kind} {self.place})"


def address(kind: str, url: str, beside: Mapping[str, Any] | None = None) -> Address:
    """An address from a URL and what is said beside it. kind: '' for any.

    Raises AddressInvalid with every word about it but a password.
    """
    if "://" not in url:
        url = f"{kind or 'redis'}://{url}"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise AddressInvalid("the port is not a number from 0 to 65535, or the host in [ ] is not "
                             "an address") from None  # fmt: skip
    found, way = SCHEMES.get(parts.scheme, ("", ""))
    if not found or (kind and found != kind):
        known = [name for name, (of, _) in SCHEMES.items() if not kind or of == kind]
        raise AddressInvalid(f"a URL that begins with {parts.scheme!r} is none of: "
                             + ", ".join(f"{name}://" for name in known))  # fmt: skip
    if parts.password is not None:
        raise AddressInvalid("the URL has a password in it, which others can read. Take it out, "
                             f"and set it as the environment variable {variable(found)}, or name "
                             "another variable with password_env")  # fmt: skip
    host = unquote(parts.path) if way == "unix" else parts.hostname or ""
    _check_path(found, way, parts, host)
    said = _said(parts.fragment, beside or {})
    made = Address(
        found, way, host, port or PORTS[found], Series("default", "default", ""),
        unquote(parts.username or ""), said.get("password_env"),
        *(said.get(name, "") for name in FILES),
    )  # fmt: skip
    return _named(made, said)


FILES = ("ca_file", "cert_file", "key_file")


def variable(kind: str, what: str = "PASSWORD") -> str:
    """The environment variable that holds a kind's credentials, unless password_env names one."""
    return f"CACHE_AUDITOR_{kind.upper()}_{what}"


def _check_path(kind: str, way: str, parts: SplitResult, host: str) -> None:
    if not host or (way == "unix" and parts.hostname is not None):
        missing = "the path of its socket" if way == "unix" else "a host"
        raise AddressInvalid(f"the URL lacks {missing}, as in {example(kind, way)}")
    # a database's number is taken and means nothing: a server counts for all of them together
    if way != "unix" and not (parts.path.strip("/").isdigit() or parts.path in ("", "/")):
        raise AddressInvalid(f"{parts.path!r} behind the host means nothing; names stand behind a "
                             f"#, as in {example(kind, way)}")  # fmt: skip
    if parts.query:
        raise AddressInvalid("options behind a ? are not known; names stand behind a #, as in "
                             + example(kind, way))  # fmt: skip


def example(kind: str, way: str = "tcp") -> str:
    """A URL as it should be."""
    scheme = next(name for name, found in SCHEMES.items() if found == (kind, way))
    where = "/run/cache.sock" if way == "unix" else f"host:{PORTS[kind]}"
    return f"{scheme}://{where}#cache=sessions&implementation=new"


def _said(fragment: str, beside: Mapping[str, Any]) -> dict[str, str]:
    """By its name here, what the fragment and the table say."""
    said: dict[str, str] = {}
    for name, text in [*parse_qsl(fragment, keep_blank_values=True), *beside.items()]:
        if name not in NAMES:
            raise AddressInvalid(
                f"{name!r} is not known, as cache in cache=sessions would be; there is "
                + ", ".join(NAMES)
            )
        if not isinstance(text, str):
            raise AddressInvalid(f"{name} = {text!r}: must be text")
        if said.setdefault(NAMES[name], text) != text:
            raise AddressInvalid(f"{name} is said twice, and differently")
    return said


def _named(made: Address, said: Mapping[str, str]) -> Address:
    series = Series(
        said.get("cache", "default"),
        said.get("implementation", "default"),
        said.get("node", made.place),
    )
    if len(series.node) > LONGEST_NODE or not series.node.isprintable():
        raise AddressInvalid(f"node is not a text of at most {LONGEST_NODE} characters")
    fault = _fault(series)
    if fault:
        raise AddressInvalid(fault)
    if (made.cert_file == "") != (made.key_file == ""):
        raise AddressInvalid("cert_file and key_file belong together: one of them is missing")
    if made.way != "tls" and (made.ca_file or made.cert_file):
        scheme = "rediss" if made.kind == "redis" else "memcacheds"
        raise AddressInvalid(f"certificates are for TLS: begin the URL with {scheme}://")
    return replace(made, series=series)


def _fault(series: Series) -> str:
    """What an event of that series would be refused for; '' for nothing."""
    event = (0, "hit", series.cache_name, series.implementation_type, None, *[None] * 6, False)
    made = prepare(event, Span(0, 1), lambda _key, _cache: "")  # type: ignore[arg-type]  # an Event
    return made.reason if isinstance(made, Refused) else ""
