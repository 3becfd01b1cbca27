"""What callers may ask for, within bounds: names, instants, zones, and numbers that JSON knows."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import Query
from pydantic import AfterValidator, AwareDatetime, BeforeValidator

from auditor.gateway.refusals import Refusal

LONGEST_NAME: Final = 300
EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC)


def _storable(name: str) -> str:
    if "\x00" in name:
        raise ValueError("a name has no NUL character")
    return name


def _of_our_time(instant: datetime) -> datetime:
    if not EARLIEST <= instant <= LATEST:
        raise ValueError(f"an instant between {EARLIEST:%Y} and {LATEST:%Y} is needed")
    return instant.astimezone(UTC)


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("an IANA time zone such as Europe/Berlin is needed") from None
    return name


def _finite(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _finite_each(values: Iterable[float]) -> list[float | None]:
    """Four digits beyond the first say all there is to see."""
    return [
        float(f"{each:.5g}") if each is not None and math.isfinite(each) else None
        for each in values
    ]


Name = Annotated[str, Query(min_length=1, max_length=LONGEST_NAME), AfterValidator(_storable)]
Instant = Annotated[AwareDatetime, AfterValidator(_of_our_time)]
Zone = Annotated[str, Query(min_length=1, max_length=64), AfterValidator(_known_zone)]
Figure = Annotated[float | None, BeforeValidator(_finite)]
"""A number, or null where it is not known or nothing bounds it."""
Figures = Annotated[list[float | None], BeforeValidator(_finite_each)]
"""One number a point, null where there is none: a gap is no zero."""


def unknown_series(cache_name: str, implementation_type: str) -> Refusal:
    """Nobody ever heard of it."""
    return Refusal(
        404,
        f"no window was ever seen of cache {cache_name!r}, implementation {implementation_type!r}",
        advice="GET /v1/series lists what there is",
    )
