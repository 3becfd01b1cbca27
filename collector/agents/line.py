"""A connection to a server that may never answer: every wait ends at one deadline."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable
from typing import TypeVar

from collector.agents.address import Address
from collector.agents.errors import AddressInvalid, BadAnswer, ServerAway

Answer = TypeVar("Answer")

PIECE = 2**16
MOST_BYTES = 8 * 2**20
"""Of one answer; INFO of a large server has some tens of kilobytes."""


class Line:
    """Bytes to and from one server. Raises ServerAway, and BadAnswer for an endless answer.

    deadline_s: of the monotonic clock; whatever is asked later, or lasts longer, is ServerAway.
    """

    def __init__(self, address: Address, deadline_s: float) -> None:
        self.deadline_s = deadline_s
        self._buffer = bytearray()
        self._taken = 0
        self._socket = self._waiting(lambda: _connected(address, self._left_s()))

    def ask(self, request: bytes) -> None:
        """Send; what is read from now on is its answer."""
        self._taken = 0
        self._waiting(lambda: self._socket.sendall(request))

    def read_line(self) -> bytes:
        """Up to CR LF, which is left out."""
        searched = 0
        while (end := self._buffer.find(b"\r\n", searched)) < 0:
            searched = max(len(self._buffer) - 1, 0)
            self._receive()
        return self._take(end + 2)[:-2]

    def read_exactly(self, length: int) -> bytes:
        """So many bytes."""
        if length > MOST_BYTES:
            raise BadAnswer(f"it announces an answer of {length} bytes; {MOST_BYTES} are the most")
        while len(self._buffer) < length:
            self._receive()
        return self._take(length)

    def close(self) -> None:
        """Let go; never raises."""
        try:
            self._socket.close()
        except OSError:
            return

    def _take(self, length: int) -> bytes:
        taken = bytes(self._buffer[:length])
        del self._buffer[:length]
        return taken

    def _receive(self) -> None:
        piece = self._waiting(lambda: self._socket.recv(PIECE))
        if not piece:
            raise ServerAway("it ended the connection")
        self._taken += len(piece)
        if self._taken > MOST_BYTES:
            raise BadAnswer(f"its answer does not end within {MOST_BYTES} bytes")
        self._buffer += piece

    def _left_s(self) -> float:
        left = self.deadline_s - time.monotonic()
        if left <= 0:
            raise ServerAway("it did not answer in time")
        return left

    def _waiting(self, call: Callable[[], Answer]) -> Answer:
        """A call that waits for the network, until the deadline."""
        try:
            if hasattr(self, "_socket"):
                self._socket.settimeout(self._left_s())
            return call()
        except TimeoutError:
            raise ServerAway("it did not answer in time") from None
        except ssl.SSLError as error:
            raise ServerAway(f"no TLS with it: {tls_words(error)}") from error
        except OSError as error:
            raise ServerAway(error.strerror or str(error)) from error


def tls_words(error: ssl.SSLError) -> str:
    """What was wrong, without the place in OpenSSL's source."""
    said = getattr(error, "verify_message", "") or error.reason or str(error)
    return said.replace("_", " ").lower()


def _connected(address: Address, timeout_s: float) -> socket.socket:
    if address.way == "unix":
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            made.settimeout(timeout_s)
            made.connect(address.host)
        except BaseException:
            made.close()
            raise
        return made
    plain = socket.create_connection((address.host, address.port), timeout_s)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if address.way == "tcp":
        return plain
    try:
        return trust(address).wrap_socket(plain, server_hostname=address.host)
    except BaseException:
        plain.close()
        raise


def trust(address: Address) -> ssl.SSLContext:
    """Whom we believe over TLS, and who we are. Raises AddressInvalid for files of no use."""
    said = f"ca_file {address.ca_file}"
    try:
        made = ssl.create_default_context(cafile=address.ca_file or None)
        if address.cert_file:
            said = f"cert_file {address.cert_file} with key_file {address.key_file}"
            made.load_cert_chain(address.cert_file, address.key_file)
    except OSError as error:
        reason = error.strerror or str(error)
        raise AddressInvalid(f"{said} cannot be used: {reason}") from error
    return made
