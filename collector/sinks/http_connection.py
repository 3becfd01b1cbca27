"""One connection to an ingest, kept open, made again when it is gone; its errors translated."""

from __future__ import annotations

import gzip
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection

from collector.errors import SinkUnavailable
from collector.sinks.http_address import Address, UnusableUrl, proxy_for

LARGEST_ANSWER = 8 * 2**20
WORTH_PACKING = 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said. retry_after_s: where it asked for patience."""

    status: int
    body: bytes
    retry_after_s: float | None = None


class IngestConnection:
    """Requests one after the other. Raises UnusableUrl for a proxy or CA file that is none."""

    def __init__(
        self,
        address: Address,
        headers: Mapping[str, str],
        *,
        ca_file: str | None,
        connect_timeout_s: float,
        attempt_timeout_s: float,
    ) -> None:
        self._address = address
        self._headers = dict(headers)
        self._connect_timeout_s = connect_timeout_s
        self._attempt_timeout_s = attempt_timeout_s
        self._proxy = proxy_for(address)
        self._tls = _tls(ca_file) if address.secure else None
        self._connection: HTTPConnection | None = None

    def ask(self, method: str, path: str, body: bytes | None = None) -> Answer:
        """The answer, whatever its status. Raises SinkUnavailable when there is none.

        A connection that was kept open may have been closed at its other end: then once more.
        """
        kept = self._connection is not None
        try:
            try:
                return self._ask(method, path, body)
            except (HTTPException, OSError) as error:
                self.close()
                if not kept or isinstance(error, TimeoutError):
                    raise
                return self._ask(method, path, body)
        except (HTTPException, OSError, ValueError) as error:
            self.close()
            raise SinkUnavailable(f"{self._address.url}: {_said(error)}") from error

    def close(self) -> None:
        """End the connection; the next request makes another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _ask(self, method: str, path: str, body: bytes | None) -> Answer:
        headers = dict(self._headers)
        if body is not None:
            headers["Content-Type"] = "application/json"
            if len(body) >= WORTH_PACKING:
                body, headers["Content-Encoding"] = gzip.compress(body, 1, mtime=0), "gzip"
        connection = self._connected()
        try:
            connection.request(method, self._address.path + path, body, headers)
        except (BrokenPipeError, ConnectionResetError):
            if body is None:
                raise
            # the server may have said no and gone before it heard all of it
        response = connection.getresponse()
        content = response.read(LARGEST_ANSWER + 1)
        if len(content) > LARGEST_ANSWER or response.will_close:
            self.close()
        return Answer(response.status, content, _retry_after_s(response))

    def _connected(self) -> HTTPConnection:
        if self._connection is None:
            connection = self._made()
            connection.connect()
            connection.sock.settimeout(self._attempt_timeout_s)
            self._connection = connection
        return self._connection

    def _made(self) -> HTTPConnection:
        address, timeout_s = self._address, self._connect_timeout_s
        if self._tls is None:
            return HTTPConnection(address.host, address.port, timeout=timeout_s)
        if self._proxy is None:
            return HTTPSConnection(address.host, address.port, timeout=timeout_s, context=self._tls)
        proxy = self._proxy
        connection = HTTPSConnection(proxy.host, proxy.port, timeout=timeout_s, context=self._tls)
        connection.set_tunnel(address.host, address.port, proxy.headers)
        return connection


def _tls(ca_file: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise UnusableUrl(f"CACHE_AUDITOR_CA_FILE cannot be used: {error}") from error


def _said(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [""])[0] or type(error).__name__


def _retry_after_s(response: HTTPResponse) -> float | None:
    """Seconds, or an instant, as HTTP has it; None for neither."""
    asked = response.getheader("Retry-After", "").strip()
    if asked.isdigit():
        return float(asked)
    try:
        return max(parsedate_to_datetime(asked).timestamp() - time.time(), 0.0)
    except (ValueError, TypeError):
        return None
