"""`GET /v1/series`: which caches and implementations there are, for choosing."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from auditor.gateway.callers import may_read
from auditor.gateway.gate import Gate, gate_of
from auditor.stores.charting import list_series

router = APIRouter(tags=["charts"], dependencies=[Depends(may_read)])
MOST: Final = 5000


class Series(BaseModel):
    """One implementation of a cache."""

    cache_name: str
    implementation_type: str
    nodes: int = Field(description="nodes that were ever heard of")
    first_minute: datetime
    last_minute: datetime = Field(description="the last minute with an event or a poll")


class SeriesList(BaseModel):
    """Those heard of last come first."""

    series: list[Series]
    left_out: bool = Field(description=f"there are more than {MOST}")


@router.get("/v1/series")
def list_every_series(gate: Annotated[Gate, Depends(gate_of)]) -> SeriesList:
    """Every cache and implementation that was ever heard of."""
    with gate.readers.taken() as connection:
        found = list_series(connection, MOST + 1)
    shown = [Series.model_validate(each, from_attributes=True) for each in found[:MOST]]
    return SeriesList(series=shown, left_out=len(found) > MOST)
