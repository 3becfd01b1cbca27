"""Where an ingest is, and the way to it: the URL taken apart, and the proxy that the environment
names."""

from __future__ import annotations

import ipaddress
from base64 import b64encode
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies_environment, proxy_bypass

from collector.errors import CollectorError


class UnusableUrl(CollectorError):
    """CACHE_AUDITOR_URL is no address that batches may be sent to; the text says why."""


@dataclass(frozen=True, slots=True)
class Address:
    """An ingest. path: what stands before /v1, without a slash at its end."""

    secure: bool
    host: str
    port: int
    path: str

    @property
    def url(self) -> str:
        """As it was given, without what is not needed; it holds no secret."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http{'s' if self.secure else ''}://{host}:{self.port}{self.path}"


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy that makes a tunnel. headers: what lets us through it."""

    host: str
    port: int
    headers: dict[str, str]


def address_of(url: str) -> Address:
    """Raises UnusableUrl; its text has nothing of the URL, which may hold a password."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise UnusableUrl("CACHE_AUDITOR_URL cannot be read as a URL") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UnusableUrl("CACHE_AUDITOR_URL is not like https://ingest.example:8710")
    if parts.username is not None or parts.password is not None:
        raise UnusableUrl("CACHE_AUDITOR_URL has a user in it; set CACHE_AUDITOR_INGEST_TOKEN")
    if parts.query or parts.fragment:
        raise UnusableUrl("CACHE_AUDITOR_URL ends with the path; it has no ? and no #")
    secure = parts.scheme == "https"
    if not secure and not is_loopback(parts.hostname):
        raise UnusableUrl(
            "CACHE_AUDITOR_URL begins with http://, which would show the token and the key secret "
            "to the network; use https:// for another host than this one"
        )
    return Address(secure, parts.hostname, port or (443 if secure else 80), parts.path.rstrip("/"))


def is_loopback(host: str) -> bool:
    """Whether it is this machine and no other."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def proxy_for(address: Address) -> Proxy | None:
    """The proxy that https_proxy and no_proxy name; none for this machine. Raises UnusableUrl."""
    if not address.secure or is_loopback(address.host):
        return None
    proxies = getproxies_environment()
    named = proxies.get("https") or proxies.get("all")
    if not named or proxy_bypass(f"{address.host}:{address.port}"):
        return None
    parts = urlsplit(named if "://" in named else f"http://{named}")
    if parts.scheme != "http" or not parts.hostname:
        raise UnusableUrl("the proxy of the environment is not like http://proxy.example:3128")
    headers = {}
    if parts.username is not None:
        account = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Proxy-Authorization"] = f"Basic {b64encode(account.encode()).decode()}"
    return Proxy(parts.hostname, parts.port or 80, headers)
