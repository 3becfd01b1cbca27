"""The document that says what can be asked: /openapi.json, which /docs shows."""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

DESCRIPTION: Final = (
    "What the auditor takes and tells over HTTP. A token comes as `Authorization: Bearer` or as "
    "`apikey`; on loopback reading needs none."
)
TAGS: Final = {
    "collectors": "What collectors deliver.",
    "reference": "The reference's endpoints, under their old paths.",
    "live": "What changes, as it happens.",
    "realtime": "Broadcasts of Supabase's Realtime without a socket.",
    "dashboard": "What the pages show: series, observations, and acknowledging one.",
    "operation": "How the auditor and the gateway themselves are.",
    "charts": "What there is of a cache, over time.",
    "compare": "Two implementations side by side.",
}


def describe(app: FastAPI, read_by_hand: tuple[type[BaseModel], ...]) -> None:
    """Gives the application its document, made when it is first asked for.

    read_by_hand: forms of bodies that FastAPI does not read, and of refusals; routes name them.
    """

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app, read_by_hand)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign] # as FastAPI's manual does it


def _document(app: FastAPI, read_by_hand: tuple[type[BaseModel], ...]) -> dict[str, Any]:
    made = get_openapi(
        title=app.title,
        version=app.version,
        description=DESCRIPTION,
        routes=app.routes,
        tags=[{"name": name, "description": text} for name, text in TAGS.items()],
    )
    for item in made["paths"].values():
        for operation in item.values():
            _summarise(operation)
    schemas = made.setdefault("components", {}).setdefault("schemas", {})
    for model in read_by_hand:
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(schema.pop("$defs", {}))
        schemas[model.__name__] = schema
    return made


def _summarise(operation: dict[str, Any]) -> None:
    """A docstring's first sentence says more than the function's name in capitals."""
    said = operation.get("description", "")
    if said and operation["summary"] == operation["summary"].title():
        first, _, rest = said.partition("\n\n")
        sentence, _, more = " ".join(first.split()).partition(". ")
        operation["summary"] = sentence.rstrip(".")
        operation["description"] = "\n\n".join(part for part in (more, rest) if part)
