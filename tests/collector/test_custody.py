"""A disk that is full when a collector starts: said once, tried again, and then counted on."""

import os
from pathlib import Path

import pytest

from benchmarks.soak_faults import fill_disk_while
from collector import losses
from collector.custody import REOPEN_EVERY_NS, Custody
from collector.recorder import Recorder
from collector.tally import Tally
from tests.collector.made import batch, settings

ID = "00000000-0000-0000-0000-000000000001"


class Clock:
    now_ns = 10**18

    def __call__(self) -> int:
        return self.now_ns


@pytest.fixture(params=[False, True], ids=["takes a part", "takes nothing"])
def full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Path:
    """The disk is full while this file exists: short writes, or none."""
    path = tmp_path / "full"
    monkeypatch.setattr(os, "write", os.write)  # so that it is itself again afterwards
    if request.param:
        monkeypatch.setattr("collector.custody.CounterFile", refusing(path))
    fill_disk_while(path)
    path.touch()
    return path


def refusing(full: Path) -> type[losses.CounterFile]:
    class Refusing(losses.CounterFile):
        def __init__(self, path: Path) -> None:
            if full.exists():
                raise OSError("no space")
            super().__init__(path)

    return Refusing


def test_a_disk_full_at_the_start_is_tried_again(
    full: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Memory keeps what comes; with room again it is on the disk, and what came is counted."""
    clock, tally, recorder = Clock(), Tally(), Recorder()
    custody = Custody(settings(tmp_path / "spool"), ID, tally, clock)
    custody.open("a database", recorder)
    for number in range(15):
        recorder.record("hit", str(number))
    tally.drained = 10
    custody.backlog.append(batch(1, 10))
    clock.now_ns += REOPEN_EVERY_NS
    custody.reopen()
    assert len(caplog.records) == 1
    assert (custody.backlog.on_disk, custody.backlog.in_memory) == (0, 10)
    full.unlink()
    custody.reopen()  # too soon
    assert custody.backlog.on_disk == 0
    clock.now_ns += REOPEN_EVERY_NS
    custody.reopen()
    assert (custody.backlog.on_disk, custody.backlog.in_memory) == (10, 0)
    assert custody.destination is not None
    counts = losses.read(custody.destination / ID / "counts")
    assert counts is not None
    assert (counts.recorded, counts.settled, counts.lost(stored=False)) == (15, 10, 5)
    recorder.record("hit", "15")
    again = losses.read(custody.destination / ID / "counts")
    assert again is not None
    assert again.recorded == 16
    custody.release()
