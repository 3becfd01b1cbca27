"""Many who write at once, with transactions that end out of order; what they kept is the truth."""

from __future__ import annotations

import random
import threading
from contextlib import closing

import psycopg

from tests.auditor.telling.problems import opens

PATIENCE_S = 60.0
WRITERS, CHANGES = 8, 25


class Writers:
    """Transactions that overlap and end in an order drawn at random; some are rolled back.

    kept: the titles of those that committed, which is the truth.
    """

    def __init__(self, dsn: str, seed: int) -> None:
        self.dsn, self.kept = dsn, set[str]()
        self._threads = [
            threading.Thread(target=self._write, args=(random.Random(seed + number), number))
            for number in range(WRITERS)
        ]

    def __enter__(self) -> Writers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for thread in self._threads:
            thread.join(PATIENCE_S)

    def at_work(self) -> bool:
        return any(thread.is_alive() for thread in self._threads)

    def _write(self, draw: random.Random, number: int) -> None:
        """Two connections a writer: the first one's transaction stays open over the second's."""
        with (
            closing(psycopg.connect(self.dsn, autocommit=True)) as outer,
            closing(psycopg.connect(self.dsn, autocommit=True)) as inner,
        ):
            for turn in range(CHANGES):
                rolled_back = draw.random() < 0.1
                titles = [f"{number}.{turn}.outer", f"{number}.{turn}.inner"]
                with outer.transaction(force_rollback=rolled_back):
                    opens(outer, titles[0])
                    for _ in range(draw.randrange(3)):
                        outer.execute("select count(*) from monitoring.cache_metrics_1min")
                    opens(inner, titles[1])
                self.kept |= set(titles[1:] if rolled_back else titles)
