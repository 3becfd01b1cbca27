"""One file of the spool: batches one after the other, each with its length and checksum.

A record: magic, length and events (32 bits each), when it was written (ns UTC, 64 bits), CRC-32 of
all that and of the content, then the content, compressed. A torn tail (the machine stopped in the
middle of a write) is recognised and ends the file; a record whose content has rotted is skipped.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from struct import Struct

from collector.batch import LARGEST_BATCH

_HEADER = Struct(">4sIIQI")
_MAGIC = b"CAB1"
LONGEST_RECORD = 64 * 2**20
MOST_EVENTS = 2**32 - 1


@dataclass(frozen=True, slots=True)
class Record:
    """A spooled batch; content is None when its checksum does not hold (events: as it says)."""

    events: int
    written_ns: int
    content: bytes | None


@dataclass(frozen=True, slots=True)
class Header:
    """What a record says of itself."""

    events: int
    written_ns: int


def pack_record(content: bytes, events: int, written_ns: int) -> bytes:
    """The bytes to append."""
    body = zlib.compress(content, 1)
    checksum = _checksum(len(body), events, written_ns, body)
    return _HEADER.pack(_MAGIC, len(body), events, written_ns, checksum) + body


def append(path: Path, record: bytes) -> int:
    """At the end of the file, on the disk when this returns; gives the file's length before.

    On a failure the file is cut back to that length and OSError raised.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        before = os.fstat(descriptor).st_size
        try:
            _write_all(descriptor, record)
            os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, before)
            raise
        return before
    finally:
        os.close(descriptor)


def read_records(path: Path) -> Iterator[Record]:
    """The records in order, up to the end or the torn tail. Raises OSError as the disk does."""
    with path.open("rb") as file:
        while len(header := file.read(_HEADER.size)) == _HEADER.size:
            magic, length, events, written_ns, checksum = _HEADER.unpack(header)
            if magic != _MAGIC or length > LONGEST_RECORD:
                return
            body = file.read(length)
            if len(body) < length:
                return
            if checksum != _checksum(length, events, written_ns, body):
                yield Record(min(events, LARGEST_BATCH), 0, None)
                continue
            yield Record(events, written_ns, zlib.decompress(body))


def read_headers(path: Path) -> Iterator[Header]:
    """Of the records in order, without a look at what they hold. Raises OSError."""
    size = path.stat().st_size
    with path.open("rb") as file:
        while len(header := file.read(_HEADER.size)) == _HEADER.size:
            magic, length, events, written_ns, _ = _HEADER.unpack(header)
            if magic != _MAGIC or length > LONGEST_RECORD or file.tell() + length > size:
                return
            yield Header(events, written_ns)
            file.seek(length, os.SEEK_CUR)


def _checksum(length: int, events: int, written_ns: int, body: bytes) -> int:
    return zlib.crc32(body, zlib.crc32(b"%d %d %d" % (length, events, written_ns)))


def _write_all(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]
