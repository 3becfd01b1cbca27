"""The soak's processes: started with what they are to do, looked after, and ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

from benchmarks.soak_faults import FAULT, drawn_fault

END_TIMEOUT_S = 300.0

Process = subprocess.Popen[bytes]


@dataclass
class Recorder:
    """One process that records or has recorded. truth: where it counts.

    fault: where it kills itself, "" for nowhere.
    """

    number: int
    process: Process
    truth: Path
    fault: str = ""
    killed: bool = False

    @property
    def fell(self) -> bool:
        """It killed itself at its fault point."""
        return bool(self.fault) and self.process.poll() == -signal.SIGKILL

    @property
    def heard(self) -> bool:
        """Its collector counts where a kill leaves the count behind."""
        return numbers_of(self.truth)[1] > 0


def numbers_of(truth: Path) -> tuple[int, int]:
    """What a recorder counted, and whether it is heard; zeros when it was killed before that."""
    content = truth.read_bytes() if truth.exists() else b""
    cells = memoryview(content.ljust(16, b"\0")).cast("Q")
    return cells[0], cells[1]


class Processes:
    """Starts and ends them; writes down each that does not end as it should."""

    def __init__(self, folder: Path, draw: Random) -> None:
        self._folder = folder
        self._draw = draw
        self.full = folder / "disk-is-full"
        self.spool = folder / "spool"
        self.recorders: list[Recorder] = []
        self.badly_ended: list[str] = []

    def recorder(self, dsn: str) -> Recorder:
        """The next that records; every second one with a fault point."""
        number = len(self.recorders)
        fault = drawn_fault(self._draw) if number % 2 else ""
        truth = self._folder / f"truth-{number}"
        words = [*self._recording(dsn, number), "--truth", str(truth)]
        process = self._spawn("soak_recorder", *words, environ={FAULT: fault})
        self.recorders.append(Recorder(number, process, truth, fault))
        return self.recorders[-1]

    def undertaker(self, dsn: str) -> Process:
        """One that records nothing and looks after the dead."""
        return self._spawn("soak_recorder", *self._recording(dsn, len(self.recorders)))

    def roller(self, dsn: str) -> Process:
        """One that rolls up."""
        return self._spawn("soak_roller", "--dsn", dsn)

    def expect_end(self, name: str, process: Process) -> None:
        """It must end by itself, and without an error."""
        try:
            code = process.wait(END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.badly_ended.append(f"{name} did not end within {END_TIMEOUT_S:.0f} s")
            process.kill()
            process.wait()
            return
        if code != 0:
            self.badly_ended.append(f"{name} ended with code {code}")

    def _recording(self, dsn: str, number: int) -> list[str]:
        seed = str(self._draw.randrange(2**31))
        where = ["--dsn", dsn, "--spool", str(self.spool), "--full", str(self.full)]
        return [*where, "--number", str(number), "--seed", seed]

    def _spawn(self, module: str, *words: str, environ: Mapping[str, str] | None = None) -> Process:
        log = (self._folder / f"{module}.log").open("ab")
        with log:
            command = [sys.executable, "-m", f"benchmarks.{module}", *words]
            environment = {**os.environ, **(environ or {})}
            return subprocess.Popen(command, stdout=log, stderr=log, env=environment)
