"""Records what caches do and delivers it to the `monitoring` schema, at next to no cost.

    from collector import record
    record("hit", key, response_time_ms, cache_name="pages", implementation_type="new")

    from collector import watch                       # any cache: decorator and context manager
    from collector.adapters.cachetools import watched # cachetools, unchanged behaviour
    from collector import start_collector, stop_collector, record_cache_hit   # and its siblings

Nothing is imported before it is used, and nothing here raises into the application.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collector.default import record as record
    from collector.instrument import watch as watch
    from collector.reference import record_cache_error as record_cache_error
    from collector.reference import record_cache_hit as record_cache_hit
    from collector.reference import record_cache_miss as record_cache_miss
    from collector.reference import record_cache_set as record_cache_set
    from collector.reference import start_collector as start_collector
    from collector.reference import stop_collector as stop_collector
    from collector.session import Collector as Collector
    from collector.settings import Settings as Settings

_HOME = {
    "Collector": "session",
    "Settings": "settings",
    "record": "default",
    "record_cache_error": "reference",
    "record_cache_hit": "reference",
    "record_cache_miss": "reference",
    "record_cache_set": "reference",
    "start_collector": "reference",
    "stop_collector": "reference",
    "watch": "instrument",
}

__all__ = [
    "Collector",
    "Settings",
    "record",
    "record_cache_error",
    "record_cache_hit",
    "record_cache_miss",
    "record_cache_set",
    "start_collector",
    "stop_collector",
    "watch",
]


def __getattr__(name: str) -> object:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'collector' has no attribute {name!r}")
    from importlib import import_module

    found = getattr(import_module(f"collector.{home}"), name)
    globals()[name] = found
    return found
