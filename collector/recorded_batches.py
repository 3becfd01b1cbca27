"""Recorded events cut into batches whose ids follow from the content, so that twice is once."""

from __future__ import annotations

import gzip
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, cast
from uuid import UUID

from collector.batch import LARGEST_BATCH, Batch
from collector.events import DAY_NS, Event, Refused, Row, Span, prepare
from collector.keys import KeyHasher
from collector.recorded import HashedKey

GZIP_MAGIC = b"\x1f\x8b"
PIECE = 2**20


@dataclass(frozen=True, slots=True)
class Content:
    """A file's decompressed content: its SHA-256 as 64 hex digits, lines and bytes."""

    sha256: str
    lines: int
    size: int

    @property
    def collector_id(self) -> str:
        """The id that its batches are stored under: a UUID of the hash's first 128 bits."""
        return str(UUID(bytes=bytes.fromhex(self.sha256)[:16]))


@dataclass(slots=True)
class Cut:
    """One line range: its batch, the line of each row, and the lines refused with their reason."""

    batch: Batch
    row_lines: list[int]
    refused: list[tuple[int, str]]

    @property
    def lines(self) -> int:
        """How many lines were read for it, those that are empty not among them."""
        return len(self.row_lines) + len(self.refused)


def open_recorded(path: Path) -> BinaryIO:
    """The decompressed bytes of a file, gzip or not by its first bytes. Raises OSError."""
    with path.open("rb") as file:
        packed = file.read(2) == GZIP_MAGIC
    return cast(BinaryIO, gzip.open(path, "rb")) if packed else path.open("rb")


def as_text(stream: BinaryIO) -> io.TextIOWrapper:
    """UTF-8, with or without a byte order mark; what is not UTF-8 becomes U+FFFD."""
    return io.TextIOWrapper(stream, encoding="utf-8-sig", errors="replace", newline="")


def measure(stream: BinaryIO) -> Content:
    """Read it once through. Raises OSError and EOFError for a damaged gzip file."""
    digest = hashlib.sha256()
    lines = size = 0
    last = b""
    while piece := stream.read(PIECE):
        digest.update(piece)
        lines += piece.count(b"\n")
        size += len(piece)
        last = piece[-1:]
    return Content(digest.hexdigest(), lines + (last not in (b"", b"\n")), size)


def batches(
    content: Content,
    events: Iterator[tuple[int, Event | Refused]],
    hasher: KeyHasher,
    now_ns: int,
    *,
    keep_hashes: bool = True,
) -> Iterator[Cut]:
    """Line ranges of at most 5,000 lines; a batch's sequence is its range's first line number.

    Ranges follow from line numbers alone, so the same content gives the same ids whatever is
    refused. keep_hashes: keys that the file holds hashed are stored as they are, else hashed again.
    """
    span = Span(0, now_ns + DAY_NS)

    def hash_key(key: Any, cache_name: str) -> str:
        if isinstance(key, HashedKey):
            return key.text if keep_hashes else hasher(key.text, cache_name)
        return hasher(key, cache_name)

    cut = _empty(content, 0)
    rows: list[Row] = []
    for line, event in events:
        number = (line - 1) // LARGEST_BATCH
        if number * LARGEST_BATCH + 1 != cut.batch.sequence:
            if cut.lines:
                yield _filled(cut, rows)
            cut, rows = _empty(content, number), []
        row = event if isinstance(event, Refused) else prepare(event, span, hash_key)
        if isinstance(row, Refused):
            cut.refused.append((line, row.reason))
        else:
            rows.append(row)
            cut.row_lines.append(line)
    if cut.lines:
        yield _filled(cut, rows)


def _empty(content: Content, number: int) -> Cut:
    return Cut(Batch(content.collector_id, number * LARGEST_BATCH + 1), [], [])


def _filled(cut: Cut, rows: list[Row]) -> Cut:
    cut.batch = replace(cut.batch, rows=tuple(rows))
    return cut
