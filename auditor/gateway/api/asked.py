"""What a caller may write into a path or a query, with its bounds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import Path, Query

from auditor.errors import NothingFound
from auditor.gateway.refusals import Refusal

STORABLE = r"^[^\x00]*$"
"""PostgreSQL keeps no NUL in a text."""

ObservationId = Annotated[
    str,
    Path(
        pattern=r"^[0-9a-f-]{4,36}$",
        description="an observation's id, or its first 4 or more characters",
    ),
]
CacheName = Annotated[
    str | None, Query(max_length=128, pattern=STORABLE, description="of this cache only")
]


@contextmanager
def found_or_404() -> Iterator[None]:
    """Answers 404 where nothing is found by what was typed. Raises Refusal."""
    try:
        yield
    except NothingFound as nothing:
        raise Refusal(404, str(nothing)) from nothing
