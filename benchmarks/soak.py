"""`make soak`: minutes of recording while everything is killed, and then the accounts.

    python -m benchmarks.soak [--minutes M] [--seed S]

Eight processes record through real collectors into an embedded PostgreSQL of this run's own; two
others roll up. In an order that the seed decides the server is killed and started; recorders and
rollers are killed and followed by the next, stopped and continued; the network is cut, slow, away,
or swallows answers; the disk is full. Every second recorder kills itself between two steps of its
shipping. Then everything drains, and each promise is held against what is stored. Ends with 1 when
one is broken, and keeps the folder then.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from auditor.windows.rollup import roll_up
from auditor.windows.watermarks import Grace
from benchmarks.soak_campaign import Campaign
from benchmarks.soak_checks import Finding, Truth, check
from benchmarks.soak_processes import Recorder, numbers_of
from benchmarks.soak_proxy import SoakProxy
from benchmarks.soak_server import SoakServer

LONG_MINUTES = 10.0
LEAST_FAULTS = 50
LEAST_EVENTS = 1_000_000


def soak(folder: Path, minutes: float, seed: int) -> Sequence[Finding]:
    """One campaign in an empty folder; every promise and what became of it."""
    with SoakServer(folder / "postgresql") as server:
        with SoakProxy(lambda: server.dsn) as proxy:
            campaign = Campaign(server, proxy, folder, seed)
            try:
                campaign.run(minutes * 60)
                campaign.drain()
            finally:
                campaign.end()
        with psycopg.connect(server.dsn, autocommit=True) as connection:
            roll_up(connection, datetime.now(UTC), Grace())
            findings = check(connection, truths(campaign.processes.recorders))
    amounts = _amounts(campaign, proxy, minutes)
    return [*_disturbances(campaign), *amounts, *findings, *_remains(campaign)]


def truths(recorders: Iterable[Recorder]) -> dict[int, Truth]:
    """What the recording processes counted, by their number."""
    counted = {each.number: (numbers_of(each.truth), each.killed) for each in recorders}
    return {
        number: Truth(recorded, killed, bool(heard))
        for number, ((recorded, heard), killed) in counted.items()
    }


def _amounts(campaign: Campaign, proxy: SoakProxy, minutes: float) -> Iterable[Finding]:
    """A long campaign must have done enough to say anything."""
    long = minutes >= LONG_MINUTES
    faults = campaign.done.total()
    least = LEAST_FAULTS if long else len(campaign.kinds)
    yield Finding(f"at least {least} faults", str(faults), faults >= least)
    recorded = sum(numbers_of(each.truth)[0] for each in campaign.processes.recorders)
    least = LEAST_EVENTS if long else 1
    yield Finding(f"at least {least} events recorded", str(recorded), recorded >= least)
    swallowed = proxy.swallowed
    promise = "commits happened whose answer never came"
    yield Finding(promise, f"{swallowed} swallowed", swallowed > 0)


def _disturbances(campaign: Campaign) -> Iterable[Finding]:
    for kind in campaign.kinds:
        times = campaign.done[kind]
        yield Finding(f"disturbance: {kind}", f"{times} times", times > 0)


def _remains(campaign: Campaign) -> Iterable[Finding]:
    left = [path.name for path in campaign.processes.spool.glob("*/*") if path.is_dir()]
    yield Finding("nothing is left in the spool", f"{len(left)} folders", not left)
    bad = campaign.processes.badly_ended
    yield Finding("every process ends as it should", "; ".join(bad) or "0 did not", not bad)


def table(findings: Iterable[Finding]) -> str:
    """One line a promise."""
    rows = [("ok" if each.holds else "BROKEN", each.promise, each.found) for each in findings]
    width = max(len(promise) for _, promise, _ in rows)
    return "\n".join(f"{verdict:6}  {promise:{width}}  {found}" for verdict, promise, found in rows)


def _end(*_: object) -> None:
    """What was started is stopped on the way out: processes and the server."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise SystemExit(128 + signal.SIGTERM)


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak")
    parser.add_argument("--minutes", type=float, default=LONG_MINUTES, help="how long to record")
    parser.add_argument(
        "--seed", type=int, default=1, help="decides what is done, and in what order"
    )
    asked = parser.parse_args(words)
    signal.signal(signal.SIGTERM, _end)
    folder = Path(tempfile.mkdtemp(prefix="cache-auditor-soak-"))
    folder.chmod(0o755)  # root's server runs under another account, which must enter
    began = time.monotonic()
    print(f"{asked.minutes:g} minutes, seed {asked.seed}, in {folder}", flush=True)
    try:
        findings = soak(folder, asked.minutes, asked.seed)
    except (SystemExit, KeyboardInterrupt):
        shutil.rmtree(folder, ignore_errors=True)
        raise
    print(table(findings))
    broken = sum(not finding.holds for finding in findings)
    print(f"{broken} promises broken; {time.monotonic() - began:.0f} s")
    if broken:
        print(f"the processes' logs are kept in {folder}")
        return 1
    shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
