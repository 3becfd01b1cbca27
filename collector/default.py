"""The application's own collector: set up by the environment, started by the first record."""

from __future__ import annotations

from collector.session import Collector

collector = Collector()
record = collector.record
