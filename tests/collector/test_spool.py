"""Batches on disk: in order, bounded, and whole or not at all."""

import os
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.backlog import Backlog
from collector.batch import Batch
from collector.errors import SpoolFull
from collector.spool import SEGMENT_BYTES, Spool
from collector.spool_folder import claim, claim_dead, destination_folder
from collector.weights import aggregate
from tests.collector.made import batch, row


class Clock:
    """Nanoseconds that only move when told to."""

    now_ns = 10**18

    def __call__(self) -> int:
        return self.now_ns


def spool_in(
    folder: Path, lost: list[int] | None = None, clock: Clock | None = None, **bounds: int
) -> Spool:
    folder.mkdir(parents=True, exist_ok=True)
    return Spool(
        folder,
        max_bytes=bounds.get("max_bytes", 2**30),
        max_age_ns=bounds.get("max_age_ns", 10**15),
        clock_ns=clock or Clock(),
        on_loss=(lost if lost is not None else []).append,
    )


def noise(seed: int) -> str:
    """Text that does not compress."""
    return Random(seed).randbytes(600).hex()


def wide(number: int) -> Batch:
    """500 rows that take about 300 kB on disk."""
    made = batch(number, 500)
    rows = tuple(
        r._replace(error_message=noise(n + number * 1000)) for n, r in enumerate(made.rows)
    )
    return Batch(made.collector_id, number, rows)


def taken(spool: Spool) -> list[Batch]:
    found = []
    while (oldest := spool.oldest()) is not None:
        found.append(oldest)
        spool.forget_oldest()
    return found


def test_what_goes_in_comes_out_in_order(tmp_path: Path) -> None:
    """The same batches, weights and all, after the process is gone; then the folder is empty."""
    batches = [batch(number) for number in range(1, 20)]
    batches.append(Batch(batches[0].collector_id, 20, (), aggregate([row(1)]), "node"))
    writer = spool_in(tmp_path / "a")
    for one in batches:
        writer.append(one)
    reader = spool_in(tmp_path / "a")
    assert reader.events == writer.events == 190 + 1  # the one that was added up
    assert taken(reader) == batches
    assert not reader
    assert list((tmp_path / "a").iterdir()) == []


def test_files_are_for_this_user_alone(tmp_path: Path) -> None:
    """0600, whatever the umask says."""
    before = os.umask(0)
    try:
        spool_in(tmp_path / "a").append(batch(1))
    finally:
        os.umask(before)
    assert [path.stat().st_mode & 0o777 for path in (tmp_path / "a").iterdir()] == [0o600]


@given(cut=st.integers(min_value=0, max_value=10_000))
def test_a_torn_tail_costs_the_torn_batch_only(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    """Wherever the last write was torn, the batches before it come out whole."""
    folder = tmp_path_factory.mktemp("torn")
    spool = spool_in(folder)
    spool.append(batch(1))
    (path,) = folder.iterdir()
    whole = path.stat().st_size
    spool.append(batch(2))
    content = path.read_bytes()
    keep = whole + cut % (len(content) - whole)
    path.write_bytes(content[:keep])
    assert taken(spool_in(folder)) == [batch(1)]


def test_a_rotten_batch_is_passed_over_and_counted(tmp_path: Path) -> None:
    """A byte that changed on the disk loses its batch, no other."""
    lost: list[int] = []
    writer = spool_in(tmp_path / "a")
    for number in (1, 2, 3):
        writer.append(batch(number))
    (path,) = (tmp_path / "a").iterdir()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    reader = spool_in(tmp_path / "a", lost)
    assert [one.sequence for one in taken(reader)] == [1, 3]
    assert lost == [10]


def test_a_new_process_does_not_write_into_an_old_segment(tmp_path: Path) -> None:
    """Behind a torn tail nothing would be found; so what comes later is in its own file."""
    spool_in(tmp_path / "a").append(batch(1))
    (path,) = (tmp_path / "a").iterdir()
    with path.open("ab") as file:
        file.write(b"CAB1 torn")
    again = spool_in(tmp_path / "a")
    again.append(batch(2))
    assert [one.sequence for one in taken(again)] == [1, 2]


def test_appending_while_it_is_replayed(tmp_path: Path) -> None:
    """What comes in during a replay is replayed behind it."""
    spool = spool_in(tmp_path / "a")
    for number in (1, 2):
        spool.append(batch(number))
    seen = []
    for number in (3, 4, 5):
        oldest = spool.oldest()
        assert oldest is not None
        seen.append(oldest.sequence)
        spool.append(batch(number))
        spool.forget_oldest()
    assert seen + [one.sequence for one in taken(spool)] == [1, 2, 3, 4, 5]


def test_when_full_the_oldest_go_and_are_counted(tmp_path: Path) -> None:
    """The bound holds at every moment; what is left is the newest; nothing goes uncounted."""
    lost: list[int] = []
    bound = 3 * SEGMENT_BYTES
    spool = spool_in(tmp_path / "a", lost, max_bytes=bound)
    total = number = 0
    while not lost:
        number += 1
        total += 500
        spool.append(wide(number))
        assert sum(path.stat().st_size for path in (tmp_path / "a").iterdir()) <= bound
    left = taken(spool)
    assert left[-1].sequence == number
    assert left[0].sequence > 1
    assert sum(lost) + sum(len(one.rows) for one in left) == total


def test_a_batch_above_the_bound_is_refused(tmp_path: Path) -> None:
    """Nothing is dropped for what could not fit anyway."""
    spool = spool_in(tmp_path / "a", max_bytes=1_000)
    with pytest.raises(SpoolFull, match="1000"):
        spool.append(wide(1))


def test_what_is_too_old_is_refused_and_counted(tmp_path: Path) -> None:
    """The ledger forgets; a batch older than the bound could be stored twice."""
    lost: list[int] = []
    clock = Clock()
    spool = spool_in(tmp_path / "a", lost, clock, max_age_ns=100)
    spool.append(batch(1, 7))
    clock.now_ns = Clock.now_ns + 101
    spool.append(batch(2, 5))
    assert [one.sequence for one in taken(spool)] == [2]
    assert lost == [7]


def test_a_disk_that_fails_leaves_batches_in_bounded_memory(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Kept in order up to the bound, the oldest dropped and counted; moved to disk when it can."""
    folder = tmp_path / "a"
    spool = spool_in(folder)
    dropped: list[int] = []
    backlog = Backlog(spool, most_held=25, on_loss=dropped.append)
    backlog.append(batch(1))
    moved = folder.rename(tmp_path / "gone")
    for number in (2, 3, 4):
        backlog.append(batch(number))
    assert (backlog.on_disk, backlog.in_memory, dropped) == (10, 20, [10])
    assert len(caplog.records) == 1
    moved.rename(folder)
    backlog.append(batch(5))
    assert (backlog.on_disk, backlog.in_memory) == (40, 0)
    assert [one.sequence for one in taken(spool)] == [1, 3, 4, 5]


def test_a_living_process_keeps_its_folder(tmp_path: Path) -> None:
    """Claimed once; free again when its holder lets go, as a dead one does."""
    held = claim(tmp_path / "one")
    assert held is not None
    assert claim(tmp_path / "one") is None
    assert list(claim_dead(tmp_path, "other")) == []
    held.release()
    (found,) = claim_dead(tmp_path, "other")
    assert found.path.name == "one"
    found.remove()
    assert not (tmp_path / "one").exists()


def test_each_database_has_its_own_folder(tmp_path: Path) -> None:
    """What one database did not take is never offered to another."""
    one = destination_folder(str(tmp_path), "host=a dbname=x")
    assert one != destination_folder(str(tmp_path), "host=a dbname=y")
    assert one.stat().st_mode & 0o777 == 0o700
    with pytest.raises(OSError, match="no spool folder"):
        destination_folder("/proc/nowhere", "host=a")


def test_when_full_no_more_goes_than_must(tmp_path: Path) -> None:
    """Batches of 10 rows under a bound that thousands fit under: a few hundredths go at first."""
    dropped: list[int] = []
    spool = spool_in(tmp_path / "a", dropped, max_bytes=2**16)
    total = number = 0
    while not dropped:
        number += 1
        total += 10
        spool.append(batch(number))
    assert dropped[0] <= total / 32
    assert spool.events == total - dropped[0]


def test_the_batch_that_is_on_its_way_is_not_dropped_under_it(tmp_path: Path) -> None:
    """Its segment goes when the bound says so; delivered from memory, it is counted nowhere."""
    dropped: list[int] = []
    spool = spool_in(tmp_path / "a", dropped, max_bytes=2**16)
    spool.append(batch(1))
    under_way = spool.oldest()
    number = 1
    while not dropped:
        number += 1
        spool.append(batch(number))
    assert spool.homeless == 10
    assert spool.oldest() == under_way
    spool.forget_oldest()
    assert spool.homeless == 0
    left = taken(spool)
    assert 10 + sum(dropped) + sum(len(one.rows) for one in left) == 10 * number
