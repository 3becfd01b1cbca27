"""Types of the settings that say who is told elsewhere, and where people find the pages."""

import json
import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo
from pydantic_settings import NoDecode


def _notify(given: object, others: ValidationInfo) -> tuple[Any, ...]:
    """Routes to people; of the environment as JSON. Raises NotifyInvalid with every fault."""
    if given == () or given == []:
        return ()
    from auditor.notifying.reading import read_notify

    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError:
            given = None
    return read_notify(given, str(others.data.get("time_zone", "UTC")))


def _bare_url(given: str | None) -> str | None:
    """Without what may follow it; None for an empty one."""
    given = (given or "").strip().rstrip("/")
    if given and not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", given):
        raise ValueError("is no URL of a page")
    return given or None


Routes = Annotated[
    tuple[Any, ...],
    NoDecode,
    BeforeValidator(_notify),
    Field(
        json_schema_extra={
            "allowed": "[[notify]] tables in the settings file; in the environment the same as a "
            "JSON list"
        }
    ),
]
PageUrl = Annotated[
    str | None,
    AfterValidator(_bare_url),
    Field(json_schema_extra={"allowed": "like https://caches.example.com, without a query"}),
]
