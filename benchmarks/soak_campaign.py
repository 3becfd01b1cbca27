"""The soak's processes, and what is done to them in an order that a seed decides."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from benchmarks.soak_server import SoakServer

RECORDERS = 3
ROLLERS = 2
LONGEST_QUIET_S = 2.0
LONGEST_STOP_S = 2.0
LONGEST_OUTAGE_S = 2.0
END_TIMEOUT_S = 120.0

Process = subprocess.Popen[bytes]


@dataclass
class Recorder:
    """One process that records or has recorded. truth: where it counts."""

    number: int
    process: Process
    truth: Path
    killed: bool = False


class Campaign:
    """Recording and rolling up while everything is killed; `run`, then `drain`."""

    def __init__(self, server: SoakServer, folder: Path, seed: int) -> None:
        self._server = server
        self._folder = folder
        self._draw = Random(seed)
        self._rollers: list[Process] = []
        self._living: list[Recorder] = []
        self.recorders: list[Recorder] = []
        self.done: Counter[str] = Counter()
        self.badly_ended: list[str] = []
        self._disturbances: dict[str, Callable[[], None]] = {
            "server killed and started": self._kill_server,
            "recorder killed, next one started": self._kill_recorder,
            "recorder stopped and continued": self._stop_recorder,
            "roller killed, next one started": self._kill_roller,
            "roller stopped and continued": self._stop_roller,
        }

    @property
    def spool(self) -> Path:
        """The folder that all recorders share, one after the other and beside each other."""
        return self._folder / "spool"

    @property
    def kinds(self) -> list[str]:
        """What is done to the processes."""
        return list(self._disturbances)

    def run(self, seconds: float) -> None:
        """Record for that long, one disturbance after the other; each kind once a round."""
        for _ in range(RECORDERS):
            self._start_recorder()
        for _ in range(ROLLERS):
            self._start_roller()
        until = time.monotonic() + seconds
        for kind in self._rounds():
            time.sleep(self._draw.random() * LONGEST_QUIET_S)
            if time.monotonic() >= until:
                return
            self._disturbances[kind]()
            self.done[kind] += 1

    def drain(self) -> None:
        """End every process in order, and have the affairs of the dead put in order."""
        for recorder in self._living:
            recorder.process.terminate()
        for recorder in self._living:
            self._expect_end(f"recorder {recorder.number}", recorder.process)
        self._living.clear()
        last = self._spawn("soak_recorder", *self._recording(len(self.recorders)))
        self._expect_end("the one that looks after the dead", last)
        for roller in self._rollers:
            roller.terminate()
        for roller in self._rollers:
            self._expect_end("a roller", roller)
        self._rollers.clear()

    def end(self) -> None:
        """Whatever still runs is killed: a campaign leaves nothing behind."""
        for process in [*self._rollers, *(recorder.process for recorder in self._living)]:
            process.kill()
            process.wait()

    def _rounds(self) -> Iterator[str]:
        while True:
            yield from self._draw.sample(self.kinds, len(self.kinds))

    # What is done -------------------------------------------------------------------------------

    def _kill_server(self) -> None:
        self._server.kill()
        time.sleep(self._draw.random() * LONGEST_OUTAGE_S)
        self._server.start()

    def _kill_recorder(self) -> None:
        recorder = self._living.pop(self._draw.randrange(len(self._living)))
        recorder.killed = recorder.process.poll() is None
        if not recorder.killed:
            self.badly_ended.append(f"recorder {recorder.number} ended by itself")
        recorder.process.kill()
        recorder.process.wait()
        self._start_recorder()

    def _kill_roller(self) -> None:
        roller = self._rollers.pop(self._draw.randrange(len(self._rollers)))
        if roller.poll() is not None:
            self.badly_ended.append(f"a roller ended by itself with code {roller.returncode}")
        roller.kill()
        roller.wait()
        self._start_roller()

    def _stop_recorder(self) -> None:
        self._stop(self._draw.choice(self._living).process)

    def _stop_roller(self) -> None:
        self._stop(self._draw.choice(self._rollers))

    def _stop(self, process: Process) -> None:
        process.send_signal(signal.SIGSTOP)
        time.sleep(self._draw.random() * LONGEST_STOP_S)
        process.send_signal(signal.SIGCONT)

    # Processes ----------------------------------------------------------------------------------

    def _start_recorder(self) -> None:
        number = len(self.recorders)
        truth = self._folder / f"truth-{number}"
        process = self._spawn("soak_recorder", *self._recording(number), "--truth", str(truth))
        recorder = Recorder(number, process, truth)
        self.recorders.append(recorder)
        self._living.append(recorder)

    def _start_roller(self) -> None:
        self._rollers.append(self._spawn("soak_roller", "--dsn", self._server.dsn))

    def _recording(self, number: int) -> list[str]:
        seed = str(self._draw.randrange(2**31))
        where = ["--dsn", self._server.dsn, "--spool", str(self.spool)]
        return [*where, "--number", str(number), "--seed", seed]

    def _spawn(self, module: str, *words: str) -> Process:
        log = (self._folder / f"{module}.log").open("ab")
        with log:
            command = [sys.executable, "-m", f"benchmarks.{module}", *words]
            return subprocess.Popen(command, stdout=log, stderr=log)

    def _expect_end(self, name: str, process: Process) -> None:
        try:
            code = process.wait(END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.badly_ended.append(f"{name} did not end within {END_TIMEOUT_S:.0f} s")
            process.kill()
            process.wait()
            return
        if code != 0:
            self.badly_ended.append(f"{name} ended with code {code}")
