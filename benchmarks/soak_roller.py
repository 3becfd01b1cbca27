"""A process of the soak that rolls up, again and again, whatever becomes of the server."""

from __future__ import annotations

import argparse
import signal
import sys
from datetime import UTC, datetime

import psycopg

from auditor.windows.rollup import roll_hours, roll_up
from auditor.windows.watermarks import Grace
from collector.recorder import Bell

PAUSE_S = 0.2


def main() -> int:
    """Until SIGTERM. An error that is not the server's absence ends it with a traceback."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--dsn", required=True)
    asked = parser.parse_args()
    end = Bell()  # an Event's lock may be held by the very thread that a signal interrupts
    signal.signal(signal.SIGTERM, lambda *_: end.ring())
    while not end.sleep(PAUSE_S):
        try:
            with psycopg.connect(asked.dsn, autocommit=True, connect_timeout=2) as connection:
                while not end.sleep(PAUSE_S):
                    now = datetime.now(UTC)
                    roll_up(connection, now, Grace())
                    roll_hours(connection, now)
            return 0
        except psycopg.OperationalError:
            continue
    return 0


if __name__ == "__main__":
    sys.exit(main())
