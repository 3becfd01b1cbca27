"""Asking a server for a reading, over a connection that is kept from one poll to the next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from collector.agents import memcached_answers, redis_answers, resp
from collector.agents.address import Address
from collector.agents.credentials import Credentials
from collector.agents.errors import BadAnswer, NoReading, ServerRefuses, quoted
from collector.agents.line import Line
from collector.agents.reading import Reading


class Server(Protocol):
    """A server of some kind, to which a connection is open."""

    def login(self, credentials: Credentials) -> None:
        """Say who we are. Raises NoReading."""

    def read(self, instant_ns: Callable[[], int]) -> Reading:
        """A reading of the instant that is told once it has answered. Raises NoReading."""


class Redis:
    """Redis, or what speaks and counts as it does (Valkey, KeyDB)."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._histograms = True

    def login(self, credentials: Credentials) -> None:
        """AUTH, with a user or without."""
        names = [credentials.user] if credentials.user else []
        answer = self._ask("AUTH", *names, credentials.password)
        if isinstance(answer, resp.Refusal):
            raise ServerRefuses(f"it refuses the login: {answer.code} {answer.words}")

    def read(self, instant_ns: Callable[[], int]) -> Reading:
        """INFO, and the latency histograms unless they were refused before."""
        said = self._ask("INFO", "all")
        at_ns = instant_ns()
        if isinstance(said, resp.Refusal):
            raise ServerRefuses(f"it refuses INFO: {said.code} {said.words}")
        if not isinstance(said, bytes):
            raise BadAnswer("INFO gave something else than a text")
        sections = redis_answers.parse_sections(said)
        if sections.get("loading", "0") != "0":
            raise ServerRefuses("it is loading its data, and serves nothing yet")
        return redis_answers.reading(at_ns, sections, self._read_histograms())

    def _read_histograms(self) -> dict[str, dict[int, int]] | None:
        """None where the server does not know them (before 7.0), or this user may not see them."""
        if not self._histograms:
            return None
        answer = self._ask("LATENCY", "HISTOGRAM")
        if isinstance(answer, resp.Refusal):
            self._histograms = False
            return None
        return redis_answers.parse_histograms(answer)

    def _ask(self, *words: str) -> resp.Answer:
        self._line.ask(resp.command(*words))
        return resp.read_answer(self._line)


class Memcached:
    """memcached's text protocol."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def login(self, credentials: Credentials) -> None:
        """As its auth file wants it: a set of any key, whose value is the user and the password."""
        words = f"{credentials.user} {credentials.password}".encode("utf-8", "surrogateescape")
        self._line.ask(b"set auth 0 0 %d\r\n%b\r\n" % (len(words), words))
        answer = self._line.read_line()
        if answer != b"STORED":
            raise ServerRefuses(f"it refuses the login: {quoted(answer)}")

    def read(self, instant_ns: Callable[[], int]) -> Reading:
        """`stats`."""
        self._line.ask(b"stats\r\n")
        said: dict[str, str] = {}
        while (line := self._line.read_line()) != b"END":
            if line.startswith((b"CLIENT_ERROR", b"SERVER_ERROR", b"ERROR")):
                raise ServerRefuses(f"it refuses `stats`: {quoted(line)}")
            name, value = memcached_answers.parse_line(line)
            said[name] = value
        return memcached_answers.reading(instant_ns(), said)


class Connection:
    """One address: connects when it must, and asks again at once where an old connection ended."""

    def __init__(self, address: Address, credentials: Credentials) -> None:
        self._address = address
        self._credentials = credentials
        self._line: Line | None = None
        self._server: Server | None = None

    def read(self, deadline_s: float, instant_ns: Callable[[], int]) -> Reading:
        """A reading, before a deadline of the monotonic clock. Raises NoReading.

        What fails on a connection of an earlier poll is tried once more on a new one: a server may
        end those that are idle.
        """
        if self._server is not None and self._line is not None:
            self._line.deadline_s = deadline_s
            try:
                return self._server.read(instant_ns)
            except NoReading:
                self.close()
        try:
            return self._open(deadline_s).read(instant_ns)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the connection; the next read makes a new one."""
        if self._line is not None:
            self._line.close()
        self._line = self._server = None

    def _open(self, deadline_s: float) -> Server:
        self._line = Line(self._address, deadline_s)
        server: Server = (Redis if self._address.kind == "redis" else Memcached)(self._line)
        if self._credentials.password:
            server.login(self._credentials)
        self._server = server
        return server
