"""Redis's own protocol (RESP 2): a command into bytes, an answer out of them.

https://redis.io/docs/latest/develop/reference/protocol-spec/
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from collector.agents.errors import BadAnswer, quoted

DEEPEST = 8
MOST_ITEMS = 100_000


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that begins with a minus: a code such as NOAUTH, and the rest of the sentence."""

    code: str
    words: str


Answer = str | int | bytes | Refusal | list["Answer"] | None


class Source(Protocol):
    """Where answers come from; see Line."""

    def read_line(self) -> bytes:
        """Up to CR LF, which is left out."""

    def read_exactly(self, length: int) -> bytes:
        """So many bytes."""


def command(*words: str) -> bytes:
    """The bytes of one command."""
    parts = [word.encode("utf-8", "surrogateescape") for word in words]
    found = b"".join(b"$%d\r\n%b\r\n" % (len(part), part) for part in parts)
    return b"*%d\r\n" % len(parts) + found


def read_answer(source: Source, depth: int = 0) -> Answer:
    """The next answer. Raises BadAnswer for what is none, and what the source raises."""
    line = source.read_line()
    kind, rest = line[:1], line[1:]
    if kind == b"+":
        return rest.decode("utf-8", "replace")
    if kind == b"-":
        code, _, words = quoted(rest).partition(" ")
        return Refusal(code, words)
    if kind in (b":", b"$", b"*"):
        number = _number(line)
        if kind == b":":
            return number
        if number < 0:
            return None
        return _text(source, number) if kind == b"$" else _list(source, number, depth)
    raise BadAnswer(f"this is not Redis's protocol: {quoted(line)!r}")


def _number(line: bytes) -> int:
    try:
        return int(line[1:32])
    except ValueError:
        raise BadAnswer(f"this is not Redis's protocol: {quoted(line)!r}") from None


def _text(source: Source, length: int) -> bytes:
    content = source.read_exactly(length)
    if source.read_exactly(2) != b"\r\n":
        raise BadAnswer("this is not Redis's protocol: a text of another length than announced")
    return content


def _list(source: Source, items: int, depth: int) -> list[Answer]:
    if depth >= DEEPEST or items > MOST_ITEMS:
        raise BadAnswer("an answer that is too deep or too long to be meant")
    return [read_answer(source, depth + 1) for _ in range(items)]
