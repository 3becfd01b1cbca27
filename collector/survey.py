"""What waits in the spool folders of this machine, without a change to any of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from collector import losses, segment, trouble
from collector.spool import SUFFIX
from collector.spool_folder import COUNTS, DEAD_LETTERS, LOCK, NAME, held

_OLDER_LETTERS = Path(DEAD_LETTERS).with_suffix(".1.jsonl").name


@dataclass(frozen=True, slots=True)
class Waiting:
    """What one collector's folder holds.

    alive: its process lives, and delivers it itself; then a part of it may be delivered already.
    oldest_s: UTC epoch of the oldest batch, None without one. lost: events that died with it, as
    far as its counters tell.
    """

    collector_id: str
    alive: bool
    batches: int
    events: int
    size_bytes: int
    oldest_s: float | None
    lost: int
    trouble: trouble.Trouble | None


@dataclass(frozen=True, slots=True)
class Destination:
    """What waits for one database or ingest. name: without user and password; '' if not known."""

    folder: Path
    name: str
    dead_letters: int
    collectors: tuple[Waiting, ...]


def survey(roots: list[Path]) -> list[Destination]:
    """Every destination that has a folder there, in order of name. Raises OSError."""
    found = [_destination(path) for root in roots for path in _folders(root)]
    return sorted(found, key=lambda each: (each.name, each.folder))


def _folders(path: Path) -> Iterator[Path]:
    try:
        yield from sorted(each for each in path.iterdir() if each.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        return


def _destination(path: Path) -> Destination:
    try:
        name = (path / NAME).read_text("utf-8").strip()
    except OSError:
        name = ""
    letters = sum(_lines(path / each) for each in (DEAD_LETTERS, _OLDER_LETTERS))
    collectors = tuple(_waiting(each) for each in _folders(path) if (each / LOCK).exists())
    return Destination(path, name, letters, collectors)


def _waiting(path: Path) -> Waiting:
    alive = held(path)
    batches = events = size = 0
    oldest: int | None = None
    for part in sorted(path.glob("*" + SUFFIX)):
        try:
            size += part.stat().st_size
            for header in segment.read_headers(part):
                batches, events = batches + 1, events + header.events
                oldest = min(oldest or header.written_ns, header.written_ns)
        except FileNotFoundError:  # delivered just now
            continue
    counts = losses.read(path / COUNTS)
    return Waiting(
        path.name,
        alive,
        batches,
        events,
        size,
        None if oldest is None else oldest / 1e9,
        0 if alive or counts is None else counts.lost(stored=False),
        trouble.read(path),
    )


def _lines(path: Path) -> int:
    try:
        with path.open("rb") as file:
            return sum(piece.count(b"\n") for piece in iter(lambda: file.read(2**20), b""))
    except FileNotFoundError:
        return 0
