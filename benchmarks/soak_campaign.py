"""What is done to the soak's processes, its server, network and disk, as a seed decides."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from benchmarks.soak_processes import Process, Processes, Recorder
from benchmarks.soak_proxy import SoakProxy
from benchmarks.soak_server import SoakServer

RECORDERS = 8
ROLLERS = 2
LONGEST_QUIET_S = 1.0
LONGEST_STOP_S = 2.0
LONGEST_OUTAGE_S = 2.0
LONGEST_DELAY_S = 0.2
MOST_SWALLOWED = 8
START_TIMEOUT_S = 60.0
FELL = "recorder killed at a fault point, next one started"


class Campaign:
    """Recording and rolling up while everything is killed; `run`, then `drain`."""

    def __init__(self, server: SoakServer, proxy: SoakProxy, folder: Path, seed: int) -> None:
        self._server = server
        self._proxy = proxy
        self._draw = Random(seed)
        self._rollers: list[Process] = []
        self._living: list[Recorder] = []
        self.processes = Processes(folder, self._draw)
        self.done: Counter[str] = Counter()
        self._disturbances: dict[str, Callable[[], None]] = {
            "server killed and started": self._kill_server,
            "recorder killed, next one started": self._kill_recorder,
            "recorder stopped and continued": self._stop_recorder,
            "roller killed, next one started": self._kill_roller,
            "roller stopped and continued": self._stop_roller,
            "network cut": self._proxy.cut,
            "network away for a while": self._network_away,
            "network slow": self._network_slow,
            "answers to commits swallowed": self._swallow_answers,
            "disk full and network away": self._disk_full,
        }

    @property
    def kinds(self) -> list[str]:
        """What is done to the processes."""
        return [*self._disturbances, FELL]

    def run(self, seconds: float) -> None:
        """Record for that long, one disturbance after the other; each kind once a round.

        Longer where a slow machine has not come to every kind by then.
        """
        for _ in range(RECORDERS):
            self._start_recorder()
        self._wait_until_heard()
        for _ in range(ROLLERS):
            self._rollers.append(self.processes.roller(self._server.dsn))
        until = time.monotonic() + seconds
        for kind in self._rounds():
            self._quiet(self._draw.random() * LONGEST_QUIET_S)
            if time.monotonic() >= until and self._all_done():
                return
            self._disturbances[kind]()
            self.done[kind] += 1

    def drain(self) -> None:
        """End every process in order, and have the affairs of the dead put in order."""
        self._wait_until_heard()  # one that has just been started would not end in order
        for recorder in self._living:
            recorder.process.terminate()
        for recorder in self._living:
            recorder.process.wait()
            if recorder.fell:
                recorder.killed = True
                self.done[FELL] += 1
            else:
                self.processes.expect_end(f"recorder {recorder.number}", recorder.process)
        self._living.clear()
        last = self.processes.undertaker(self._proxy.dsn)
        self.processes.expect_end("the one that looks after the dead", last)
        for roller in self._rollers:
            roller.terminate()
        for roller in self._rollers:
            self.processes.expect_end("a roller", roller)
        self._rollers.clear()

    def end(self) -> None:
        """Whatever still runs is killed: a campaign leaves nothing behind."""
        for process in [*self._rollers, *(recorder.process for recorder in self._living)]:
            process.kill()
            process.wait()

    def _rounds(self) -> Iterator[str]:
        kinds = list(self._disturbances)
        while True:
            yield from self._draw.sample(kinds, len(kinds))

    def _all_done(self) -> bool:
        return all(self.done[kind] for kind in self.kinds)

    def _quiet(self, seconds: float) -> None:
        """Nothing is done for a while, but that those that fell are followed by the next."""
        time.sleep(seconds)
        for recorder in [each for each in self._living if each.process.poll() is not None]:
            self._living.remove(recorder)
            self._bury(recorder)
            self._start_recorder()

    def _bury(self, recorder: Recorder) -> None:
        recorder.killed = True
        if recorder.fell:
            self.done[FELL] += 1
        else:
            code = recorder.process.returncode
            self.processes.badly_ended.append(f"recorder {recorder.number} ended with code {code}")

    # What is done -------------------------------------------------------------------------------

    def _kill_server(self) -> None:
        self._server.kill()
        time.sleep(self._draw.random() * LONGEST_OUTAGE_S)
        self._server.start()

    def _kill_recorder(self) -> None:
        recorder = self._living.pop(self._draw.randrange(len(self._living)))
        if recorder.process.poll() is None:
            recorder.killed = True
            recorder.process.kill()
            recorder.process.wait()
        else:
            self._bury(recorder)
        self._start_recorder()

    def _kill_roller(self) -> None:
        roller = self._rollers.pop(self._draw.randrange(len(self._rollers)))
        if roller.poll() is not None:
            self.processes.badly_ended.append(f"a roller ended with code {roller.returncode}")
        roller.kill()
        roller.wait()
        self._rollers.append(self.processes.roller(self._server.dsn))

    def _stop_recorder(self) -> None:
        self._stop(self._draw.choice(self._living).process)

    def _stop_roller(self) -> None:
        self._stop(self._draw.choice(self._rollers))

    def _stop(self, process: Process) -> None:
        process.send_signal(signal.SIGSTOP)
        time.sleep(self._draw.random() * LONGEST_STOP_S)
        process.send_signal(signal.SIGCONT)

    def _network_away(self) -> None:
        self._proxy.away = True
        self._proxy.cut()
        time.sleep(self._draw.random() * LONGEST_OUTAGE_S)
        self._proxy.away = False

    def _network_slow(self) -> None:
        self._proxy.delay_s = self._draw.random() * LONGEST_DELAY_S
        time.sleep(self._draw.random() * LONGEST_OUTAGE_S)
        self._proxy.delay_s = 0.0

    def _swallow_answers(self) -> None:
        self._proxy.swallow = self._draw.randint(1, MOST_SWALLOWED)
        time.sleep(self._draw.random() * LONGEST_OUTAGE_S)
        self._proxy.swallow = 0

    def _disk_full(self) -> None:
        self.processes.full.touch()
        self._network_away()
        self.processes.full.unlink()

    # Recorders ----------------------------------------------------------------------------------

    def _start_recorder(self) -> None:
        self._living.append(self.processes.recorder(self._proxy.dsn))

    def _wait_until_heard(self) -> None:
        """Those that live have all begun to count; starting all at once takes its time."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            waiting = [each for each in self._living if each.process.poll() is None]
            if all(each.heard for each in waiting):
                return
            time.sleep(0.05)
