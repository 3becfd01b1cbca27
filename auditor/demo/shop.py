"""A small shop with two implementations of one product cache, on a clock of its own.

Both are real cachetools caches behind the collector's adapter, and both answer the same requests.
Only the database behind them is made up: how long a load and a hit take is drawn from a law.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import cos, pi
from typing import Any, Protocol

import cachetools
import numpy as np

from collector.adapters.cachetools import watched

CACHE = "products"
LEGACY, NEW = "legacy", "new"
PRODUCTS = 400
ZIPF = 1.05
CAPACITY = {LEGACY: 300, NEW: 1000}
"""The new one keeps every product, and for a while as many keys that nobody asks for again."""
TTL_S = {LEGACY: 2400.0, NEW: 3600.0}
HIT_MS = {LEGACY: 0.9, NEW: 0.6}
LOAD_MS = 24.0
PER_MINUTE = 30.0
"""Requests a minute, averaged over the day."""
DAY_MINUTES = 1440
STORY_MINUTE = 4 * 7 * DAY_MINUTES + DAY_MINUTES + 13 * 60
"""Where in the shop's week the story plays: Tuesday, one o'clock, whatever time it is here."""


class Recording(Protocol):
    """What the shop needs of a collector."""

    def record(
        self, operation_type: str, cache_key: Any, response_time_ms: float | None, /, *rest: Any
    ) -> None: ...

    def encode_keys(self, cache_name: str, encoder: Any) -> None: ...


def requests_expected(shop_minute: int) -> float:
    """Requests that an ordinary minute of the shop's week brings: a day's wave, calm weekends.

    shop_minute: minutes since a Monday's midnight, where the shop is.
    """
    hour = (shop_minute % DAY_MINUTES) / 60
    weekday = shop_minute // DAY_MINUTES % 7
    wave = 1.0 - 0.75 * cos(2 * pi * (hour - 3) / 24)
    return PER_MINUTE * wave * (0.75 if weekday >= 5 else 1.0)


class Draws:
    """Numbers from a law, drawn ahead in blocks, because one at a time is slow."""

    def __init__(self, draw: Callable[[int], np.ndarray[Any, Any]]) -> None:
        self._draw = draw
        self._left: Iterator[Any] = iter(())

    def __call__(self) -> Any:
        for value in self._left:
            return value
        self._left = iter(self._draw(65_536).tolist())
        return next(self._left)


class SimulatedTimes:
    """Passes records on with a made-up response time in place of the measured one."""

    def __init__(self, collector: Recording, implementation: str, random: np.random.Generator):
        self._collector = collector
        median = HIT_MS[implementation]
        self._hit = Draws(lambda n: median * random.lognormal(0.0, 0.45, n))
        self._load = Draws(lambda n: LOAD_MS * random.lognormal(0.0, 0.5, n))

    def encode_keys(self, cache_name: str, encoder: Any) -> None:
        """As the collector does."""
        self._collector.encode_keys(cache_name, encoder)

    def record(self, operation_type: str, key: Any, _elapsed_ms: float | None, *rest: Any) -> None:
        """One operation; a hit and a set take what a cache takes, a miss what a load takes."""
        elapsed = None
        if operation_type == "miss":
            elapsed = self._hit() + self._load()
        elif operation_type in ("hit", "set"):
            elapsed = self._hit()
        self._collector.record(operation_type, key, elapsed, *rest)


class ProductCache(cachetools.TTLCache[str, str]):
    """A product's page by its key; what is not there is loaded and kept."""

    def __missing__(self, key: str) -> str:
        page = f"page of {key}"
        self[key] = page
        return page


class Shop:
    """The shop at one instant of its own clock.

    story: the epoch minute at which its past ends. broken: the deploy of `new` that puts the
    visitor's session into the key is out.
    """

    def __init__(self, collector: Recording, seed: int, story: int) -> None:
        self.now_s = 0.0
        self._story = story
        self.broken = False
        self._random = np.random.default_rng(seed)
        weights = 1.0 / np.arange(1, PRODUCTS + 1) ** ZIPF
        shares = weights / weights.sum()
        self._product = Draws(lambda n: self._random.choice(PRODUCTS, n, p=shares))
        self._session = 0
        self._caches = {
            name: watched(
                ProductCache(CAPACITY[name], TTL_S[name], timer=lambda: self.now_s),
                cache_name=CACHE,
                implementation_type=name,
                collector=SimulatedTimes(collector, name, self._random),  # type: ignore[arg-type]
            )
            for name in (LEGACY, NEW)
        }

    def requests_in(self, epoch_minute: int) -> int:
        """How many requests this minute brings."""
        return int(self._random.poisson(self.requests_expected(epoch_minute)))

    def requests_expected(self, epoch_minute: int) -> float:
        """How many an ordinary such minute brings."""
        return requests_expected(epoch_minute - self._story + STORY_MINUTE)

    def visit(self) -> None:
        """One visitor asks for one product, of both implementations."""
        product = f"product:{self._product()}"
        self._caches[LEGACY][product]
        self._session += 1
        self._caches[NEW][f"{product}:{self._session}" if self.broken else product]
